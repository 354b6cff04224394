/**
 * Every kind of record, read from an entry of the log (`docs/formats.md` section 3). Bytes stay in
 * base64url: they are compared and looked up, and few are ever computed with. What only the letter can
 * judge is not checked here, and neither are signatures.
 */

import { HASH_SIZE, MODES, MOST_TRUSTEES } from "./body.ts";
import { areEqual, type Bytes, concat, formatUtf8 } from "./bytes.ts";
import { KEY_SIZE, SIGNATURE_SIZE } from "./ed25519.ts";
import { FormatError } from "./errors.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import { type Letter, LONGEST_LETTER, parseLetter } from "./letter.ts";
import { MOST_AMENDMENTS } from "./record.ts";
import {
  readConstant, readInteger, readList, readMembers, readNullable, readObject, readPattern, readWord,
} from "./shape.ts";
import { TOKEN_SIZE } from "./token.ts";

export const LONGEST_RECORD = 8_192;
const MOST_DEMANDS = 20;
const MOST_HEADCOUNT = 10_000_000;

export const STATES = [
  "open", "reached", "frozen", "released", "closed", "lapsed", "superseded",
] as const;
export type State = (typeof STATES)[number];

type Reader<T> = (value: unknown, what: string) => T;

const natural: Reader<number> = (value, what) => readInteger(value, what);
const positive: Reader<number> = (value, what) => readInteger(value, what, 1);
const within = (least: number, most: number): Reader<number> => (value, what) =>
  readInteger(value, what, least, most);
const word = <T extends string>(...words: readonly T[]): Reader<T> => (value, what) =>
  readWord(value, what, words);
const orNull = <T>(read: Reader<T>): Reader<T | null> => (value, what) =>
  readNullable(value, (one) => read(one, what));
const octets = (size: number): Reader<string> => (value, what) => readOctets(value, what, size);
/** The number of a later roll, which the one that opens a letter lacks (see `membersOf`). */
const ofLater: Reader<number | undefined> = (value, what) => readInteger(value, what, 1);
const digest = octets(HASH_SIZE);
const sig = octets(SIGNATURE_SIZE);

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Read `size` bytes in canonical base64url, and leave them so; nothing is decoded. */
function readOctets(value: unknown, what: string, size: number): string {
  const length = Math.ceil((8 * size) / 6);
  const unused = 6 * length - 8 * size;
  const isRight =
    typeof value === "string" &&
    value.length === length &&
    /^[A-Za-z0-9_-]*$/.test(value) &&
    LETTERS.indexOf(value.at(-1) ?? "A") % 2 ** unused === 0;
  if (!isRight) throw new FormatError(`${what}: must be ${size} bytes in base64url`);
  return value;
}

/** The members of each kind after `v` and `t`, in the order of the table of section 3. */
const KINDS = {
  roll: {
    letter: digest, n: natural, hash: orNull(digest), reason: word("opened", "added", "blocked"), sig,
    seq: ofLater,
  },
  issued: { letter: digest, blinded: digest, member: digest, sig },
  epoch: { letter: digest, n: positive, at: natural },
  sign: {
    letter: digest, token: octets(TOKEN_SIZE), pk: octets(KEY_SIZE), mode: word(...MODES),
    condition: orNull(natural), name: orNull(digest), sig,
  },
  amend: {
    letter: digest, pk: octets(KEY_SIZE), seq: within(1, MOST_AMENDMENTS), mode: word(...MODES),
    condition: orNull(natural), name: orNull(digest), sig,
  },
  withdraw: { letter: digest, pk: octets(KEY_SIZE), sig },
  invalidate: {
    letter: digest, leaf: natural, text: digest, sig,
    reason: word("not-a-member", "impersonation", "duplicate", "other"),
  },
  erase: {
    letter: digest, leaf: natural, reason: word("asked", "court", "retention", "other"), sig,
  },
  outcome: {
    letter: digest, state: word(...STATES), wave: natural, at: natural, m: natural,
    standing: natural, waiting: natural, hash: digest,
  },
  opening: {
    letter: digest, wave: positive, file: digest, opened: natural, bad: natural,
    by: within(1, MOST_TRUSTEES), sig,
  },
  response: {
    letter: digest, demands: readAnswers, at: natural, document: digest,
    source: word("addressee", "organiser"), sig,
  },
  guarantee: {
    letter: digest, state: word("given", "withdrawn"), at: natural, cap: orNull(positive),
    expires: orNull(natural), document: digest, sig,
  },
  notice: {
    letter: digest, kind: word("headcount", "news", "correction", "bundle", "pdf", "timestamp"),
    at: natural, n: orNull(within(1, MOST_HEADCOUNT)), document: digest, sig,
  },
} as const;

