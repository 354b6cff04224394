/**
 * Keeps the numbers of a letter's page fresh. The page says where they are (`data-live`) and which
 * element shows which: `data-count` as text, `data-count-value` as a bar, `data-bar` as a part of it,
 * `data-share` the part of the headcount that stands. What stands is in a live region, whose text
 * changes only when the number does. Nothing is asked while nobody looks.
 */

import { formatNumber, formatShare } from "./dom.ts";

const EVERY_MS = 5_000;
const SLOWEST_MS = 120_000;
const TIMEOUT_MS = 10_000;
const MOST_COUNT = 10_000_000;

type Counts = Readonly<Record<string, number>>;

/** Start on an element that has the address of the counts; it is left alone if it has none. */
function start(root: HTMLElement): void {
  const address = root.dataset["live"];
  if (address === undefined || address === "") return;
  let wait = EVERY_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tick = async () => {
    const counts = await findCounts(address);
    wait = counts === null ? Math.min(2 * wait, SLOWEST_MS) : EVERY_MS;
    if (counts !== null) showCounts(root, counts);
    if (!document.hidden) timer = setTimeout(() => void tick(), wait);
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) void tick();
  });
  addEventListener("online", () => {
    wait = EVERY_MS;
  });
  if (!document.hidden) timer = setTimeout(() => void tick(), EVERY_MS);
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
    write(shown, formatShare(standing, headcount));
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
