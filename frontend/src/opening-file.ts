/** The opening file of a wave: keys of the names whose turn has come, and the bad ones (section 7). */

import { type Body, HASH_SIZE, MOST_TRUSTEES } from "./body.ts";
import {
  areEqual, type Bytes, concat, formatBase64url, formatUint, formatUtf8, parseBase64url,
} from "./bytes.ts";
import { SIGNATURE_SIZE } from "./ed25519.ts";
import { FormatError } from "./errors.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import {
  readBytes, readConstant, readInteger, readList, readMembers, readNullable, readObject,
} from "./shape.ts";

/** Bytes: a key takes 80, so 800,000 names in one wave. */
export const LONGEST_OPENING = 64 * 1024 * 1024;
const KEY_BYTES = 32;
/** y[32] ‖ x[1]. */
export const SHARE_BYTES = 33;

const REFUSAL = formatUtf8("undersigned/v1/refusal\n");

/** A sealed signature that is opened: its leaf and the key K of its blob. */
export interface OpenedLeaf {
  readonly index: number;
  readonly key: Bytes;
}

/** A sealed signature that cannot be opened, and each trustee's share of it, if there is one. */
export interface BadLeaf {
  readonly index: number;
  readonly bad: readonly (Bytes | null)[];
}

export type Leaf = OpenedLeaf | BadLeaf;

/**
 * A trustee's signed word that its shares of these leaves (ascending) are not what their signers
 * committed to; `sig` is over `refusalBytes`.
 */
export interface Refusal {
  readonly by: number;
  readonly leaves: readonly number[];
  readonly sig: Bytes;
}

/** An opening: letter (base64url), wave, the log size that was verified, leaves and refusals ascending. */
export interface OpeningFile {
  readonly letter: string;
  readonly wave: number;
  readonly size: number;
  readonly leaves: readonly Leaf[];
  readonly refusals: readonly Refusal[];
}

/** Return what a trustee signs who refuses leaves of a wave; `letter` is its id in base64url. */
export function refusalBytes(
  letter: string,
  wave: number,
  by: number,
  leaves: readonly number[],
): Bytes {
  const head = concat(REFUSAL, parseBase64url(letter), formatUint(wave, 4), formatUint(by, 1));
  return concat(head, formatCanonical(leaves));
}

/** Return how many trustees' refusals strike a leaf: with so many, k good shares are not to be had. */
export function refusalsNeeded({ quorum, trustees }: Body): number {
  return Math.min(quorum, trustees.length - quorum + 1);
}

/** Tell whether a leaf carries a key. */
export function isOpened(leaf: Leaf): leaf is OpenedLeaf {
  return "key" in leaf;
}

/** Tell whether a leaf was struck. */
export function isBad(leaf: Leaf): leaf is BadLeaf {
  return "bad" in leaf;
}

/** Read an opening file. Throws FormatError unless it is canonical and within its limits. */
export function parseOpening(data: Bytes): OpeningFile {
  if (data.length > LONGEST_OPENING) throw new FormatError("opening: too long");
  const wire = readMembers(parseJson(data), "opening", [
    "v", "t", "letter", "wave", "size", "leaves", "refusals",
  ]);
  readConstant(wire.v, "v", 1);
  readConstant(wire.t, "t", "opening");
  const opening = {
    letter: formatBase64url(readBytes(wire.letter, "opening: letter", HASH_SIZE)),
    wave: readInteger(wire.wave, "opening: wave", 1),
    size: readInteger(wire.size, "opening: size"),
    leaves: readList(wire.leaves, "opening: leaves", [0, LONGEST_OPENING], readLeaf),
    refusals: readList(wire.refusals, "opening: refusals", [0, MOST_TRUSTEES], readRefusal),
  };
  checkLeaves(opening);
  if (!areEqual(formatOpening(opening), data)) {
    throw new FormatError("opening: not in canonical form");
  }
  return opening;
}

function readLeaf(value: unknown): Leaf {
  const isKey = Object.hasOwn(readObject(value, "opening: leaf"), "key");
  const wire = readMembers(value, "opening: leaf", ["index", isKey ? "key" : "bad"]);
  const index = readInteger(wire.index, "opening: index");
  if (isKey) return { index, key: readBytes((wire as { key: unknown }).key, "opening: key", KEY_BYTES) };
  const shares = (wire as { bad: unknown }).bad;
  return { index, bad: readList(shares, "opening: bad", [1, MOST_TRUSTEES], readShare) };
}

function readShare(value: unknown): Bytes | null {
  return readNullable(value, (share) => readBytes(share, "opening: share", SHARE_BYTES));
}

function readRefusal(value: unknown): Refusal {
  const wire = readMembers(value, "opening: refusals", ["by", "leaves", "sig"]);
  const leaves = readList(wire.leaves, "opening: refusals", [1, LONGEST_OPENING], (leaf) =>
    readInteger(leaf, "opening: refusals"),
  );
  checkAscending(leaves, "opening: refusals");
  return {
    by: readInteger(wire.by, "opening: refusals: by", 1, MOST_TRUSTEES),
    leaves,
    sig: readBytes(wire.sig, "opening: refusals: sig", SIGNATURE_SIZE),
  };
}

function checkLeaves({ leaves, size, refusals }: OpeningFile): void {
  checkAscending(leaves.map(({ index }) => index), "opening: leaves");
  checkAscending(refusals.map(({ by }) => by), "opening: refusals");
  if ((leaves.at(-1)?.index ?? -1) >= size) {
    throw new FormatError("opening: a leaf lies outside the log that was verified");
  }
}

/** Check that numbers ascend, each once. Throws FormatError. */
export function checkAscending(numbers: readonly number[], what: string): void {
  if (numbers.some((number, at) => at > 0 && number <= (numbers[at - 1] ?? 0))) {
    throw new FormatError(`${what}: must be ascending, each once`);
  }
}

/** Write an opening file canonically. Throws FormatError if it is too long. */
export function formatOpening({ letter, wave, size, leaves, refusals }: OpeningFile): Bytes {
  const data = formatCanonical({
    v: 1,
    t: "opening",
    letter,
    wave,
    size,
    leaves: leaves.map(wireOf),
    refusals: refusals.map((refusal) => ({ ...refusal, sig: formatBase64url(refusal.sig) })),
  });
  if (data.length > LONGEST_OPENING) throw new FormatError("opening: too long");
  return data;
}

function wireOf(leaf: Leaf): Record<string, unknown> {
  if (isOpened(leaf)) return { index: leaf.index, key: formatBase64url(leaf.key) };
  const bad = leaf.bad.map((share) => (share === null ? null : formatBase64url(share)));
  return { index: leaf.index, bad };
}
