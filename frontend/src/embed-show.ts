/**
 * A letter within somebody else's page: what the site tells of it is shown as text, in the elements that
 * `data-us` and `data-us-bar` name. Requests carry nothing of the page around it, and no address comes
 * from an answer: all that an answer can change is words and the length of bars.
 */

const EVERY_MS = 20_000;
const SLOWEST_MS = 300_000;
const TIMEOUT_MS = 10_000;
const LONGEST_WORDS = 500;
const MOST_COUNT = 10_000_000;

/** The words that an answer has, by name. */
export const WORDS = ["eyebrow", "figure", "part", "waiting", "state", "action", "as_of", "checkable"] as const;

export type Words = Readonly<Record<(typeof WORDS)[number], string>>;

/** What is shown of a letter. */
export interface Embedded {
  readonly title: string;
  readonly titleLang: string;
  readonly lang: string;
  readonly words: Words;
  readonly standing: number;
  readonly waiting: number;
  readonly headcount: number;
  readonly rule: number;
}

/** Ask again and again, while somebody looks, until `signal` ends it; `show` gets every good answer. */
export function follow(address: string, signal: AbortSignal, show: (shown: Embedded) => void, at = 0): void {
  let wait = EVERY_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tick = async () => {
    const shown = await findEmbedded(address, signal);
    if (signal.aborted) return;
    wait = shown === null ? Math.min(2 * wait, SLOWEST_MS) : EVERY_MS;
    if (shown !== null) show(shown);
    later(wait);
  };
  const later = (delay: number) => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(() => void tick(), delay);
  };
  document.addEventListener("visibilitychange", () => later(0), { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  later(at);
}

/** Start where the server has written the first words already. */
export function followLater(address: string, signal: AbortSignal, show: (shown: Embedded) => void): void {
  follow(address, signal, show, EVERY_MS);
}

/** Ask for the words and numbers; null if there is no good answer. */
async function findEmbedded(address: string, signal: AbortSignal): Promise<Embedded | null> {
  try {
    const response = await fetch(address, {
      credentials: "omit",
      mode: "cors",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return response.ok ? readEmbedded(await response.json()) : null;
  } catch {
    return null;
  }
}

/** Read an answer; null unless every word is a short text and every number a small one. */
export function readEmbedded(value: unknown): Embedded | null {
  if (!isRecord(value) || !isRecord(value["words"]) || !isRecord(value["counts"])) return null;
  const { words, counts } = { words: value["words"], counts: value["counts"] };
  const texts = [value["title"], value["title_lang"], value["lang"], ...WORDS.map((name) => words[name])];
  const numbers = [counts["standing"], counts["waiting"], counts["headcount"], value["rule"]];
  if (!texts.every(isText) || !numbers.every(isCount)) return null;
  const [title = "", titleLang = "", lang = "", ...said] = texts;
  const [standing = 0, waiting = 0, headcount = 0, rule = 0] = numbers;
  if (headcount < 1) return null;
  const named = Object.fromEntries(WORDS.map((name, place) => [name, said[place] ?? ""]));
  return { title, titleLang, lang, words: named as Words, standing, waiting, headcount, rule };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= LONGEST_WORDS;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MOST_COUNT;
}

/** Write words and numbers where they stand. */
export function showEmbedded(root: ParentNode, shown: Embedded): void {
  for (const name of WORDS) {
    for (const place of root.querySelectorAll(`[data-us="${name}"]`)) {
      // A text that has not changed would be read out again.
      if (place.textContent !== shown.words[name]) place.textContent = shown.words[name];
    }
  }
  for (const bar of root.querySelectorAll(".us-bar")) bar.setAttribute("viewBox", `0 0 ${shown.headcount} 1`);
  movePart(root, "standing", 0, Math.min(shown.standing, shown.headcount));
  movePart(root, "waiting", shown.standing, shown.waiting);
}

function movePart(root: ParentNode, name: string, start: number, width: number): void {
  const part = root.querySelector(`[data-us-bar="${name}"]`);
  part?.setAttribute("x", String(start));
  part?.setAttribute("width", String(width));
}
