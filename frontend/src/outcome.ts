/** The outcome: who stands when every condition is taken at its word (`docs/formats.md` section 7). */

import type { Body, Mode } from "./body.ts";
import { formatBase64url } from "./bytes.ts";
import { hash } from "./hash.ts";
import { formatCanonical } from "./jcs.ts";

/** A live signature as it counts: its mode, and how many must stand for it to stand (0: it does). */
export interface Candidate {
  readonly mode: Mode;
  readonly asks: number;
}

/** Tell whether the basis of a letter counts a signature of this mode in m. */
export function countsIn(letter: Body, mode: Mode): boolean {
  return letter.basis === "all" || mode !== "anonymous";
}

/** Return m, given how many of those that count ask for each number. */
export function findM(counted: ReadonlyMap<number, number>): number {
  let m = 0;
  for (const number of counted.values()) m += number;
  // The rounds in one pass: m only falls, so what is too great stays too great, and once the greatest
  // that is left holds, all do.
  for (const asks of [...counted.keys()].sort((one, other) => other - one)) {
    if (asks <= m) break;
    m -= counted.get(asks) ?? 0;
  }
  return m;
}

/** Return m, and those of the candidates that stand, in their order. */
export function findStanding<T extends Candidate>(
  letter: Body,
  candidates: readonly T[],
): { readonly m: number; readonly standing: readonly T[] } {
  const counted = new Map<number, number>();
  for (const { mode, asks } of candidates) {
    if (countsIn(letter, mode)) counted.set(asks, (counted.get(asks) ?? 0) + 1);
  }
  const m = findM(counted);
  return { m, standing: candidates.filter(({ asks }) => asks <= m) };
}

/** Return H(JCS(ascending array of the standing leaf indexes)) in base64url. */
export function outcomeHash(leaves: readonly number[]): string {
  return formatBase64url(hash(formatCanonical(leaves)));
}
