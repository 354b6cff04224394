/** The step of membership: a code on paper or by mail, and the name that the issuer is to attest. */

import { Api } from "./api.ts";
import { formatBase64url } from "./bytes.ts";
import { button, choiceOf, choose, element, field, fill, part, show } from "./dom.ts";
import { type Asked, canonicalAddress, parseInviteCode, type Proof } from "./enrolment.ts";
import { Refused } from "./errors.ts";
import { forgetInvite, takeInvite } from "./invite.ts";
import { initialsOf, LONGEST_NAME, type ShownAs } from "./name.ts";
import { countCharacters } from "./shape.ts";
import { addressOf, beginLogin, proofOf, type Returned } from "./sign-on.ts";
import { enrol } from "./signing.ts";
import { attemptOf, goTo, type SigningPage } from "./signing-page.ts";
import { checkFields, during, FieldProblem, QUIET } from "./telling.ts";
import { type Pace, STEADY } from "./work.ts";

/** What the issuer attests for those who will show no name, on a roll that has none. */
const NOBODY = "anonymous";

/** Let the step work. */
export function prepareProve(page: SigningPage): void {
  const step = page.steps.section("prove");
  const form = part("prove-form");
  if (page.draft.choices.enrolment !== null) choose("method", "email");
  if (page.draft.choices.login !== null) choose("method", "openid");
  form.addEventListener("input", () => arrange(page));
  takeCard(page);
  // Another card that is scanned while this page is open changes only what stands behind the `#`.
  window.addEventListener("hashchange", () => takeCard(page));
  const box = document.getElementById("notify");
  if (box instanceof HTMLInputElement) {
    box.checked = page.draft.choices.notify;
    // Kept at once: whoever signs on with a provider leaves this page.
    box.addEventListener("change", () => {
      void during(step, button("prove"), () => page.draft.change({ notify: box.checked }));
    });
  }
  arrange(page);
  if (document.getElementById("by-openid") !== null) void nameProvider(page);

  document.getElementById("mail-send")?.addEventListener("click", () => {
    void during(step, button("mail-send"), () => sendCode(page));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (methodNow() === "openid") {
      void during(step, button("prove"), () => leaveToSignOn(page));
    } else if (isMail() && page.draft.choices.enrolment === null) {
      void during(step, button("mail-send"), () => sendCode(page));
    } else {
      void during(step, button("prove"), () => prove(page, readAsked(page)));
    }
  });
}

/** Fill in the code of the card that the page was opened with. It is sent when the member says so. */
function takeCard(page: SigningPage): void {
  const code = takeInvite(window);
  if (code === null) return;
  const typed = document.getElementById("invite");
  if (!(typed instanceof HTMLInputElement)) {
    // This letter takes no codes: the card is another one's, and is not kept.
    forgetInvite(window);
    return;
  }
  typed.value = code;
  choose("method", "invite");
  arrange(page);
}

/** Go on with a sign-on: what the provider said is in the page's address. */
export async function proveByReturn(page: SigningPage, returned: Returned): Promise<void> {
  choose("method", "openid");
  arrange(page);
  page.steps.open("prove");
  await during(page.steps.section("prove"), button("prove"), async () => {
    const { login } = page.draft.choices;
    const proof = proofOf(login, returned);
    await prove(page, { proof, shown_as: login?.shownAs ?? null });
  });
}

/** Say who the provider is; without an answer the page says so when the member wants to go there. */
async function nameProvider({ view }: SigningPage): Promise<void> {
  try {
    const { name, endpoint } = await new Api("", QUIET).signOn(view.letter);
    fill(part("by-openid"), { provider: name, host: new URL(endpoint).host });
    show("provider", true);
  } catch {
    show("provider", false);
  }
}

/** Keep what the sign-on needs, then leave the page for the provider's. */
async function leaveToSignOn(page: SigningPage): Promise<void> {
  const shownAs = readShownChecked();
  const terms = await page.api.signOn(page.view.letter);
  const login = beginLogin(terms, shownAs, location.search);
  await page.draft.change({ login });
  location.assign(addressOf(terms, login));
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
    const notify = page.draft.choices.notify ? document.documentElement.lang : null;
    await enrol(page.api, attempt, asked, notify);
  } catch (error) {
    if (error instanceof Refused) await page.draft.change({ isRefused: true });
    throw fieldOf(error);
  }
  for (const id of ["invite", "mail-code", "mail"]) {
    const typed = document.getElementById(id);
    if (typed instanceof HTMLInputElement) typed.value = "";
  }
  forgetInvite(window);
  await goTo(page, "stand");
}

/** Say next to the field what the issuer says of it. */
function fieldOf(error: unknown): unknown {
  if (!(error instanceof Refused)) return error;
  if (error.code === "proof-rejected" && methodNow() !== "openid") {
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
  const enrolment = await withProgress((pace) =>
    page.api.askForCode(page.view.letter, address.value, pace),
  );
  await page.draft.change({ enrolment: formatBase64url(enrolment) });
  arrange(page);
  show("mail-sent", true);
  field("mail-code").focus();
}

/** Show how far the work is that goes before a mail. */
async function withProgress<T>(work: (pace: Pace) => Promise<T>): Promise<T> {
  const bar = element("mail-progress", HTMLProgressElement);
  bar.value = 0;
  show("mail-work", true);
  try {
    return await work({ ...STEADY, tell: (share) => (bar.value = share) });
  } finally {
    show("mail-work", false);
  }
}

function isAddress(typed: string): boolean {
  try {
    return canonicalAddress(typed) !== "";
  } catch {
    return false;
  }
}

function isMail(): boolean {
  return methodNow() === "email";
}

/** Return the way that is chosen, or the only one that the letter takes. */
function methodNow(): string | undefined {
  return choiceOf("method") ?? part("prove-form").dataset["method"];
}

/** Show what goes with the choices, and what the name will look like. */
function arrange(page: SigningPage): void {
  const canCheck = !isMail() || page.draft.choices.enrolment !== null;
  show("by-invite", methodNow() === "invite");
  show("by-openid", methodNow() === "openid");
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
  const shown = readShownChecked(codeProblem(page));
  return { proof: readProof(page), shown_as: shown };
}

/** Read how the name is to be written. Throws FieldProblem, for that of another field as well. */
function readShownChecked(other: FieldProblem | null = null): ShownAs | null {
  const shown = choiceOf("shown");
  const isTyped = shown === "initials" || shown === "own";
  checkFields([other, isTyped ? nameProblem() : null, isTyped ? roleProblem() : null]);
  return readShown(shown);
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
