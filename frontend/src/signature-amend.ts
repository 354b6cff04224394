/**
 * The part of one's own signature in which it is amended: its mode, its condition, its name. With the
 * words alone a name can only be kept as it is, or given up.
 */

import { type Amendment, amend, type Mine } from "./amending.ts";
import type { Api } from "./api.ts";
import { type Mode, MODES } from "./body.ts";
import { parseBase64url } from "./bytes.ts";
import { button, element, fill, formatNumber, formatTime, part, show } from "./dom.ts";
import { Refused } from "./errors.ts";
import type { Trace } from "./log.ts";
import { type Attestation, LONGEST_STATEMENT } from "./name.ts";
import { MOST_AMENDMENTS } from "./record.ts";
import { checkStatement, lengthOf, statementOf } from "./statement.ts";
import { focusHeading } from "./steps.ts";
import { checkFields, during, FieldProblem } from "./telling.ts";

/** A signature that was found in the log; `attestation` is the receipt's, if there is one. */
export interface Amendable {
  readonly api: Api;
  readonly mine: Mine;
  readonly trace: Trace;
  readonly attestation: Attestation | null;
}

const SENTENCES: Readonly<Record<string, string>> = {
  "letter-not-open": "no-changes-now",
  // The site was given a name without its blob: an earlier change of it waits for the log.
  "format-error": "change-waits",
};

let found: Amendable | null = null;

/** Let the part work. */
export function prepareAmend(): void {
  const dialog = element("amend-dialog", HTMLDialogElement);
  part("amend-form").addEventListener("input", arrange);
  part("amend-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void during(part("found"), button("amend"), async () => {
      check(readWish());
      showSummary(readWish());
      dialog.showModal();
    });
  });
  button("amend-no").addEventListener("click", () => dialog.close());
  button("amend-yes").addEventListener("click", () => {
    dialog.close();
    void during(part("found"), button("amend"), send);
  });
}

/** Offer what can be changed of a signature, or nothing. */
export function offerAmend(amendable: Amendable | null): void {
  found = amendable;
  show("amend-done", false);
  const left = MOST_AMENDMENTS - (amendable?.trace.amended ?? 0);
  show("amend-offer", amendable !== null && left > 0);
  show("amend-used-up", amendable !== null && left === 0);
  if (amendable === null) return;
  const { trace, attestation } = amendable;
  for (const option of modeField().options) {
    const isPossible =
      attestation !== null || option.value === trace.mode || option.value === "anonymous";
    option.hidden = option.disabled = !isPossible;
  }
  modeField().value = trace.mode;
  if (whenField() !== null) setWhen(trace.condition);
  anewField().checked = false;
  statementField().value = "";
  show("amend-words-only", attestation === null);
  fill(part("amend-offer"), { left: formatNumber(left) });
  arrange();
}

function modeField(): HTMLSelectElement {
  return element("amend-mode", HTMLSelectElement);
}

/** A letter that offers no conditions has no such field. */
function whenField(): HTMLSelectElement | null {
  const field = document.getElementById("amend-when");
  return field instanceof HTMLSelectElement ? field : null;
}

function anewField(): HTMLInputElement {
  return element("amend-anew", HTMLInputElement);
}

function statementField(): HTMLTextAreaElement {
  return element("amend-statement", HTMLTextAreaElement);
}

function setWhen(condition: number | null): void {
  const field = whenField();
  if (field !== null) field.value = condition === null ? "now" : String(condition);
}

interface Wish {
  readonly mode: Mode;
  readonly condition: number | null;
  /** Whether the name is written anew. */
  readonly isAnew: boolean;
}

function readWish(): Wish {
  const mode = MODES.find((word) => word === modeField().value) ?? "anonymous";
  const when = mode === "public" ? "now" : (whenField()?.value ?? "now");
  const isNamed = mode !== "anonymous";
  const isAnew = isNamed && (mode !== found?.trace.mode || anewField().checked);
  return { mode, condition: when === "now" ? null : Number(when), isAnew };
}

function arrange(): void {
  const { mode, isAnew } = readWish();
  const isSame = mode === found?.trace.mode;
  show("amend-when-field", mode !== "public");
  show("amend-anew-field", isSame && mode !== "anonymous" && found?.attestation !== null);
  show("amend-statement-field", isAnew);
  show("amend-to-public", mode === "public" && !isSame);
  show("amend-from-public", found?.trace.mode === "public" && !isSame);
  const length = lengthOf(statementField().value);
  fill(part("amend-statement-field"), { length: formatNumber(length) });
  part("amend-statement-count").dataset["over"] = String(length > LONGEST_STATEMENT);
}

/** Check what was chosen. Throws FieldProblem, at the field that is wrong. */
function check({ mode, condition, isAnew }: Wish): void {
  if (isAnew) checkStatement(statementField());
  const isSame = mode === found?.trace.mode && condition === found.trace.condition && !isAnew;
  checkFields([isSame ? new FieldProblem(modeField(), "nothing-changed") : null]);
}

function showSummary({ mode, condition, isAnew }: Wish): void {
  const dialog = part("amend-dialog");
  for (const place of dialog.querySelectorAll<HTMLElement>("[data-to-mode]")) {
    place.hidden = place.dataset["toMode"] !== mode;
  }
  for (const place of dialog.querySelectorAll<HTMLElement>("[data-to-when]")) {
    place.hidden = (place.dataset["toWhen"] === "now") !== (condition === null);
  }
  show("amend-to-name", isAnew);
  fill(dialog, { condition: formatNumber(condition ?? 0) });
}

async function send(): Promise<void> {
  if (found === null) return;
  const { api, mine } = found;
  try {
    const { by } = await amend(api, mine, amendmentOf(found, readWish()));
    offerAmend(null);
    fill(part("amend-done"), { by: formatTime(by) });
    show("amend-done", true);
    focusHeading(part("found"));
  } catch (error) {
    const code = error instanceof Refused ? SENTENCES[error.code] : undefined;
    throw code === undefined ? error : new Refused(code, "The site takes no such amendment now.");
  }
}

function amendmentOf({ trace, attestation }: Amendable, wish: Wish): Amendment {
  const { mode, condition, isAnew } = wish;
  if (isAnew) {
    return { mode, condition, attestation, statement: statementOf(statementField().value) };
  }
  const kept = mode === "anonymous" || trace.name === null ? null : parseBase64url(trace.name);
  return { mode, condition, attestation: null, statement: null, kept };
}
