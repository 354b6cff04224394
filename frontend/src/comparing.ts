/**
 * What the site shows, compared with what the log gives at the same size (check 12). The pages were
 * fetched before the checkpoint, so every size on them lies in the tree. Names have no size: they may
 * be those of any moment between the numbers and the checkpoint.
 */

import type { Body } from "./body.ts";
import { areEqual, formatBase64url, formatHex } from "./bytes.ts";
import { AnswerPages } from "./comparing-answers.ts";
import type { Context } from "./context.ts";
import type { Findings } from "./findings.ts";
import { hash } from "./hash.ts";
import { formatCanonical } from "./jcs.ts";
import type { LetterReplay } from "./letter-replay.ts";
import { type Moment, nameKey, parseNameKey } from "./moment.ts";
import type { NameDocument } from "./name.ts";
import type { NameReader } from "./names.ts";
import {
  FIGURES, type Shown, type ShownCounts, type ShownLetter, type ShownName, type ShownPages,
  type ShownRow, type ShownSite, wantedBy,
} from "./shown.ts";
import { nextBoundary, VOID } from "./stage.ts";

/** A change may be this late even where epochs are shorter: the site may have been starting. */
const LEAST_SLACK_S = 10;

/** Compare `site.json` with the log that was verified. */
export function compareSite(
  findings: Findings,
  site: ShownSite,
  origin: string,
  vkey: string,
): void {
  if (site.origin !== origin) {
    findings.false(12, `site.json is of the log '${site.origin}', not '${origin}'.`);
  }
  if (site.logVkey !== vkey) {
    findings.false(12, "site.json shows another log key than the one verified with.");
  }
}

/** Compare which letters there are. */
export function compareLetters(
  findings: Findings,
  replays: readonly LetterReplay[],
  { site, letters }: Shown,
): void {
  const known = new Map(replays.map((replay) => [formatHex(replay.letter.id), replay]));
  for (const id of letters.keys()) {
    if (known.has(id)) continue;
    const sentence = `The site shows a letter ${id} that is not in the log.`;
    if (site?.isWaiting === true) findings.unchecked(12, sentence);
    else findings.false(12, sentence);
  }
  for (const [id, replay] of known) {
    const isNewer = site !== null && (replay.openedAt ?? 0) >= site.time - LEAST_SLACK_S;
    if (!letters.has(id) && !isNewer) {
      findings.unchecked(12, `${replay.title}: its pages were not looked at.`);
    }
  }
}

/**
 * Check that no change of state was overdue at the site's own time (check 10). Where the site says that
 * newer records wait for its witnesses, it may be in these.
 */
export function checkOverdue(
  findings: Findings,
  replay: LetterReplay,
  { time, isWaiting }: ShownSite,
): void {
  const { letter, stage, title } = replay;
  const due = dueAt(replay);
  if (stage === null || due === null) return;
  if (time > due + Math.max(letter.epoch.periodS, LEAST_SLACK_S)) {
    const sentence = `it is still ${stage.state} at ${time}, and its state had to change at ${due}`;
    if (isWaiting) findings.unchecked(10, `${title}: ${sentence}; newer records wait for witnesses.`);
    else findings.false(10, `${title}: ${sentence}.`);
  }
}

function dueAt({ letter, stage, due }: LetterReplay): number | null {
  if (due !== null) return due.at;
  const boundary = stage === null ? null : nextBoundary(letter, stage);
  return boundary === null ? null : Math.max(boundary, stage?.at ?? 0);
}

/** Compares the pages of one letter with its replay. */
export class Comparison {
  readonly #context: Context;
  readonly #replay: LetterReplay;
  readonly #pages: ShownPages;
  readonly #reader: NameReader;
  readonly #unpublishedFrom: number | null;
  readonly #time: number | null;

  /**
   * `unpublishedFrom` is the size of the tree where the site says that it has more, and waits for its
   * witnesses; null where it has not said so. `time` is the site's clock before the pages were read.
   */
  constructor(
    context: Context,
    replay: LetterReplay,
    pages: ShownPages,
    reader: NameReader,
    unpublishedFrom: number | null = null,
    time: number | null = null,
  ) {
    this.#context = context;
    this.#replay = replay;
    this.#pages = pages;
    this.#reader = reader;
    this.#unpublishedFrom = unpublishedFrom;
    this.#time = time;
  }

