/**
 * The verify page: what is dropped on it is checked against the whole public log, which this browser
 * reads and replays itself. Nothing that is given leaves the device.
 */

import { Api } from "./api.ts";
import { type Audit, audit, type AuditedLetter, type AuditOptions, type Progress } from "./audit.ts";
import { type Bytes, formatHex, formatUtf8, parseUtf8 } from "./bytes.ts";
import { button, element, field, fill, formatNumber, formatTime, part, sentence, show } from "./dom.ts";
import { FormatError, Refused, UndersignedError } from "./errors.ts";
import { type Evidence, formatEvidence } from "./evidence.ts";
import { parseProof, type TlogProof } from "./proof.ts";
import { SiteSource } from "./source.ts";
import { focusHeading } from "./steps.ts";
import { during, FieldProblem, TELLING } from "./telling.ts";
import { type Input, type Line, LONGEST_INPUT, parseInput } from "./verify-input.ts";
import { judgeList } from "./verify-list.ts";
import {
  headsOf, judgeEvidence, judgeProof, judgeReceipt, type ReceiptVerdict,
} from "./verify-receipt.ts";
import { showChecks, showCount, showList, showOnly, showStanding, titleOf } from "./verify-show.ts";

function main(): void {
  document.documentElement.classList.add("runs");
  show("plain", false);
  if (!isSecureContext || crypto.subtle === undefined) {
    show("insecure", true);
    return;
  }
  show("give", true);
  const given = part("give");
  part("check-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void during(given, button("check"), () => check(readGiven));
  });
  button("recount").addEventListener("click", () => {
    void during(given, button("recount"), recount);
  });
  listenForDrops(given);
}

/** A file dropped anywhere on the page is taken; the browser would leave the page for it. */
function listenForDrops(given: HTMLElement): void {
  const over = (isOver: boolean) => part("drop").classList.toggle("over", isOver);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  addEventListener("dragleave", () => over(false));
  addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) void during(given, null, () => check(() => readFile(file)));
  });
}

// --- what is given

async function readGiven(): Promise<Input> {
  const [file] = field("file").files ?? [];
  if (file !== undefined) return readFile(file);
  const typed = element("typed", HTMLTextAreaElement);
  if (typed.value.trim() === "") throw new FieldProblem(field("file"), "nothing-given");
  return parsed(formatUtf8(typed.value.trim() + "\n"), typed);
}

async function readFile(file: File): Promise<Input> {
  if (file.size > LONGEST_INPUT) throw new FieldProblem(field("file"), "too-large");
  return parsed(new Uint8Array(await file.arrayBuffer()), field("file"));
}

function parsed(data: Bytes, place: HTMLElement): Input {
  try {
    return parseInput(data);
  } catch (error) {
    if (error instanceof UndersignedError) throw new FieldProblem(place, "none-of-these");
    throw error;
  }
}

function chosenLetter(): string {
  const select = element("letter", HTMLSelectElement);
  if (select.value === "") throw new FieldProblem(select, "letter-missing");
  return select.value;
}

// --- what is done

async function check(read: () => Promise<Input>): Promise<void> {
  show("result", false);
  const input = await read();
  switch (input.kind) {
    case "receipt":
      return checkPromised(input.receipt, input.receipt.proof, judgeReceipt);
    case "evidence":
      return checkPromised(input.evidence, null, judgeEvidence);
    case "proof":
      return checkProof(input.proof);
    case "names":
      return checkNames(input.lines);
  }
}

async function checkPromised<T extends Evidence>(
  given: T,
  proof: string | null,
  judge: (given: T, audited: Audit, now: number) => Promise<ReceiptVerdict>,
): Promise<void> {
  const site = await new Api("", TELLING).site();
  if (site.origin !== given.site.origin) return showOther(given.site.origin);
  const parsedProof = proof === null ? null : tryParseProof(proof);
  const audited = await run({
    pinnedVkey: given.site.logVkey,
    letters: [formatHex(given.letter.id)],
    earlier: await headsOf(parsedProof, given.site.logVkey),
  });
  const verdict = await judge(given, audited, now());
  showVerdict(given, audited, verdict);
  present(audited);
}

function tryParseProof(proof: string): TlogProof | null {
  try {
    return parseProof(formatUtf8(proof));
  } catch (error) {
    if (error instanceof FormatError) return null; // the receipt's own check says so
    throw error;
  }
}

