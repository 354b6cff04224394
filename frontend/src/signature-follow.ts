/**
 * The part of one's own signature that asks, after the deadline, whether one did what the letter said.
 * The page has it only when the site asks.
 */

import type { Api } from "./api.ts";
import { button, choiceOf, part, show } from "./dom.ts";
import { ANSWERS, sayFollowThrough } from "./follow-through.ts";
import { Refused } from "./errors.ts";
import type { Letter } from "./letter.ts";
import { focusHeading } from "./steps.ts";
import { during } from "./telling.ts";

/** A signature that stands, of whom the words are known. */
export interface Asked {
  readonly api: Api;
  readonly letter: Letter;
  readonly words: string;
}

let asked: Asked | null = null;

/** Let the part work, where the page has it. */
export function prepareFollow(): void {
  const form = document.getElementById("follow-form");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    void during(part("found"), button("follow"), say);
  });
}

/** Ask, or do not. */
export function offerFollow(standing: Asked | null): void {
  asked = standing;
  const form = document.getElementById("follow-form");
  if (!(form instanceof HTMLFormElement)) return;
  // What was chosen is nobody's business any more, not even on this screen.
  form.reset();
  show("follow-form", standing !== null);
  show("follow-done", false);
}

async function say(): Promise<void> {
  if (asked === null) return;
  const answer = ANSWERS.find((word) => word === choiceOf("did"));
  if (answer === undefined) throw new Refused("follow-missing", "Nothing was chosen.");
  await sayFollowThrough(asked.api, asked.letter, asked.words, answer);
  offerFollow(null);
  show("follow-done", true);
  focusHeading(part("found"));
}
