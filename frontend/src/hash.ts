/** SHA-256, and HKDF-SHA256 (RFC 5869), without waiting: WebCrypto's are asynchronous. */

import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { type Bytes, concat } from "./bytes.ts";

/** Return H: the SHA-256 (32 bytes) of the joined parts. */
export function hash(...parts: readonly Uint8Array[]): Bytes {
  return new Uint8Array(sha256(concat(...parts)));
}

/** Return 32 bytes derived from a secret (RFC 5869; an empty salt is the default of section 2.2). */
export function derive(secret: Uint8Array, salt: Uint8Array, info: Uint8Array): Bytes {
  return new Uint8Array(hkdf(sha256, secret, salt, info, 32));
}
