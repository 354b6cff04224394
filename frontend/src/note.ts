/**
 * Signed notes and the keys that sign them (c2sp.org/signed-note@v1.0.0), for keys of kind Ed25519.
 * A note is its text, a blank line, and lines `— <name> <base64(key ID ‖ signature)>`. The text is
 * worth nothing before `verifyNote` has returned.
 */

import {
  areEqual,
  type Bytes,
  formatUtf8,
  parseBase64,
  parseHex,
  parseUtf8,
} from "./bytes.ts";
import { KEY_SIZE, verifyEd25519 } from "./ed25519.ts";
import { FormatError, VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";

const ED25519 = 0x01;
const KEY_ID_SIZE = 4;
const LONGEST_NAME = 255;
/** Verifiers must take 16 signatures of nearly 5 kB each (signed-note, "Format"). */
export const LONGEST_NOTE = 128 * 1024;
const MOST_SIGNATURES = 100;

const DASH = "— ";

/** A named public key (32 bytes). */
export interface NoteKey {
  readonly name: string;
  readonly keyId: Bytes;
  readonly publicKey: Bytes;
}

interface NoteSignature {
  readonly name: string;
  readonly keyId: Bytes;
  readonly signature: Bytes;
}

/** A note, not verified: its text with the final LF, and its signatures in their order. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Return the Ed25519 key that a vkey describes. Throws FormatError. */
export function parseVkey(text: string): NoteKey {
  const [name = "", keyId = "", ...rest] = text.split("+");
  checkName(name);
  const body = parseBase64(rest.join("+"), 1 + KEY_SIZE); // base64 may hold a plus, a name may not
  const expected = hash(formatUtf8(name), formatUtf8("\n"), body).slice(0, KEY_ID_SIZE);
  if (body[0] !== ED25519 || !areEqual(parseHex(keyId, KEY_ID_SIZE), expected)) {
    throw new FormatError("The verifier key is not an Ed25519 key with its own id.");
  }
  return { name, keyId: expected, publicKey: body.slice(1) };
}

function checkName(name: string): void {
  const size = formatUtf8(name).length;
  if (size === 0 || size > LONGEST_NAME || /[\s+\0-\x1f\x85]/u.test(name)) {
    throw new FormatError("The name of a key has no spaces, no plus and no control signs.");
  }
}

/** Take a note apart at its last blank line (signed-note, "Format"). Throws FormatError. */
export function parseNote(data: Bytes): Note {
  if (data.length > LONGEST_NOTE) throw new FormatError("The note is too large.");
  const whole = parseUtf8(data);
  if (/[\0-\x09\x0b-\x1f]/.test(whole)) throw new FormatError("The note has a control character.");
  const blank = whole.lastIndexOf("\n\n");
  if (blank < 0) throw new FormatError("The note has no blank line before its signatures.");
  const lines = whole.slice(blank + 2).split("\n");
  if (lines.pop() !== "" || lines.length === 0 || lines.length > MOST_SIGNATURES) {
    throw new FormatError("The signature lines of the note are missing, unended or too many.");
  }
  return { text: whole.slice(0, blank + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [name = "", encoded = "", ...rest] = line.slice(DASH.length).split(" ");
  if (!line.startsWith(DASH) || rest.length > 0) {
    throw new FormatError("A signature line has the form — name signature.");
  }
  checkName(name);
  const blob = parseBase64(encoded);
  if (blob.length <= KEY_ID_SIZE) throw new FormatError("A signature line holds no signature.");
  return { name, keyId: blob.slice(0, KEY_ID_SIZE), signature: blob.slice(KEY_ID_SIZE) };
}

/**
 * Verify that this key signed the note: at least one signature of it, and every one holds. Those of
 * unknown keys are ignored (signed-note, "Signatures"). Throws VerificationError.
 */
export async function verifyNote(note: Note, key: NoteKey): Promise<void> {
  const own = note.signatures.filter(
    (line) => line.name === key.name && areEqual(line.keyId, key.keyId),
  );
  if (own.length === 0) throw new VerificationError("No known key has signed the note.");
  const message = formatUtf8(note.text);
  for (const { signature } of own) {
    await verifyEd25519(key.publicKey, message, signature, `The signature of ${key.name}`);
  }
}

