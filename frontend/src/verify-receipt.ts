/**
 * A receipt or a proof, judged by a log that was audited: what is proved, what is not, and whether a
 * promise was broken. Nothing here asks the site for anything.
 */

import type { Audit, AuditedLetter } from "./audit.ts";
import type { Mode } from "./body.ts";
import { areEqual, type Bytes, formatHex } from "./bytes.ts";
import { CLOCK_SLACK_S } from "./context.ts";
import { UndersignedError } from "./errors.ts";
import { type Evidence, verifyEvidence } from "./evidence.ts";
import { leafHash } from "./merkle.ts";
import { parseVkey } from "./note.ts";
import { type Checkpoint, type TlogProof, verifiedCheckpoint, verifyProof } from "./proof.ts";
import { type Receipt, verifyReceipt } from "./receipt.ts";
import { formatRecord } from "./record.ts";
import { VOID } from "./stage.ts";
import type { Signature } from "./tally.ts";

/** The site's clock may be later than this after a promised time, and nothing is said. */
const LEAST_SLACK_S = 10;

/** How a signature stands at the newest checkpoint. */
export interface Standing {
  readonly leaf: number;
  readonly status: "standing" | "waiting" | "over" | "withdrawn" | "invalidated" | "unopenable";
  readonly mode: Mode;
  readonly condition: number | null;
  readonly amended: number;
  readonly isOpened: boolean;
  readonly isErased: boolean;
  readonly m: number;
}

export type ReceiptVerdict =
  | { readonly kind: "in-log"; readonly standing: Standing; readonly hasProof: boolean }
  | { readonly kind: "pending"; readonly by: number }
  | { readonly kind: "broken"; readonly by: number }
  /** The site was asked about a log that does not have the letter at all. */
  | { readonly kind: "unknown-letter" }
  | { readonly kind: "wrong"; readonly why: string };

/** Return the tree heads that a receipt or proof was shown with, so far as their key signed them. */
export async function headsOf(proof: TlogProof | null, vkey: string): Promise<readonly Checkpoint[]> {
  if (proof === null) return [];
  try {
    return [await verifiedCheckpoint(proof.checkpoint, parseVkey(vkey))];
  } catch (error) {
    if (error instanceof UndersignedError) return [];
    throw error;
  }
}

/** Judge a receipt of this log; `now` is the reader's time in UTC seconds. */
export async function judgeReceipt(
  receipt: Receipt,
  audited: Audit,
  now: number,
): Promise<ReceiptVerdict> {
  try {
    const { promisedBy, place } = await verifyReceipt(receipt, { pinnedVkey: audited.vkey });
    return judgePromise(receipt, audited, now, promisedBy, place !== null);
  } catch (error) {
    if (!(error instanceof UndersignedError)) throw error;
    return { kind: "wrong", why: error.message };
  }
}

/** Judge a promise that somebody else was given, by its evidence file. */
export async function judgeEvidence(
  evidence: Evidence,
  audited: Audit,
  now: number,
): Promise<ReceiptVerdict> {
  try {
    const by = await verifyEvidence(evidence, audited.vkey);
    return judgePromise(evidence, audited, now, by, false);
  } catch (error) {
    if (!(error instanceof UndersignedError)) throw error;
    return { kind: "wrong", why: error.message };
  }
}

function judgePromise(
  promised: Evidence,
  audited: Audit,
  now: number,
  by: number,
  hasProof: boolean,
): ReceiptVerdict {
  const letter = audited.letters.get(formatHex(promised.letter.id));
  const leaf = findLeaf(audited, leafHash(formatRecord(promised.record)));
  if (letter?.replay.signatures.byLeaf.has(leaf)) {
    return { kind: "in-log", standing: standingAt(letter, leaf), hasProof };
  }
  const slack = Math.max(promised.letter.epoch.periodS, LEAST_SLACK_S);
  const isPast = now > by + CLOCK_SLACK_S || (audited.siteTime ?? 0) > by + slack;
  if (isPast) return { kind: "broken", by };
  return letter === undefined ? { kind: "unknown-letter" } : { kind: "pending", by };
}

/** Return the index of a leaf hash, -1 if the log does not have it. */
function findLeaf(audited: Audit, leaf: Bytes): number {
  return audited.leaves.findIndex((one) => areEqual(one, leaf));
}

/** What a leaf is, that a proof has shown to be in the log. */
export interface ProofVerdict {
  readonly leaf: number;
  readonly size: number;
  readonly letter: AuditedLetter | null;
  readonly standing: Standing | null;
}

/**
 * Verify a proof against the log that was read: the leaf at its index, under the checkpoint that it
 * carries. Throws VerificationError, FormatError.
 */
export async function judgeProof(proof: TlogProof, audited: Audit): Promise<ProofVerdict> {
  const leaf = audited.leaves[proof.index] ?? new Uint8Array();
  const { size } = await verifyProof(proof, leaf, parseVkey(audited.vkey));
  const letter = [...audited.letters.values()].find(({ replay }) =>
    replay.signatures.byLeaf.has(proof.index),
  );
  return {
    leaf: proof.index,
    size,
    letter: letter ?? null,
    standing: letter === undefined ? null : standingAt(letter, proof.index),
  };
}

/** Return how the signature at a leaf stands. */
export function standingAt({ replay }: AuditedLetter, leaf: number): Standing {
  const signature = replay.signatures.byLeaf.get(leaf);
  if (signature === undefined) throw new Error("The leaf is no signature of the letter.");
  const { m } = replay.moment().figures;
  return {
    leaf,
    status: statusOf(signature, m, replay.stage !== null && VOID.includes(replay.stage.state)),
    mode: signature.mode,
    condition: signature.condition,
    amended: signature.seq,
    isOpened: signature.openedName !== null,
    isErased: signature.erasedAt !== null,
    m,
  };
}

function statusOf({ end, asks }: Signature, m: number, isVoid: boolean): Standing["status"] {
  if (end !== null) return end;
  if (isVoid) return "over";
  return asks <= m ? "standing" : "waiting";
}
