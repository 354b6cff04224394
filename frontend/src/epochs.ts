/**
 * The epochs of one letter: their numbers and times, what stands in them, and who may sign
 * (`docs/formats.md` sections 4 and 8; check 8).
 */

import type { Body } from "./body.ts";
import type { BatchEntry, EntryOf, State } from "./entry.ts";
import type { Findings } from "./findings.ts";
import { TAKES_AMENDMENTS } from "./stage.ts";

const PARTS = { issued: 1, sign: 2, amend: 3, withdraw: 3 } as const;

export class Epochs {
  n = 0;
  at: number | null = null;
  /** Epochs at or after `closes`, this one included. */
  afterClosing = 0;
  rollN = 0;
  /** `roll` records so far. */
  rolls = 0;
  issued = 0;
  signed = 0;
  readonly #letter: Body;
  readonly #label: string;
  readonly #findings: Findings;
  #part: number | null = null;
  readonly #members = new Set<string>();
  readonly #blinded = new Set<string>();
  /** One sentence of a kind for each epoch. */
  readonly #said = new Set<string>();

  constructor(letter: Body, label: string, findings: Findings) {
    this.#letter = letter;
    this.#label = label;
    this.#findings = findings;
  }

  /** Take an `epoch` record. */
  begin(index: number, { n, at }: EntryOf<"epoch">): void {
    const where = `Leaf ${index}: epoch ${n} of ${this.#label}`;
    if (n !== this.n + 1) this.#findings.false(8, `${where} follows epoch ${this.n}.`);
    if (this.at !== null && at < this.at) {
      this.#findings.false(10, `${where} is at ${at}, the one before it at ${this.at}.`);
    }
    this.n = n;
    this.at = at;
    this.#part = PARTS.issued;
    if (at >= this.#letter.closes) this.afterClosing += 1;
    this.#said.clear();
  }

  /** Note that the records of the epoch are over. */
  leave(): void {
    this.#part = null;
  }

  /** Check that a record stands in an epoch, in its order there. */
  place(index: number, { t }: BatchEntry): void {
    const part = PARTS[t];
    if (this.#part === null) {
      this.#say(index, "place", "a record of an epoch stands outside one");
    } else if (part < this.#part) {
      this.#say(index, "order", "the records of an epoch are not in their order");
    } else {
      this.#part = part;
    }
  }

  /** Take an `issued` record: one for each member, within the roll. */
  issue(index: number, { member, blinded }: EntryOf<"issued">): void {
    this.issued += 1;
    if (this.#members.has(member)) {
      this.#say(index, "member", "a member who has a token gets another");
    }
    if (this.#blinded.has(blinded)) {
      this.#say(index, "blinded", "the same blinded message is recorded as issued twice");
    }
    this.#members.add(member);
    this.#blinded.add(blinded);
    this.#compareRoll(index);
  }

  /** Take a `sign` record: there must be a token for it. */
  sign(index: number): void {
    this.signed += 1;
    if (this.signed > this.issued) {
      const sentence = `${this.signed} signatures, and only ${this.issued} tokens issued`;
      this.#say(index, "signed", sentence);
    }
  }

  /** Take a `roll` record: the opening one, or a later change in the letter's state. */
  stateRoll(index: number, entry: EntryOf<"roll">, state: State | null): void {
    const { n, hash, reason, seq } = entry;
    const isDomain = this.#letter.roll === "domain";
    const before = this.rollN;
    this.rolls += 1;
    this.rollN = n;
    this.#said.delete("roll");
    if ((this.rolls === 1) !== (reason === "opened")) {
      this.#say(index, "reason", "the first roll, and no other, has the reason opened");
    } else if (this.rolls > 1 && seq !== this.rolls - 1) {
      this.#say(index, "seq", `change ${seq} of the roll follows change ${this.rolls - 2}`);
    } else if (this.rolls > 1) {
      this.#checkChange(index, entry, before, state);
    }
    if ((hash === null) !== isDomain) {
      this.#say(index, "hash", "the roll has a hash exactly when it is not a mail domain");
    }
    if (isDomain && n !== this.#letter.headcount.n) {
      this.#say(index, "n", `the roll of a mail domain is the headcount, ${this.#letter.headcount.n}`);
    }
    this.#compareRoll(index);
  }

  /** Check that what changes the roll says how, and comes while it matters (section 4). */
  #checkChange(
    index: number,
    { n, reason }: EntryOf<"roll">,
    before: number,
    state: State | null,
  ): void {
    const change = `and the roll goes from ${before} to ${n}`;
    if (this.#letter.roll === "domain") {
      this.#say(index, "change", "the roll of a mail domain does not change");
    } else if (reason === "added" && n <= before) {
      this.#say(index, "change", `members are added, ${change}`);
    } else if (reason === "blocked" && n >= before) {
      this.#say(index, "change", `members are blocked, ${change}`);
    }
    if (state === null || !TAKES_AMENDMENTS.includes(state)) {
      this.#say(index, "late", "the roll of a letter changes that is not open");
    }
  }

  #compareRoll(index: number): void {
    // The members of a domain are its headcount, which anybody may have counted too low.
    if (this.issued <= this.rollN || this.#letter.roll === "domain") return;
    this.#say(index, "roll", `${this.issued} tokens issued to a roll of ${this.rollN} members`);
  }

  #say(index: number, kind: string, sentence: string): void {
    if (this.#said.has(kind)) return;
    this.#said.add(kind);
    this.#findings.false(8, `Leaf ${index}, ${this.#label}, epoch ${this.n}: ${sentence}.`);
  }
}
