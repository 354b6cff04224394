/**
 * Names: the issuer's attestation, the name document that holds it, and what the record holds of it
 * (`docs/formats.md` section 6).
 */

import { HASH_SIZE } from "./body.ts";
import { areEqual, type Bytes, concat, formatBase64url, formatUtf8 } from "./bytes.ts";
import { KEY_SIZE, SIGNATURE_SIZE, verifyEd25519 } from "./ed25519.ts";
import { FormatError, Refused, VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import { commitmentOf, type SignerKey } from "./keys.ts";
import { checkStand, type Letter, type Stand } from "./letter.ts";
import { seal } from "./seal.ts";
import {
  readBytes,
  readConstant,
  readMembers,
  readNullable,
  readText,
  readWord,
} from "./shape.ts";

export const LONGEST_NAME = 100;
export const LONGEST_STATEMENT = 1_000;
/** Bytes: 1,200 characters of four bytes each, and what is around them. */
const LONGEST_NAME_DOCUMENT = 8_192;

const ATTESTATION = formatUtf8("undersigned/v1/attestation\n");
const VERIFIED = ["email", "invite", "openid", "self-declared"] as const;

/** A name and role for one letter, bound by c to a key that the issuer never saw. JSON as it is. */
export interface Attestation {
  readonly v: 1;
  readonly t: "attestation";
  readonly letter: string;
  readonly name: string;
  readonly role: string | null;
  readonly verified: (typeof VERIFIED)[number];
  readonly c: string;
  readonly sig: string;
}

/** What stands behind a public or sealed signature. */
export interface NameDocument {
  readonly attestation: Attestation;
  readonly r: Bytes;
  readonly statement: string | null;
}

/** Read an attestation from plain JSON values; nothing is verified. Throws FormatError. */
export function parseAttestation(value: unknown): Attestation {
  const names = ["v", "t", "letter", "name", "role", "verified", "c", "sig"] as const;
  const wire = readMembers(value, "attestation", names);
  readBytes(wire.letter, "letter", HASH_SIZE);
  readBytes(wire.c, "c", HASH_SIZE);
  readBytes(wire.sig, "sig", SIGNATURE_SIZE);
  return {
    v: readConstant(wire.v, "v", 1),
    t: readConstant(wire.t, "t", "attestation"),
    letter: wire.letter as string,
    name: readShown(wire.name, "name"),
    role: readNullable(wire.role, (role) => readShown(role, "role")),
    verified: readWord(wire.verified, "verified", VERIFIED),
    c: wire.c as string,
    sig: wire.sig as string,
  };
}

/** Read a name or a role, 1 to 100 characters. */
export function readShown(value: unknown, what: string): string {
  return readText(value, what, { least: 1, longest: LONGEST_NAME });
}

/** Verify that this letter's issuer attested a name for the commitment c. Throws VerificationError. */
export async function verifyAttestation(
  letter: Letter,
  attestation: Attestation,
  c: Bytes,
): Promise<void> {
  if (attestation.letter !== formatBase64url(letter.id)) {
    throw new VerificationError("The attestation is one for another letter.");
  }
  if (attestation.c !== formatBase64url(c)) {
    throw new VerificationError("The attestation is one for another signature.");
  }
  const { sig, ...unsigned } = attestation;
  const message = concat(ATTESTATION, formatCanonical(unsigned));
  const signature = readBytes(sig, "sig", SIGNATURE_SIZE);
  await verifyEd25519(letter.attestationKey, message, signature, "The issuer's attestation");
}

/** Write a name document canonically. Throws FormatError. */
export function formatName({ attestation, r, statement }: NameDocument): Bytes {
  return formatCanonical({
    v: 1,
    t: "name",
    attestation,
    r: formatBase64url(r),
    statement: readNullable(statement, readStatement),
  });
}

/** Read a name document from its canonical bytes; nothing is verified. Throws FormatError. */
export function parseName(data: Bytes): NameDocument {
  if (data.length > LONGEST_NAME_DOCUMENT) throw new FormatError("name document: too long");
  const value = parseJson(data);
  const wire = readMembers(value, "name document", ["v", "t", "attestation", "r", "statement"]);
  readConstant(wire.v, "v", 1);
  readConstant(wire.t, "t", "name");
  const document = {
    attestation: parseAttestation(wire.attestation),
    r: readBytes(wire.r, "r", HASH_SIZE),
    statement: readNullable(wire.statement, readStatement),
  };
  if (!areEqual(formatName(document), data)) {
    throw new FormatError("name document: not in canonical form");
  }
  return document;
}

function readStatement(value: unknown): string {
  return readText(value, "statement", { least: 1, longest: LONGEST_STATEMENT, lines: true });
}

/** Verify that a name document belongs to the signature of this key. Throws VerificationError. */
export async function verifyName(letter: Letter, document: NameDocument, pk: Bytes): Promise<void> {
  if (pk.length !== KEY_SIZE) throw new FormatError("A signer's key has 32 bytes.");
  await verifyAttestation(letter, document.attestation, commitmentOf(pk, document.r));
}

/** What the record holds of a name, and the bytes that it is the hash of; neither if anonymous. */
export interface WrittenName {
  readonly hash: Bytes | null;
  readonly blob: Bytes | null;
}

/**
 * Write the name of a signature, and seal it if the mode is sealed. An attestation goes with a named
 * mode, a statement with an attestation. Throws Refused for what the letter does not offer,
 * FormatError for a statement that is too long or misshapen.
 */
export async function writeName(
  letter: Letter,
  key: SignerKey,
  stand: Stand,
  attestation: Attestation | null,
  statement: string | null,
): Promise<WrittenName> {
  checkStand(letter, stand);
  if (stand.mode === "anonymous") {
    if (statement !== null) throw new FormatError("An anonymous signature has no statement.");
    return { hash: null, blob: null };
  }
  if (attestation === null) throw new FormatError("A name takes the attestation of the receipt.");
  // Keyboards differ in how they compose letters; what is read is the same.
  const normal = statement === null ? null : statement.normalize("NFC");
  const document = formatName({ attestation, r: key.r, statement: normal });
  if (stand.mode === "public") return { hash: hash(document), blob: document };
  const sealKeys = letter.trustees.map((trustee) => trustee.sealKey);
  const binding = { letterId: letter.id, pk: key.publicKey };
  const blob = await seal(document, binding, sealKeys, letter.quorum);
  return { hash: hash(blob), blob };
}

/** How a member wants to be shown; on a roll with names, name is null for the full name. */
export interface ShownAs {
  readonly name: string | null;
  readonly role: string | null;
}

/** Read how a member wants to be shown; what people type is put into NFC. Throws FormatError. */
export function parseShownAs(value: unknown): ShownAs {
  const wire = readMembers(value, "shown_as", ["name", "role"]);
  const normal = (text: unknown) => (typeof text === "string" ? text.normalize("NFC") : text);
  return {
    name: readNullable(normal(wire.name), (name) => readShown(name, "name")),
    role: readNullable(normal(wire.role), (role) => readShown(role, "role")),
  };
}

/** Check that the issuer attested what the member agreed to. Throws Refused. */
export function checkShown(attestation: Attestation, shownAs: ShownAs | null): void {
  if (shownAs === null) return;
  const isOther = shownAs.name !== null && shownAs.name !== attestation.name;
  if (isOther || shownAs.role !== attestation.role) {
    throw new Refused(
      "name-not-attested",
      "The issuer attested another name or role than was asked for.",
    );
  }
}

/** Return the first character of each word with a full stop, joined by spaces (section 6). */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/u).filter((word) => word !== "");
  return words.map((word) => `${[...word][0]}.`).join(" ");
}
