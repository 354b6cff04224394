/**
 * A page of a draft that saves itself. What is typed goes into the session's own store of this tab at
 * once, and to the desk as soon as nobody types for a moment; until the desk has answered, the tab keeps
 * it, through a lost connection, an ended session and a page that was closed and opened again.
 *
 * The desk answers with a small document of which the page takes over what it shows: what is wrong with a
 * field, how a field was understood, advice, the preview. It is parsed as a document, never as a string.
 */

import { element, part, sentence } from "./dom.ts";

/** Milliseconds after the last key until the page is saved. */
const IDLE = 900;

/** Milliseconds until it is tried again where there is no connection: more each time. */
const RETRIES = [2_000, 5_000, 15_000, 30_000];

const TROUBLES = ["changed", "offline", "signed-out", "refused"] as const;
type Trouble = (typeof TROUBLES)[number];

/** What a tab keeps: what was typed, and the version of the page that it was typed into. */
interface Kept {
  readonly seen: string;
  readonly typed: readonly (readonly [string, string])[];
}

const form = element("draft", HTMLFormElement);
const key = `undersigned-draft:${location.pathname}`;

let saved = snapshot();
let timer: ReturnType<typeof setTimeout> | undefined;
let isSaving = false;
let isLeaving = false;
let pressed: HTMLElement | null = null;
let retries = 0;

/** Return what stands in the form, besides what belongs to the form itself. */
function typed(): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (const [name, value] of new FormData(form)) {
    if (name !== "csrf" && name !== "seen" && typeof value === "string") pairs.push([name, value]);
  }
  return pairs;
}

function snapshot(): string {
  return JSON.stringify(typed());
}

function seenField(): HTMLInputElement {
  const found = form.elements.namedItem("seen");
  if (!(found instanceof HTMLInputElement)) throw new Error("The page has no field seen.");
  return found;
}

// --- what the tab keeps

function keep(): void {
  const kept: Kept = { seen: seenField().value, typed: typed() };
  try {
    sessionStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // A window that keeps nothing: the page itself still has it, and asks before it is left.
  }
}

function forget(): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // It kept nothing.
  }
}

function findKept(): Kept | null {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(key) ?? "null");
    return isKept(value) ? value : null;
  } catch {
    return null;
  }
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== "object" || value === null || !("seen" in value) || !("typed" in value)) {
    return false;
  }
  const { seen, typed: pairs } = value;
  return (
    typeof seen === "string" &&
    Array.isArray(pairs) &&
    pairs.every((pair) => Array.isArray(pair) && pair.every((text) => typeof text === "string"))
  );
}

/** Put back what a page held that was left before the desk had it. */
function putBack(): void {
  const kept = findKept();
  if (kept === null) return;
  const before = snapshot();
  const wanted = new Map(kept.typed);
  for (const field of form.elements) {
    if (field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)) {
      field.checked = wanted.get(field.name) === field.value;
    } else if (isText(field) && wanted.has(field.name)) {
      field.value = wanted.get(field.name) ?? "";
    }
  }
  if (snapshot() === before) {
    forget();
    return;
  }
  // Typed into this version: whoever saves now says so, and is shown both if it is another by now.
  seenField().value = kept.seen;
  tell("put-back");
  change();
}

function isText(field: Element): field is HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement {
  if (field instanceof HTMLInputElement) return field.type !== "hidden";
  return field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement;
}

// --- saving

function change(): void {
  keep();
  clearTimeout(timer);
  timer = setTimeout(save, IDLE);
}

function save(): void {
  clearTimeout(timer);
  const content = snapshot();
  if (content === saved) {
    forget();
    return;
  }
  if (isSaving) return;
  isSaving = true;
  tell("saving");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.responseType = "document";
  request.timeout = 20_000;
  request.setRequestHeader("Undersigned-Autosave", "1");
  request.onload = () => answered(request, content);
  request.onerror = request.ontimeout = () => failed();
  request.send(new FormData(form));
}

function answered(request: XMLHttpRequest, content: string): void {
  isSaving = false;
  const answer = request.status === 200 ? request.responseXML : null;
  const seen = answer?.body?.dataset["seen"];
  if (answer == null || seen === undefined) {
    tell("unsaved");
    if (request.status === 409) trouble("changed");
    else if (request.status === 401 || request.status === 403) trouble("signed-out");
    else if (request.status >= 500) failed();
    else trouble("refused");
    goOn();
    return;
  }
  retries = 0;
  saved = content;
  seenField().value = seen;
  trouble(null);
  takeOver(answer);
  if (snapshot() === saved) forget();
  else change();
  goOn();
}

/** Do what a button says that was pressed while the page was being saved. */
function goOn(): void {
  const button = pressed;
  pressed = null;
  if (button !== null) form.requestSubmit(button);
}

function failed(): void {
  isSaving = false;
  tell("unsaved");
  trouble("offline");
  const wait = RETRIES[Math.min(retries, RETRIES.length - 1)];
  retries += 1;
  clearTimeout(timer);
  timer = setTimeout(save, wait);
  goOn();
}

// --- what the page shows

function tell(name: string): void {
  part("saved").textContent = sentence(name);
}

function trouble(which: Trouble | null): void {
  part("trouble").hidden = which === null;
  for (const line of part("trouble").querySelectorAll<HTMLElement>("[data-trouble]")) {
    line.hidden = line.dataset["trouble"] !== which;
  }
}

function takeOver(answer: Document): void {
  const wrong = new Map<string, string>();
  for (const line of answer.querySelectorAll<HTMLElement>("[data-problem]")) {
    wrong.set(line.dataset["problem"] ?? "", line.textContent ?? "");
  }
  for (const place of form.querySelectorAll<HTMLElement>("p.problem")) {
    const name = place.id.replace(/-error$/, "");
    const text = wrong.get(name) ?? "";
    place.hidden = text === "";
    if (place.textContent !== text) place.textContent = text;
    const field = document.getElementById(name);
    if (field === null || field instanceof HTMLFieldSetElement) continue;
    if (text === "") field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", "true");
  }
  for (const line of answer.querySelectorAll<HTMLElement>("[data-read]")) {
    const place = document.getElementById(`${line.dataset["read"] ?? ""}-read`);
    if (place !== null) place.textContent = line.textContent;
  }
  replace("saved", answer);
  replace("advice", answer);
  replace("preview", answer);
}

/** Put what the answer says of a part into it, unless it says the same. */
function replace(id: string, answer: Document): void {
  const place = document.getElementById(id);
  const source = answer.querySelector(`[data-part="${id}"]`);
  if (place === null || source === null) return;
  const fresh = place.cloneNode(false);
  for (const node of source.childNodes) fresh.appendChild(document.importNode(node, true));
  if (!fresh.isEqualNode(place)) place.replaceChildren(...fresh.childNodes);
}

// --- when

form.addEventListener("input", change);
form.addEventListener("change", change);
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  // Whatever becomes of the answer: the next page forgets it once the desk has it.
  keep();
  if (isSaving) {
    // What the button sends has to name the version that is being made just now.
    event.preventDefault();
    pressed = event.submitter;
    return;
  }
  isLeaving = true;
});
addEventListener("pageshow", () => {
  isLeaving = false;
});
addEventListener("pagehide", () => {
  if (!isLeaving && snapshot() !== saved) navigator.sendBeacon(form.action, new FormData(form));
});
addEventListener("online", save);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") save();
});
addEventListener("beforeunload", (event) => {
  if (snapshot() !== saved && findKept() === null) event.preventDefault();
});
putBack();
