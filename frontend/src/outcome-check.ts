/** An `outcome` record, compared with what the records before it give (section 7; check 10). */

import type { EntryOf } from "./entry.ts";
import { VerificationError } from "./errors.ts";
import type { Letter } from "./letter.ts";
import { outcomeHash } from "./outcome.ts";
import { checkMove, type Stage, VOID } from "./stage.ts";
import type { Signatures } from "./tally.ts";

/** Return what is wrong with an outcome: its figures, its set, its move. */
export function outcomeProblems(
  letter: Letter,
  before: Stage | null,
  entry: EntryOf<"outcome">,
  signatures: Signatures,
): readonly string[] {
  const problems: string[] = [];
  const isVoid = VOID.includes(entry.state);
  const { m, standing, waiting } = signatures.figures(isVoid);
  if (entry.m !== m || entry.standing !== standing || entry.waiting !== waiting) {
    problems.push(
      `states m ${entry.m}, standing ${entry.standing}, waiting ${entry.waiting}; ` +
        `the records give ${m}, ${standing}, ${waiting}`,
    );
  }
  const leaves = isVoid ? [] : signatures.standing().map(({ leaf }) => leaf);
  if (entry.hash !== outcomeHash(leaves)) problems.push("states another set of who stands");
  const move = moveProblem(letter, before, entry, signatures);
  return move === null ? problems : [...problems, `at ${entry.at}: ${move}`];
}

/** Check the move; a sealed name that was erased may be counted as unopened or not. */
function moveProblem(
  letter: Letter,
  before: Stage | null,
  entry: EntryOf<"outcome">,
  signatures: Signatures,
): string | null {
  const problems = [signatures.unopened(), signatures.unopened(false)].map((unopened) => {
    try {
      checkMove(letter, before, entry, unopened);
      return null;
    } catch (error) {
      if (error instanceof VerificationError) return error.message;
      throw error;
    }
  });
  return problems.includes(null) ? null : (problems[0] ?? null);
}
