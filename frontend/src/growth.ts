/**
 * Makes the chart of a letter's page readable by pointer, touch and keyboard. The server's drawing stays
 * as it is, with its scale, marks and flags; only its steps and rule are drawn anew, beneath it, from more
 * points (`data-points`). What there was at the place that is pointed to is said in words below it.
 *
 * The library makes elements and sets their style by the object model; it makes no markup from strings, as
 * long as its legend is off, so that the page's policy stays as strict as it is.
 */

import uPlot from "uplot";

import { fill, formatMoment, formatNumber, textOf, within } from "./dom.ts";
import { columnsOf, parsePoints, type Point, pointAfterKey, pointNear } from "./growth-points.ts";

/** Height of the drawing in pixels, above and below it what the server's drawing has there. */
const ABOVE = 18;
const HEIGHT = 240;

/** What the server's drawing says of its own scales. */
interface Frame {
  readonly start: number;
  readonly end: number;
  readonly top: number;
  readonly rule: number;
}

class Chart {
  private readonly place: HTMLElement;
  private readonly said: HTMLElement;
  private readonly drawing: SVGElement;
  private readonly points: readonly Point[];
  private readonly frame: Frame;
  private readonly isFromRight: boolean;
  private readonly plot: uPlot;
  private now: number;

  constructor(figure: HTMLElement, drawing: SVGElement, points: readonly Point[], frame: Frame) {
    this.place = within(figure, ".plot");
    this.said = within(figure, ".said");
    this.drawing = drawing;
    this.points = points;
    this.frame = frame;
    this.isFromRight = getComputedStyle(figure).direction === "rtl";
    this.now = points.length - 1;
    this.plot = this.draw();
    this.makeReadable();
    figure.classList.add("read");
  }

  private draw(): uPlot {
    const { start, end, top } = this.frame;
    const paths = uPlot.paths.stepped?.({ align: this.isFromRight ? -1 : 1 });
    if (paths === undefined) throw new Error("There is no way to draw steps.");
    const plain = { paths, points: { show: false } };
    const nothing = (): null => null;
    return new uPlot(
      {
        width: this.place.clientWidth,
        height: ABOVE + HEIGHT,
        padding: [ABOVE, 0, 0, 0],
        legend: { show: false },
        axes: [{ show: false }, { show: false }],
        scales: {
          x: { time: false, dir: this.isFromRight ? -1 : 1, range: () => [0, end - start] },
          y: { range: () => [0, top] },
        },
        series: [
          {},
          { ...plain, width: 0, stroke: () => this.colour("path.steps", "stroke"), fill: () => this.colour("path.waiting", "fill") },
          { ...plain, width: 2, stroke: () => this.colour("path.steps", "stroke"), fill: () => this.colour("path.standing", "fill") },
        ],
        cursor: {
          y: false,
          drag: { x: false, y: false, setScale: false },
          // Where the cursor is, is decided here, for pointers and keys alike.
          bind: {
            mousedown: nothing, mouseup: nothing, click: nothing, dblclick: nothing,
            mousemove: nothing, mouseleave: nothing, mouseenter: nothing,
          },
        },
        hooks: { draw: [(plot) => this.drawRule(plot)] },
      },
      columnsOf(this.points, end - start),
      this.place,
    );
  }