function showVerdict(given: Evidence, audited: Audit, verdict: ReceiptVerdict): void {
  const letter = audited.letters.get(formatHex(given.letter.id));
  if (letter !== undefined) fill(part("result"), { title: titleOf(letter) });
  switch (verdict.kind) {
    case "in-log":
      showOnly(part("result"), "signature", verdict.standing.status, "proves");
      if (letter !== undefined) showStanding(letter, verdict.standing);
      return;
    case "pending":
    case "broken":
      showOnly(part("result"), verdict.kind);
      fill(part("result"), { by: formatTime(verdict.by) });
      if (verdict.kind === "broken") offerEvidence(given, audited);
      return;
    case "unknown-letter":
      showOnly(part("result"), "unknown-letter");
      return;
    case "wrong":
      showOnly(part("result"), "wrong");
      fill(part("result"), { why: verdict.why });
  }
}

let evidenceUrl = "";

function offerEvidence(given: Evidence, { checkpointNote }: Audit): void {
  if (evidenceUrl !== "") URL.revokeObjectURL(evidenceUrl);
  const file = new Blob([formatEvidence(given, checkpointNote)], { type: "application/json" });
  evidenceUrl = URL.createObjectURL(file);
  const link = element("evidence", HTMLAnchorElement);
  link.href = evidenceUrl;
  link.download = `${given.letter.slug}-${given.letter.edition}.evidence.json`;
}

function showOther(origin: string): void {
  showOnly(part("result"), "other-site");
  const host = origin.split("/", 1)[0] ?? "";
  fill(part("result"), { origin, host });
  present(null);
}

async function checkProof(proof: TlogProof): Promise<void> {
  const site = await new Api("", TELLING).site();
  const origin = parseUtf8(proof.checkpoint).split("\n", 1)[0] ?? "";
  if (origin !== site.origin) return showOther(origin);
  const audited = await run({ letters: [], earlier: await headsOf(proof, site.logVkey) });
  try {
    const { leaf, size, letter, standing } = await judgeProof(proof, audited);
    const about = standing === null ? ["other-record"] : ["signature", standing.status];
    showOnly(part("result"), "proof-proves", ...about);
    if (letter !== null && standing !== null) showStanding(letter, standing);
    fill(part("result"), { leaf: formatNumber(leaf), "proof-size": formatNumber(size) });
  } catch (error) {
    if (!(error instanceof UndersignedError)) throw error;
    showOnly(part("result"), "wrong");
    fill(part("result"), { why: error.message });
  }
  present(audited);
}

async function checkNames(lines: readonly Line[]): Promise<void> {
  const id = chosenLetter();
  const leaves = new Set(lines.map(({ leaf }) => leaf));
  const hasLeaves = !leaves.has(null);
  const audited = await run({
    letters: [id],
    wantsName: hasLeaves && !wantsAll() ? (leaf) => leaves.has(leaf) : () => true,
  });
  const letter = getLetter(audited, id);
  const verdict = judgeList(lines, letter);
  const isWhole = verdict.matches.every(({ kind }) => kind === "found");
  showOnly(part("result"), "names", isWhole ? "names-all" : "names-some");
  showList(letter, verdict);
  present(audited);
}

async function recount(): Promise<void> {
  show("result", false);
  const id = chosenLetter();
  const audited = await run({ letters: [id] });
  const letter = getLetter(audited, id);
  showOnly(part("result"), "count", showCount(letter) ? "count-same" : "count-differs");
  present(audited);
}

function getLetter(audited: Audit, id: string): AuditedLetter {
  const letter = audited.letters.get(id);
  if (letter === undefined) throw new Refused("unknown-letter", "The log does not have this letter.");
  return letter;
}

function wantsAll(): boolean {
  return field("all-names").checked;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** Audit the log, and show how far it has come. */
async function run(options: AuditOptions): Promise<Audit> {
  const typed = field("vkey").value.trim();
  const pinnedVkey = typed === "" ? options.pinnedVkey : typed;
  show("progress", true);
  try {
    return await audit(new SiteSource("", TELLING), {
      wantsName: wantsAll,
      ...options,
      pinnedVkey,
      now: now(),
      onProgress: showProgress,
    });
  } finally {
    show("progress", false);
  }
}

function showProgress({ step, done, all }: Progress): void {
  const bar = element("bar", HTMLProgressElement);
  bar.max = all;
  bar.value = done;
  const slots = { done: formatNumber(done), all: formatNumber(all) };
  fill(part("progress"), { step: sentence(`step-${step}`), ...slots });
}

function present(audited: Audit | null): void {
  show("checks-part", audited !== null);
  show("log-false", false);
  if (audited !== null) showChecks(audited);
  show("result", true);
  focusHeading(part("result"));
}

main();
