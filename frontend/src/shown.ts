/**
 * The pages of a letter as the site shows them: numbers, history, names, answers. Members that are not known
 * here are ignored: a newer site may show more.
 */

import { type Bytes } from "./bytes.ts";
import { type State, STATES } from "./entry.ts";
import { UndersignedError } from "./errors.ts";
import type { Findings } from "./findings.ts";
import { parseJson } from "./jcs.ts";
import type { Wanted } from "./moment.ts";
import { readInteger, readList, readNullable, readObject, readText, readWord } from "./shape.ts";
import {
  readGuarantees, readResponses, type ShownGuarantee, type ShownResponses,
} from "./shown-answers.ts";
import type { Source } from "./source.ts";
import type { Figures } from "./tally.ts";

export const FIGURES = [
  "m", "standing", "waiting", "anonymous", "withdrawn", "invalidated", "erased",
] as const;
const MOST_ROWS = 10_000_000;
const LONGEST_WORDS = 2_000;

/** `site.json`: which log the site says it has, and its clock in UTC seconds. */
export interface ShownSite {
  readonly origin: string;
  readonly logVkey: string;
  readonly time: number;
  /** The log has records that are not published before witnesses have cosigned them. */
  readonly isWaiting: boolean;
}

export interface ShownCounts extends Figures {
  readonly headcount: number;
  readonly size: number;
  readonly at: number;
}

/** One epoch of the history, and the numbers after it. */
export interface ShownRow extends Figures {
  readonly n: number;
  readonly at: number;
  readonly size: number;
}

export interface ShownName {
  readonly leaf: number;
  readonly name: string;
  readonly role: string | null;
  readonly verified: string;
  readonly statement: string | null;
}

export interface ShownLetter {
  readonly letterId: string;
  readonly slug: string;
  readonly edition: number;
  readonly record: unknown;
  readonly texts: readonly unknown[];
  readonly state: State;
  readonly wave: number;
  readonly openedAt: number;
  readonly reachedAt: number | null;
  readonly releasedAt: number | null;
  readonly rollN: number;
  readonly seals: unknown;
  readonly counts: ShownCounts;
}

/** The pages of one letter; null stands for one that is missing or cannot be read. */
export interface ShownPages {
  readonly letter: ShownLetter | null;
  readonly counts: ShownCounts | null;
  readonly history: readonly ShownRow[] | null;
  readonly names: readonly ShownName[] | null;
  readonly responses: ShownResponses | null;
  readonly guarantees: readonly ShownGuarantee[] | null;
}

/** All pages that were asked for, by the letter's id in hex. */
export interface Shown {
  readonly site: ShownSite | null;
  readonly letters: ReadonlyMap<string, ShownPages>;
}

/** Read the pages of these letters (ids in hex); what cannot be read is false (check 12). */
export async function readShown(
  source: Source,
  findings: Findings,
  ids: readonly string[],
): Promise<Shown> {
  const site = await readPage(source, findings, "site/site.json", readSite);
  const letters = new Map<string, ShownPages>();
  for (const id of ids) letters.set(id, await readPages(source, findings, `site/letters/${id}`));
  return { site, letters };
}

/** Return what the replay has to keep for a comparison with these pages. */
export function wantedBy({ letter, counts, history }: ShownPages): Wanted {
  const sizes = [counts, letter?.counts].flatMap((page) => (page ? [page.size] : []));
  return {
    sizes: [...new Set([...sizes, ...(history ?? []).map(({ size }) => size)])],
    namesFrom: sizes.length === 0 ? null : Math.min(...sizes),
  };
}

async function readPages(source: Source, findings: Findings, path: string): Promise<ShownPages> {
  const counts = await readPage(source, findings, `${path}/counts.json`, readShownCounts);
  const [letter, history, names, responses, guarantees] = await Promise.all([
    readPage(source, findings, `${path}/letter.json`, readLetter),
    readPage(source, findings, `${path}/history.json`, (value) =>
      readList(readObject(value, "history")["history"], "history", [0, MOST_ROWS], readRow),
    ),
    readPage(source, findings, `${path}/names.json`, (value) =>
      readList(readObject(value, "names")["names"], "names", [0, MOST_ROWS], readName),
    ),
    readPage(source, findings, `${path}/responses.json`, readResponses),
    readPage(source, findings, `${path}/guarantees.json`, readGuarantees),
  ]);
  return { letter, counts, history, names, responses, guarantees };
}

async function readPage<T>(
  source: Source,
  findings: Findings,
  path: string,
  read: (value: unknown) => T,
): Promise<T | null> {
  try {
    const data: Bytes | null = await source.find(path);
    if (data !== null) return read(parseJson(data));
    findings.unchecked(12, `There is no ${path}.`);
  } catch (error) {
    if (!(error instanceof UndersignedError) || error.code !== "format-error") throw error;
    findings.false(12, `${path} is not what the site should show there: ${error.message}`);
  }
  return null;
}

function readSite(value: unknown): ShownSite {
  const wire = readObject(value, "site");
  return {
    origin: readText(wire["origin"], "origin"),
    logVkey: readText(wire["log_vkey"], "log_vkey"),
    time: readInteger(wire["time"], "time"),
    isWaiting: wire["waiting"] === true,
  };
}

function readFigures(wire: Readonly<Record<string, unknown>>): Figures {
  const read = FIGURES.map((name) => [name, readInteger(wire[name], name)] as const);
  return Object.fromEntries(read) as unknown as Figures;
}

function readShownCounts(value: unknown): ShownCounts {
  const wire = readObject(value, "counts");
  return {
    ...readFigures(wire),
    headcount: readInteger(wire["headcount"], "headcount"),
    size: readInteger(wire["size"], "size"),
    at: readInteger(wire["at"], "at"),
  };
}

function readRow(value: unknown): ShownRow {
  const wire = readObject(value, "history");
  return {
    ...readFigures(wire),
    n: readInteger(wire["n"], "n"),
    at: readInteger(wire["at"], "at"),
    size: readInteger(wire["size"], "size"),
  };
}

function readName(value: unknown): ShownName {
  const wire = readObject(value, "names");
  const words = (one: unknown, what: string) => readText(one, what, { longest: LONGEST_WORDS, lines: true });
  return {
    leaf: readInteger(wire["leaf"], "leaf"),
    name: words(wire["name"], "name"),
    role: readNullable(wire["role"], (role) => words(role, "role")),
    verified: readText(wire["verified"], "verified"),
    statement: readNullable(wire["statement"], (statement) => words(statement, "statement")),
  };
}

function readLetter(value: unknown): ShownLetter {
  const wire = readObject(value, "letter");
  const time = (name: string) => readNullable(wire[name], (at) => readInteger(at, name));
  return {
    letterId: readText(wire["letter_id"], "letter_id"),
    slug: readText(wire["slug"], "slug"),
    edition: readInteger(wire["edition"], "edition"),
    record: wire["record"],
    texts: readList(wire["texts"], "texts", [1, 40], (text) => text),
    state: readWord(wire["state"], "state", STATES),
    wave: readInteger(wire["wave"], "wave"),
    openedAt: readInteger(wire["opened_at"], "opened_at"),
    reachedAt: time("reached_at"),
    releasedAt: time("released_at"),
    rollN: readInteger(wire["roll_n"], "roll_n"),
    seals: wire["seals"],
    counts: readShownCounts(wire["counts"]),
  };
}