  /** Compare numbers, state, history, names, answers and guarantees. */
  async compare(): Promise<void> {
    const { counts, letter, history, names } = this.#pages;
    if (counts !== null) this.#compareCounts("counts", counts);
    if (letter !== null) this.#compareLetter(letter);
    if (history !== null) this.#compareHistory(history);
    const { shown } = this.#replay.showing;
    if (names !== null && shown !== null) await this.#compareNames(names, shown);
    await this.#compareAnswers();
  }

  async #compareAnswers(): Promise<void> {
    const { responses, guarantees } = this.#pages;
    const pages = new AnswerPages(this.#context, this.#replay, {
      since: wantedBy(this.#pages).namesFrom ?? 0,
      unpublishedFrom: this.#unpublishedFrom,
      time: this.#time,
      isFalse: (sentence) => this.#false(sentence),
      isUnpublished: (what) => this.#unpublished(what),
    });
    if (responses !== null) await pages.compareResponses(responses);
    if (guarantees !== null) await pages.compareGuarantees(guarantees);
  }

  #false(sentence: string): void {
    this.#context.findings.false(12, `${this.#replay.title}: ${sentence}.`);
  }

  #unpublished(what: string): void {
    const sentence = `${what} is of records that are not published yet; the site waits for its witnesses`;
    this.#context.findings.unchecked(12, `${this.#replay.title}: ${sentence}.`);
  }

  #findMoment(size: number, what: string): Moment | null {
    if (this.#unpublishedFrom !== null && size > this.#unpublishedFrom) {
      this.#unpublished(what);
      return null;
    }
    const moment = this.#replay.showing.moments.get(size);
    if (moment !== undefined && size > this.#replay.index + 2) return moment;
    this.#false(`${what} is of size ${size}, at which the log does not have it`);
    return null;
  }

  // --- numbers

  #compareCounts(what: string, page: ShownCounts): void {
    const moment = this.#findMoment(page.size, what);
    if (moment === null) return;
    this.#compareFigures(`${what} at size ${page.size}`, page, moment);
    if (page.headcount !== moment.headcount) {
      this.#false(`${what} shows headcount ${page.headcount}, it is ${moment.headcount}`);
    }
    if (!moment.ats.includes(page.at)) {
      this.#false(`${what} shows the time ${page.at}, the log gives ${Math.max(...moment.ats)}`);
    }
  }

  #compareFigures(what: string, page: ShownCounts | ShownRow, { figures }: Moment): void {
    const wrong = FIGURES.filter((name) => page[name] !== figures[name]).map(
      (name) => `${name} ${page[name]} (the log gives ${figures[name]})`,
    );
    if (wrong.length > 0) this.#false(`${what} shows ${wrong.join(", ")}`);
  }

  #compareHistory(rows: readonly ShownRow[]): void {
    if (rows.some(({ n }, at) => n !== at + 1)) {
      this.#false("the history does not have one row for each epoch, in order");
    }
    for (const row of rows) {
      const moment = this.#findMoment(row.size, `the history of epoch ${row.n}`);
      if (moment === null) continue;
      if (row.n !== moment.epoch || row.at !== moment.epochAt) {
        this.#false(
          `the history has epoch ${row.n} at ${row.at} for size ${row.size}, ` +
            `the log has epoch ${moment.epoch} at ${moment.epochAt}`,
        );
      }
      this.#compareFigures(`the history of epoch ${row.n}`, row, moment);
    }
    const { counts } = this.#pages;
    const counted = counts === null ? undefined : this.#replay.showing.moments.get(counts.size);
    if (counted !== undefined && rows.length < counted.epoch) {
      this.#false(`the history has ${rows.length} epochs, and there are ${counted.epoch}`);
    }
  }

  // --- the letter's page

  #compareLetter(page: ShownLetter): void {
    const { letter, showing } = this.#replay;
    const isOther = page.slug !== letter.slug || page.edition !== letter.edition;
    if (page.letterId !== formatHex(letter.id) || isOther) {
      this.#false("its page is that of another letter or edition");
    }
    if (!areEqual(formatCanonical(page.record), formatCanonical(letter.record))) {
      this.#false("the record on its page is not the one in the log");
    }
    const hashes = page.texts.map((text) => formatBase64url(hash(formatCanonical(text))));
    if (hashes.join() !== letter.texts.map((text) => formatBase64url(text.hash)).join()) {
      this.#false("the texts on its page are not those that were signed");
    }
    if (!isSealClaim(page.seals, letter)) {
      this.#false(`its page says that names are sealed by '${String(page.seals)}'`);
    }
    this.#compareCounts("the page", page.counts);
    const moment = showing.moments.get(page.counts.size);
    if (moment !== undefined) this.#compareStage(page, moment);
  }

  #compareStage(page: ShownLetter, moment: Moment): void {
    for (const member of ["state", "wave", "openedAt", "rollN"] as const) {
      if (page[member] !== moment[member]) {
        this.#false(`its page shows ${member} ${page[member]}, the log gives ${moment[member]}`);
      }
    }
    if (page.releasedAt !== null && page.releasedAt !== moment.releasedAt) {
      this.#false(`its page says that it was released at ${page.releasedAt}; it was not`);
    }
    if (page.reachedAt !== null && !moment.reachedAt.includes(page.reachedAt)) {
      this.#false(`its page says that it was reached at ${page.reachedAt}; it was not`);
    }
  }

  // --- names

  async #compareNames(names: readonly ShownName[], shown: ReadonlySet<string>): Promise<void> {
    const { signatures, stage, showing } = this.#replay;
    if (names.some(({ leaf }, at) => at > 0 && leaf <= (names[at - 1]?.leaf ?? 0))) {
      this.#false("the names are not in the order of their leaves, each once");
    }
    const last = new Set([...signatures.listed()].map(nameKey));
    const allowed = new Map<number, NameDocument[]>();
    for (const at of [...new Set([...shown, ...last])].map(parseNameKey)) {
      const document = this.#reader.wants(at[0]) ? await this.#reader.findEarlier(at) : null;
      const documents = allowed.get(at[0]) ?? [];
      allowed.set(at[0], document === null ? documents : [...documents, document]);
    }
    for (const name of names) this.#compareName(name, allowed.get(name.leaf));
    if (stage !== null && VOID.includes(stage.state)) return;
    const leaves = new Set(names.map(({ leaf }) => leaf));
    for (const key of showing.shownFirst) {
      const [leaf] = parseNameKey(key);
      if (last.has(key) && !leaves.has(leaf)) {
        this.#false(`the name at leaf ${leaf} is public, and the site does not show it`);
      }
    }
  }

  #compareName(name: ShownName, documents: readonly NameDocument[] | undefined): void {
    if (this.#unpublishedFrom !== null && name.leaf >= this.#unpublishedFrom) {
      this.#unpublished(`the name at leaf ${name.leaf}`);
    } else if (documents === undefined) {
      this.#false(`the site shows a name at leaf ${name.leaf}, where the log has none public`);
    } else if (documents.length > 0 && !documents.some((document) => isName(name, document))) {
      // Without any readable document check 11 has said so already.
      this.#false(`the site shows another name at leaf ${name.leaf} than was signed`);
    }
  }
}

/** Tell whether a name is shown as its document has it. */
export function isName(shown: ShownName, { attestation, statement }: NameDocument): boolean {
  return (
    shown.name === attestation.name &&
    shown.role === attestation.role &&
    shown.verified === attestation.verified &&
    shown.statement === statement
  );
}

/** Tell whether a page says rightly who can open names: "trustees" if the operator alone cannot. */
function isSealClaim(seals: unknown, { trustees, quorum }: Body): boolean {
  if (trustees.length === 0) return seals === null;
  const held = trustees.filter(({ operator }) => operator).length;
  return seals === (held >= quorum ? "operator" : "trustees");
}
