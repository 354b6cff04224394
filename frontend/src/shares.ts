/**
 * What one trustee tells the others of a wave: its share of every leaf, or that it refuses it; as one
 * file, encrypted to each of them and signed (`docs/formats.md` section 9).
 *
 *     file = slots ‖ nonce[12] ‖ AES-256-GCM(F, nonce, AAD context, shares) ‖ sig[64]
 *     slots = for every other trustee, ascending: enc[1120] ‖ ct[48], F under HPKE, info context ‖ j
 *     context = "undersigned/v1/shares\\n" ‖ letter_id ‖ uint32 wave ‖ from[1]
 */

import { type Body, HASH_SIZE, MOST_TRUSTEES } from "./body.ts";
import {
  areEqual, type Bytes, concat, formatBase64url, formatUint, formatUtf8, randomBytes,
} from "./bytes.ts";
import { SIGNATURE_SIZE, verifyEd25519 } from "./ed25519.ts";
import { FormatError, VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";
import { ENC_SIZE, sealTo, TAG_SIZE } from "./hpke.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import { checkAscending, refusalBytes, SHARE_BYTES } from "./opening-file.ts";
import {
  readBytes, readConstant, readInteger, readList, readMembers, readNullable,
} from "./shape.ts";
import type { TrusteeKey } from "./trustee-key.ts";

/** Bytes of a share file: a share takes 75, so some 200,000 names in one wave. */
export const LONGEST_SHARES = 16 * 1024 * 1024;

const KEY_SIZE = 32;
const NONCE_SIZE = 12;
const SLOT_SIZE = ENC_SIZE + KEY_SIZE + TAG_SIZE;
const LABEL = formatUtf8("undersigned/v1/shares\n");

/** A leaf and the sender's share of it (33 bytes), null where the sender refuses it. */
export interface SharedLeaf {
  readonly index: number;
  readonly share: Bytes | null;
}

/** The shares of one trustee; `letter` in base64url, `refusal` null if no leaf is refused. */
export interface Shares {
  readonly letter: string;
  readonly wave: number;
  readonly size: number;
  readonly from: number;
  readonly leaves: readonly SharedLeaf[];
  readonly refusal: Bytes | null;
}

/** Return the leaves that the sender refuses. */
export function refusedBy({ leaves }: Shares): readonly number[] {
  return leaves.filter(({ share }) => share === null).map(({ index }) => index);
}

function formatShares(shares: Shares): Bytes {
  const { letter, wave, size, from, leaves, refusal } = shares;
  const text = (bytes: Bytes | null) => (bytes === null ? null : formatBase64url(bytes));
  return formatCanonical({
    v: 1,
    t: "shares",
    letter,
    wave,
    size,
    from,
    leaves: leaves.map(({ index, share }) => ({ index, share: text(share) })),
    refusal: text(refusal),
  });
}

/** Read what a share file holds. Throws FormatError unless it is canonical. */
function parseShares(data: Bytes): Shares {
  const wire = readMembers(parseJson(data), "shares", [
    "v", "t", "letter", "wave", "size", "from", "leaves", "refusal",
  ]);
  readConstant(wire.v, "v", 1);
  readConstant(wire.t, "t", "shares");
  const shares: Shares = {
    letter: formatBase64url(readBytes(wire.letter, "shares: letter", HASH_SIZE)),
    wave: readInteger(wire.wave, "shares: wave", 1),
    size: readInteger(wire.size, "shares: size"),
    from: readInteger(wire.from, "shares: from", 1, MOST_TRUSTEES),
    leaves: readList(wire.leaves, "shares: leaves", [0, LONGEST_SHARES], (leaf) => {
      const { index, share } = readMembers(leaf, "shares: leaves", ["index", "share"]);
      return {
        index: readInteger(index, "shares: index"),
        share: readNullable(share, (one) => readBytes(one, "shares: share", SHARE_BYTES)),
      };
    }),
    refusal: readNullable(wire.refusal, (sig) => readBytes(sig, "shares: refusal", SIGNATURE_SIZE)),
  };
  checkAscending(shares.leaves.map(({ index }) => index), "shares: leaves");
  if ((shares.refusal === null) !== (refusedBy(shares).length === 0)) {
    throw new FormatError("shares: a refusal comes with leaves that have no share, and only so");
  }
  if (!areEqual(formatShares(shares), data)) throw new FormatError("shares: not in canonical form");
  return shares;
}

/** Which file it is, and of which letter. */
export interface ShareContext {
  readonly body: Body;
  readonly letterId: Bytes;
  readonly wave: number;
  readonly from: number;
}

function contextOf({ letterId, wave, from }: ShareContext): Bytes {
  return concat(LABEL, letterId, formatUint(wave, 4), formatUint(from, 1));
}

/** Return the numbers of those whom a file is for, ascending. */
function othersOf({ body, from }: ShareContext): readonly number[] {
  return body.trustees.map((_, at) => at + 1).filter((number) => number !== from);
}

/** Encrypt shares to all the other trustees, and sign. Throws FormatError if they are too many. */
export async function formatShareFile(
  shares: Shares,
  context: ShareContext,
  key: TrusteeKey,
): Promise<Bytes> {
  const label = contextOf(context);
  const [fileKey, nonce] = [randomBytes(KEY_SIZE), randomBytes(NONCE_SIZE)];
  const slots: Bytes[] = [];
  for (const number of othersOf(context)) {
    const sealKey = context.body.trustees[number - 1]?.sealKey ?? new Uint8Array();
    const { enc, ct } = await sealTo(sealKey, concat(label, formatUint(number, 1)), fileKey);
    slots.push(enc, ct);
  }
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: label };
  const aes = await crypto.subtle.importKey("raw", fileKey, "AES-GCM", false, ["encrypt"]);
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, aes, formatShares(shares)));
  const unsigned = concat(...slots, nonce, sealed);
  const file = concat(unsigned, await key.sign(concat(label, hash(unsigned))));
  if (file.length > LONGEST_SHARES) {
    throw new FormatError("The wave has more names than a share file can hold.");
  }
  return file;
}

