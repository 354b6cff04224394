/**
 * What the scripts of the pages do to a page: find, show, fill. The page holds every sentence, in the
 * reader's language; a script only chooses among them and fills their slots, as text and never as
 * markup.
 */

/** Return the element with this id. A page without it is broken: Error. */
export function element<T extends HTMLElement>(id: string, kind: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no #${id}.`);
  return found;
}

/** Return the section, form or paragraph with this id. */
export function part(id: string): HTMLElement {
  return element(id, HTMLElement);
}

/** Return the field with this id. */
export function field(id: string): HTMLInputElement {
  return element(id, HTMLInputElement);
}

/** Return the button with this id. */
export function button(id: string): HTMLButtonElement {
  return element(id, HTMLButtonElement);
}

/** Return the first match within an element. A page without it is broken: Error. */
export function within(root: ParentNode, selector: string): HTMLElement {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`The page has no ${selector}.`);
  return found;
}

/** Show or hide an element, if the page has it. */
export function show(id: string, isShown: boolean): void {
  const found = document.getElementById(id);
  if (found !== null) found.hidden = !isShown;
}

/** Write texts into the slots of an element: `data-slot` names them; a slot may be there twice. */
export function fill(root: ParentNode, texts: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(texts)) {
    for (const slot of root.querySelectorAll(`[data-slot="${name}"]`)) slot.textContent = text;
  }
}

/** Return the text of an element or template, without the white space of its markup. */
export function textOf(node: Node): string {
  return (node.textContent ?? "").replace(/\s+/g, " ").trim();
}

/** Return the text of a sentence that the page keeps for its script, or null. */
export function findSentence(kind: "error" | "text", name: string): string | null {
  const kept = [...document.querySelectorAll(`template[data-${kind}]`)].find(
    (template) => template.getAttribute(`data-${kind}`) === name,
  );
  return kept instanceof HTMLTemplateElement ? textOf(kept.content) : null;
}

/** Return the text of a sentence of the page. A page without it is broken: Error. */
export function sentence(name: string): string {
  const text = findSentence("text", name);
  if (text === null) throw new Error(`The page has no sentence ${name}.`);
  return text;
}

/** Return the value of the checked radio button of this name, or null. */
export function choiceOf(name: string): string | null {
  const found = document.querySelector(`input[name="${name}"]:checked`);
  return found instanceof HTMLInputElement ? found.value : null;
}

/** Check the radio button of this name and value, if the page has it. */
export function choose(name: string, value: string | null): void {
  for (const radio of document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) {
    if (radio.value === value) radio.checked = true;
  }
}

/** Return an element with a text and nothing else. */
export function textElement(tag: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function locale(): string {
  return document.querySelector<HTMLElement>("[data-locale]")?.dataset["locale"] ?? "en-GB";
}

/** Write a number as the readers of the page do. */
export function formatNumber(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

/** Write a part of a whole in percent, as the server does; 100 % only if it is all of it. */
export function formatShare(part: number, whole: number): string {
  const perMille = Math.floor((part * 2000 + whole) / (2 * whole));
  const share = (part < whole ? Math.min(perMille, 999) : perMille) / 1000;
  const style = { style: "percent", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(locale(), style).format(share);
}

/** Write a time (UTC seconds) in the reader's own zone, which is named. */
export function formatTime(at: number): string {
  const style = {
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  } as const;
  return new Intl.DateTimeFormat(locale(), style).format(new Date(1000 * at));
}

/** Write a time (UTC seconds) in UTC, as the tables and drawings of the server have it. */
export function formatMoment(at: number): string {
  const style = {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: "UTC",
    timeZoneName: "short",
  } as const;
  return new Intl.DateTimeFormat(locale(), style).format(new Date(1000 * at));
}
