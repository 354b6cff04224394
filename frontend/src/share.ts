/**
 * The shares of a blob's key: what the signer committed to, and the key that k of them give
 * (`docs/formats.md` section 6). Shamir over GF(2^8) with the polynomial 0x11b.
 */

import { areEqual, type Bytes, formatUint } from "./bytes.ts";
import { VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";
import { SHARE_BYTES } from "./opening-file.ts";
import type { Blob } from "./seal.ts";

const SECRET_SIZE = 32;

/** Tell whether these bytes are the share that the signer made for trustee i (from 1). */
export function isCommitted(blob: Blob, i: number, share: Bytes): boolean {
  const slot = blob.slots[i - 1];
  return (
    slot !== undefined &&
    share.length === SHARE_BYTES &&
    share[SECRET_SIZE] === slot.x &&
    areEqual(hash(share, formatUint(i, 1)), slot.commitment)
  );
}

/**
 * Return the key K (32 bytes) from the shares of at least k trustees, by trustee number. All that are
 * given must hold: throws VerificationError if they are fewer, one differs from its commitment, or
 * they do not lie on one polynomial (the signer's fault then).
 */
export function combineKey(blob: Blob, shares: ReadonlyMap<number, Bytes>, k: number): Bytes {
  for (const [i, share] of shares) {
    if (isCommitted(blob, i, share)) continue;
    throw new VerificationError("A share is not the one that the signer committed to.");
  }
  if (k < 1 || shares.size < k) throw new VerificationError("There are fewer shares than the quorum.");
  const points = [...shares.values()];
  const base = points.slice(0, k);
  for (const point of points.slice(k)) {
    if (areEqual(interpolate(base, placeOf(point)), point.slice(0, SECRET_SIZE))) continue;
    throw new VerificationError("The shares do not fit together.");
  }
  return interpolate(base, 0);
}

function placeOf(share: Bytes): number {
  return share[SECRET_SIZE] ?? 0;
}

/** Lagrange's formula at a public place; minus and plus are both XOR in this field. */
function interpolate(points: readonly Bytes[], at: number): Bytes {
  const value = new Uint8Array(SECRET_SIZE);
  for (const point of points) {
    let factor = 1;
    for (const other of points) {
      if (other === point) continue;
      const [x, z] = [placeOf(point), placeOf(other)];
      factor = multiply(multiply(factor, at ^ z), inverse(x ^ z));
    }
    for (let byte = 0; byte < SECRET_SIZE; byte += 1) {
      value[byte] = (value[byte] ?? 0) ^ multiply(point[byte] ?? 0, factor);
    }
  }
  return value;
}

/** Multiply in GF(2^8); no table is looked up by a secret byte. */
function multiply(one: number, scalar: number): number {
  let product = 0;
  for (let bit = 0, vector = one; bit < 8; bit += 1) {
    product ^= vector & -((scalar >> bit) & 1);
    vector = (vector << 1) ^ (0x11b & -(vector >> 7));
  }
  return product & 0xff;
}

/** Return x^254, the inverse of a public x. */
function inverse(x: number): number {
  let result = 1;
  for (let power = 0; power < 254; power += 1) result = multiply(result, x);
  return result;
}
