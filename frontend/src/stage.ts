/**
 * The stage of a letter: its states, the moves between them and when they fall due
 * (`docs/formats.md` section 7, States). A `Stage` is all that the log has said about it so far.
 */

import type { Body } from "./body.ts";
import type { EntryOf, State } from "./entry.ts";
import { VerificationError } from "./errors.ts";
import { outcomeHash } from "./outcome.ts";

/** From one wave to the next: later names do not appear one by one. */
const WAVE_PERIOD_S = 86_400;

export const TAKES_AMENDMENTS: readonly State[] = ["open", "reached", "frozen", "released"];
export const TAKES_WITHDRAWALS: readonly State[] = [...TAKES_AMENDMENTS, "closed"];
/** Here nobody stands any more. */
export const VOID: readonly State[] = ["lapsed", "superseded"];

/** Times are UTC seconds; `at` is that of the last outcome, `epochAt` that of an epoch since then. */
export interface Stage {
  readonly state: State;
  readonly wave: number;
  readonly at: number;
  readonly waveAt: number | null;
  readonly epochAt: number | null;
  /** The last wave waits for its opening. */
  readonly openingDue: boolean;
  /** Its opening left too few, and nothing but the outcome `open` has followed. */
  readonly openingFailed: boolean;
}

/** The state and time of an outcome that has to be stated. */
export interface Move {
  readonly state: State;
  readonly at: number;
}

/** Return the stage after an `outcome`; `unopened` sealed signatures stand and are not opened. */
export function stageAfterOutcome(
  before: Stage | null,
  outcome: EntryOf<"outcome">,
  unopened: number,
): Stage {
  const isWave = before !== null && outcome.wave > before.wave;
  return {
    state: outcome.state,
    wave: outcome.wave,
    at: outcome.at,
    waveAt: isWave ? outcome.at : (before?.waveAt ?? null),
    epochAt: null,
    openingDue: isWave && unopened > 0,
    openingFailed: before?.state === "frozen" && outcome.state === "open",
  };
}

/** Return the stage after an opening; `holds` is m(S) ≥ rule, which matters in frozen. */
export function stageAfterOpening(before: Stage, holds: boolean): Stage {
  const openingFailed = before.state === "frozen" && !holds;
  return { ...before, openingDue: false, openingFailed };
}

/** Find the move that an epoch just written asks for. */
export function moveAfterEpoch(letter: Body, { state, epochAt }: Stage, m: number): Move | null {
  if (epochAt === null) return null;
  if (state === "open" && m >= letter.rule) return { state: "reached", at: epochAt };
  if (state === "reached" && m < letter.rule) return { state: "open", at: epochAt };
  return null;
}

/** Find the time of the next boundary; none while a wave waits for its opening. */
export function nextBoundary(letter: Body, stage: Stage): number | null {
  switch (stage.state) {
    case "open":
      return letter.closes;
    case "reached":
      return stage.at + letter.coolingOffS;
    case "released":
      return stage.openingDue ? null : letter.closes;
    default:
      return null;
  }
}

type Outcome = EntryOf<"outcome">;
type Rule = (letter: Body, before: Stage, outcome: Outcome, unopened: number) => void;

function require(holds: boolean, sentence: string): void {
  if (!holds) throw new VerificationError(sentence);
}

function checkEmpty(outcome: Outcome): void {
  const isEmpty = outcome.m === 0 && outcome.standing === 0 && outcome.waiting === 0;
  const sentence = `somebody stands or waits in an outcome ${outcome.state} that has nobody`;
  require(isEmpty && outcome.hash === outcomeHash([]), sentence);
}

const waveAtOf = ({ waveAt, at }: Stage): number => waveAt ?? at;

const MOVES: Readonly<Record<string, Rule>> = {
  "open reached": (letter, before, { m, at }) => {
    require(m >= letter.rule, "reached, and m is less than the rule");
    const reachedAt = before.epochAt ?? (before.openingFailed ? before.at : null);
    require(at === reachedAt, "reached at a time that is not the epoch's");
  },
  "reached open": (letter, before, { m, at }) => {
    require(m < letter.rule, "open again, and m is not less than the rule");
    const isTimely = at === before.epochAt || at === before.at + letter.coolingOffS;
    require(isTimely, "open again at a time of no epoch or boundary");
  },
  "reached frozen": (letter, before, { m, at }) => {
    require(m >= letter.rule, "frozen, and m is less than the rule");
    const boundary = before.at + letter.coolingOffS;
    require(at === boundary, "frozen at another time than the end of the cooling-off");
  },
  "frozen released": (_, before, { at }) => {
    require(!before.openingDue, "released before the opening");
    require(!before.openingFailed, "released although the opening leaves too few");
    require(at >= before.at, "released before it was frozen");
  },
  "frozen open": (_, before, { at }) => {
    require(before.openingFailed, "open again, and no opening has failed");
    require(at >= before.at, "open again before it was frozen");
  },
  "released released": (letter, before, { at }, unopened) => {
    const waveAt = waveAtOf(before);
    require(!before.openingDue, "a wave before the opening of the last");
    require(unopened > 0, "a wave, and nobody stands unopened");
    const isDaily = Math.max(before.at, waveAt + WAVE_PERIOD_S) <= at && at < letter.closes;
    const isLast = waveAt < letter.closes && at === Math.max(letter.closes, before.at);
    require(isDaily || isLast, "a wave within a day of the last, and not at the closing time");
  },
  "released closed": (letter, before, { at }, unopened) => {
    require(!before.openingDue, "closed before the opening of the last wave");
    const isLast = unopened === 0 || waveAtOf(before) >= letter.closes;
    require(isLast, "closed without the wave at the closing time");
    require(at >= Math.max(letter.closes, before.at), "closed before the closing time");
  },
  "open lapsed": (letter, before, outcome) => {
    const at = Math.max(letter.closes, before.at);
    require(outcome.at === at, "lapsed at another time than the closing time");
    checkEmpty(outcome);
  },
  "open superseded": (_, before, outcome) => {
    require(outcome.at >= before.at, "superseded before it was open");
    checkEmpty(outcome);
  },
};

const FREEZES: readonly string[] = ["reached frozen", "released released"];

/** Check an `outcome` against the table of moves. Throws VerificationError. */
export function checkMove(
  letter: Body,
  before: Stage | null,
  outcome: Outcome,
  unopened: number,
): void {
  if (before === null) {
    require(outcome.state === "open" && outcome.wave === 0, "a letter begins open, in wave 0");
    checkEmpty(outcome);
    return;
  }
  const move = `${before.state} ${outcome.state}`;
  const rule = MOVES[move];
  if (rule === undefined) {
    throw new VerificationError(`a letter does not go from ${before.state} to ${outcome.state}`);
  }
  const wave = before.wave + (FREEZES.includes(move) ? 1 : 0);
  require(outcome.wave === wave, "the wave is not the next, or the last");
  rule(letter, before, outcome, unopened);
}
