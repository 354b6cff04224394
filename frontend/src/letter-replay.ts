/**
 * One letter, replayed record by record (`docs/formats.md` section 7; checks 5 to 10, and whose turn
 * it is for 11). A record that is wrong is reported and, where it has a meaning at all, still applied:
 * the site counted it too, and the next finding should be about the next wrong thing.
 */

import { Answers } from "./answers.ts";
import { CLOCK_SLACK_S, type Context } from "./context.ts";
import type { BatchEntry, EntryOf, PlainEntry } from "./entry.ts";
import { Epochs } from "./epochs.ts";
import type { CheckNumber } from "./findings.ts";
import type { Letter } from "./letter.ts";
import { type Moment, Showing, type Wanted } from "./moment.ts";
import { Openings, type Refused } from "./openings.ts";
import { outcomeProblems } from "./outcome-check.ts";
import {
  type Move, moveAfterEpoch, nextBoundary, type Stage, stageAfterOutcome,
  TAKES_AMENDMENTS, TAKES_WITHDRAWALS, VOID,
} from "./stage.ts";
import { Signature, Signatures, termProblems } from "./tally.ts";
import { nonceOf } from "./token-check.ts";

/** What only waiting could tell of a record: what is wrong with its token, who refused shares. */
export interface Waited {
  readonly tokenProblem: string | null;
  readonly refused: Refused;
}

export class LetterReplay {
  readonly letter: Letter;
  readonly index: number;
  readonly label: string;
  readonly signatures: Signatures;
  readonly epochs: Epochs;
  readonly openings: Openings;
  headcount: number;
  stage: Stage | null = null;
  openedAt: number | null = null;
  releasedAt: number | null = null;
  /** The move that the last epoch asked for. */
  due: Move | null = null;
  readonly showing: Showing;
  readonly answers: Answers;
  readonly #context: Context;
  readonly #reachedAt = new Set<number>();
  readonly #nonces = new Set<string>();
  #lastAt = 0;
  #isInEpoch = false;
  /** An epoch has come after a boundary, and no outcome yet. */
  #isLate = false;

  constructor(context: Context, letter: Letter, index: number, wanted: Wanted | undefined) {
    this.letter = letter;
    this.index = index;
    this.label = `letter '${letter.slug}'${letter.edition > 1 ? `, edition ${letter.edition}` : ""}`;
    this.signatures = new Signatures(letter);
    this.epochs = new Epochs(letter, this.label, context.findings);
    this.openings = new Openings(context, this.label, letter, this.signatures);
    this.answers = new Answers(letter.demands, (leaf, why) => this.#false(5, leaf, why));
    this.headcount = letter.headcount.n;
    this.#context = context;
    this.showing = new Showing(wanted);
  }

  /** The label as the beginning of a sentence. */
  get title(): string {
    return this.label.replace("letter", "Letter");
  }

  #false(number: CheckNumber, index: number, sentence: string): void {
    this.#context.findings.false(number, `Leaf ${index}, ${this.label}: ${sentence}.`);
  }

