/**
 * What the site shows of answers and guarantees, compared with the log (check 12); section 3.4 of
 * `docs/formats.md`. These pages state no size: they may be those of any moment between the numbers and
 * the checkpoint. What was in the log before the numbers has to be there, and nothing that is not in
 * the log may be.
 */

import { formatHex, parseBase64url } from "./bytes.ts";
import type { Context } from "./context.ts";
import type { EntryOf } from "./entry.ts";
import { FormatError } from "./errors.ts";
import { parseJson } from "./jcs.ts";
import type { LetterReplay } from "./letter-replay.ts";
import { readObject } from "./shape.ts";
import type { ShownGuarantee, ShownResponse, ShownResponses } from "./shown-answers.ts";

/** So long after the site's clock was read a page of it may have been read. */
const LONGEST_READING_S = 3_600;

type Given = EntryOf<"guarantee">;

/** What is known besides page and replay, and where to say what is wrong. */
export interface Circumstances {
  /** The size of the tree from which on the pages were read. */
  readonly since: number;
  /** The size of the tree where the site says that it has more, null where it has not said so. */
  readonly unpublishedFrom: number | null;
  /** The site's clock before the pages were read. */
  readonly time: number | null;
  readonly isFalse: (sentence: string) => void;
  readonly isUnpublished: (what: string) => void;
}

/** Compares the two pages of one letter. */
export class AnswerPages {
  readonly #context: Context;
  readonly #replay: LetterReplay;
  readonly #known: Circumstances;

  constructor(context: Context, replay: LetterReplay, known: Circumstances) {
    this.#context = context;
    this.#replay = replay;
    this.#known = known;
  }

  /** Compare every answer, then what the page says of all of them. */
  async compareResponses(page: ShownResponses): Promise<void> {
    const logged = this.#replay.answers.responses;
    const shown = this.#published(page.responses, "answer");
    this.#compareLeaves(shown, logged, "answer");
    for (const one of shown) {
      const entry = logged.get(one.leaf);
      if (entry !== undefined) await this.#compareResponse(one, entry);
    }
    if (shown.length < page.responses.length) return;
    const until = this.#until(shown);
    this.#compareStates(page, [...logged].flatMap(([leaf, entry]) => (leaf < until ? [entry] : [])));
  }

  /** Compare every guarantee, and whether it holds. */
  async compareGuarantees(page: readonly ShownGuarantee[]): Promise<void> {
    const all = this.#replay.answers.guarantees;
    const logged = new Map([...all].filter(([, { state }]) => state === "given"));
    const shown = this.#published(page, "guarantee");
    this.#compareLeaves(shown, logged, "guarantee");
    const until = this.#until(shown);
    for (const one of shown) {
      const entry = logged.get(one.leaf);
      if (entry === undefined) continue;
      await this.#compareGuarantee(one, entry);
      this.#compareEnd(one, entry, until);
    }
  }

  // --- which there are

