/**
 * The sign page: one page, six steps, and a way to go on with what was begun. The letter is read from
 * the site and verified before anything else; the text above is the server's.
 */

import { Api } from "./api.ts";
import { Attempt } from "./attempt.ts";
import { button, element, fill, part, show } from "./dom.ts";
import { Draft } from "./draft.ts";
import { takeInvite } from "./invite.ts";
import { nameOf } from "./letter.ts";
import { memoryStore, openStore, type Store } from "./store.ts";
import { prepareFile } from "./sign-file.ts";
import { parseReturned, type Returned } from "./sign-on.ts";
import { prepareProve, proveAgain, proveByReturn } from "./sign-prove.ts";
import { openReview, prepareReview, send, showProposed } from "./sign-review.ts";
import { prepareStand } from "./sign-stand.ts";
import { openWords, prepareWords } from "./sign-words.ts";
import { attemptOf, goTo, type SigningPage } from "./signing-page.ts";
import { focusHeading, Steps } from "./steps.ts";
import { during, TELLING } from "./telling.ts";

async function main(): Promise<void> {
  const root = part("signing");
  // At once: whatever else happens, the code of a card does not stay in the address.
  takeInvite(window);
  show("plain", false);
  if (!isSecureContext || crypto.subtle === undefined) {
    show("insecure", true);
    return;
  }
  show("loading", true);
  const returned = parseReturned(location.hash);
  let signedOn: SigningPage | null = null;
  const done = await during(root, button("load-again"), async () => {
    signedOn = await load(root, returned);
  });
  show("loading", !done);
  show("load-again", !done);
  if (signedOn !== null && returned !== null) await proveByReturn(signedOn, returned);
}

/**
 * Read the letter, and find what was begun. Returns the page if its member comes back from the provider
 * that this browser sent them to.
 */
async function load(root: HTMLElement, returned: Returned | null): Promise<SigningPage | null> {
  const api = new Api("", TELLING);
  const site = await api.site();
  const view = await api.letter(root.dataset["letter"] ?? "", site);
  const store = await storeOf();
  const draft = await Draft.open(store, view.letter);
  const attempt = await Attempt.resume(site, view.letter, store);
  const steps = new Steps(root);
  const page: SigningPage = { api, site, view, store, draft, steps, attempt };
  prepare(page);
  document.documentElement.classList.add("runs");
  const takes = root.dataset["takes"] === "true";
  show("steps", takes || attempt !== null);
  const { login } = draft.choices;
  if (attempt?.state.state === "blinded" && login !== null && returned?.state === login.state) {
    if (login.search !== location.search) {
      // The page that was left was in another language: this one is loaded again in that.
      location.replace(location.pathname + login.search + location.hash);
      return new Promise(() => undefined);
    }
    // The code does not stay in the history of this window.
    history.replaceState(null, "", location.pathname + location.search);
    return page;
  }
  if (returned !== null) show("login-elsewhere", true);
  if (attempt !== null) offerToContinue(page);
  else if (takes) steps.open("read", false);
  return null;
}

async function storeOf(): Promise<Store> {
  try {
    return await openStore();
  } catch {
    show("keeps-nothing", true);
    return memoryStore();
  }
}

function prepare(page: SigningPage): void {
  prepareFile(page);
  prepareWords(page);
  prepareProve(page);
  prepareStand(page);
  prepareReview(page);
  fill(document, { letter: nameOf(page.view.letter) });
  button("read-again").addEventListener("click", () => {
    const isShown = part("read").hidden !== false;
    show("read", isShown);
    show("read-next", false);
    button("read-again").setAttribute("aria-expanded", String(isShown));
  });
  button("read-done").addEventListener("click", () => {
    void during(page.steps.section("read"), button("read-done"), async () => {
      await openWords(page);
    });
  });
}

/** Say what is under way, and let the member go on or begin anew. */
function offerToContinue(page: SigningPage): void {
  const { state } = attemptOf(page);
  const banner = part("under-way");
  const isAsked = state.state !== "blinded" || state.asked !== null;
  const kind = state.state === "chosen" ? "sent" : isAsked ? "asked" : "begun";
  for (const place of document.querySelectorAll<HTMLElement>("[data-under-way]")) {
    place.hidden = place.dataset["underWay"] !== kind;
  }
  page.steps.open("read", false);
  show("step-read", false);
  for (const step of ["words", "prove", "stand", "review"]) show(`step-${step}`, false);
  show("under-way", true);
  focusHeading(banner);
  button("continue").addEventListener("click", () => {
    show("under-way", false);
    for (const step of ["read", "words", "prove", "stand", "review"]) show(`step-${step}`, true);
    void during(banner, button("continue"), async () => undefined).then(() => goOn(page));
  });
  const dialog = element("start-over", HTMLDialogElement);
  button("start-over-ask").addEventListener("click", () => dialog.showModal());
  button("start-over-no").addEventListener("click", () => dialog.close());
  button("start-over-yes").addEventListener("click", () => {
    void during(banner, button("start-over-yes"), async () => {
      await page.draft.wipe();
      await attemptOf(page).wipe();
      location.reload();
    });
  });
}

/** Go on where the attempt was left. */
async function goOn(page: SigningPage): Promise<void> {
  const { state } = attemptOf(page);
  const { choices } = page.draft;
  switch (state.state) {
    case "blinded":
      if (!choices.isKept) await openWords(page);
      else if (state.asked !== null && !choices.isRefused) await proveAgain(page);
      else await goTo(page, "prove");
      return;
    case "held":
      await goTo(page, "stand");
      if (choices.step === "review") await openReview(page);
      return;
    case "chosen":
      showProposed(page, state);
      page.steps.open("review");
      await send(page);
  }
}

button("load-again").addEventListener("click", () => void main());
void main();
