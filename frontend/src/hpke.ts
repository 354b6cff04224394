/**
 * Public-key encryption to a trustee: HPKE (RFC 9180), base mode, single shot, empty AAD; KEM X-Wing
 * 0x647a, KDF HKDF-SHA256, AEAD AES-256-GCM. A seal key is the X-Wing public key, 1216 bytes.
 */

import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";

import { SEAL_KEY_SIZE } from "./body.ts";
import type { Bytes } from "./bytes.ts";
import { FormatError, VerificationError } from "./errors.ts";

export const ENC_SIZE = 1120;
export const TAG_SIZE = 16;

const KEM = new XWing();
const SUITE = new CipherSuite({ kem: KEM, kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** What was sealed: the encapsulated key, and the ciphertext with its tag. */
export interface Sealed {
  readonly enc: Bytes;
  readonly ct: Bytes;
}

/** Seal to a trustee's seal key (1216 bytes). Throws FormatError for what is none. */
export async function sealTo(sealKey: Bytes, info: Bytes, plaintext: Bytes): Promise<Sealed> {
  if (sealKey.length !== SEAL_KEY_SIZE) throw new FormatError("A seal key has 1216 bytes.");
  const recipientPublicKey = await SUITE.kem.importKey("raw", sealKey.buffer, true);
  const sealed = await SUITE.seal({ recipientPublicKey, info }, plaintext.buffer);
  return { enc: new Uint8Array(sealed.enc), ct: new Uint8Array(sealed.ct) };
}

/** The private half of a seal key. */
export interface Opener {
  readonly sealKey: Bytes;
  /** Open what was sealed to the key with this info. Throws VerificationError. */
  open(sealed: Sealed, info: Bytes): Promise<Bytes>;
}

/** Return the key pair of a 32-byte X-Wing seed (draft-connolly-cfrg-xwing-kem, section 5.2). */
export async function openerOf(seed: Bytes): Promise<Opener> {
  const recipientKey = await SUITE.kem.importKey("raw", seed.slice().buffer, false);
  const { publicKey } = await KEM.generateKeyPairDerand(seed.slice());
  const sealKey = new Uint8Array(await SUITE.kem.serializePublicKey(publicKey));
  return {
    sealKey,
    async open({ enc, ct }, info) {
      try {
        const opened = await SUITE.open({ recipientKey, enc: enc.buffer, info }, ct.buffer);
        return new Uint8Array(opened);
      } catch {
        throw new VerificationError("What was sealed does not open with this key.");
      }
    },
  };
}
