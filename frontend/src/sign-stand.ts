/** The step of how to stand: openly, sealed or anonymously; now, or once so many stand; with which words. */

import type { Held } from "./attempt.ts";
import { type Mode, MODES } from "./body.ts";
import { button, choiceOf, choose, element, fill, formatNumber, part, show } from "./dom.ts";
import type { Letter } from "./letter.ts";
import { LONGEST_STATEMENT } from "./name.ts";
import { nameOn } from "./sign-choice.ts";
import { openReview } from "./sign-review.ts";
import { attemptOf, type SigningPage } from "./signing-page.ts";
import { checkStatement, lengthOf } from "./statement.ts";
import { OPENED } from "./steps.ts";
import { during, tell } from "./telling.ts";

/** Fewer than this many: whoever knows the group can guess who is meant. */
const SMALL_CROWD = 10;
const NEARLY_ALL = 0.9;
const QUIET_MS = 400;

/** Let the step work. */
export function prepareStand(page: SigningPage): void {
  const step = page.steps.section("stand");
  step.addEventListener(OPENED, () => showStand(page));
  const { mode, condition, statement } = page.draft.choices;
  choose("mode", mode ?? defaultMode(page.view.letter));
  choose("when", condition === null ? "now" : String(condition));
  statementField().value = statement;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const keep = () => {
    clearTimeout(timer);
    void page.draft.change(readStand()).catch((error: unknown) => tell(step, error));
  };
  part("stand-form").addEventListener("input", () => {
    arrange(page.view.letter);
    clearTimeout(timer);
    timer = setTimeout(keep, QUIET_MS);
  });
  // A page that is left is not always told again.
  addEventListener("pagehide", () => timer !== undefined && keep());
  part("stand-form").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    void during(step, button("stand"), async () => {
      if (readStand().mode !== "anonymous") checkStatement(statementField());
      await page.draft.change(readStand());
      await openReview(page);
    });
  });
}

/** Show the name as the issuer attested it, and what may be chosen. */
function showStand(page: SigningPage): void {
  const { state } = attemptOf(page);
  if (state.state !== "held") return;
  const { attestation } = state;
  const isNobody = page.view.letter.roll !== "list" && attestation.name === "anonymous";
  if (isNobody) choose("mode", "anonymous");
  for (const mode of MODES) {
    const radio = document.getElementById(`mode-${mode}`);
    if (radio instanceof HTMLInputElement) radio.disabled = isNobody && mode !== "anonymous";
  }
  fill(document, { shown: nameOn(attestation) });
  show("shown-otherwise", isOtherwise(state));
  for (const place of document.querySelectorAll<HTMLElement>("[data-verified]")) {
    place.hidden = place.dataset["verified"] !== attestation.verified;
  }
  arrange(page.view.letter);
}

/** An earlier request was answered: what it asked for is what was attested. */
function isOtherwise({ shownAs, attestation }: Held): boolean {
  if (shownAs === null) return false;
  const isOther = shownAs.name !== null && shownAs.name !== attestation.name;
  return isOther || shownAs.role !== attestation.role;
}

function defaultMode(letter: Letter): Mode {
  return letter.modes.includes("sealed") ? "sealed" : (letter.modes[0] ?? "public");
}

function statementField(): HTMLTextAreaElement {
  return element("statement", HTMLTextAreaElement);
}

interface Chosen {
  readonly mode: Mode;
  readonly condition: number | null;
  readonly statement: string;
}

function readStand(): Chosen {
  const mode = MODES.find((word) => word === choiceOf("mode")) ?? "anonymous";
  const when = mode === "public" ? null : choiceOf("when");
  const condition = when === null || when === "now" ? null : Number(when);
  return { mode, condition, statement: statementField().value };
}

function arrange(letter: Letter): void {
  const { mode, condition } = readStand();
  show("when-fields", mode !== "public");
  show("when-public", mode === "public");
  show("statement-field", mode !== "anonymous");
  show("when-nearly-all", condition !== null && condition > NEARLY_ALL * letter.headcount.n);
  const crowd = Math.min(letter.headcount.n, condition ?? letter.headcount.n);
  show("when-small", mode === "anonymous" && crowd < 3 * SMALL_CROWD);
  show("sealed-small", mode === "sealed" && condition !== null && condition < SMALL_CROWD);
  const length = lengthOf(statementField().value);
  fill(part("statement-field"), { length: formatNumber(length) });
  part("statement-count").dataset["over"] = String(length > LONGEST_STATEMENT);
}
