/** The Merkle tree of RFC 6962 section 2.1 (unchanged in RFC 9162 section 2.1), with SHA-256. */

import { areEqual, type Bytes, formatUint } from "./bytes.ts";
import { VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";

/** Most hashes in a proof from outside (tlog-witness); no tree of this project needs as many. */
export const MOST_PROOF_HASHES = 63;

const LEAF = formatUint(0, 1);
const NODE = formatUint(1, 1);

/** Return the leaf hash SHA-256(00 ‖ entry), 32 bytes. */
export function leafHash(entry: Bytes): Bytes {
  return hash(LEAF, entry);
}

/** Return the node hash SHA-256(01 ‖ left ‖ right), 32 bytes. */
export function nodeHash(left: Bytes, right: Bytes): Bytes {
  return hash(NODE, left, right);
}

/**
 * Verify that the tree of `size` leaves with this root has the leaf hash at `index` (RFC 9162
 * section 2.1.3.2, with its names). Throws VerificationError.
 */
export function verifyInclusion(
  leaf: Bytes,
  index: number,
  size: number,
  proof: readonly Bytes[],
  root: Bytes,
): void {
  if (!(0 <= index && index < size)) {
    throw new VerificationError("The leaf index is not in the tree.");
  }
  // Indexes go to 2^53: halved, never shifted, since a shift cuts to 32 bits.
  let fn = index;
  let sn = size - 1;
  let r = leaf;
  for (const p of proof) {
    if (sn === 0) throw new VerificationError("The inclusion proof is too long.");
    if (fn % 2 === 1 || fn === sn) {
      r = nodeHash(p, r);
      while (fn !== 0 && fn % 2 === 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      r = nodeHash(r, p);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0 || !areEqual(r, root)) {
    throw new VerificationError("The inclusion proof does not lead to the root.");
  }
}
