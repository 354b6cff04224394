/**
 * The blob: a name document that k of n trustees can open together, and nobody else
 * (`docs/formats.md` section 6).
 *
 *     blob = n[1] ‖ n × slot ‖ nonce[12] ‖ AES-256-GCM(K, nonce, padded, AAD letter_id ‖ pk)
 *     slot = x[1] ‖ H(share ‖ i)[32] ‖ enc[1120] ‖ ct[49]
 *     padded = length[4] ‖ document ‖ zeros, up to the next multiple of 1 KiB
 */

import { split } from "shamir-secret-sharing";

import { HASH_SIZE, MOST_TRUSTEES } from "./body.ts";
import { areEqual, type Bytes, concat, formatUint, formatUtf8, randomBytes } from "./bytes.ts";
import { KEY_SIZE } from "./ed25519.ts";
import { FormatError, VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";
import { ENC_SIZE, sealTo, TAG_SIZE } from "./hpke.ts";

const SECRET_SIZE = 32;
const CT_SIZE = SECRET_SIZE + 1 + TAG_SIZE;
const SLOT_SIZE = 1 + HASH_SIZE + ENC_SIZE + CT_SIZE;
const NONCE_SIZE = 12;
const LENGTH_SIZE = 4;
const PAD_SIZE = 1024;
/** Room for 16 trustees (19 kB) and a document of 44 kB. */
export const LONGEST_BLOB = 65_536;

const LABEL = formatUtf8("undersigned/v1/seal");

/** What a blob is bound to: copied to another letter or signature it does not open. */
export interface Binding {
  readonly letterId: Bytes;
  readonly pk: Bytes;
}

/** One trustee's part: the place x of the share, its commitment, and the share under HPKE. */
export interface Slot {
  readonly x: number;
  readonly commitment: Bytes;
  readonly enc: Bytes;
  readonly ct: Bytes;
}

/** A sealed name, taken apart. Trustee i has slots[i - 1]. */
export interface Blob {
  readonly slots: readonly Slot[];
  readonly nonce: Bytes;
  readonly ciphertext: Bytes;
}

/**
 * Seal a document to trustees (1 to 16 keys of 1216 bytes), `quorum` of whom open it; return the
 * blob. Each sealing is another blob. Throws FormatError, also for a document too long for a blob.
 */
export async function seal(
  document: Bytes,
  binding: Binding,
  sealKeys: readonly Bytes[],
  quorum: number,
): Promise<Bytes> {
  const key = randomBytes(SECRET_SIZE);
  const nonce = randomBytes(NONCE_SIZE);
  const shares = await splitKey(key, quorum, sealKeys.length);
  const slots: Bytes[] = [];
  for (const [at, sealKey] of sealKeys.entries()) {
    slots.push(await sealShare(shares[at] ?? key, at + 1, sealKey, binding));
  }
  const aes = await importKey(key, "encrypt");
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: associated(binding) };
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(algorithm, aes, pad(document)));
  const blob = concat(formatUint(slots.length, 1), ...slots, nonce, ciphertext);
  if (blob.length > LONGEST_BLOB) throw new FormatError("The document is too long to be sealed.");
  return blob;
}

/** Split K: shares of 33 bytes, y ‖ x. The library refuses k = 1, where nothing is split. */
async function splitKey(key: Bytes, quorum: number, n: number): Promise<readonly Bytes[]> {
  if (!(1 <= quorum && quorum <= n && n <= MOST_TRUSTEES)) {
    throw new FormatError("The quorum must be from 1 to the number of trustees, at most 16.");
  }
  if (quorum === 1) {
    return Array.from({ length: n }, (_, at) => concat(key, formatUint(at + 1, 1)));
  }
  return (await split(key, n, quorum)).map((share) => new Uint8Array(share));
}

async function sealShare(share: Bytes, i: number, sealKey: Bytes, to: Binding): Promise<Bytes> {
  const { enc, ct } = await sealTo(sealKey, infoOf(to, i), share);
  const place = share.subarray(SECRET_SIZE);
  return concat(place, hash(share, formatUint(i, 1)), enc, ct);
}

function associated({ letterId, pk }: Binding): Bytes {
  if (letterId.length !== HASH_SIZE || pk.length !== KEY_SIZE) {
    throw new FormatError("A letter's id and a signer's key have 32 bytes each.");
  }
  return concat(letterId, pk);
}

/** Return the HPKE info of trustee i's share. */
export function infoOf(binding: Binding, i: number): Bytes {
  return concat(LABEL, associated(binding), formatUint(i, 1));
}

function pad(document: Bytes): Bytes {
  const length = LENGTH_SIZE + document.length;
  const zeros = new Uint8Array(Math.ceil(length / PAD_SIZE) * PAD_SIZE - length);
  return concat(formatUint(document.length, 4), document, zeros);
}

function unpad(padded: Bytes): Bytes {
  const length = new DataView(padded.buffer).getUint32(0);
  const document = padded.slice(LENGTH_SIZE, LENGTH_SIZE + length);
  if (!areEqual(pad(document), padded)) {
    throw new FormatError("The sealed document is not padded as it should be.");
  }
  return document;
}

/** Take a blob apart; lengths and places are checked, what is inside is not. Throws FormatError. */
export function parseBlob(value: Bytes): Blob {
  const n = value[0] ?? 0;
  const end = 1 + n * SLOT_SIZE;
  const padded = value.length - end - NONCE_SIZE - TAG_SIZE;
  const isSized = padded >= PAD_SIZE && padded % PAD_SIZE === 0;
  if (n < 1 || n > MOST_TRUSTEES || !isSized || value.length > LONGEST_BLOB) {
    throw new FormatError("The blob has not the length that its number of trustees asks for.");
  }
  const slots = Array.from({ length: n }, (_, at) =>
    parseSlot(value.slice(1 + at * SLOT_SIZE, 1 + (at + 1) * SLOT_SIZE)),
  );
  const places = new Set(slots.map((slot) => slot.x));
  if (places.size !== n || places.has(0)) {
    throw new FormatError("The places of the shares in a blob are distinct and not zero.");
  }
  const nonce = value.slice(end, end + NONCE_SIZE);
  return { slots, nonce, ciphertext: value.slice(end + NONCE_SIZE) };
}

function parseSlot(value: Bytes): Slot {
  const encAt = 1 + HASH_SIZE;
  return {
    x: value[0] ?? 0,
    commitment: value.slice(1, encAt),
    enc: value.slice(encAt, encAt + ENC_SIZE),
    ct: value.slice(encAt + ENC_SIZE),
  };
}

/** Return the document in a blob, opened with K (32 bytes). Throws VerificationError, FormatError. */
export async function openBlob(blob: Blob, key: Bytes, binding: Binding): Promise<Bytes> {
  if (key.length !== SECRET_SIZE) throw new FormatError("The key of a blob has 32 bytes.");
  const aes = await importKey(key, "decrypt");
  const algorithm = { name: "AES-GCM", iv: blob.nonce, additionalData: associated(binding) };
  let padded: ArrayBuffer;
  try {
    padded = await crypto.subtle.decrypt(algorithm, aes, blob.ciphertext);
  } catch {
    throw new VerificationError("The blob does not open with this key.");
  }
  return unpad(new Uint8Array(padded));
}

function importKey(key: Bytes, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, "AES-GCM", false, [use]);
}