  /** Certificates are not read in a browser: that somebody outside says so is told, not checked. */
  #noteTimestamp(index: number): void {
    this.#context.findings.note(
      6,
      `Leaf ${index}, ${this.label}: a timestamp is not checked here; undersigned verify checks it.`,
    );
  }

  /** Take the next record of this letter, leaf `index`. */
  read(index: number, entry: PlainEntry, { tokenProblem, refused }: Waited): void {
    this.takeMoments(index);
    switch (entry.t) {
      case "sign":
        this.#sign(index, entry, tokenProblem);
        break;
      case "issued":
        this.epochs.place(index, entry);
        this.epochs.issue(index, entry);
        break;
      case "amend":
        this.#amend(index, entry);
        break;
      case "withdraw":
        this.#withdraw(index, entry);
        break;
      default:
        this.#leaveEpoch();
        this.#checkOpeningOrder(index, entry);
        this.#readSingle(index, entry, refused);
    }
  }

  /** Take a record that does not stand in an epoch. */
  #readSingle(index: number, entry: Exclude<PlainEntry, BatchEntry>, refused: Refused): void {
    switch (entry.t) {
      case "epoch":
        this.#beginEpoch(index, entry);
        break;
      case "outcome":
        this.#move(index, entry);
        break;
      case "roll":
        this.#stateRoll(index, entry);
        break;
      case "invalidate":
        this.#invalidate(index, entry);
        break;
      case "erase":
        this.#erase(index, entry);
        break;
      case "opening":
        this.#open(index, entry, refused);
        break;
      case "notice":
        if (entry.n !== null) this.headcount = entry.n;
        if (entry.kind === "timestamp") this.#noteTimestamp(index);
        break;
      case "response":
        this.answers.respond(index, entry);
        break;
      case "guarantee":
        this.answers.guarantee(index, entry);
        break;
    }
  }

  /** Check that `letter`, `roll` and `outcome` stand next to one another (section 3.1). */
  #checkOpeningOrder(index: number, { t }: PlainEntry): void {
    const place = index - this.index;
    const wanted = ["letter", "roll", "outcome"][place];
    if (wanted !== undefined && t !== wanted) {
      this.#false(6, index, "the letter is not followed by its roll and its opening outcome");
    } else if (place > 2 && this.stage === null && t !== "outcome") {
      this.#false(6, index, "a record of a letter that has not been opened");
    }
  }

  #stateRoll(index: number, entry: EntryOf<"roll">): void {
    if (this.epochs.rolls === 0 && index !== this.index + 1) {
      this.#false(6, index, "the roll does not stand next to the letter");
    }
    this.epochs.stateRoll(index, entry, this.stage?.state ?? null);
  }

  // --- epochs

  #beginEpoch(index: number, entry: EntryOf<"epoch">): void {
    this.epochs.begin(index, entry);
    this.#checkNow(index, entry.at);
    this.#isInEpoch = true;
    if (this.stage !== null) {
      this.#checkNothingDue(index, this.stage, entry.at);
      if (entry.at < this.stage.at) {
        this.#false(10, index, `an epoch at ${entry.at}, after an outcome at ${this.stage.at}`);
      }
      this.stage = { ...this.stage, epochAt: entry.at };
    }
    this.#lastAt = entry.at;
  }

  #checkNothingDue(index: number, stage: Stage, at: number): void {
    if (this.due !== null) {
      this.#false(10, index, `${this.due.state} was due at ${this.due.at} and is not stated`);
      this.due = null;
    }
    const boundary = nextBoundary(this.letter, stage);
    if (boundary === null || at < boundary) return;
    if (this.#isLate) {
      this.#false(
        10,
        index,
        `the letter is still ${stage.state} in the second epoch after ${boundary}, when its state had to change`,
      );
    }
    this.#isLate = true;
  }

  /** Close the epoch that was being read: now its outcome is known. */
  #leaveEpoch(): void {
    if (!this.#isInEpoch) return;
    this.#isInEpoch = false;
    this.epochs.leave();
    if (this.stage !== null) {
      this.due = moveAfterEpoch(this.letter, this.stage, this.signatures.m);
    }
  }

  // --- signatures

  #sign(index: number, entry: EntryOf<"sign">, tokenProblem: string | null): void {
    this.epochs.place(index, entry);
    this.epochs.sign(index);
    const nonce = nonceOf(entry.token);
    if (this.#nonces.has(nonce)) this.#false(7, index, "the token's nonce was used before");
    this.#nonces.add(nonce);
    if (tokenProblem !== null) this.#false(7, index, tokenProblem);
    this.#checkTaken(index, "signature");
    this.#checkTerms(index, entry);
    if (this.signatures.byPk.has(entry.pk)) {
      this.#false(9, index, "a second signature by a key that has signed");
    }
    this.signatures.add(new Signature(index, entry));
    this.showing.show(index, entry);
  }

  /**
   * Check that the letter took such a record when this one was taken. None is taken from `closes` on;
   * those promised before it come in the first epoch after it. A reached letter's amendments have its
   * cooling-off to the end.
   */
  #checkTaken(index: number, what: "signature" | "amendment"): void {
    if (this.stage === null || !TAKES_AMENDMENTS.includes(this.stage.state)) {
      this.#false(9, index, `a letter that is not open takes no ${what}`);
    } else if (what === "amendment" && this.stage.state === "reached") {
      return;
    } else if (this.epochs.afterClosing > 1) {
      this.#false(9, index, `the letter closed at ${this.letter.closes} and takes no ${what}`);
    }
  }

  #checkTerms(index: number, entry: EntryOf<"sign"> | EntryOf<"amend">): void {
    for (const problem of termProblems(this.letter, entry)) this.#false(9, index, problem);
  }

  #amend(index: number, entry: EntryOf<"amend">): void {
    this.epochs.place(index, entry);
    this.#checkTerms(index, entry);
    this.#checkTaken(index, "amendment");
    const signature = this.signatures.byPk.get(entry.pk);
    if (signature === undefined) {
      this.#false(9, index, "an amendment by a key that has not signed");
      return;
    }
    const { leaf, seq, end, openedName } = signature;
    if (entry.seq !== seq + 1) this.#false(9, index, `amendment ${entry.seq} follows amendment ${seq}`);
    if (end !== null) {
      this.#false(9, index, `an amendment of leaf ${leaf}, ${end} before`);
      return;
    }
    if (openedName !== null) {
      this.#false(9, index, `an amendment of leaf ${leaf}, opened before`);
    } else if (this.stage?.openingDue && this.openings.has(signature)) {
      this.#false(9, index, `an amendment of leaf ${leaf}, while it is being opened`);
    }
    signature.seq = entry.seq;
    this.signatures.replace(signature, entry);
    this.showing.show(leaf, entry);
  }

  #withdraw(index: number, entry: EntryOf<"withdraw">): void {
    this.epochs.place(index, entry);
    if (this.stage === null || !TAKES_WITHDRAWALS.includes(this.stage.state)) {
      this.#false(9, index, "a withdrawal in a letter that takes none");
    }
    const signature = this.signatures.byPk.get(entry.pk);
    if (signature === undefined) {
      this.#false(9, index, "a withdrawal by a key that has not signed");
    } else if (signature.end !== null) {
      this.#false(9, index, `a withdrawal of leaf ${signature.leaf}, ${signature.end} before`);
    } else {
      this.signatures.end(signature, "withdrawn", index);
    }
  }

  #invalidate(index: number, { leaf }: EntryOf<"invalidate">): void {
    const signature = this.signatures.byLeaf.get(leaf);
    if (signature === undefined) {
      this.#false(9, index, `leaf ${leaf} is invalidated and is no signature of it`);
    } else if (signature.end !== null) {
      this.#false(9, index, `leaf ${leaf} is invalidated and was ${signature.end}`);
    } else {
      if (signature.mode !== "public" && signature.openedName === null) {
        this.#false(9, index, `leaf ${leaf} is invalidated, ${signature.mode} and not opened`);
      }
      this.signatures.end(signature, "invalidated", index);
    }
  }

  #erase(index: number, { leaf }: EntryOf<"erase">): void {
    const signature = this.signatures.byLeaf.get(leaf);
    if (signature !== undefined) this.signatures.erase(signature, index);
    else this.#false(9, index, `the name of leaf ${leaf} is erased; it is no signature`);
  }

  // --- outcomes

  #move(index: number, entry: EntryOf<"outcome">): void {
    const before = this.stage;
    // What is released counts as released in the record that says so.
    if (before?.state === "frozen" && entry.state === "released") this.openings.release();
    const problems = outcomeProblems(this.letter, before, entry, this.signatures);
    for (const problem of problems) this.#false(10, index, `outcome ${entry.state} ${problem}`);
    this.#checkNow(index, entry.at);
    const unopened = this.signatures.unopened();
    if (before === null) {
      if (index !== this.index + 2) {
        this.#false(6, index, "the opening outcome does not stand next to the letter");
      }
      this.openedAt = entry.at;
    } else if (this.due !== null && entry.state !== this.due.state) {
      this.#false(10, index, `outcome ${entry.state}, and ${this.due.state} was due before it`);
    }
    this.due = null;
    this.#isLate = false;
    this.stage = stageAfterOutcome(before, entry, unopened);
    if (before !== null && entry.wave > before.wave) {
      this.openings.freeze(entry.wave, index, entry.state === "frozen");
    }
    if (entry.state === "reached") this.#reachedAt.add(entry.at);
    if (entry.state === "released") this.releasedAt ??= entry.at;
    this.#lastAt = entry.at;
  }

  #checkNow(index: number, at: number): void {
    const { now } = this.#context;
    if (now !== null && at > now + CLOCK_SLACK_S) {
      this.#false(10, index, `its time ${at} lies in the future`);
    }
  }

  #open(index: number, entry: EntryOf<"opening">, refused: Refused): void {
    const before = this.openings.told.length;
    if (this.stage !== null) this.stage = this.openings.open(index, entry, this.stage, refused);
    for (const { signature, blob } of this.openings.told.slice(before)) {
      this.showing.show(signature.leaf, { mode: "public", name: blob });
    }
  }

  /** Keep what the site may have shown up to `index`, before that leaf is read. */
  takeMoments(index: number): void {
    this.showing.take(index, this.signatures, () => this.moment());
  }

  /** Return the numbers of this moment. */
  moment(): Moment {
    const { stage, epochs } = this;
    const latest = Math.max(this.#lastAt, epochs.at ?? 0, stage?.at ?? 0);
    return {
      figures: this.signatures.figures(stage !== null && VOID.includes(stage.state)),
      headcount: this.headcount,
      ats: [this.#lastAt, latest],
      epoch: epochs.n,
      epochAt: epochs.at,
      state: stage?.state ?? null,
      wave: stage?.wave ?? 0,
      openedAt: this.openedAt,
      reachedAt: [...this.#reachedAt],
      releasedAt: this.releasedAt,
      rollN: epochs.rollN,
    };
  }
}
