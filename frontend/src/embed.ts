/**
 * `<undersigned-letter src="https://site/letters/name" theme="auto|light|dark" show="title,count,bar,button"
 * lang="en">`: a letter's count within another page. What stands between its tags is shown until the site
 * has answered, and if it never does.
 *
 * The element takes only its attributes from the page around it and only words and numbers from the site:
 * it asks one address, which it makes itself, without cookies, and leads to no other than `src`.
 */

import styles from "../../src/undersigned/web/static/embed.css";
import { addressesOf, type Part, partsOf, themeOf } from "./embed-attributes.ts";
import { type Embedded, follow, showEmbedded } from "./embed-show.ts";

const SVG = "http://www.w3.org/2000/svg";

function make(tag: string, name: string, ...within: readonly (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  made.append(...within);
  return made;
}

/** Return an element whose text is kept fresh. */
function slot(tag: string, word: string, name = ""): HTMLElement {
  const made = make(tag, name);
  made.dataset["us"] = word;
  return made;
}

function link(page: string, word: string, name = ""): HTMLElement {
  const made = slot("a", word, name);
  made.setAttribute("href", page);
  made.setAttribute("target", "_blank");
  made.setAttribute("rel", "noopener");
  return made;
}

function makeBar(shown: Embedded): SVGElement {
  const bar = document.createElementNS(SVG, "svg");
  bar.setAttribute("class", "us-bar");
  bar.setAttribute("preserveAspectRatio", "none");
  bar.setAttribute("aria-hidden", "true");
  for (const name of ["standing", "waiting"]) {
    const part = document.createElementNS(SVG, "rect");
    part.setAttribute("class", `us-${name}`);
    part.setAttribute("height", "1");
    part.setAttribute("data-us-bar", name);
    bar.append(part);
  }
  if (shown.rule <= shown.headcount) {
    const rule = document.createElementNS(SVG, "line");
    rule.setAttribute("class", "us-rule");
    for (const [name, value] of [["x1", shown.rule], ["x2", shown.rule], ["y1", 0], ["y2", 1]] as const) {
      rule.setAttribute(name, String(value));
    }
    bar.append(rule);
  }
  return bar;
}

function makeFigure(): HTMLElement {
  const figure = make("p", "us-figure", slot("strong", "figure"), " ", slot("span", "part"));
  figure.setAttribute("role", "status");
  figure.setAttribute("aria-atomic", "true");
  return figure;
}

/** Make the same as `templates/embed.html`. */
function makeLetter(shown: Embedded, page: string, theme: string, parts: readonly Part[]): HTMLElement {
  const root = make("div", "us");
  root.dataset["theme"] = theme;
  root.lang = shown.lang;
  const title = make("p", parts.includes("title") ? "us-title" : "us-hidden", shown.title);
  title.lang = shown.titleLang;
  title.dir = "auto";
  root.append(make("p", "us-eyebrow", slot("span", "eyebrow"), " ", slot("span", "state", "us-state")), title);
  if (parts.includes("count")) root.append(makeFigure());
  if (parts.includes("bar")) root.append(makeBar(shown));
  if (parts.includes("count")) root.append(slot("p", "waiting", "us-waiting-words"));
  if (parts.includes("button")) root.append(make("p", "us-buttons", link(page, "action", "us-button")));
  root.append(make("p", "us-at", slot("span", "as_of"), " · ", link(`${page}#check`, "checkable")));
  return root;
}

class UndersignedLetter extends HTMLElement {
  static readonly observedAttributes = ["src", "theme", "show", "lang"];

  readonly #root = this.attachShadow({ mode: "closed" });
  #following: AbortController | null = null;

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`:host { display: block; }\n:host([hidden]) { display: none; }\n${styles}`);
    this.#root.adoptedStyleSheets = [sheet];
  }

  connectedCallback(): void {
    this.#start();
  }

  disconnectedCallback(): void {
    this.#stop();
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#start();
  }

  /** Show what stands between the tags, and ask for what takes its place. */
  #start(): void {
    this.#stop();
    this.#root.replaceChildren(document.createElement("slot"));
    const addresses = addressesOf(this.getAttribute("src"), this.getAttribute("lang"));
    if (addresses === null) return;
    const theme = themeOf(this.getAttribute("theme"));
    const parts = partsOf(this.getAttribute("show"));
    this.#following = new AbortController();
    let letter: HTMLElement | null = null;
    follow(addresses.data, this.#following.signal, (shown) => {
      if (letter === null) {
        letter = makeLetter(shown, addresses.page, theme, parts);
        this.#root.replaceChildren(letter);
      }
      showEmbedded(letter, shown);
    });
  }

  #stop(): void {
    this.#following?.abort();
    this.#following = null;
  }
}

if (customElements.get("undersigned-letter") === undefined) {
  customElements.define("undersigned-letter", UndersignedLetter);
}
