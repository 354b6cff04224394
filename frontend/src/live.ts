/**
 * Keeps the numbers of a letter's page fresh: they are told by an event stream (`data-events`), and asked
 * for (`data-live`) where there is none. The page says which element shows which: `data-count` as text,
 * `data-count-value` as a bar, `data-bar` as a part of it; `data-share` is the sentence that says, at `{}`,
 * which part of the headcount stands. What stands is in a live region, whose text changes only when the
 * number does. Nothing is asked, and no stream held, while nobody looks.
 */

import { formatNumber, formatShare } from "./dom.ts";

const EVERY_MS = 5_000;
const SLOWEST_MS = 120_000;
const TIMEOUT_MS = 10_000;
const MOST_COUNT = 10_000_000;

/** The stream says something at once, and every 15 seconds; else it is asked, and tried again later. */
const FIRST_WORD_MS = 8_000;
const LONGEST_SILENCE_MS = 40_000;
const SILENT_MS = 60_000;
const REFUSED_MS = 300_000;

type Counts = Readonly<Record<string, number>>;

/** Keeps one place fresh: from the stream while it speaks, by asking while it does not. */
class Live {
  private readonly root: HTMLElement;
  private readonly address: string;
  private readonly events: string;
  private stream: EventSource | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private next: ReturnType<typeof setTimeout> | undefined;
  private wait = EVERY_MS;
  private listensFrom = 0;

  constructor(root: HTMLElement, address: string, events: string) {
    this.root = root;
    this.address = address;
    this.events = events;
  }

  /** Begin, or begin anew. */
  begin(): void {
    this.end();
    if (document.hidden) return;
    if (typeof EventSource === "function" && Date.now() >= this.listensFrom) this.listen();
    else void this.ask();
  }

  /** Leave the site alone. */
  end(): void {
    this.stream?.close();
    this.stream = undefined;
    clearTimeout(this.silence);
    clearTimeout(this.next);
  }

  /** Somebody is back on the network: try at once what was given up. */
  beginAtOnce(): void {
    this.wait = EVERY_MS;
    this.listensFrom = 0;
    this.begin();
  }

  private listen(): void {
    const stream = new EventSource(this.events);
    this.stream = stream;
    stream.addEventListener("counts", (event) => {
      const counts = readText(event.data);
      if (counts === null) return;
      showCounts(this.root, counts);
      this.expect(LONGEST_SILENCE_MS);
    });
    stream.addEventListener("beat", () => this.expect(LONGEST_SILENCE_MS));
    stream.addEventListener("error", () => {
      // Cut off, the browser comes back by itself; refused, it does not.
      if (stream.readyState === EventSource.CLOSED) this.giveUp(REFUSED_MS);
    });
    this.expect(FIRST_WORD_MS);
  }

  /** Something between here and the site may keep what is said: do not wait for it for ever. */
  private expect(within: number): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.giveUp(SILENT_MS), within);
  }

  private giveUp(pause: number): void {
    this.listensFrom = Date.now() + pause * (1 + Math.random());
    this.begin();
  }

  private async ask(): Promise<void> {
    const counts = await findCounts(this.address);
    this.wait = counts === null ? Math.min(2 * this.wait, SLOWEST_MS) : EVERY_MS;
    if (counts !== null) showCounts(this.root, counts);
    // While it was asked, somebody may have looked away, or come back.
    clearTimeout(this.next);
    if (document.hidden || this.stream !== undefined) return;
    this.next = setTimeout(() => this.begin(), this.wait);
  }
}

/** Start on an element that has the addresses of the counts; it is left alone if it has none. */
function start(root: HTMLElement): void {
  const { live = "", events = "" } = root.dataset;
  if (live === "" || events === "") return;
  const kept = new Live(root, live, events);
  document.addEventListener("visibilitychange", () => kept.begin());
  addEventListener("online", () => kept.beginAtOnce());
  kept.begin();
}

/** Ask for the counts; null if there is no good answer. */
async function findCounts(address: string): Promise<Counts | null> {
  try {
    const response = await fetch(address, {
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return response.ok ? readCounts(await response.json()) : null;
  } catch {
    return null;
  }
}

/** Read what the stream has said; null if it is not what was expected. */
function readText(text: unknown): Counts | null {
  try {
    return readCounts(JSON.parse(String(text)));
  } catch {
    return null;
  }
}

function readCounts(value: unknown): Counts | null {
  if (typeof value !== "object" || value === null) return null;
  const counts = Object.entries(value).filter(
    (entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && entry[1] >= 0,
  );
  const found = Object.fromEntries(counts);
  const { standing = 0, headcount = 0 } = found;
  return headcount > 0 && headcount <= MOST_COUNT && standing <= MOST_COUNT ? found : null;
}

/** Write the numbers where they stand. */
function showCounts(root: HTMLElement, counts: Counts): void {
  const { standing = 0, headcount = 1 } = counts;
  for (const shown of root.querySelectorAll<HTMLElement>("[data-count]")) {
    const count = counts[shown.dataset["count"] ?? ""];
    if (count !== undefined) write(shown, formatNumber(count));
  }
  for (const shown of root.querySelectorAll<HTMLElement>("[data-share]")) {
    // The sentence as a whole: a part of it that gets longer would move the rest.
    write(shown, (shown.dataset["share"] ?? "{}").replace("{}", formatShare(standing, headcount)));
  }
  for (const bar of root.querySelectorAll<HTMLProgressElement>("progress[data-count-value]")) {
    bar.value = Math.min(counts[bar.dataset["countValue"] ?? ""] ?? bar.value, bar.max);
  }
  const { anonymous = 0, waiting = 0 } = counts;
  movePart(root, "anonymous", standing - anonymous, anonymous);
  movePart(root, "waiting", standing, waiting);
}

/** Move a part of the bar, whose drawing is as wide as the headcount. */
function movePart(root: HTMLElement, name: string, start: number, width: number): void {
  const part = root.querySelector(`rect[data-bar="${name}"]`);
  part?.setAttribute("x", String(start));
  part?.setAttribute("width", String(width));
}

/** Leave a text alone that has not changed: it would be read out again. */
function write(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}

for (const root of document.querySelectorAll<HTMLElement>("[data-live]")) start(root);
