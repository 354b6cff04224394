/** The points of a letter's chart, as the page gives them, and how one goes from one to another. */

const MOST_POINTS = 1_000;
const MOST_COUNT = 10_000_000;
const LONGEST_S = 100 * 366 * 86_400;
const MOST_REACHED = 100;

/** What an epoch left: seconds since the letter opened, and the numbers that were first reached with it. */
export interface Point {
  readonly after: number;
  readonly standing: number;
  readonly waiting: number;
  readonly reached: readonly number[];
}

const OPENING: Point = { after: 0, standing: 0, waiting: 0, reached: [] };

/**
 * Read `seconds,standing,waiting[,reached ...]`, one after the other with a space between them, in the
 * order of time. Before the first stands the opening. Null if it is not that, or empty.
 */
export function parsePoints(text: string): readonly Point[] | null {
  const parts = text.split(" ", MOST_POINTS + 1);
  if (parts.length > MOST_POINTS) return null;
  const points: Point[] = [];
  for (const part of parts) {
    const point = parsePoint(part);
    if (point === null || point.after < (points.at(-1)?.after ?? 0)) return null;
    points.push(point);
  }
  return points[0]?.after === 0 ? points : [OPENING, ...points];
}

function parsePoint(text: string): Point | null {
  if (!/^\d{1,10}(,\d{1,8}){2,}$/.test(text)) return null;
  const [after = 0, standing = 0, waiting = 0, ...reached] = text.split(",").map(Number);
  const most = Math.max(standing, waiting, ...reached.slice(0, MOST_REACHED));
  if (after > LONGEST_S || most > MOST_COUNT || reached.length > MOST_REACHED) return null;
  return { after, standing, waiting, reached };
}

/** What is drawn: seconds, all that signed, and those of them that stand; to the end of the drawing. */
export type Columns = [after: number[], all: number[], standing: number[]];

/** Return the columns of points; the last goes on to the end. */
export function columnsOf(points: readonly Point[], end: number): Columns {
  const last = points.at(-1) ?? OPENING;
  const drawn = last.after < end ? [...points, { ...last, after: end }] : points;
  return [
    drawn.map((point) => point.after),
    drawn.map((point) => point.standing + point.waiting),
    drawn.map((point) => point.standing),
  ];
}

/** Return the index of the point that is nearest to a time; of several at one time the last. */
export function pointNear(points: readonly Point[], after: number): number {
  const before = lastUntil(points, after);
  const next = points[before + 1];
  if (next === undefined) return before;
  const isNext = next.after - after < after - (points[before]?.after ?? 0);
  return isNext ? lastUntil(points, next.after) : before;
}

/** Return the index of the last point that is not later than a time; the first if all are. */
function lastUntil(points: readonly Point[], after: number): number {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((points[middle]?.after ?? 0) <= after) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Return where a key leads from a point, or null if it leads nowhere. Later lies where one reads on. */
export function pointAfterKey(key: string, from: number, last: number, isFromRight: boolean): number | null {
  const page = Math.max(1, Math.round(last / 10));
  const later = isFromRight ? -1 : 1;
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: later,
    ArrowLeft: -later,
    ArrowUp: 1,
    ArrowDown: -1,
    PageUp: page,
    PageDown: -page,
    Home: -last,
    End: last,
  };
  const step = Object.hasOwn(steps, key) ? steps[key] : undefined;
  return step === undefined ? null : Math.min(Math.max(from + step, 0), last);
}
