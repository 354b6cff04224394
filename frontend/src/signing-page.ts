/** What the steps of the sign page share: the letter, the attempt, what was chosen, and the steps. */

import type { Api } from "./api.ts";
import { Attempt } from "./attempt.ts";
import type { Draft, StepName } from "./draft.ts";
import type { LetterView } from "./letter.ts";
import type { Site } from "./site.ts";
import type { Steps } from "./steps.ts";
import type { Store } from "./store.ts";

export interface SigningPage {
  readonly api: Api;
  readonly site: Site;
  readonly view: LetterView;
  readonly store: Store;
  readonly draft: Draft;
  readonly steps: Steps;
  attempt: Attempt | null;
}

/** Return the attempt that is under way. */
export function attemptOf(page: SigningPage): Attempt {
  if (page.attempt === null) throw new Error("No attempt was begun.");
  return page.attempt;
}

/** Open a step, and remember it. */
export async function goTo(page: SigningPage, step: StepName): Promise<void> {
  await page.draft.change({ step });
  page.steps.open(step);
}
