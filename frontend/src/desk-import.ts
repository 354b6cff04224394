/**
 * The page of an import at the desk: shows how far it is, and opens the page anew when something is
 * there to be looked at. Without this script a reload does the same.
 */

const PAUSE_MS = 500;
/** Ten minutes; then whoever is still there reloads by hand. */
const MOST_LOOKS = 1_200;

interface Progress {
  readonly percent: number;
  readonly working: boolean;
}

function readProgress(value: unknown): Progress | null {
  if (typeof value !== "object" || value === null) return null;
  const { percent, working } = value as Record<string, unknown>;
  return typeof percent === "number" && typeof working === "boolean" ? { percent, working } : null;
}

async function look(): Promise<Progress | null> {
  const address = `${location.pathname}/progress`;
  const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer === null || !answer.ok) return null;
  return readProgress(await answer.json().catch(() => null));
}

async function follow(bar: HTMLProgressElement): Promise<void> {
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const progress = await look();
    if (progress === null) continue;
    bar.value = progress.percent;
    if (!progress.working) {
      location.reload();
      return;
    }
  }
}

const bar = document.querySelector<HTMLProgressElement>("progress#import-progress");
if (bar !== null) void follow(bar);