  /** The rule as a line, as the server has drawn it; none where it lies above the drawing. */
  private drawRule(plot: uPlot): void {
    if (this.frame.rule > this.frame.top) return;
    const { left, width } = plot.bbox;
    const y = plot.valToPos(this.frame.rule, "y", true);
    plot.ctx.save();
    plot.ctx.strokeStyle = this.colour("line.rule", "stroke");
    plot.ctx.lineWidth = uPlot.pxRatio;
    plot.ctx.setLineDash([5 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
    plot.ctx.beginPath();
    plot.ctx.moveTo(left, y);
    plot.ctx.lineTo(left + width, y);
    plot.ctx.stroke();
    plot.ctx.restore();
  }

  /** Every colour is that of the server's drawing, in the theme that there is now. */
  private colour(part: string, property: "fill" | "stroke"): string {
    const found = this.drawing.querySelector(part);
    return found === null ? "transparent" : getComputedStyle(found)[property];
  }

  private makeReadable(): void {
    const { place, plot } = this;
    const last = this.points.length - 1;
    for (const [name, value] of Object.entries({ min: 0, max: last, now: this.now })) {
      place.setAttribute(`aria-value${name}`, String(value));
    }
    place.setAttribute("aria-valuetext", textOf(this.wordsOf(this.now)));
    place.setAttribute("aria-labelledby", "growth-title");
    place.setAttribute("role", "slider");
    place.tabIndex = 0;
    place.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const next = pointAfterKey(event.key, this.now, last, this.isFromRight);
      if (next === null) return;
      event.preventDefault();
      this.show(next);
    });
    // A slider says its value itself: it would be read out twice.
    place.addEventListener("focus", () => {
      this.said.setAttribute("aria-live", "off");
      this.show(this.now);
    });
    place.addEventListener("blur", () => this.said.setAttribute("aria-live", "polite"));
    for (const kind of ["pointermove", "pointerdown"] as const) {
      plot.over.addEventListener(kind, (event) => {
        const left = event.clientX - plot.over.getBoundingClientRect().left;
        this.show(pointNear(this.points, plot.posToVal(left, "x")));
      });
    }
    new ResizeObserver(() => this.resize()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw(false));
  }

  private resize(): void {
    const width = this.place.clientWidth;
    if (width === 0 || width === this.plot.width) return;
    this.plot.setSize({ width, height: ABOVE + HEIGHT });
    if (this.plot.cursor.left !== undefined && this.plot.cursor.left >= 0) this.point();
  }

  /** Go to a point, and say it. */
  private show(index: number): void {
    this.now = index;
    const words = this.wordsOf(index);
    this.place.setAttribute("aria-valuenow", String(index));
    this.place.setAttribute("aria-valuetext", textOf(words));
    // What has not changed would be read out again.
    if (textOf(this.said) !== textOf(words)) this.said.replaceChildren(words);
    this.point();
  }

  private point(): void {
    const after = this.points[this.now]?.after ?? 0;
    this.plot.setCursor({ left: this.plot.valToPos(after, "x"), top: 0 });
  }

  private wordsOf(index: number): DocumentFragment {
    const point = this.points[index];
    const words = document.createDocumentFragment();
    if (point === undefined) return words;
    const at = formatMoment(this.frame.start + point.after);
    const [standing, waiting] = [formatNumber(point.standing), formatNumber(point.waiting)];
    words.append(sentenceWith("growth-point", { at, standing, waiting }));
    if (point.reached.length > 0) {
      const numbers = point.reached.map(formatNumber).join(", ");
      words.append(" ", sentenceWith("growth-reached", { numbers }));
    }
    return words;
  }
}

/**
 * Return a sentence of the page, with its slots filled; it is in the language that its template is in. A
 * page without it is broken: Error.
 */
function sentenceWith(
  name: "growth-point" | "growth-reached",
  texts: Readonly<Record<string, string>>,
): HTMLElement {
  const kept = document.querySelector<HTMLTemplateElement>(`template[data-text="${name}"]`);
  if (kept === null) throw new Error(`The page has no sentence ${name}.`);
  const filled = document.createElement("span");
  if (kept.lang !== "") [filled.lang, filled.dir] = [kept.lang, kept.dir];
  filled.append(document.importNode(kept.content, true));
  fill(filled, texts);
  return filled;
}

/** Start on a figure that has points; it stays as it is if they cannot be read. */
function start(figure: HTMLElement): void {
  const drawing = figure.querySelector<SVGElement>("svg.chart");
  const { points = "", start = "", end = "", top = "", rule = "" } = within(figure, ".plot").dataset;
  const read = parsePoints(points);
  const frame = { start: Number(start), end: Number(end), top: Number(top), rule: Number(rule) };
  const isSound = Object.values(frame).every(Number.isSafeInteger) && frame.end > frame.start && frame.top > 0;
  if (drawing !== null && read !== null && isSound) new Chart(figure, drawing, read, frame);
}

for (const figure of document.querySelectorAll<HTMLElement>("figure:has(.plot)")) start(figure);
