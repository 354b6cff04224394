/**
 * The token that lets one member sign one letter once, and that nobody can trace to its issuance:
 * Privacy Pass token type 0x0002 (RFC 9577 section 2, RFC 9578 section 6) over
 * RSABSSA-SHA384-PSS-Deterministic (RFC 9474); `docs/formats.md` section 5.
 */

import { RSABSSA } from "@cloudflare/blindrsa-ts";

import {
  areEqual,
  type Bytes,
  concat,
  formatBase64url,
  formatUint,
  formatUtf8,
  parseHex,
} from "./bytes.ts";
import { FormatError, VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";
import { readBytes, readMembers } from "./shape.ts";

export const MODULUS_SIZE = 256;
export const INPUT_SIZE = 98;
export const TOKEN_SIZE = INPUT_SIZE + MODULUS_SIZE;

const TYPE = formatUint(2, 2);
const NONCE = formatUtf8("undersigned/v1/nonce\n");
const SUITE = RSABSSA.SHA384.PSS.Deterministic();

/**
 * RFC 9578 section 8.2.2, for a modulus of exactly 2048 bits and the exponent 65537: id-RSASSA-PSS
 * with SHA-384, MGF1-SHA-384 and salt length 48. All but the modulus is fixed.
 */
const SPKI_HEAD = parseHex(
  "30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202" +
    "a11a301806092a864886f70d010108300b0609608648016503040202a203020130" +
    "0382010f003082010a0282010100",
  81,
);
const SPKI_TAIL = parseHex("0203010001", 5);

/** What a letter's tokens are for: the host of the log's origin, the letter's id, the issuer's key. */
export interface TokenTerms {
  readonly host: string;
  readonly letterId: Bytes;
  /** The SubjectPublicKeyInfo. */
  readonly tokenKey: Bytes;
}

/** Return the modulus (256 bytes) of a token key; any other spelling of it throws FormatError. */
export function parseTokenKey(spki: Bytes): Bytes {
  const end = SPKI_HEAD.length + MODULUS_SIZE;
  const modulus = spki.slice(SPKI_HEAD.length, end);
  const isFramed =
    areEqual(spki.subarray(0, SPKI_HEAD.length), SPKI_HEAD) &&
    areEqual(spki.subarray(end), SPKI_TAIL);
  const first = modulus[0] ?? 0;
  const last = modulus.at(-1) ?? 0;
  if (!isFramed || first < 0x80 || last % 2 === 0) {
    throw new FormatError("The token key is not RSASSA-PSS with SHA-384, 2048 bits, exponent 65537.");
  }
  return modulus;
}

/** Import a token key. No browser takes the OID id-RSASSA-PSS, so the modulus goes in alone. */
export async function importTokenKey(spki: Bytes): Promise<CryptoKey> {
  const jwk = { kty: "RSA", alg: "PS384", n: formatBase64url(parseTokenKey(spki)), e: "AQAB" };
  const algorithm = { name: "RSA-PSS", hash: "SHA-384" };
  return crypto.subtle.importKey("jwk", jwk, algorithm, true, ["verify"]);
}

/** Write the TokenChallenge (RFC 9577 section 2.1) whose digest a letter's tokens carry. */
export function formatChallenge(terms: TokenTerms): Bytes {
  const name = formatUtf8(terms.host);
  if (!/^[\x20-\x7e]{1,255}$/.test(terms.host) || terms.letterId.length !== 32) {
    throw new FormatError("A challenge names a host in ASCII, and the id of a letter.");
  }
  const length = formatUint(name.length, 2);
  return concat(TYPE, length, name, formatUint(32, 1), terms.letterId, length, name);
}

/** Return the 98 bytes that the issuer signs blindly for this signing key (32 bytes). */
export function tokenInput(terms: TokenTerms, pk: Bytes): Bytes {
  const nonce = hash(NONCE, pk);
  return concat(TYPE, nonce, hash(formatChallenge(terms)), hash(terms.tokenKey));
}

/** A message made blind: what the issuer sees, and the secret that undoes it. Both are as long as the key. */
export interface Blinding {
  readonly blinded: Bytes;
  readonly inverse: Bytes;
}

/** Blind a message (RFC 9474 section 4.2). */
export async function blind(key: CryptoKey, message: Bytes): Promise<Blinding> {
  const { blindedMsg, inv } = await SUITE.blind(key, SUITE.prepare(message));
  return { blinded: new Uint8Array(blindedMsg), inverse: new Uint8Array(inv) };
}

/** Undo the blinding and verify the signature (RFC 9474 section 4.4). Throws VerificationError. */
export async function finalize(
  key: CryptoKey,
  message: Bytes,
  blindSignature: Bytes,
  inverse: Bytes,
): Promise<Bytes> {
  try {
    return new Uint8Array(await SUITE.finalize(key, message, blindSignature, inverse));
  } catch {
    throw new VerificationError("The issuer's blind signature does not hold.");
  }
}

/** Blind the message of a letter's token for this signing key. */
export async function blindToken(terms: TokenTerms, pk: Bytes): Promise<Blinding> {
  return blind(await importTokenKey(terms.tokenKey), tokenInput(terms, pk));
}

/** Return the token (354 bytes) of the issuer's answer (256 bytes). Throws VerificationError. */
export async function finalizeToken(
  terms: TokenTerms,
  pk: Bytes,
  blindSignature: Bytes,
  inverse: Bytes,
): Promise<Bytes> {
  const key = await importTokenKey(terms.tokenKey);
  const message = tokenInput(terms, pk);
  return concat(message, await finalize(key, message, blindSignature, inverse));
}

/** Verify that a token is one of this letter, for this signing key. Throws VerificationError. */
export async function verifyToken(terms: TokenTerms, pk: Bytes, token: Bytes): Promise<void> {
  const message = token.slice(0, INPUT_SIZE);
  if (token.length !== TOKEN_SIZE || !areEqual(message, tokenInput(terms, pk))) {
    throw new VerificationError("The token is not one of this letter for this key.");
  }
  const key = await importTokenKey(terms.tokenKey);
  if (!(await SUITE.verify(key, token.slice(INPUT_SIZE), message))) {
    throw new VerificationError("The issuer's signature in the token does not hold.");
  }
}

/** Write a blinding as plain JSON values, to go on after a crash. They are a secret. */
export function formatBlinding({ blinded, inverse }: Blinding): Record<string, string> {
  return { blinded: formatBase64url(blinded), inverse: formatBase64url(inverse) };
}

/** Read what `formatBlinding` wrote for a token. Throws FormatError. */
export function parseBlinding(value: unknown): Blinding {
  const wire = readMembers(value, "blinding", ["blinded", "inverse"]);
  return {
    blinded: readBytes(wire.blinded, "blinded", MODULUS_SIZE),
    inverse: readBytes(wire.inverse, "inverse", MODULUS_SIZE),
  };
}
