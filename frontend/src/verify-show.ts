/** What the verify page shows of a verdict: the sentences are the page's, this chooses and fills them. */

import type { Audit, AuditedLetter } from "./audit.ts";
import { formatBase64 } from "./bytes.ts";
import { element, fill, formatNumber, formatTime, part, sentence, show, textElement } from "./dom.ts";
import type { Check, Status } from "./findings.ts";
import { FIGURES } from "./shown.ts";
import type { ListVerdict, Match } from "./verify-list.ts";
import type { Standing } from "./verify-receipt.ts";

/** Rows of a list that are shown; the numbers above it are of all. */
const MOST_ROWS = 1_000;

/** Show those parts of an element that are about this, and hide the others. */
export function showOnly(root: ParentNode, ...about: readonly string[]): void {
  for (const place of root.querySelectorAll<HTMLElement>("[data-is]")) {
    const words = (place.dataset["is"] ?? "").split(" ");
    place.hidden = !words.some((word) => about.includes(word));
  }
}

/** Return the title of a letter in the reader's language, else in its own. */
export function titleOf({ texts, replay }: AuditedLetter): string {
  const there = texts.filter((text) => text !== null);
  const tag = document.documentElement.lang;
  const text = there.find(({ lang }) => lang.split("-")[0] === tag) ?? there[0];
  return text?.title ?? `${replay.letter.slug}@${replay.letter.edition}`;
}

/** Show the facts about a signature. */
export function showStanding(letter: AuditedLetter, standing: Standing): void {
  const { leaf, mode, condition, amended, status, m, isOpened, isErased } = standing;
  for (const place of part("result").querySelectorAll<HTMLElement>("[data-mode]")) {
    place.hidden = place.dataset["mode"] !== mode;
  }
  show("when-now", condition === null);
  show("when-later", condition !== null);
  show("amended", amended > 0);
  show("opened", isOpened);
  show("erased", isErased);
  fill(part("result"), {
    title: titleOf(letter),
    leaf: formatNumber(leaf),
    condition: formatNumber(condition ?? 0),
    m: formatNumber(m),
    status: sentence(`status-${status}`),
  });
}

/** Show the checks of the log, with their evidence, and the head that was checked. */
export function showChecks({ checks, checkpoint, vkey }: Audit): void {
  for (const check of checks) showCheck(check);
  const count = (status: Status) => checks.filter((check) => check.status === status).length;
  show("log-false", count("false") > 0);
  element("checks", HTMLDetailsElement).open = count("false") > 0;
  fill(document, {
    size: formatNumber(checkpoint.size),
    root: formatBase64(checkpoint.root),
    held: formatNumber(count("holds")),
    false: formatNumber(count("false")),
    rest: formatNumber(count("unchecked") + count("not-asked")),
    vkey,
  });
}

function showCheck({ number, status, evidence }: Check): void {
  const place = part(`check-${number}`);
  place.dataset["status"] = status;
  fill(place, { "check-status": sentence(`check-${status}`) });
  const list = place.querySelector("ul");
  list?.replaceChildren(...evidence.map((one) => textElement("li", one)));
  if (list) list.hidden = evidence.length === 0;
}

/** Show the numbers of a letter: as the site shows them, and as the log gives them at the same size. */
export function showCount(letter: AuditedLetter): boolean {
  const { replay, pages } = letter;
  const counts = pages?.counts ?? null;
  const moment = counts === null ? undefined : replay.showing.moments.get(counts.size);
  const computed = moment ?? replay.moment();
  const figures = { ...computed.figures, headcount: computed.headcount };
  let isSame = counts !== null && moment !== undefined;
  const rows = [...FIGURES, "headcount" as const].map((name) => {
    const [shown, own] = [counts?.[name], figures[name]];
    isSame &&= shown === own;
    const row = document.createElement("tr");
    const head = textElement("th", sentence(`figure-${name}`));
    head.setAttribute("scope", "row");
    const said = shown === undefined ? "–" : formatNumber(shown);
    row.append(head, textElement("td", said), textElement("td", formatNumber(own)));
    if (shown !== own) row.dataset["differs"] = "true";
    return row;
  });
  element("figures", HTMLTableSectionElement).replaceChildren(...rows);
  fill(part("result"), {
    title: titleOf(letter),
    "at-size": formatNumber(counts?.size ?? 0),
    at: formatTime(Math.max(...computed.ats)),
    state: sentence(`state-${computed.state ?? "open"}`),
  });
  return isSame;
}

/** Show a list, line by line, and what it leaves out. */
export function showList(letter: AuditedLetter, { matches, left }: ListVerdict): void {
  const found = matches.filter(({ kind }) => kind === "found");
  fill(part("result"), {
    title: titleOf(letter),
    found: formatNumber(found.length),
    lines: formatNumber(matches.length),
    left: formatNumber(left.length),
  });
  element("lines", HTMLTableSectionElement).replaceChildren(
    ...[...matches].sort(byTrouble).slice(0, MOST_ROWS).map(rowOf),
  );
  show("lines-cut", matches.length > MOST_ROWS);
  const names = left.slice(0, MOST_ROWS).map((listed) => {
    const item = textElement("li", listed.document.attestation.name);
    item.append(` (${formatNumber(listed.leaf)})`);
    return item;
  });
  element("left", HTMLUListElement).replaceChildren(...names);
  show("left-part", left.length > 0);
}

/** What was not found comes first: it is what one looks for. */
function byTrouble(one: Match, other: Match): number {
  return Number(one.kind === "found") - Number(other.kind === "found");
}

function rowOf(match: Match): HTMLElement {
  const { line, kind } = match;
  const row = document.createElement("tr");
  if (kind !== "found") row.dataset["differs"] = "true";
  const head = textElement("th", line.name ?? formatNumber(line.leaf ?? 0));
  head.setAttribute("scope", "row");
  const leaf = "listed" in match ? match.listed.leaf : line.leaf;
  row.append(
    head,
    textElement("td", leaf === null ? "–" : formatNumber(leaf)),
    textElement("td", tellMatch(match)),
  );
  return row;
}

function tellMatch(match: Match): string {
  switch (match.kind) {
    case "found": {
      const { attestation } = match.listed.document;
      const verified = sentence(`verified-${attestation.verified}`);
      const who = [attestation.name, attestation.role].filter((word) => word !== null).join(", ");
      return `${who}. ${sentence(`status-${match.listed.standing.status}`)}. ${verified}.`;
    }
    case "nameless":
      return `${sentence("nameless")} ${sentence(`status-${match.standing.status}`)}.`;
    case "other":
      return `${sentence("other-name")} ${match.listed.document.attestation.name}`;
    case "missing":
      return sentence("missing");
  }
}
