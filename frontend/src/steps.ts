/**
 * The steps of a page, one below the other: the one that is open, those before it as a line each, and
 * those after it as headings only.
 */

import { within } from "./dom.ts";
import { clearProblems } from "./telling.ts";

/** The event that a section meets when it is opened. */
export const OPENED = "step-opened";

export class Steps {
  readonly #sections: readonly HTMLElement[];

  constructor(root: ParentNode) {
    this.#sections = [...root.querySelectorAll<HTMLElement>("[data-step]")];
  }

  /** Return the section of a step. */
  section(name: string): HTMLElement {
    const found = this.#sections.find((section) => section.dataset["step"] === name);
    if (found === undefined) throw new Error(`The page has no step ${name}.`);
    return found;
  }

  /** Open a step; its heading takes the focus, so that it is read out and in sight. */
  open(name: string, takesFocus = true): void {
    const opened = this.section(name);
    const place = this.#sections.indexOf(opened);
    for (const [at, section] of this.#sections.entries()) {
      section.dataset["state"] = at < place ? "done" : at === place ? "now" : "later";
      within(section, "[data-body]").hidden = at !== place;
      const summary = section.querySelector<HTMLElement>("[data-summary]");
      if (summary !== null) summary.hidden = at >= place;
      if (at === place) section.setAttribute("aria-current", "step");
      else section.removeAttribute("aria-current");
    }
    clearProblems(opened);
    opened.dispatchEvent(new Event(OPENED));
    if (takesFocus) focusHeading(opened);
  }

  /** Hide every step but one: what came before is over. */
  leaveOnly(name: string): void {
    this.open(name);
    for (const section of this.#sections) section.hidden = section.dataset["step"] !== name;
  }
}

/** Move to the heading of a section. */
export function focusHeading(section: HTMLElement): void {
  const heading = within(section, "h2");
  heading.focus({ preventScroll: true });
  section.scrollIntoView({ block: "start" });
}
