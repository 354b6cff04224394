/**
 * Receipts: all that a member keeps of a signature (`docs/formats.md` section 8). A receipt holds the
 * twelve words: whoever reads it can withdraw the signature. It is not signed itself; everything in
 * it is, by somebody else.
 */

import { areEqual, type Bytes, formatBase64url, formatUtf8, parseBase64url } from "./bytes.ts";
import { FormatError, VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import { signerKeyOf, type SignerKey } from "./keys.ts";
import { checkStand, type Letter, parseLetter, verifyLetter } from "./letter.ts";
import { leafHash } from "./merkle.ts";
import { type Attestation, parseAttestation, parseName, verifyAttestation, verifyName } from "./name.ts";
import { LONGEST_NOTE } from "./note.ts";
import { verifiedPromise } from "./promise.ts";
import { LONGEST_PROOF, parseProof, type Place, verifyProof } from "./proof.ts";
import { formatRecord, parseSign, type SignRecord, verifyRecord } from "./record.ts";
import { readBytes, readConstant, readMembers, readNullable } from "./shape.ts";
import { hostOf, type Site, siteOf } from "./site.ts";
import { verifyToken } from "./token.ts";
import { formatWords, parseWords } from "./words.ts";

export const SALT_SIZE = 16;

/** Bytes: the note and the proof at their limits, with every line end escaped, and the records. */
const LONGEST_RECEIPT = 2 * (LONGEST_NOTE + LONGEST_PROOF) + 128 * 1024;

/** `promise` is a note's text, `proof` a tlog-proof's, null while the record is not in the log. */
export interface Receipt {
  readonly site: Site;
  readonly letter: Letter;
  readonly words: string;
  readonly record: SignRecord;
  readonly promise: string;
  readonly attestation: Attestation;
  readonly salt: Bytes;
  readonly proof: string | null;
}

const MEMBERS = [
  "v", "t", "origin", "log_vkey", "letter", "words", "record", "promise", "attestation", "salt",
  "proof",
] as const;

/** Write a receipt, canonically. The result is a secret. */
export function formatReceipt(receipt: Receipt): Bytes {
  return formatCanonical({
    v: 1,
    t: "receipt",
    origin: receipt.site.origin,
    log_vkey: receipt.site.logVkey,
    letter: receipt.letter.record,
    words: receipt.words,
    record: receipt.record,
    promise: receipt.promise,
    attestation: receipt.attestation,
    salt: formatBase64url(receipt.salt),
    proof: receipt.proof,
  });
}

/** Read a receipt; nothing of it is verified. Throws FormatError, VerificationError for odd keys. */
export function parseReceipt(data: Bytes): Receipt {
  if (data.length > LONGEST_RECEIPT) throw new FormatError("receipt: too long");
  const wire = readMembers(parseJson(data), "receipt", MEMBERS);
  readConstant(wire.v, "v", 1);
  readConstant(wire.t, "t", "receipt");
  const letter = parseLetter(wire.letter);
  const words = readString(wire.words, "words");
  if (formatWords(parseWords(words)) !== words) {
    throw new FormatError("The words of a receipt are in lower case, with single spaces.");
  }
  return {
    site: siteOf(
      readString(wire.origin, "origin"),
      readString(wire.log_vkey, "log_vkey"),
      letter.promiseVkey,
    ),
    letter,
    words,
    record: parseSign(wire.record),
    promise: readString(wire.promise, "promise"),
    attestation: parseAttestation(wire.attestation),
    salt: readBytes(wire.salt, "salt", SALT_SIZE),
    proof: readNullable(wire.proof, (proof) => readString(proof, "proof")),
  };
}

function readString(value: unknown, what: string): string {
  if (typeof value !== "string") throw new FormatError(`${what}: not a string`);
  return value;
}

/** What a receipt was found to say; `place` is null while it has no proof. */
export interface ReceiptReport {
  readonly promisedBy: number;
  readonly place: Place | null;
}

/**
 * Verify all that a receipt says; `pinnedVkey` is the log's key from elsewhere, `blob` the bytes that
 * the record's name is the hash of.
 *
 * 1. The log's key is the pinned one, and the letter's record holds, with every ack. 2. The words are
 * those of the record's key. 3. The record is signed and within the letter's terms. 4. Its token is
 * the issuer's, for this key. 5. The attestation is the issuer's, for this key. 6. The blob is the
 * record's; a public one belongs to the signature. 7. The promise names this record. 8. The proof
 * shows it in the log. Throws VerificationError, FormatError; Refused for a mode or condition that
 * the letter does not offer.
 */
export async function verifyReceipt(
  receipt: Receipt,
  { pinnedVkey, blob }: { readonly pinnedVkey?: string; readonly blob?: Bytes } = {},
): Promise<ReceiptReport> {
  const { letter, record } = receipt;
  const site = siteOf(receipt.site.origin, receipt.site.logVkey, letter.promiseVkey, pinnedVkey);
  await verifyLetter(letter, site); // 1
  const key = await signerKeyOf(parseWords(receipt.words), letter.id);
  await verifyOwnRecord(receipt, key); // 2, 3
  const terms = { host: hostOf(site), letterId: letter.id, tokenKey: letter.tokenKey };
  await verifyToken(terms, key.publicKey, parseBase64url(record.token)); // 4
  await verifyAttestation(letter, receipt.attestation, key.c); // 5
  if (blob !== undefined) await verifyBlob(receipt, key, blob); // 6
  const promised = await verifiedPromise(site, letter, formatRecord(record), receipt.promise); // 7
  return { promisedBy: promised.by, place: await placeOf(receipt, site) }; // 8
}

async function verifyOwnRecord({ letter, record }: Receipt, key: SignerKey): Promise<void> {
  if (record.letter !== formatBase64url(letter.id)) {
    throw new VerificationError("The record is one for another letter.");
  }
  if (record.pk !== formatBase64url(key.publicKey)) {
    throw new VerificationError("The words are not those of this signature.");
  }
  checkStand(letter, record);
  if ((record.name === null) !== (record.mode === "anonymous")) {
    throw new VerificationError("The record has a name when anonymous, or none when named.");
  }
  await verifyRecord(record);
}

async function verifyBlob(receipt: Receipt, key: SignerKey, blob: Bytes): Promise<void> {
  if (formatBase64url(hash(blob)) !== receipt.record.name) {
    throw new VerificationError("The name is not the one whose hash is in the record.");
  }
  if (receipt.record.mode !== "public") return;
  const document = parseName(blob);
  await verifyName(receipt.letter, document, key.publicKey);
  const [held, shown] = [receipt.attestation, document.attestation].map(formatCanonical);
  if (held === undefined || shown === undefined || !areEqual(held, shown)) {
    throw new VerificationError("The name document holds another attestation than the receipt.");
  }
}

/** Return the hash (32 bytes) under which the log has the record of a receipt. */
export function leafHashOf(receipt: Receipt): Bytes {
  return leafHash(formatRecord(receipt.record));
}

async function placeOf(receipt: Receipt, site: Site): Promise<Place | null> {
  if (receipt.proof === null) return null;
  const proof = parseProof(formatUtf8(receipt.proof));
  return verifyProof(proof, leafHashOf(receipt), site.logKey);
}

/** Return the receipt with a proof (a tlog-proof's text) that its log has the record, verified. */
export async function withProof(receipt: Receipt, proof: string): Promise<Receipt> {
  const proved = { ...receipt, proof };
  await placeOf(proved, receipt.site);
  return proved;
}
