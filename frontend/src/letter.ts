/**
 * A letter as a member reads it, verified before anybody signs it (`docs/formats.md` section 3.1).
 * What is checked is what the letter's own keys bear out: that the organiser's key is the
 * organiser's, and that the log is the one that others see, is for pinned keys and the verifier.
 */

import { type Body, type Mode, parseBody } from "./body.ts";
import { areEqual, type Bytes, concat, formatHex, formatUtf8 } from "./bytes.ts";
import { SIGNATURE_SIZE, verifyEd25519 } from "./ed25519.ts";
import { FormatError, Refused, VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";
import { formatCanonical } from "./jcs.ts";
import {
  readBytes,
  readConstant,
  readInteger,
  readList,
  readMembers,
  readNullable,
  readObject,
  readWord,
} from "./shape.ts";
import type { Site } from "./site.ts";
import { parseText, type TextDocument } from "./text.ts";
import { parseTokenKey } from "./token.ts";

export const LONGEST_LETTER = 49_152;

const ACK = formatUtf8("undersigned/v1/ack\n");
const LETTER = formatUtf8("undersigned/v1/letter\n");

/** A letter's terms, its id, and its record as plain JSON values. */
export interface Letter extends Body {
  readonly id: Bytes;
  readonly record: Readonly<Record<string, unknown>>;
}

/** Read a `letter` record from plain JSON values; nothing is verified. Throws FormatError. */
export function parseLetter(value: unknown): Letter {
  const record = readMembers(value, "letter", ["v", "t", "body", "acks", "sig"]);
  readConstant(record.v, "v", 1);
  readConstant(record.t, "t", "letter");
  if (formatCanonical(record).length > LONGEST_LETTER) {
    throw new FormatError(`letter: longer than ${LONGEST_LETTER} bytes`);
  }
  return { ...parseBody(record.body), id: hash(formatCanonical(record.body)), record };
}

/**
 * Verify a letter's record against its own keys.
 *
 * 1. The promise key is the site's. 2. The token key is one. 3. The organiser signed the record.
 * 4. The issuer and every trustee accepted their part: a letter without one of these might be sealed
 * to a key that nobody holds. Throws VerificationError, FormatError.
 */
export async function verifyLetter(letter: Letter, site: Site): Promise<void> {
  if (letter.promiseVkey !== site.promiseVkey) {
    throw new VerificationError("The letter was opened under another promise key than the site's.");
  }
  parseTokenKey(letter.tokenKey);
  const { sig, ...unsigned } = letter.record;
  const message = concat(LETTER, formatCanonical(unsigned));
  const signature = readBytes(sig, "sig", SIGNATURE_SIZE);
  await verifyEd25519(letter.organiserKey, message, signature, "The organiser's signature");
  await verifyAcks(letter);
}

async function verifyAcks(letter: Letter): Promise<void> {
  const keys = [letter.attestationKey, ...letter.trustees.map((trustee) => trustee.signKey)];
  const acks = readList(letter.record["acks"], "acks", [keys.length, keys.length], readAck);
  const message = concat(ACK, letter.id);
  for (const [i, key] of keys.entries()) {
    const ack = acks[i];
    const title = i === 0 ? "the issuer" : `trustee ${i}`;
    if (ack?.by !== (i === 0 ? "issuer" : i)) {
      throw new FormatError("acks: first the issuer's, then one of each trustee in order");
    }
    await verifyEd25519(key, message, ack.sig, `The acceptance by ${title}`);
  }
}

function readAck(value: unknown): { by: unknown; sig: Bytes } {
  const wire = readMembers(value, "acks", ["by", "sig"]);
  return { by: wire.by, sig: readBytes(wire.sig, "acks.sig", SIGNATURE_SIZE) };
}

/** Verify that these documents are the letter's texts, in its order; return them. */
export function verifiedTexts(letter: Letter, documents: unknown): readonly TextDocument[] {
  const many = letter.texts.length;
  return readList(documents, "texts", [many, many], (document) => document).map((document, i) => {
    const text = parseText(document);
    const ref = letter.texts[i];
    if (ref === undefined || !areEqual(hash(formatCanonical(document)), ref.hash)) {
      throw new VerificationError("A text is not the one that the letter was opened with.");
    }
    const demands = text.demands.map((demand) => demand.id);
    if (text.lang !== ref.lang || demands.join() !== letter.demands.join()) {
      throw new VerificationError("A text has not the language or the demands of its letter.");
    }
    return text;
  });
}

const STATES = [
  "open", "reached", "frozen", "released", "closed", "lapsed", "superseded",
] as const;
export type LetterState = (typeof STATES)[number];

const COUNTS = [
  "m", "standing", "waiting", "anonymous", "withdrawn", "invalidated", "erased", "headcount",
  "size", "at",
] as const;
export type Counts = Readonly<Record<(typeof COUNTS)[number], number>>;

/** A letter with its texts, the first authoritative, and what the site says of it, unproved. */
export interface LetterView {
  readonly letter: Letter;
  readonly texts: readonly TextDocument[];
  readonly state: LetterState;
  readonly wave: number;
  readonly openedAt: number;
  readonly reachedAt: number | null;
  readonly releasedAt: number | null;
  readonly rollN: number;
  readonly seals: "operator" | "trustees" | null;
  readonly counts: Counts;
}

/**
 * Read the answer of `GET /letters/{slug}` and verify all that the letter says of itself; `name` is
 * what was asked for, slug or slug@edition. Throws FormatError, VerificationError.
 */
export async function parseLetterAnswer(
  value: unknown,
  name: string,
  site: Site,
): Promise<LetterView> {
  const wire = readObject(value, "letter");
  const letter = parseLetter(wire["record"]);
  if (wire["letter_id"] !== formatHex(letter.id)) {
    throw new VerificationError("The letter is not the one that its id names.");
  }
  if (name !== letter.slug && name !== nameOf(letter)) {
    throw new VerificationError("The site answered with another letter than the one asked for.");
  }
  await verifyLetter(letter, site);
  return {
    letter,
    texts: verifiedTexts(letter, wire["texts"]),
    state: readWord(wire["state"], "state", STATES),
    wave: readInteger(wire["wave"], "wave"),
    openedAt: readInteger(wire["opened_at"], "opened_at"),
    reachedAt: readNullable(wire["reached_at"], (time) => readInteger(time, "reached_at")),
    releasedAt: readNullable(wire["released_at"], (time) => readInteger(time, "released_at")),
    rollN: readInteger(wire["roll_n"], "roll_n"),
    seals: readNullable(wire["seals"], (who) => readWord(who, "seals", ["operator", "trustees"])),
    counts: readCounts(wire["counts"]),
  };
}

/** Read the counts of a letter as the site shows them. Throws FormatError. */
export function readCounts(value: unknown): Counts {
  const wire = readMembers(value, "counts", COUNTS);
  for (const name of COUNTS) readInteger(wire[name], `counts.${name}`);
  return wire as Counts;
}

/** Return `slug@edition`, which names this edition and no later one. */
export function nameOf(letter: Body): string {
  return `${letter.slug}@${letter.edition}`;
}

/** Return the window w of a promise, in seconds (section 8). */
export function windowOf(letter: Body): number {
  return letter.modes.join() === "public" ? letter.epoch.periodS : letter.epoch.maxWaitS;
}

/** How a signature, or its amendment, is to stand. */
export interface Stand {
  readonly mode: Mode;
  readonly condition: number | null;
}

/** Check mode and condition against the letter (section 7). Throws Refused. */
export function checkStand(letter: Body, { mode, condition }: Stand): void {
  if (!letter.modes.includes(mode)) {
    throw new Refused("mode-not-offered", "The letter does not offer that way of signing.");
  }
  if (condition !== null && (mode === "public" || !letter.conditions.includes(condition))) {
    throw new Refused("condition-not-offered", "The letter does not offer that condition.");
  }
}
