/** The waves and openings of one letter while its records are replayed (section 7; check 11). */

import { type Bytes, formatBase64url } from "./bytes.ts";
import type { Context } from "./context.ts";
import { verifyEd25519 } from "./ed25519.ts";
import type { EntryOf } from "./entry.ts";
import { UndersignedError } from "./errors.ts";
import type { Letter } from "./letter.ts";
import {
  isBad, isOpened, type Leaf, type OpeningFile, parseOpening, refusalBytes,
} from "./opening-file.ts";
import { findStanding } from "./outcome.ts";
import { type Stage, stageAfterOpening } from "./stage.ts";
import type { Signature, Signatures } from "./tally.ts";
import { findTurn, turnProblems, type Wave } from "./wave.ts";

/**
 * A name whose key was published, or that was struck: the signature, the blob's hash, the leaf, and how
 * many trustees signed that their share of it is not what was committed to.
 */
export interface Told<L extends Leaf = Leaf> {
  readonly signature: Signature;
  readonly blob: string;
  readonly leaf: L;
  readonly refused: number;
}

/** What only waiting tells of an opening: whose refusals are signed (by leaf), and whose are not. */
export interface Refused {
  readonly byLeaf: ReadonlyMap<number, number>;
  readonly unsigned: readonly number[];
}

export const NOBODY_REFUSED: Refused = { byLeaf: new Map(), unsigned: [] };

/** Verify the refusals of an opening file, as it came. What cannot be read has none. */
export async function verifyRefusals(data: Bytes | null, letter: Letter): Promise<Refused> {
  let opening: OpeningFile;
  try {
    opening = parseOpening(data ?? new Uint8Array());
  } catch {
    return NOBODY_REFUSED;
  }
  const byLeaf = new Map<number, number>();
  const unsigned: number[] = [];
  for (const { by, leaves, sig } of opening.refusals) {
    const key = letter.trustees[by - 1]?.signKey ?? new Uint8Array();
    const message = refusalBytes(opening.letter, opening.wave, by, leaves);
    const isSigned = await verifyEd25519(key, message, sig, "").then(
      () => true,
      () => false,
    );
    if (!isSigned) unsigned.push(by);
    else for (const leaf of leaves) byLeaf.set(leaf, (byLeaf.get(leaf) ?? 0) + 1);
  }
  return { byLeaf, unsigned };
}

const NO_OPENING = { leaves: [], refusals: [] } as const;

export class Openings {
  wave: Wave | null = null;
  /** Every leaf of every opening, in turn or not: the names are looked at when all is read. */
  readonly told: Told[] = [];
  readonly #context: Context;
  readonly #label: string;
  readonly #letter: Letter;
  readonly #signatures: Signatures;
  #leaves = new Set<number>();
  #fixing: readonly Signature[] = [];

  constructor(context: Context, label: string, letter: Letter, signatures: Signatures) {
    this.#context = context;
    this.#label = label;
    this.#letter = letter;
    this.#signatures = signatures;
  }

  /** Tell whether a signature was live when the last wave was frozen. */
  has(signature: Signature): boolean {
    return this.#leaves.has(signature.leaf);
  }

  /** Keep the live signatures as they are at the outcome that freezes a wave, leaf `index`. */
  freeze(number: number, index: number, isFirst: boolean): void {
    const stances = this.#signatures.stances();
    this.wave = { letter: this.#letter, number, index, isFirst, stances };
    this.#leaves = new Set(stances.map(({ signature }) => signature.leaf));
    this.#fixing = findStanding(this.#letter, stances).standing.map(({ signature }) => signature);
  }

  /** Fix the set of the wave that is released: its conditions have been met for good. */
  release(): void {
    for (const signature of this.#fixing) this.#signatures.fix(signature);
    this.#fixing = [];
  }

  /** Take an `opening` record, leaf `index`; return the stage after it. */
  open(index: number, entry: EntryOf<"opening">, stage: Stage, refused: Refused): Stage {
    const read = this.#read(index, entry);
    for (const by of refused.unsigned) {
      this.#false(index, `the refusal of trustee ${by} is not signed by it`);
    }
    const { wave } = this;
    if (wave === null || !stage.openingDue || entry.wave !== wave.number) {
      this.#false(index, `an opening of wave ${entry.wave}, and none of it is due`);
      if (read !== null) this.#collect(read, refused);
      return stage;
    }
    const opening = read ?? { ...NO_OPENING, letter: entry.letter, wave: entry.wave, size: index };
    const told = this.#collect(opening, refused);
    const turn = findTurn(wave, opening);
    for (const problem of turnProblems(wave, opening, turn, index)) this.#false(index, problem);
    this.#apply(index, told);
    this.#fixing = turn.members.map(({ signature }) => signature);
    if (!wave.isFirst) this.release();
    return stageAfterOpening(stage, turn.holds);
  }

  #false(index: number, sentence: string): void {
    this.#context.findings.false(11, `Leaf ${index}, ${this.#label}: ${sentence}.`);
  }

  #read(index: number, entry: EntryOf<"opening">): OpeningFile | null {
    const what = `Leaf ${index}, ${this.#label}, the opening of wave ${entry.wave}`;
    const data = this.#context.document(entry.file, 11, what);
    if (data === null) {
      this.#false(index, "the opening file cannot be had, or was changed");
      return null;
    }
    let opening: OpeningFile;
    try {
      opening = parseOpening(data);
    } catch (error) {
      if (!(error instanceof UndersignedError)) throw error;
      this.#false(index, `the opening file cannot be read: ${error.message}`);
      return null;
    }
    if (opening.letter !== formatBase64url(this.#letter.id) || opening.wave !== entry.wave) {
      this.#false(index, "the opening file is of another letter or wave");
    }
    const [opened, bad] = [opening.leaves.filter(isOpened).length, opening.leaves.filter(isBad).length];
    if (opened !== entry.opened || bad !== entry.bad) {
      this.#false(
        index,
        `the record counts ${entry.opened} opened and ${entry.bad} bad leaves, the file has ${opened} and ${bad}`,
      );
    }
    return opening;
  }

  /** Keep what was opened or struck of the wave, with the blobs that were in it. */
  #collect(opening: OpeningFile, { byLeaf }: Refused): readonly Told[] {
    const blobs = new Map(
      this.wave?.stances
        .filter(({ mode }) => mode === "sealed")
        .map(({ signature, name }) => [signature.leaf, name]),
    );
    const told = opening.leaves.flatMap((leaf): Told[] => {
      const signature = this.#signatures.byLeaf.get(leaf.index);
      if (signature === undefined) return [];
      const blob = blobs.get(leaf.index) ?? (isOpened(leaf) ? signature.name : null);
      return blob === null ? [] : [{ signature, blob, leaf, refused: byLeaf.get(leaf.index) ?? 0 }];
    });
    this.told.push(...told);
    return told;
  }

  #apply(index: number, told: readonly Told[]): void {
    for (const { signature, blob, leaf } of told) {
      if (isOpened(leaf)) signature.openedName = blob;
      else if (signature.end === null) this.#signatures.end(signature, "unopenable", index);
    }
  }
}
