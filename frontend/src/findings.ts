/**
 * What a verification says: the twelve numbered checks of the verifier with their evidence. The
 * numbers are part of the interface: people cite them, and `undersigned verify` uses the same.
 */

/** Evidence that is kept for one check; a log that is all wrong needs no sentence for each record. */
const MOST_SENTENCES = 100;

export const CHECKS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as const;
export type CheckNumber = (typeof CHECKS)[number];

export type Status = "holds" | "false" | "unchecked" | "not-asked";

/** One check: how it came out, and the English sentences that show it. */
export interface Check {
  readonly number: CheckNumber;
  readonly status: Status;
  readonly evidence: readonly string[];
}

type Kind = "false" | "unchecked" | "note";

/** Collects sentences while the checks run; a check without a bad one holds. */
export class Findings {
  readonly #said = new Map<string, string[]>();
  readonly #skipped = new Set<CheckNumber>();

  /** Record what shows that a check is false. */
  false(number: CheckNumber, sentence: string): void {
    this.#say("false", number, sentence);
  }

  /** Record why a check, or a part of it, could not be made. */
  unchecked(number: CheckNumber, sentence: string): void {
    this.#say("unchecked", number, sentence);
  }

  /** Record what a reader should know although nothing is wrong. */
  note(number: CheckNumber, sentence: string): void {
    this.#say("note", number, sentence);
  }

  /** Record that nobody asked for a check. */
  notAsked(number: CheckNumber, sentence: string): void {
    this.#skipped.add(number);
    this.note(number, sentence);
  }

  /** Return the checks 1 to 12. */
  close(): readonly Check[] {
    return CHECKS.map((number) => {
      const [bad, open, notes] = (["false", "unchecked", "note"] as const).map((kind) =>
        this.#sentences(kind, number),
      ) as [string[], string[], string[]];
      return { number, status: this.#status(number, bad, open), evidence: [...bad, ...open, ...notes] };
    });
  }

  #status(number: CheckNumber, bad: readonly string[], open: readonly string[]): Status {
    if (bad.length > 0) return "false";
    if (open.length > 0) return "unchecked";
    return this.#skipped.has(number) ? "not-asked" : "holds";
  }

  #sentences(kind: Kind, number: CheckNumber): string[] {
    return this.#said.get(`${kind} ${number}`) ?? [];
  }

  #say(kind: Kind, number: CheckNumber, sentence: string): void {
    const sentences = this.#sentences(kind, number);
    this.#said.set(`${kind} ${number}`, sentences);
    if (sentences.length < MOST_SENTENCES) sentences.push(sentence);
    else if (sentences.length === MOST_SENTENCES) {
      sentences.push("There is more of this kind; it is not listed.");
    }
  }
}
