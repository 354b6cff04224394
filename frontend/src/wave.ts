/**
 * One wave of a letter: who was in it when it was frozen, and whose names its opening may show
 * (`docs/formats.md` section 7, Opening). The sets are recomputed here from the wave's own moment.
 */

import type { Letter } from "./letter.ts";
import { isBad, isOpened, type OpeningFile } from "./opening-file.ts";
import { findStanding } from "./outcome.ts";
import type { Stance } from "./tally.ts";

/** The live signatures at the outcome record (leaf `index`) that froze wave `number`. */
export interface Wave {
  readonly letter: Letter;
  readonly number: number;
  readonly index: number;
  readonly isFirst: boolean;
  readonly stances: readonly Stance[];
}

/** Whose turn an opening was: m(S), S itself, and the leaves that had to be opened. */
export interface Turn {
  readonly m: number;
  readonly members: readonly Stance[];
  readonly due: ReadonlyMap<number, Stance>;
  readonly holds: boolean;
}

/** Find S: strike the bad and those who had gone at `size`; the outcome of what is left. */
export function findTurn(wave: Wave, opening: Pick<OpeningFile, "size" | "leaves">): Turn {
  const bad = new Set(opening.leaves.filter(isBad).map((leaf) => leaf.index));
  const left = wave.stances.filter(
    ({ signature }) => !bad.has(signature.leaf) && !signature.wasGone(opening.size),
  );
  const { m, standing } = findStanding(wave.letter, left);
  const holds = !wave.isFirst || m >= wave.letter.rule;
  const due = holds ? standing.filter(({ mode, wasOpened }) => mode === "sealed" && !wasOpened) : [];
  return {
    m,
    members: standing,
    due: new Map(due.map((stance) => [stance.signature.leaf, stance])),
    holds,
  };
}

/** What is wrong with the leaves of an opening whose record is leaf `index` of the log. */
export function turnProblems(wave: Wave, opening: OpeningFile, turn: Turn, index: number): string[] {
  const problems: string[] = [];
  if (!(wave.index < opening.size && opening.size <= index)) {
    problems.push(
      `its size ${opening.size} is not that of a tree between the wave (leaf ${wave.index}) and the opening`,
    );
  }
  const opened = new Set(opening.leaves.filter(isOpened).map((leaf) => leaf.index));
  for (const leaf of opened) {
    if (!turn.due.has(leaf)) {
      problems.push(`the name at leaf ${leaf} was opened and it was not its turn${whyNot(wave, turn, leaf)}`);
    }
  }
  for (const leaf of turn.due.keys()) {
    if (!opened.has(leaf)) problems.push(`the name at leaf ${leaf} was in the wave and was not opened`);
  }
  return [...problems, ...badProblems(wave, opening)];
}

function badProblems(wave: Wave, opening: OpeningFile): string[] {
  const couldBeBad = new Set(
    findStanding(wave.letter, wave.stances)
      .standing.filter(
        ({ mode, wasOpened, signature }) =>
          mode === "sealed" && !wasOpened && !signature.wasGone(opening.size),
      )
      .map(({ signature }) => signature.leaf),
  );
  return opening.leaves.filter(isBad).flatMap((leaf) => {
    if (!couldBeBad.has(leaf.index)) {
      return [`leaf ${leaf.index} was struck as bad and is no sealed signature of the wave`];
    }
    if (leaf.bad.length !== wave.letter.trustees.length) {
      return [`leaf ${leaf.index} has ${leaf.bad.length} shares and not one for each trustee`];
    }
    return [];
  });
}

function whyNot(wave: Wave, turn: Turn, leaf: number): string {
  const stance = wave.stances.find(({ signature }) => signature.leaf === leaf);
  if (stance === undefined) {
    return " (it was not a live signature of the letter when the wave was frozen)";
  }
  if (!turn.holds) return ` (m is ${turn.m} and the rule is ${wave.letter.rule})`;
  if (stance.mode !== "sealed") return ` (it is ${stance.mode})`;
  if (stance.wasOpened) return " (it had been opened before)";
  if (stance.asks > turn.m) return ` (it asks for ${stance.asks} and m is ${turn.m})`;
  return " (it had been withdrawn, invalidated or erased)";
}
