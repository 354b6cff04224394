/**
 * Ed25519 (RFC 8032): WebCrypto's where the browser has it, `@noble/curves` where it has not. Both
 * give the same signatures. They may differ over odd ones (points of small order): whoever needs the
 * count to the last record verifies the log with the command line.
 */

import { ed25519 } from "@noble/curves/ed25519.js";

import { type Bytes, concat, parseBase64url, parseHex } from "./bytes.ts";
import { FormatError, VerificationError } from "./errors.ts";

export const KEY_SIZE = 32;
export const SIGNATURE_SIZE = 64;

/** A key pair whose private half stays inside. */
export interface Signer {
  readonly publicKey: Bytes;
  sign(message: Bytes): Promise<Bytes>;
}

/** One implementation of Ed25519. */
export interface Ed25519 {
  signer(seed: Bytes): Promise<Signer>;
  holds(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean>;
}

const NAME = "Ed25519";
/** PKCS #8 of an Ed25519 key (RFC 8410, section 7): all but the seed is fixed. */
const PKCS8_HEAD = parseHex("302e020100300506032b657004220420", 16);

export const webEd25519: Ed25519 = {
  async signer(seed) {
    const pkcs8 = concat(PKCS8_HEAD, seed);
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, NAME, true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", key);
    if (x === undefined) throw new FormatError("The browser gives no public key.");
    return {
      publicKey: parseBase64url(x, KEY_SIZE),
      async sign(message) {
        return new Uint8Array(await crypto.subtle.sign(NAME, key, message));
      },
    };
  },

  async holds(publicKey, message, signature) {
    const key = await crypto.subtle.importKey("raw", publicKey, NAME, false, ["verify"]);
    return crypto.subtle.verify(NAME, key, signature, message);
  },
};

export const nobleEd25519: Ed25519 = {
  async signer(seed) {
    return {
      publicKey: new Uint8Array(ed25519.getPublicKey(seed)),
      async sign(message) {
        return new Uint8Array(ed25519.sign(message, seed));
      },
    };
  },

  async holds(publicKey, message, signature) {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  },
};

let chosen: Promise<Ed25519> | undefined;

/** Find out, once, whether this browser has Ed25519. */
function implementation(): Promise<Ed25519> {
  chosen ??= webEd25519.signer(new Uint8Array(KEY_SIZE)).then(
    () => webEd25519,
    () => nobleEd25519,
  );
  return chosen;
}

/** Return the key pair of a 32-byte seed. */
export async function signerOf(seed: Bytes): Promise<Signer> {
  if (seed.length !== KEY_SIZE) throw new FormatError("The seed of an Ed25519 key has 32 bytes.");
  return (await implementation()).signer(seed);
}

/** Verify a signature; throws VerificationError, which says that `what` does not hold. */
export async function verifyEd25519(
  publicKey: Bytes,
  message: Bytes,
  signature: Bytes,
  what: string,
): Promise<void> {
  let holds = false;
  if (publicKey.length === KEY_SIZE && signature.length === SIGNATURE_SIZE) {
    // A key that is no point is refused by an exception: then nothing it signed holds.
    holds = await (await implementation()).holds(publicKey, message, signature).catch(() => false);
  }
  if (!holds) throw new VerificationError(`${what} does not hold.`);
}
