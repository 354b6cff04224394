/** The step of membership: a code on paper or by mail, and the name that the issuer is to attest. */

import { formatBase64url } from "./bytes.ts";
import { button, choiceOf, choose, field, fill, part, show } from "./dom.ts";
import { type Asked, canonicalAddress, parseInviteCode, type Proof } from "./enrolment.ts";
import { Refused } from "./errors.ts";
import { initialsOf, LONGEST_NAME, type ShownAs } from "./name.ts";
import { countCharacters } from "./shape.ts";
import { enrol } from "./signing.ts";
import { attemptOf, goTo, type SigningPage } from "./signing-page.ts";
import { checkFields, during, FieldProblem } from "./telling.ts";

/** What the issuer attests for those who will show no name, on a roll that has none. */
const NOBODY = "anonymous";

/** Let the step work. */
export function prepareProve(page: SigningPage): void {
  const step = page.steps.section("prove");
  const form = part("prove-form");
  if (page.draft.choices.enrolment !== null) choose("method", "email");
  form.addEventListener("input", () => arrange(page));
  arrange(page);

  document.getElementById("mail-send")?.addEventListener("click", () => {
    void during(step, button("mail-send"), () => sendCode(page));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isMail() && page.draft.choices.enrolment === null) {
      void during(step, button("mail-send"), () => sendCode(page));
    } else {
      void during(step, button("prove"), () => prove(page, readAsked(page)));
    }
  });
}

/** Send the last request again: its answer may have been lost. */
export async function proveAgain(page: SigningPage): Promise<void> {
  page.steps.open("prove");
  await during(page.steps.section("prove"), button("prove"), () => prove(page));
}

async function prove(page: SigningPage, asked?: Asked): Promise<void> {
  const attempt = attemptOf(page);
  await page.draft.change({ isRefused: false });
  try {
    await enrol(page.api, attempt, asked);
  } catch (error) {
    if (error instanceof Refused) await page.draft.change({ isRefused: true });
    throw fieldOf(error);
  }
  for (const id of ["invite", "mail-code", "mail"]) {
    const typed = document.getElementById(id);
    if (typed instanceof HTMLInputElement) typed.value = "";
  }
  await goTo(page, "stand");
}

/** Say next to the field what the issuer says of it. */
function fieldOf(error: unknown): unknown {
  if (!(error instanceof Refused)) return error;
  if (error.code === "proof-rejected") {
    return new FieldProblem(field(isMail() ? "mail-code" : "invite"), error.code);
  }
  if (error.code === "format-error" && choiceOf("shown") === "initials") {
    return new FieldProblem(field("name"), "name-not-on-roll");
  }
  return error;
}

async function sendCode(page: SigningPage): Promise<void> {
  const address = field("mail");
  checkFields([isAddress(address.value) ? null : new FieldProblem(address, "not-an-address")]);
  const enrolment = await page.api.askForCode(page.view.letter, address.value);
  await page.draft.change({ enrolment: formatBase64url(enrolment) });
  arrange(page);
  show("mail-sent", true);
  field("mail-code").focus();
}

function isAddress(typed: string): boolean {
  try {
    return canonicalAddress(typed) !== "";
  } catch {
    return false;
  }
}

function isMail(): boolean {
  const { method } = part("prove-form").dataset;
  return (choiceOf("method") ?? method) === "email";
}

/** Show what goes with the choices, and what the name will look like. */
function arrange(page: SigningPage): void {
  const canCheck = !isMail() || page.draft.choices.enrolment !== null;
  show("by-invite", !isMail());
  show("by-mail", isMail());
  show("mail-typed", page.draft.choices.enrolment !== null);
  const shown = choiceOf("shown");
  show("name-fields", shown === "initials" || shown === "own");
  button("prove").disabled = !canCheck;
  const { name, role } = previewOf(shown);
  show("name-preview", name !== "");
  fill(part("prove-form"), { preview: role === "" ? name : `${name}, ${role}` });
}

function previewOf(shown: string | null): { name: string; role: string } {
  const role = shown === "initials" || shown === "own" ? typedIn("role") : "";
  if (shown === "initials") return { name: initialsOf(typedIn("name")), role };
  return { name: shown === "own" ? typedIn("name") : "", role };
}

function typedIn(id: string): string {
  return field(id).value.normalize("NFC").trim();
}

function readAsked(page: SigningPage): Asked {
  const shown = choiceOf("shown");
  const isTyped = shown === "initials" || shown === "own";
  checkFields([codeProblem(page), isTyped ? nameProblem() : null, isTyped ? roleProblem() : null]);
  return { proof: readProof(page), shown_as: readShown(shown) };
}

function readProof(page: SigningPage): Proof {
  const { enrolment } = page.draft.choices;
  if (isMail() && enrolment !== null) {
    return { method: "email", enrolment, code: typedIn("mail-code") };
  }
  return { method: "invite", code: parseInviteCode(field("invite").value) };
}

function readShown(shown: string | null): ShownAs | null {
  const { name, role } = previewOf(shown);
  switch (shown) {
    case "initials":
    case "own":
      return { name, role: role === "" ? null : role };
    case "nobody":
      return { name: NOBODY, role: null };
    case "no-role":
      return { name: null, role: null };
    default:
      return null;
  }
}

function codeProblem(page: SigningPage): FieldProblem | null {
  if (isMail()) {
    const code = field("mail-code");
    const isThere = page.draft.choices.enrolment !== null && code.value.trim() !== "";
    return isThere ? null : new FieldProblem(code, "code-missing");
  }
  const invite = field("invite");
  if (invite.value.trim() === "") return new FieldProblem(invite, "code-missing");
  try {
    parseInviteCode(invite.value);
    return null;
  } catch {
    return new FieldProblem(invite, "not-an-invite");
  }
}

function nameProblem(): FieldProblem | null {
  return typedIn("name") === "" ? new FieldProblem(field("name"), "name-missing") : lengthProblem("name");
}

function roleProblem(): FieldProblem | null {
  return lengthProblem("role");
}

function lengthProblem(id: string): FieldProblem | null {
  const isLong = countCharacters(typedIn(id)) > LONGEST_NAME;
  return isLong ? new FieldProblem(field(id), "name-too-long") : null;
}
