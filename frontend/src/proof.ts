/**
 * Proof files: one leaf is in the log, shown offline (c2sp.org/tlog-proof@v1). Lines: the version,
 * perhaps `extra <base64>`, `index <decimal>`, the hashes in base64, a blank line, the checkpoint.
 */

import { type Bytes, formatUtf8, parseBase64, parseUtf8 } from "./bytes.ts";
import { FormatError, VerificationError } from "./errors.ts";
import { parseDecimal, parseHash, parseThreeLines } from "./fields.ts";
import { MOST_PROOF_HASHES, verifyInclusion } from "./merkle.ts";
import { LONGEST_NOTE, type NoteKey, parseNote, verifyNote } from "./note.ts";

const LONGEST_EXTRA = 64 * 1024;
export const LONGEST_PROOF = LONGEST_NOTE + 2 * LONGEST_EXTRA + 64 * MOST_PROOF_HASHES;

/** A tree head that the log signed: how many leaves it has, and its 32-byte root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
}

/** A proof, not verified. The extra data, which nothing proves, is read and dropped. */
export interface TlogProof {
  readonly index: number;
  readonly hashes: readonly Bytes[];
  readonly checkpoint: Bytes;
}

/** Where a record is in the log: its index (from 0), and the size of the tree that shows it. */
export interface Place {
  readonly index: number;
  readonly size: number;
}

/** Read a signed checkpoint and verify that this log made it (c2sp.org/tlog-checkpoint@v1.0.0). */
export async function verifiedCheckpoint(data: Bytes, key: NoteKey): Promise<Checkpoint> {
  const note = parseNote(data);
  await verifyNote(note, key);
  const [origin, size, root] = parseThreeLines(note.text);
  if (origin !== key.name) throw new VerificationError("The checkpoint is one of another log.");
  return { origin, size: parseDecimal(size), root: parseHash(root) };
}

/** Read a proof file. Throws FormatError. */
export function parseProof(data: Bytes): TlogProof {
  if (data.length > LONGEST_PROOF) throw new FormatError("The proof is too large.");
  const text = parseUtf8(data);
  const blank = text.indexOf("\n\n");
  if (blank < 0) throw new FormatError("The proof has no blank line before its checkpoint.");
  const [version, ...lines] = text.slice(0, blank).split("\n");
  if (version !== "c2sp.org/tlog-proof@v1") {
    throw new FormatError("The file is not a tlog-proof of version 1.");
  }
  if (lines[0]?.startsWith("extra ")) checkExtra(lines.shift() ?? "");
  const index = lines.shift() ?? "";
  if (!index.startsWith("index ") || lines.length > MOST_PROOF_HASHES) {
    throw new FormatError("The proof has no index, or too many hashes.");
  }
  const checkpoint = formatUtf8(text.slice(blank + 2));
  return { index: parseDecimal(index.slice(6)), hashes: lines.map(parseHash), checkpoint };
}

function checkExtra(line: string): void {
  const size = parseBase64(line.slice(6)).length;
  if (size === 0 || size > LONGEST_EXTRA) {
    throw new FormatError("The extra data of a proof is empty or too large.");
  }
}

/**
 * Verify that the log with this key has the leaf hash (32 bytes) at the proof's index (tlog-proof,
 * "Verifying a tlog proof", without witnesses). Throws FormatError, VerificationError.
 */
export async function verifyProof(proof: TlogProof, leaf: Bytes, logKey: NoteKey): Promise<Place> {
  const { size, root } = await verifiedCheckpoint(proof.checkpoint, logKey);
  verifyInclusion(leaf, proof.index, size, proof.hashes, root);
  return { index: proof.index, size };
}
