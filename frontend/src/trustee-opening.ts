/**
 * Opening a wave: a trustee's own shares, for exactly the names whose turn it is, and what k trustees'
 * shares come to (`docs/formats.md` sections 7 and 9). The wave and the size of the log come from an
 * audit in which nothing was false.
 */

import { areEqual, type Bytes, formatBase64url, parseBase64url } from "./bytes.ts";
import { signedBytes } from "./entry.ts";
import { Refused, UndersignedError, VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";
import { formatCanonical } from "./jcs.ts";
import type { Letter } from "./letter.ts";
import { readName } from "./names.ts";
import {
  formatOpening, isBad, isOpened, type Leaf, type OpeningFile, type Refusal, refusalBytes,
  refusalsNeeded,
} from "./opening-file.ts";
import { type Blob, infoOf, openBlob, parseBlob } from "./seal.ts";
import { combineKey, isCommitted } from "./share.ts";
import { refusedBy, type SharedLeaf, type Shares } from "./shares.ts";
import type { Stance } from "./tally.ts";
import type { TrusteeKey } from "./trustee-key.ts";
import { findTurn, type Wave } from "./wave.ts";

/** Return the blob of the name at a leaf, as the site has it. */
export type BlobReader = (leaf: number) => Promise<Bytes>;

/** The blobs of a wave, checked against the log, by leaf: each is fetched once. */
export type Blobs = ReadonlyMap<number, Bytes>;

/** Return the sealed names whose turn it is in a verified log of `size` entries, by leaf. */
export function findDue(wave: Wave, size: number): ReadonlyMap<number, Stance> {
  return findTurn(wave, { size, leaves: [] }).due;
}

/**
 * Fetch the blobs of the names whose turn it is. A blob that is missing or changed is not its signer's
 * fault, and striking the leaf would hide that the site lost it: throws Refused (`seal-changed`).
 */
export async function readBlobs(
  wave: Wave,
  size: number,
  read: BlobReader,
  onProgress: (done: number, all: number) => void = () => {},
): Promise<Blobs> {
  const due = findDue(wave, size);
  const blobs = new Map<number, Bytes>();
  for (const [leaf, { name }] of due) {
    const blob = await read(leaf);
    if (formatBase64url(hash(blob)) !== name) {
      throw new Refused("seal-changed", `The seal of leaf ${leaf} was changed.`);
    }
    blobs.set(leaf, blob);
    onProgress(blobs.size, due.size);
  }
  return blobs;
}

/** Open a trustee's own shares of a wave. Throws VerificationError if the key is not the letter's. */
export async function openOwnShares(
  wave: Wave,
  size: number,
  blobs: Blobs,
  key: TrusteeKey,
  number: number,
  onProgress: (done: number, all: number) => void = () => {},
): Promise<Shares> {
  const { letter } = wave;
  const id = formatBase64url(letter.id);
  if (!areEqual(letter.trustees[number - 1]?.signKey ?? new Uint8Array(), key.publicKey)) {
    throw new VerificationError("This key is not the one that the letter names.");
  }
  const due = findDue(wave, size);
  const leaves: SharedLeaf[] = [];
  for (const [index, { signature }] of due) {
    const pk = parseBase64url(signature.pk);
    leaves.push({ index, share: await findShare(letter, pk, blobOf(blobs, index), key, number) });
    onProgress(leaves.length, due.size);
    // An X-Wing key opens in a few milliseconds: the page is let live in between.
    if (leaves.length % 16 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  leaves.sort((one, other) => one.index - other.index);
  const refused = leaves.filter(({ share }) => share === null).map(({ index }) => index);
  const refusal =
    refused.length === 0 ? null : await key.sign(refusalBytes(id, wave.number, number, refused));
  return { letter: id, wave: wave.number, size, from: number, leaves, refusal };
}

function blobOf(blobs: Blobs, leaf: number): Bytes {
  const blob = blobs.get(leaf);
  if (blob === undefined) throw new VerificationError(`The seal of leaf ${leaf} is missing.`);
  return blob;
}

async function findShare(
  letter: Letter,
  pk: Bytes,
  value: Bytes,
  key: TrusteeKey,
  number: number,
): Promise<Bytes | null> {
  try {
    const blob = parseBlob(value);
    const slot = blob.slots[number - 1];
    if (slot === undefined) return null;
    const share = await key.open(slot, infoOf({ letterId: letter.id, pk }, number));
    return isCommitted(blob, number, share) ? share : null;
  } catch (error) {
    if (error instanceof UndersignedError) return null;
    throw error;
  }
}

/** A share that is not the one which the signer committed to: who sent it, and of which leaf. */
export interface Altered {
  readonly trustee: number;
  readonly leaf: number;
}

/** An opening that is ready to be submitted; `holds` says that the rule does. */
export interface Opening {
  readonly file: OpeningFile;
  readonly content: Bytes;
  /** The `opening` record, canonical and signed. */
  readonly record: Bytes;
  readonly holds: boolean;
}

/** What share files came to: an opening, or the leaves for which further trustees are awaited. */
export interface Combined {
  readonly opening: Opening | null;
  readonly altered: readonly Altered[];
  readonly missing: readonly number[];
}

/** Combine what the shares of some trustees, one's own among them, hold of a wave. */
export async function combineWave(
  wave: Wave,
  size: number,
  blobs: Blobs,
  files: readonly Shares[],
  key: TrusteeKey,
  by: number,
): Promise<Combined> {
  const { letter } = wave;
  const held = files.map(
    ({ from, leaves }) => [from, new Map(leaves.map(({ index, share }) => [index, share]))] as const,
  );
  const judged = new Map<number, Judged>();
  const altered: Altered[] = [];
  for (const [index, stance] of findDue(wave, size)) {
    const shares = new Map<number, Bytes | null>();
    for (const [from, mine] of held) {
      const share = mine.get(index);
      if (share !== undefined) shares.set(from, share);
    }
    const one = await judge(letter, stance, blobOf(blobs, index), shares);
    judged.set(index, one);
    altered.push(...one.altered.map((trustee) => ({ trustee, leaf: index })));
  }
  const leaves = [...judged.values()].flatMap(({ leaf }) => (leaf === null ? [] : [leaf]));
  const bad = leaves.filter(isBad);
  const turn = findTurn(wave, { size, leaves: bad });
  const missing = [...turn.due.keys()].filter((index) => judged.get(index)?.leaf === null);
  if (missing.length > 0) return { opening: null, altered, missing };
  const kept = leaves.filter((leaf) => isOpened(leaf) && turn.due.has(leaf.index));
  const refused = new Set([...judged].flatMap(([index, one]) => (one.isRefused ? [index] : [])));
  const file: OpeningFile = {
    letter: formatBase64url(letter.id),
    wave: wave.number,
    size,
    leaves: [...kept, ...bad].sort((one, other) => one.index - other.index),
    refusals: refusalsOf(files, refused),
  };
  const content = formatOpening(file);
  const record = await signOpening(file, content, key, by);
  return { opening: { file, content, record, holds: turn.holds }, altered, missing };
}

interface Judged {
  readonly leaf: Leaf | null;
  readonly altered: readonly number[];
  readonly isRefused: boolean;
}

/** Say of one name whether it opens, is bad, or is undecided, and whose share was altered. */
async function judge(
  letter: Letter,
  { signature }: Stance,
  value: Bytes,
  shares: ReadonlyMap<number, Bytes | null>,
): Promise<Judged> {
  const index = signature.leaf;
  const nothing = { index, bad: letter.trustees.map(() => null) };
  let blob: Blob;
  try {
    blob = parseBlob(value);
  } catch {
    return { leaf: nothing, altered: [], isRefused: false };
  }
  if (blob.slots.length !== letter.trustees.length) {
    return { leaf: nothing, altered: [], isRefused: false };
  }
  const given = [...shares].flatMap(([from, share]) => (share === null ? [] : [[from, share] as const]));
  const good = new Map(given.filter(([from, share]) => isCommitted(blob, from, share)));
  const altered = given.map(([from]) => from).filter((from) => !good.has(from));
  if (good.size >= letter.quorum) {
    const key = await findKey(letter, parseBase64url(signature.pk), blob, good);
    const bad = letter.trustees.map((_, at) => good.get(at + 1) ?? null);
    return { leaf: key === null ? { index, bad } : { index, key }, altered, isRefused: false };
  }
  // Shares that do not show it are not shown: others might hold what they lack.
  const isRefused = shares.size - given.length >= refusalsNeeded(letter);
  return { leaf: isRefused ? nothing : null, altered, isRefused };
}

/** Return the key of a name, null if what it opens is not the signer's name. */
async function findKey(
  letter: Letter,
  pk: Bytes,
  blob: Blob,
  shares: ReadonlyMap<number, Bytes>,
): Promise<Bytes | null> {
  try {
    const key = combineKey(blob, shares, letter.quorum);
    await readName(await openBlob(blob, key, { letterId: letter.id, pk }), letter, pk);
    return key;
  } catch (error) {
    if (error instanceof UndersignedError) return null;
    throw error;
  }
}

/** Return the refusals that some bad leaf needs, by trustee. */
function refusalsOf(files: readonly Shares[], needed: ReadonlySet<number>): readonly Refusal[] {
  return [...files]
    .sort((one, other) => one.from - other.from)
    .flatMap((file): Refusal[] => {
      const leaves = refusedBy(file);
      const isNeeded = leaves.some((leaf) => needed.has(leaf));
      return file.refusal === null || !isNeeded ? [] : [{ by: file.from, leaves, sig: file.refusal }];
    });
}

async function signOpening(
  { letter, wave, leaves }: OpeningFile,
  content: Bytes,
  key: TrusteeKey,
  by: number,
): Promise<Bytes> {
  const record = {
    v: 1,
    t: "opening",
    letter,
    wave,
    file: formatBase64url(hash(content)),
    opened: leaves.filter(isOpened).length,
    bad: leaves.filter(isBad).length,
    by,
  };
  const sig = formatBase64url(await key.sign(signedBytes(record)));
  return formatCanonical({ ...record, sig });
}