/**
 * Open another trustee's share file as trustee `number`. Throws VerificationError, FormatError.
 *
 * 1. It is signed by the sender. 2. It opens with this key. 3. It is of this letter, wave and sender.
 * 4. Its refusal, if there is one, is signed as well: it may have to be shown to everyone.
 */
export async function parseShareFile(
  file: Bytes,
  context: ShareContext,
  number: number,
  key: TrusteeKey,
): Promise<Shares> {
  const [label, others] = [contextOf(context), othersOf(context)];
  const place = others.indexOf(number);
  const start = others.length * SLOT_SIZE;
  const least = start + NONCE_SIZE + TAG_SIZE + SIGNATURE_SIZE;
  if (place < 0 || file.length < least || file.length > LONGEST_SHARES) {
    throw new VerificationError("The share file is not one for this trustee.");
  }
  const signKey = context.body.trustees[context.from - 1]?.signKey ?? new Uint8Array();
  const [unsigned, sig] = [file.slice(0, -SIGNATURE_SIZE), file.slice(-SIGNATURE_SIZE)];
  const message = concat(label, hash(unsigned));
  await verifyEd25519(signKey, message, sig, "The signature of the share file"); // 1
  const slot = file.slice(place * SLOT_SIZE, (place + 1) * SLOT_SIZE);
  const sealed = { enc: slot.slice(0, ENC_SIZE), ct: slot.slice(ENC_SIZE) };
  const fileKey = await key.open(sealed, concat(label, formatUint(number, 1))); // 2
  const shares = parseShares(await decrypt(fileKey, unsigned.slice(start), label));
  const { letter, wave, from, refusal } = shares;
  const isOther = wave !== context.wave || from !== context.from;
  if (isOther || letter !== formatBase64url(context.letterId)) { // 3
    throw new VerificationError("The share file is of another letter, wave or trustee than it says.");
  }
  if (refusal !== null) { // 4
    const refused = refusalBytes(letter, wave, from, refusedBy(shares));
    await verifyEd25519(signKey, refused, refusal, "The signature of a refusal");
  }
  return shares;
}

async function decrypt(key: Bytes, data: Bytes, additionalData: Bytes): Promise<Bytes> {
  const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  const algorithm = { name: "AES-GCM", iv: data.slice(0, NONCE_SIZE), additionalData };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, aes, data.slice(NONCE_SIZE)));
  } catch {
    throw new VerificationError("The share file does not open.");
  }
}
