/**
 * A signer's key: twelve words, from which all else follows (`docs/formats.md` section 1). The
 * letter's id is the salt, so the same words give unrelated keys for different letters.
 */

import { type Bytes, formatUtf8, randomBytes } from "./bytes.ts";
import { type Signer, signerOf } from "./ed25519.ts";
import { FormatError } from "./errors.ts";
import { derive, hash } from "./hash.ts";
import { CODE_SIZE } from "./words.ts";

const SIGNER = formatUtf8("undersigned/v1/signer");
const R = formatUtf8("undersigned/v1/r");

export const ID_SIZE = 32;

/** What one receipt code gives for one letter: the pk of the record, and r, which hides it. */
export interface SignerKey extends Signer {
  readonly r: Bytes;
  /** H(pk ‖ r), 32 bytes: what the issuer attests without seeing either. */
  readonly c: Bytes;
}

/** Return a new receipt code, 16 random bytes. */
export function generateCode(): Bytes {
  return randomBytes(CODE_SIZE);
}

/** Derive the key of a receipt code (16 bytes) for a letter (its id, 32 bytes). */
export async function signerKeyOf(code: Bytes, letterId: Bytes): Promise<SignerKey> {
  if (code.length !== CODE_SIZE || letterId.length !== ID_SIZE) {
    throw new FormatError("A receipt code has 16 bytes and a letter's id 32.");
  }
  const signer = await signerOf(derive(code, letterId, SIGNER));
  const r = derive(code, letterId, R);
  return { ...signer, r, c: commitmentOf(signer.publicKey, r) };
}

/** Return c = H(pk ‖ r), 32 bytes: what binds an attestation to a signing key. */
export function commitmentOf(pk: Bytes, r: Bytes): Bytes {
  return hash(pk, r);
}