type Kinds = typeof KINDS;
type KindName = keyof Kinds;

/** A record of one kind. */
export type EntryOf<K extends KindName> = { readonly v: 1; readonly t: K } & {
  readonly [M in keyof Kinds[K]]: Kinds[K][M] extends Reader<infer T> ? T : never;
};

/** A `letter` record, its body read. */
export interface LetterEntry {
  readonly t: "letter";
  readonly letter: Letter;
}

/** A record of any kind but `letter`. */
export type PlainEntry = { [K in KindName]: EntryOf<K> }[KindName];
export type Entry = LetterEntry | PlainEntry;

/** Those that belong to an epoch. */
export type BatchEntry = EntryOf<"issued" | "sign" | "amend" | "withdraw">;

function readAnswers(value: unknown, what: string): readonly { id: string; state: string }[] {
  const answers = readList(value, what, [1, MOST_DEMANDS], (one) => {
    const wire = readMembers(one, what, ["id", "state"]);
    return {
      id: readPattern(wire.id, `${what}.id`, /^[a-z0-9-]{1,32}$/),
      state: readWord(wire.state, `${what}.state`, ["met", "partly", "refused"]),
    };
  });
  if (new Set(answers.map((answer) => answer.id)).size !== answers.length) {
    throw new FormatError(`${what}: the same demand twice`);
  }
  return answers;
}

/** Read an entry: one canonical record within its limits, of a known kind. Throws FormatError. */
export function parseEntry(data: Bytes): Entry {
  if (data.length > LONGEST_LETTER) throw new FormatError(`longer than ${LONGEST_LETTER} bytes`);
  const value = parseJson(data);
  const t = readObject(value, "record")["t"];
  if (!areEqual(formatCanonical(value), data)) throw new FormatError("not in canonical form");
  if (t === "letter") {
    const letter = parseLetter(value);
    checkAcks(letter);
    return { t, letter };
  }
  if (data.length > LONGEST_RECORD) throw new FormatError(`longer than ${LONGEST_RECORD} bytes`);
  if (typeof t !== "string" || !Object.hasOwn(KINDS, t)) throw new FormatError("of an unknown kind");
  return readPlain(value, t as KindName);
}

function readPlain(value: unknown, t: KindName): PlainEntry {
  const kind: Readonly<Record<string, Reader<unknown>>> = KINDS[t];
  const members = membersOf(value, kind);
  const wire: Readonly<Record<string, unknown>> = readMembers(value, t, ["v", "t", ...members]);
  readConstant(wire["v"], "v", 1);
  for (const member of members) kind[member]?.(wire[member], `${t}: ${member}`);
  const entry = wire as unknown as PlainEntry;
  if (entry.t === "notice" && (entry.n === null) === (entry.kind === "headcount")) {
    throw new FormatError("notice: n is the new headcount, and null in every other kind");
  }
  return entry;
}

/** `seq` of a roll is the one member that may be missing: it is there unless the reason is opened. */
function membersOf(value: unknown, kind: Readonly<Record<string, unknown>>): readonly string[] {
  const isFirst = readObject(value, "record")["reason"] === "opened";
  return Object.keys(kind).filter((member) => member !== "seq" || kind !== KINDS.roll || !isFirst);
}

/** Check the order of the acks: their signatures are for the replay. */
function checkAcks({ record, trustees }: Letter): void {
  const many = trustees.length + 1;
  readOctets(record["sig"], "letter: sig", SIGNATURE_SIZE);
  const acks = readList(record["acks"], "acks", [many, many], (ack) =>
    readMembers(ack, "acks", ["by", "sig"]),
  );
  for (const [i, ack] of acks.entries()) {
    readOctets(ack.sig, "acks.sig", SIGNATURE_SIZE);
    if (ack.by !== (i === 0 ? "issuer" : i)) {
      throw new FormatError("acks: first the issuer's, then one of every trustee in order");
    }
  }
}

/** Return what the signature of a record is over, given the record as plain JSON values. */
export function signedBytes(record: Readonly<Record<string, unknown>>): Bytes {
  const { sig: _, ...unsigned } = record;
  return concat(formatUtf8(`undersigned/v1/${String(record["t"])}\n`), formatCanonical(unsigned));
}

/** Return the documents that a record names; a sealed blob is not one yet. */
export function documentsOf(entry: PlainEntry): readonly string[] {
  switch (entry.t) {
    case "sign":
    case "amend":
      return entry.mode === "public" && entry.name !== null ? [entry.name] : [];
    case "invalidate":
      return [entry.text];
    case "opening":
      return [entry.file];
    case "response":
    case "guarantee":
    case "notice":
      return [entry.document];
    default:
      return [];
  }
}
