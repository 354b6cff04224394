/**
 * Telling people what went wrong and what is going on, in the sentences of the page: next to the
 * field if one is wrong, at the head of the step otherwise. Nothing that was typed is touched.
 */

import { findSentence, sentence } from "./dom.ts";
import { Busy, UndersignedError, Unreachable } from "./errors.ts";
import { ONCE, PATIENT, type Patience } from "./exchange.ts";

/** A field holds something that cannot be sent; `code` names the sentence that says so. */
export class FieldProblem extends UndersignedError {
  readonly field: HTMLElement;

  constructor(field: HTMLElement, code: string) {
    super(code, "A field of the page is wrong.");
    this.field = field;
  }
}

/** Throw a FieldProblem for each that there is, all shown, the first one focused. */
export function checkFields(problems: readonly (FieldProblem | null)[]): void {
  const found = problems.filter((problem) => problem !== null);
  for (const { field, code } of found) tellAt(field, code);
  if (found[0] !== undefined) throw found[0];
}

const SLOW_MS = 5_000;

let isWorking = false;

/**
 * Do what a button asks for, once: until it is done no button starts anything. What goes wrong is
 * told in `step`. Returns whether it was done.
 */
export async function during(
  step: HTMLElement,
  pressed: HTMLButtonElement | null,
  work: () => Promise<void>,
): Promise<boolean> {
  if (isWorking) return false;
  isWorking = true;
  clearProblems(step);
  if (pressed !== null) pressed.disabled = true;
  tellStatus("working");
  const slow = setTimeout(() => tellStatus("slow"), SLOW_MS);
  try {
    await work();
    return true;
  } catch (error) {
    tell(step, error);
    return false;
  } finally {
    clearTimeout(slow);
    tellStatus(null);
    if (pressed !== null) pressed.disabled = false;
    isWorking = false;
    refocus(step);
  }
}

/** A disabled button lets go of the focus; it goes to what is wrong, never to nowhere. */
function refocus(step: HTMLElement): void {
  const wrong = step.querySelector<HTMLElement>("[aria-invalid=true]");
  const problem = step.querySelector<HTMLElement>("[data-problem]:not([hidden])");
  if (wrong !== null) wrong.focus();
  else if (problem !== null) step.querySelector<HTMLElement>("h2")?.focus();
}

/** Show what went wrong: at its field, or in the step. */
export function tell(step: HTMLElement, error: unknown): void {
  if (error instanceof FieldProblem) {
    tellAt(error.field, error.code);
    return;
  }
  const problem = step.querySelector<HTMLElement>("[data-problem]");
  if (problem === null) return;
  problem.textContent = sentenceFor(codeOf(error));
  problem.dataset["problem"] = codeOf(error);
  problem.hidden = false;
}

/** Return the code of an error; what is none of ours is a fault of the page. */
export function codeOf(error: unknown): string {
  return error instanceof UndersignedError ? error.code : "undersigned-error";
}

/** Tell whether the same request may simply be sent again. */
export function isPassing(error: unknown): boolean {
  return error instanceof Unreachable || error instanceof Busy;
}

/** Return the page's sentence for an error's code. */
export function sentenceFor(code: string): string {
  return findSentence("error", code) ?? findSentence("error", "undersigned-error") ?? code;
}

/** Show a sentence next to a field; the field's `aria-describedby` names the place already. */
function tellAt(field: HTMLElement, code: string): void {
  const place = document.getElementById(`${field.id}-error`);
  if (place !== null) {
    place.textContent = sentenceFor(code);
    place.hidden = false;
  }
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

/** Take away every problem that is shown in a step. */
export function clearProblems(step: HTMLElement): void {
  for (const problem of step.querySelectorAll<HTMLElement>("[data-problem], [data-field-error]")) {
    problem.hidden = true;
    problem.textContent = "";
  }
  for (const field of step.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

/** Say what is going on, or nothing any more. */
export function tellStatus(name: string | null): void {
  const place = document.getElementById("status");
  if (place === null) return;
  place.textContent = name === null ? "" : sentence(name);
  place.hidden = name === null;
}

/** Wait between two tries, and say so; a network that comes back ends the wait. */
async function sleepTelling(ms: number): Promise<void> {
  tellStatus(navigator.onLine ? "again" : "offline");
  const back = new AbortController();
  await Promise.race([
    PATIENT.sleep(ms),
    new Promise<void>((resolve) =>
      addEventListener("online", () => resolve(), { once: true, signal: back.signal }),
    ),
  ]);
  back.abort();
  tellStatus("working");
}

/** Patience that shows. */
export const TELLING: Patience = { ...PATIENT, sleep: sleepTelling };

/** For what is asked in the background: it has its own rhythm. */
export const QUIET: Patience = ONCE;
