/** The signatures of one letter while its records are replayed, and how many stand (section 7). */

import type { Body, Mode } from "./body.ts";
import type { EntryOf } from "./entry.ts";
import { type Candidate, countsIn, findM } from "./outcome.ts";

export type End = "withdrawn" | "invalidated" | "unopenable";

/** One signature. `leaf` is that of its `sign` record; `endedAt` and `erasedAt` are later leaves. */
export class Signature implements Candidate {
  readonly leaf: number;
  readonly pk: string;
  mode: Mode;
  condition: number | null;
  name: string | null;
  seq = 0;
  end: End | null = null;
  endedAt: number | null = null;
  erasedAt: number | null = null;
  isFixed = false;
  /** The hash of the blob whose key was published. */
  openedName: string | null = null;

  constructor(leaf: number, { pk, mode, condition, name }: EntryOf<"sign">) {
    this.leaf = leaf;
    this.pk = pk;
    this.mode = mode;
    this.condition = condition;
    this.name = name;
  }

  /** How many must stand for it to stand: 0 once it is fixed, or when it asked for none. */
  get asks(): number {
    return this.isFixed ? 0 : (this.condition ?? 0);
  }

  /** Tell whether it had ended, or its name was erased, in the tree of `size` leaves. */
  wasGone(size: number): boolean {
    return [this.endedAt, this.erasedAt].some((at) => at !== null && at < size);
  }
}

/** A signature as it was at one moment: the wave of a letter is made of these. */
export interface Stance extends Candidate {
  readonly signature: Signature;
  readonly name: string | null;
  readonly wasOpened: boolean;
}

/** The numbers that a site shows. */
export interface Figures {
  readonly m: number;
  readonly standing: number;
  readonly waiting: number;
  readonly anonymous: number;
  readonly withdrawn: number;
  readonly invalidated: number;
  readonly erased: number;
}

/** What a letter does not offer of how somebody signed. */
export function termProblems(letter: Body, entry: EntryOf<"sign"> | EntryOf<"amend">): string[] {
  const { mode, condition, name } = entry;
  const problems: string[] = [];
  if (!letter.modes.includes(mode)) {
    problems.push(`signed as ${mode}, which the letter does not offer`);
  }
  if (condition !== null && (mode === "public" || !letter.conditions.includes(condition))) {
    problems.push(`the condition ${condition} is not one that is offered`);
  }
  if ((name === null) !== (mode === "anonymous")) {
    problems.push(`signed as ${mode}, with a name that does not fit it`);
  }
  return problems;
}

/** All signatures of a letter; the counts of the live ones are kept up to date. */
export class Signatures {
  readonly byPk = new Map<string, Signature>();
  readonly byLeaf = new Map<number, Signature>();
  readonly ends: Record<End, number> = { withdrawn: 0, invalidated: 0, unopenable: 0 };
  erased = 0;
  readonly #letter: Body;
  readonly #live = new Map<Mode, Map<number, number>>();

  constructor(letter: Body) {
    this.#letter = letter;
  }

  /** Add a live signature. */
  add(signature: Signature): void {
    this.byLeaf.set(signature.leaf, signature);
    if (!this.byPk.has(signature.pk)) this.byPk.set(signature.pk, signature);
    this.#count(signature, 1);
  }

  /** Give a live signature the mode, condition and name of an amendment. */
  replace(signature: Signature, { mode, condition, name }: EntryOf<"amend">): void {
    this.#count(signature, -1);
    Object.assign(signature, { mode, condition, name });
    this.#count(signature, 1);
  }

  /** End a live signature. */
  end(signature: Signature, end: End, at: number): void {
    this.#count(signature, -1);
    signature.end = end;
    signature.endedAt = at;
    this.ends[end] += 1;
  }

  /** Note that the name of a signature is gone. */
  erase(signature: Signature, at: number): void {
    if (signature.erasedAt !== null) return;
    signature.erasedAt = at;
    this.erased += 1;
  }

  /** Take the condition off a signature whose set was released. */
  fix(signature: Signature): void {
    const isLive = signature.end === null;
    if (isLive) this.#count(signature, -1);
    signature.isFixed = true;
    if (isLive) this.#count(signature, 1);
  }

  #count({ mode, asks }: Signature, by: number): void {
    const numbers = this.#live.get(mode) ?? new Map<number, number>();
    this.#live.set(mode, numbers);
    numbers.set(asks, (numbers.get(asks) ?? 0) + by);
  }

  /** The live signatures in the order of their leaves. */
  live(): readonly Signature[] {
    return [...this.byLeaf.values()].filter((signature) => signature.end === null);
  }

  /** The live signatures as they are now. */
  stances(): readonly Stance[] {
    return this.live().map((signature) => ({
      signature,
      mode: signature.mode,
      asks: signature.asks,
      name: signature.name,
      wasOpened: signature.openedName !== null,
    }));
  }

  /** How many of the standing count. */
  get m(): number {
    const counted = new Map<number, number>();
    for (const [mode, numbers] of this.#live) {
      if (!countsIn(this.#letter, mode)) continue;
      for (const [asks, number] of numbers) counted.set(asks, (counted.get(asks) ?? 0) + number);
    }
    return findM(counted);
  }

  /** The standing signatures in the order of their leaves. */
  standing(): readonly Signature[] {
    const { m } = this;
    return this.live().filter((signature) => signature.asks <= m);
  }

  /** How many sealed signatures stand and have not been opened; perhaps without the erased ones. */
  unopened(withErased = true): number {
    return this.standing().filter(
      ({ mode, openedName, erasedAt }) =>
        mode === "sealed" && openedName === null && (withErased || erasedAt === null),
    ).length;
  }

  /** The names that are public now: leaf of the signature, hash of the document or blob. */
  listed(): ReadonlyMap<number, string> {
    const names = new Map<number, string>();
    for (const { leaf, mode, name, openedName, erasedAt } of this.live()) {
      if (erasedAt !== null) continue;
      const shown = mode === "sealed" ? openedName : mode === "public" ? name : null;
      if (shown !== null) names.set(leaf, shown);
    }
    return names;
  }

  /** The numbers of this moment; in a void letter (lapsed, superseded) nobody stands. */
  figures(isVoid: boolean): Figures {
    const m = isVoid ? -1 : this.m;
    const standing = this.#sum((_, asks) => asks <= m);
    return {
      m: Math.max(m, 0),
      standing,
      waiting: isVoid ? 0 : this.#sum(() => true) - standing,
      anonymous: this.#sum((mode, asks) => asks <= m && mode === "anonymous"),
      withdrawn: this.ends.withdrawn,
      invalidated: this.ends.invalidated + this.ends.unopenable,
      erased: this.erased,
    };
  }

  #sum(isMeant: (mode: Mode, asks: number) => boolean): number {
    let sum = 0;
    for (const [mode, numbers] of this.#live) {
      for (const [asks, number] of numbers) if (isMeant(mode, asks)) sum += number;
    }
    return sum;
  }
}
