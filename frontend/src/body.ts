/**
 * The body of a `letter` record, read strictly: every member and every bound of `docs/formats.md`
 * section 3.1. Nothing in here is verified.
 */

import { type Bytes } from "./bytes.ts";
import { KEY_SIZE } from "./ed25519.ts";
import { FormatError } from "./errors.ts";
import { readOrigin } from "./origin.ts";
import {
  readBoolean,
  readBytes,
  readInteger,
  readList,
  readMembers,
  readNullable,
  readObject,
  readPattern,
  readText,
  readWord,
} from "./shape.ts";

export const MODES = ["public", "sealed", "anonymous"] as const;
export type Mode = (typeof MODES)[number];
export const METHODS = ["email", "invite", "openid"] as const;
export type Method = (typeof METHODS)[number];
const ROLLS = ["list", "domain", "invites"] as const;
export type RollKind = (typeof ROLLS)[number];
const BASES = ["named", "all"] as const;
export type Basis = (typeof BASES)[number];

export const HASH_SIZE = 32;
export const SEAL_KEY_SIZE = 1216;
export const MOST_TRUSTEES = 16;
const MOST_HEADCOUNT = 10_000_000;
const MOST_DOMAINS = 20;
const LONGEST_LANG = 35;

export const SLUG = /^[a-z0-9][a-z0-9-]{0,63}$/;
export const DEMAND = /^[a-z0-9-]{1,32}$/;
const LANG = /^[a-z]{1,8}(-[A-Za-z0-9]{1,8})*$/;
const LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const DOMAIN = new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})+$`);
const VKEY = /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}$/;

export interface Trustee {
  readonly name: string;
  /** Whether the site's operator holds this key: then names are kept by the operator, not sealed. */
  readonly operator: boolean;
  readonly sealKey: Bytes;
  readonly signKey: Bytes;
}

export interface Epoch {
  readonly periodS: number;
  readonly floor: number;
  readonly maxWaitS: number;
}

/** A letter's terms. Times are in UTC seconds, keys and hashes raw bytes. */
export interface Body {
  readonly slug: string;
  readonly edition: number;
  readonly supersedes: Bytes | null;
  readonly texts: readonly { readonly lang: string; readonly hash: Bytes }[];
  readonly demands: readonly string[];
  readonly deadline: number | null;
  readonly closes: number;
  readonly headcount: { readonly n: number; readonly asOf: string };
  readonly rule: number;
  readonly coolingOffS: number;
  readonly basis: Basis;
  readonly modes: readonly Mode[];
  readonly conditions: readonly number[];
  readonly epoch: Epoch;
  readonly trustees: readonly Trustee[];
  readonly quorum: number;
  readonly issuerUrl: string | null;
  readonly tokenKey: Bytes;
  readonly attestationKey: Bytes;
  readonly roll: RollKind;
  readonly methods: readonly Method[];
  readonly organiserKey: Bytes;
  readonly promiseVkey: string;
  readonly bundle: Bytes | null;
  readonly retentionDays: number;
  /** Whose addresses belong to members; empty unless the roll is a domain. */
  readonly domains: readonly string[];
}

const MEMBERS = [
  "slug", "edition", "supersedes", "texts", "demands", "deadline", "closes", "headcount", "rule",
  "cooling_off_s", "basis", "modes", "conditions", "epoch", "trustees", "quorum", "issuer", "roll",
  "methods", "organiser_key", "promise_vkey", "bundle", "retention_days",
] as const;

/** `domains` is the one member that may be missing: it is there exactly when the roll is a domain. */
function membersOf(value: unknown): readonly (typeof MEMBERS[number] | "domains")[] {
  return readObject(value, "letter")["roll"] === "domain" ? [...MEMBERS, "domains"] : MEMBERS;
}

/** Read the body from plain JSON values. Throws FormatError, naming the member. */
export function parseBody(value: unknown): Body {
  const wire = readMembers(value, "letter", membersOf(value));
  const headcount = readHeadcount(wire.headcount);
  const issuer = readMembers(wire.issuer, "issuer", ["url", "token_key", "attestation_key"]);
  const body: Body = {
    slug: readPattern(wire.slug, "slug", SLUG),
    edition: readInteger(wire.edition, "edition", 1),
    supersedes: readNullable(wire.supersedes, (id) => readBytes(id, "supersedes", HASH_SIZE)),
    texts: readList(wire.texts, "texts", [1, 40], readTextRef),
    demands: readList(wire.demands, "demands", [1, 20], readDemand),
    deadline: readNullable(wire.deadline, (time) => readInteger(time, "deadline")),
    closes: readInteger(wire.closes, "closes"),
    headcount,
    rule: readInteger(wire.rule, "rule", 1, headcount.n),
    coolingOffS: readInteger(wire.cooling_off_s, "cooling_off_s", 0, 2_592_000),
    basis: readWord(wire.basis, "basis", BASES),
    modes: readOrdered(wire.modes, "modes", MODES),
    conditions: readConditions(wire.conditions, headcount.n),
    epoch: readEpoch(wire.epoch),
    trustees: readList(wire.trustees, "trustees", [0, MOST_TRUSTEES], readTrustee),
    quorum: readInteger(wire.quorum, "quorum", 0, MOST_TRUSTEES),
    issuerUrl: readNullable(issuer.url, readOrigin),
    tokenKey: readBytes(issuer.token_key, "issuer.token_key"),
    attestationKey: readBytes(issuer.attestation_key, "issuer.attestation_key", KEY_SIZE),
    roll: readWord(wire.roll, "roll", ROLLS),
    methods: readOrdered(wire.methods, "methods", METHODS),
    organiserKey: readBytes(wire.organiser_key, "organiser_key", KEY_SIZE),
    promiseVkey: readPattern(wire.promise_vkey, "promise_vkey", VKEY),
    bundle: readNullable(wire.bundle, (hash) => readBytes(hash, "bundle", HASH_SIZE)),
    retentionDays: readInteger(wire.retention_days, "retention_days", 0, 3_650),
    domains: "domains" in wire ? readDomains(wire.domains) : [],
  };
  checkTogether(body);
  return body;
}

/** Check what no member tells by itself. */
function checkTogether(body: Body): void {
  if ((body.supersedes === null) !== (body.edition === 1)) {
    throw new FormatError("supersedes: must be null in edition 1, and only there");
  }
  checkUnique(body.texts.map((text) => text.lang.toLowerCase()), "texts.lang");
  checkUnique(body.demands, "demands.id");
  if (body.modes.join() === "public" && body.conditions.length > 0) {
    throw new FormatError("conditions: must be empty when every signature is public");
  }
  const isSealed = body.modes.includes("sealed");
  if (isSealed !== body.trustees.length > 0 || isSealed !== body.quorum > 0) {
    throw new FormatError("trustees: must be there when sealed is offered, and only then");
  }
  if (body.quorum > body.trustees.length) {
    throw new FormatError("quorum: must be at most the number of trustees");
  }
}

function checkUnique(values: readonly unknown[], what: string): void {
  if (new Set(values).size !== values.length) throw new FormatError(`${what}: the same value twice`);
}

function readHeadcount(value: unknown): Body["headcount"] {
  const wire = readMembers(value, "headcount", ["n", "as_of"]);
  const asOf = readPattern(wire.as_of, "headcount.as_of", /^\d{4}-\d{2}-\d{2}$/);
  const day = new Date(`${asOf}T00:00:00Z`);
  // A day that is not in the calendar is refused or rolls over into the next month.
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(asOf)) {
    throw new FormatError("headcount.as_of: must be a day, YYYY-MM-DD");
  }
  return { n: readInteger(wire.n, "headcount.n", 1, MOST_HEADCOUNT), asOf };
}

function readEpoch(value: unknown): Epoch {
  const wire = readMembers(value, "epoch", ["period_s", "floor", "max_wait_s"]);
  const periodS = readInteger(wire.period_s, "epoch.period_s", 1, 3_600);
  return {
    periodS,
    floor: readInteger(wire.floor, "epoch.floor", 1, 1_000),
    maxWaitS: readInteger(wire.max_wait_s, "epoch.max_wait_s", periodS, 86_400),
  };
}

function readTextRef(value: unknown): Body["texts"][number] {
  const wire = readMembers(value, "texts", ["lang", "hash"]);
  return { lang: readLang(wire.lang), hash: readBytes(wire.hash, "texts.hash", HASH_SIZE) };
}

/** Read a BCP 47 tag with a lower-case primary tag. */
export function readLang(value: unknown): string {
  const lang = readPattern(value, "lang", LANG);
  if (lang.length > LONGEST_LANG) throw new FormatError("lang: too long");
  return lang;
}

function readDemand(value: unknown): string {
  return readPattern(readMembers(value, "demands", ["id"]).id, "demands.id", DEMAND);
}

function readTrustee(value: unknown): Trustee {
  const wire = readMembers(value, "trustees", ["name", "operator", "seal_key", "sign_key"]);
  return {
    name: readText(wire.name, "trustees.name"),
    operator: readBoolean(wire.operator, "trustees.operator"),
    sealKey: readBytes(wire.seal_key, "trustees.seal_key", SEAL_KEY_SIZE),
    signKey: readBytes(wire.sign_key, "trustees.sign_key", KEY_SIZE),
  };
}

function readDomains(value: unknown): readonly string[] {
  const domains = readList(value, "domains", [1, MOST_DOMAINS], (domain) =>
    readPattern(domain, "domains", DOMAIN),
  );
  if (domains.some((domain, at) => at > 0 && domain <= (domains[at - 1] ?? ""))) {
    throw new FormatError("domains: must be ascending, each once");
  }
  return domains;
}

function readConditions(value: unknown, headcount: number): readonly number[] {
  const conditions = readList(value, "conditions", [0, 16], (condition) =>
    readInteger(condition, "conditions", 2, headcount),
  );
  if (conditions.some((condition, at) => at > 0 && condition <= (conditions[at - 1] ?? 0))) {
    throw new FormatError("conditions: must be ascending, each once");
  }
  return conditions;
}

/** Read some of the words, at least one, each once and in their order. */
function readOrdered<T extends string>(
  value: unknown,
  what: string,
  words: readonly T[],
): readonly T[] {
  const found = readList(value, what, [1, words.length], (word) => readWord(word, what, words));
  if (words.filter((word) => found.includes(word)).join() !== found.join()) {
    throw new FormatError(`${what}: some of ${words.join(", ")}, each once, in this order`);
  }
  return found;
}