  /** Return those that can be in the tree that is known here. */
  #published<T extends { readonly leaf: number }>(shown: readonly T[], what: string): readonly T[] {
    const from = this.#known.unpublishedFrom;
    return shown.filter(({ leaf }) => {
      const isThere = from === null || leaf < from;
      if (!isThere) this.#known.isUnpublished(`the ${what} at leaf ${leaf}`);
      return isThere;
    });
  }

  /** Return the least size of the tree when the page was read. */
  #until(shown: readonly { readonly leaf: number }[]): number {
    return Math.max(this.#known.since, ...shown.map(({ leaf }) => leaf + 1));
  }

  #compareLeaves(
    shown: readonly { readonly leaf: number }[],
    logged: ReadonlyMap<number, unknown>,
    what: string,
  ): void {
    const leaves = new Set(shown.map(({ leaf }) => leaf));
    if (shown.some(({ leaf }, at) => at > 0 && leaf >= (shown[at - 1]?.leaf ?? 0))) {
      this.#false(`the ${what}s are not in the order of their leaves, the newest first, each once`);
    }
    for (const leaf of leaves) {
      if (!logged.has(leaf)) this.#false(`the ${what} at leaf ${leaf} is shown, and the log has none there`);
    }
    const until = this.#until(shown);
    for (const leaf of logged.keys()) {
      if (leaf >= until || leaves.has(leaf)) continue;
      this.#false(`the ${what} at leaf ${leaf} is in the log, and the site does not show it`);
    }
  }

  // --- answers

  async #compareResponse(shown: ShownResponse, entry: EntryOf<"response">): Promise<void> {
    const what = `the answer at leaf ${shown.leaf}`;
    if (pairs(shown.demands, "state") !== pairs(entry.demands, "state")) {
      this.#false(`${what} is shown with other demands or states than were signed`);
    }
    const isSame = shown.at === entry.at && shown.source === entry.source;
    if (!isSame || shown.document !== toHex(entry.document)) {
      this.#false(`${what} is shown with another time, source or document than were signed`);
    }
    const document = await this.#words(entry.document, what, shown.lang);
    if (document === null) return;
    const { lang, answers, from, source } = document;
    const said = Array.isArray(answers) ? pairs(answers, "text") : null;
    const words = JSON.stringify([lang, members(from, "addressee", "domain"), source, said]);
    const by = members(shown.from, "addressee", "domain");
    if (JSON.stringify([shown.lang, by, shown.toldBy, pairs(shown.demands, "text")]) !== words) {
      this.#false(`${what} is shown in other words than were signed`);
    }
  }

  #compareStates(page: ShownResponses, entries: readonly EntryOf<"response">[]): void {
    const newest = new Map(entries.flatMap(({ demands }) => demands.map(({ id, state }) => [id, state])));
    const states = this.#replay.letter.demands.map((id) => ({ id, state: newest.get(id) ?? null }));
    const shown = page.demands.map(({ id, state }) => ({ id, state }));
    if (JSON.stringify(shown) !== JSON.stringify(states)) {
      this.#false("the demands are not shown with the states of their newest answers");
    }
    if (page.isAnswered !== states.every(({ state }) => state !== null)) {
      this.#false("the site says of the letter what is not so: whether it is answered");
    }
    if (page.isMet !== states.every(({ state }) => state === "met")) {
      this.#false("the site says of the letter what is not so: whether its demands are met");
    }
  }

  // --- guarantees

  async #compareGuarantee(shown: ShownGuarantee, entry: Given): Promise<void> {
    const what = `the guarantee at leaf ${shown.leaf}`;
    const stated = [shown.at, shown.cap, shown.expires, shown.document];
    const signed = [entry.at, entry.cap, entry.expires, toHex(entry.document)];
    if (JSON.stringify(stated) !== JSON.stringify(signed)) {
      this.#false(`${what} is shown with another time, cap, expiry or document than were signed`);
    }
    const document = await this.#words(entry.document, what, shown.lang);
    const words = ["lang", "guarantor", "terms", "domain"] as const;
    if (document !== null && words.some((word) => shown[word] !== document[word])) {
      this.#false(`${what} is shown in other words than were signed`);
    }
  }

  #compareEnd(shown: ShownGuarantee, given: Given, until: number): void {
    const what = `the guarantee at leaf ${shown.leaf}`;
    const end = [...this.#replay.answers.guarantees].find(
      ([leaf, { state, document }]) =>
        leaf > shown.leaf && state === "withdrawn" && document === given.document,
    );
    const isOpen = shown.withdrawnAt === null && (end === undefined || end[0] >= until);
    if (!isOpen && shown.withdrawnAt !== (end?.[1].at ?? null)) {
      if (this.#known.unpublishedFrom !== null && end === undefined) {
        this.#known.isUnpublished(`the withdrawal of ${what}`);
        return;
      }
      this.#false(`${what} is shown as withdrawn at ${shown.withdrawnAt}; the log differs`);
    }
    if (!this.#mayHold(shown).includes(shown.holds)) {
      this.#false(`${what} is shown as if it ${shown.holds ? "held" : "did not hold"}`);
    }
  }

  #mayHold({ withdrawnAt, expires }: ShownGuarantee): readonly boolean[] {
    const { time } = this.#known;
    if (withdrawnAt !== null) return [false];
    if (expires === null) return [true];
    return time === null ? [true, false] : [expires > time, expires > time + LONGEST_READING_S];
  }

  // --- words

  /**
   * Return the document to compare with, null if there is none; the page shows no words where `lang` is
   * null. A document that is not what it should be was reported by check 6.
   */
  async #words(
    digest: string,
    what: string,
    lang: string | null,
  ): Promise<Readonly<Record<string, unknown>> | null> {
    await this.#context.fetch(digest);
    const data = this.#context.peek(digest);
    this.#context.forget(digest);
    if ((data === null) !== (lang === null)) {
      const why =
        data === null
          ? `the words of ${what} cannot be compared: their document is missing`
          : `the words of ${what} are in its document, and the site does not show them`;
      this.#context.findings.unchecked(12, `${this.#replay.title}: ${why}.`);
    }
    if (data === null || lang === null) return null;
    try {
      return readObject(parseJson(data), "document");
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return null;
    }
  }

  #false(sentence: string): void {
    this.#known.isFalse(sentence);
  }
}

function toHex(digest: string): string {
  return formatHex(parseBase64url(digest));
}

/** Return what a list says by its ids, as one word to compare. */
function pairs(list: readonly unknown[], member: string): string {
  return JSON.stringify(list.map((one) => members(one, "id", member)).sort());
}

/** Return some members of an object, null of anything else. */
function members(value: unknown, ...names: readonly string[]): readonly unknown[] | null {
  if (typeof value !== "object" || value === null) return null;
  return names.map((name) => (value as Record<string, unknown>)[name]);
}
