/**
 * The records that a member signs: `sign`, `amend` and `withdraw`, as plain JSON values and as the
 * canonical bytes that are hashed, signed and logged (`docs/formats.md` section 3).
 */

import { HASH_SIZE, type Mode, MODES } from "./body.ts";
import { type Bytes, concat, formatBase64url, formatUtf8, parseBase64url } from "./bytes.ts";
import { KEY_SIZE, SIGNATURE_SIZE, verifyEd25519 } from "./ed25519.ts";
import { FormatError } from "./errors.ts";
import { formatCanonical } from "./jcs.ts";
import type { SignerKey } from "./keys.ts";
import type { Letter, Stand } from "./letter.ts";
import {
  readBytes,
  readConstant,
  readInteger,
  readMembers,
  readNullable,
  readWord,
} from "./shape.ts";
import { TOKEN_SIZE } from "./token.ts";

export const MOST_AMENDMENTS = 8;

export interface SignRecord {
  readonly v: 1;
  readonly t: "sign";
  readonly letter: string;
  readonly token: string;
  readonly pk: string;
  readonly mode: Mode;
  readonly condition: number | null;
  readonly name: string | null;
  readonly sig: string;
}

export interface AmendRecord extends Omit<SignRecord, "t" | "token"> {
  readonly t: "amend";
  readonly seq: number;
}

export interface WithdrawRecord {
  readonly v: 1;
  readonly t: "withdraw";
  readonly letter: string;
  readonly pk: string;
  readonly sig: string;
}

export type MemberRecord = SignRecord | AmendRecord | WithdrawRecord;

/** Make and sign the record of a signature; `token` has 354 bytes, `name` 32 or is null. */
export async function makeSign(
  letter: Letter,
  key: SignerKey,
  token: Bytes,
  stand: Stand,
  name: Bytes | null,
): Promise<SignRecord> {
  const members = { v: 1, t: "sign", token: formatBase64url(token) } as const;
  return sign(key, { ...members, ...whose(letter, key), ...how(stand, name) });
}

/** Make and sign an amendment; `seq` is its number, 1 to 8. */
export async function makeAmend(
  letter: Letter,
  key: SignerKey,
  seq: number,
  stand: Stand,
  name: Bytes | null,
): Promise<AmendRecord> {
  readInteger(seq, "seq", 1, MOST_AMENDMENTS);
  const members = { v: 1, t: "amend", seq } as const;
  return sign(key, { ...members, ...whose(letter, key), ...how(stand, name) });
}

/** Make and sign a withdrawal; it is final. */
export async function makeWithdraw(letter: Letter, key: SignerKey): Promise<WithdrawRecord> {
  return sign(key, { v: 1, t: "withdraw", ...whose(letter, key) } as const);
}

function whose(letter: Letter, key: SignerKey): { letter: string; pk: string } {
  return { letter: formatBase64url(letter.id), pk: formatBase64url(key.publicKey) };
}

function how({ mode, condition }: Stand, name: Bytes | null): Stand & { name: string | null } {
  if ((name === null) !== (mode === "anonymous")) {
    throw new FormatError("name: must be null when anonymous, and only then");
  }
  return { mode, condition, name: name === null ? null : formatBase64url(name) };
}

async function sign<T extends { readonly t: string }>(
  key: SignerKey,
  unsigned: T,
): Promise<T & { sig: string }> {
  return { ...unsigned, sig: formatBase64url(await key.sign(messageOf(unsigned))) };
}

/** Return what a signature over a record without `sig` is over (section 3, Signatures). */
function messageOf(unsigned: { readonly t: string }): Bytes {
  return concat(formatUtf8(`undersigned/v1/${unsigned.t}\n`), formatCanonical(unsigned));
}

/** Write a record as the entry of the log. */
export function formatRecord(record: MemberRecord): Bytes {
  return formatCanonical(record);
}

/** Read a `sign` record from plain JSON values; nothing is verified. Throws FormatError. */
export function parseSign(value: unknown): SignRecord {
  const wire = readMembers(value, "sign", [
    "v", "t", "letter", "token", "pk", "mode", "condition", "name", "sig",
  ]);
  return {
    v: readConstant(wire.v, "v", 1),
    t: readConstant(wire.t, "t", "sign"),
    letter: readOctets(wire.letter, "letter", HASH_SIZE),
    token: readOctets(wire.token, "token", TOKEN_SIZE),
    pk: readOctets(wire.pk, "pk", KEY_SIZE),
    mode: readWord(wire.mode, "mode", MODES),
    condition: readNullable(wire.condition, (condition) => readInteger(condition, "condition")),
    name: readNullable(wire.name, (name) => readOctets(name, "name", HASH_SIZE)),
    sig: readOctets(wire.sig, "sig", SIGNATURE_SIZE),
  };
}

/** Read bytes in base64url, and leave them so. */
function readOctets(value: unknown, what: string, size: number): string {
  return formatBase64url(readBytes(value, what, size));
}

/** Verify a record's signature by its own key. Throws VerificationError. */
export async function verifyRecord(record: MemberRecord): Promise<void> {
  const { sig, ...unsigned } = record;
  const pk = parseBase64url(record.pk, KEY_SIZE);
  const signature = parseBase64url(sig, SIGNATURE_SIZE);
  await verifyEd25519(pk, messageOf(unsigned), signature, "The signature of the record");
}
