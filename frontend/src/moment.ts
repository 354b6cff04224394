/** What a letter's records give at one size of the tree, to be compared with what the site shows. */

import type { State } from "./entry.ts";
import type { Figures, Signatures } from "./tally.ts";

/** One letter in the tree of one size. `ats` are the times that may be called its last. */
export interface Moment {
  readonly figures: Figures;
  readonly headcount: number;
  readonly ats: readonly number[];
  readonly epoch: number;
  readonly epochAt: number | null;
  readonly state: State | null;
  readonly wave: number;
  readonly openedAt: number | null;
  readonly reachedAt: readonly number[];
  readonly releasedAt: number | null;
  readonly rollN: number;
}

/** A name at a leaf: the leaf of the signature and the hash of the document or blob. */
export type NameAt = readonly [leaf: number, digest: string];

/** Return a name at a leaf as one word, for sets. */
export function nameKey([leaf, digest]: NameAt): string {
  return `${leaf} ${digest}`;
}

/** Return the name at a leaf that a word of a set stands for. */
export function parseNameKey(key: string): NameAt {
  const [leaf = "", digest = ""] = key.split(" ");
  return [Number(leaf), digest];
}

/** Sizes of the tree at which numbers of a letter are wanted, and from which on its names are. */
export interface Wanted {
  readonly sizes: readonly number[];
  readonly namesFrom: number | null;
}

/** What the site may have shown of a letter: its numbers at some sizes, its names since one of them. */
export class Showing {
  readonly moments = new Map<number, Moment>();
  /** Names (`nameKey`) shown at any time since `namesFrom`, null before; and those shown just then. */
  shown: Set<string> | null = null;
  shownFirst: ReadonlySet<string> = new Set();
  readonly #sizes: number[];
  #namesFrom: number | null;

  constructor(wanted: Wanted | undefined) {
    this.#sizes = [...(wanted?.sizes ?? [])].sort((one, other) => other - one);
    this.#namesFrom = wanted?.namesFrom ?? null;
  }

  /** Keep the numbers of every wanted size up to `index`. */
  take(index: number, signatures: Signatures, moment: () => Moment): void {
    if (this.#namesFrom !== null && this.#namesFrom <= index) {
      this.#namesFrom = null;
      this.shown = new Set([...signatures.listed()].map(nameKey));
      this.shownFirst = new Set(this.shown);
    }
    for (let size = this.#sizes.at(-1); size !== undefined && size <= index; size = this.#sizes.at(-1)) {
      this.moments.set(size, moment());
      this.#sizes.pop();
    }
  }

  /** Note a name that is public from now on. */
  show(leaf: number, { mode, name }: { readonly mode: string; readonly name: string | null }): void {
    if (mode === "public" && name !== null) this.shown?.add(nameKey([leaf, name]));
  }
}
