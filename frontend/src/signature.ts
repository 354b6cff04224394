/**
 * The page of one's own signature: with the twelve words or the receipt it is looked up in the log,
 * which is read and checked in the browser, and can be amended or withdrawn.
 */

import { withdraw } from "./amending.ts";
import { Api } from "./api.ts";
import { areEqual, type Bytes } from "./bytes.ts";
import {
  button, choiceOf, element, field, fill, formatNumber, formatTime, part, show,
} from "./dom.ts";
import { FormatError, Refused, UndersignedError } from "./errors.ts";
import { signerKeyOf } from "./keys.ts";
import type { LetterView } from "./letter.ts";
import { findTrace, type Log, readLog, type Trace } from "./log.ts";
import type { Attestation } from "./name.ts";
import { offerReceipt } from "./receipt-file.ts";
import { leafHashOf, parseReceipt, type Receipt, verifyReceipt, withProof } from "./receipt.ts";
import type { Site } from "./site.ts";
import { offerAmend, prepareAmend } from "./signature-amend.ts";
import { offerFollow, prepareFollow } from "./signature-follow.ts";
import { focusHeading } from "./steps.ts";
import { checkFields, during, FieldProblem, TELLING } from "./telling.ts";
import { formatWords, parseWords } from "./words.ts";

interface Found {
  readonly api: Api;
  readonly site: Site;
  readonly view: LetterView;
  readonly words: string;
}

let found: Found | null = null;

function main(): void {
  document.documentElement.classList.add("runs");
  show("plain", false);
  if (!isSecureContext || crypto.subtle === undefined) {
    show("insecure", true);
    return;
  }
  const section = part("look");
  show("look", true);
  section.addEventListener("change", arrange);
  arrange();
  part("look-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void during(section, button("look-up"), lookUp);
  });
  prepareAmend();
  prepareFollow();
  const dialog = element("withdraw-dialog", HTMLDialogElement);
  button("withdraw").addEventListener("click", () => dialog.showModal());
  button("withdraw-no").addEventListener("click", () => dialog.close());
  button("withdraw-yes").addEventListener("click", () => {
    dialog.close();
    void during(part("found"), button("withdraw"), withdrawFound);
  });
}

function arrange(): void {
  const isFile = choiceOf("with") === "receipt";
  show("with-words", !isFile);
  show("with-receipt", isFile);
}

async function lookUp(): Promise<void> {
  show("found", false);
  const typed = await readTyped();
  const api = new Api("", TELLING);
  const site = await api.site();
  const view = await api.letter(part("signature").dataset["letter"] ?? "", site);
  if (typed.receipt !== null) await checkReceipt(typed.receipt, site, view);
  found = { api, site, view, words: typed.words };
  const key = await signerKeyOf(parseWords(typed.words), view.letter.id);
  const log = await readLog(site, TELLING);
  const trace = findTrace(log, view.letter, key.publicKey);
  showFound(log, trace, view);
  const mine = { site, letter: view.letter, words: typed.words };
  const attestation = attestationOf(typed.receipt, view);
  offerAmend(isAmendable(trace, view) ? { api, mine, trace, attestation } : null);
  offerFollow(doesStand(trace, view) ? { api, letter: view.letter, words: typed.words } : null);
  if (typed.receipt !== null) await complete(typed.receipt, api);
  field("words-typed").value = "";
  show("found", true);
  focusHeading(part("found"));
}

interface Typed {
  readonly words: string;
  readonly receipt: Receipt | null;
}

async function readTyped(): Promise<Typed> {
  if (choiceOf("with") === "receipt") {
    const receipt = await readFile(field("receipt-typed"));
    return { words: receipt.words, receipt };
  }
  const typed = field("words-typed");
  try {
    return { words: formatWords(parseWords(typed.value)), receipt: null };
  } catch {
    checkFields([new FieldProblem(typed, "words-wrong")]);
    throw new FormatError("words");
  }
}

async function readFile(place: HTMLInputElement): Promise<Receipt> {
  const file = place.files?.[0];
  try {
    if (file === undefined) throw new FormatError("no file");
    return parseReceipt(new Uint8Array(await file.arrayBuffer()));
  } catch (error) {
    if (!(error instanceof UndersignedError)) throw error;
    throw new FieldProblem(place, "not-a-receipt");
  }
}

/** Check that a receipt holds, for this site and letter. */
async function checkReceipt(receipt: Receipt, site: Site, view: LetterView): Promise<void> {
  const place = field("receipt-typed");
  if (!areEqual(receipt.letter.id, view.letter.id)) throw new FieldProblem(place, "other-letter");
  await verifyReceipt(receipt, { pinnedVkey: site.logVkey });
}

/** Show what is known, and say of the rest that it is not. */
function showFound(log: Log, trace: Trace | null, view: LetterView): void {
  const { counts, letter, state } = view;
  const isLive = trace !== null && trace.ended === null;
  const { mode = "", condition = null } = trace ?? {};
  const isMet = condition === null || condition <= counts.m;
  const states = {
    missing: trace === null,
    withdrawn: trace?.ended === "withdraw",
    invalidated: trace?.ended === "invalidate",
    standing: isLive && isMet && !["lapsed", "superseded"].includes(state),
    waiting: isLive && !isMet && !["lapsed", "superseded"].includes(state),
    over: isLive && ["lapsed", "superseded"].includes(state),
  };
  for (const place of part("found").querySelectorAll<HTMLElement>("[data-is]")) {
    place.hidden = !states[place.dataset["is"] as keyof typeof states];
  }
  for (const place of part("found").querySelectorAll<HTMLElement>("[data-mode]")) {
    place.hidden = place.dataset["mode"] !== mode;
  }
  for (const place of part("found").querySelectorAll<HTMLElement>("[data-when]")) {
    place.hidden = (place.dataset["when"] === "now") !== (condition === null);
  }
  show("facts", trace !== null);
  show("amended", (trace?.amended ?? 0) > 0);
  show("withdraw-offer", isLive && !states.over);
  show("withdraw-done", false);
  fill(part("found"), {
    index: formatNumber(trace?.index ?? 0),
    size: formatNumber(log.checkpoint.size),
    condition: formatNumber(condition ?? 0),
    m: formatNumber(counts.m),
    headcount: formatNumber(letter.headcount.n),
  });
}

/** Return what a name can be written from; who signed without one cannot come to have one. */
function attestationOf(receipt: Receipt | null, { letter }: LetterView): Attestation | null {
  if (receipt === null) return null;
  const isNobody = letter.roll !== "list" && receipt.attestation.name === "anonymous";
  return isNobody ? null : receipt.attestation;
}

function doesStand(trace: Trace | null, { counts }: LetterView): boolean {
  if (trace === null || trace.ended !== null) return false;
  return trace.condition === null || trace.condition <= counts.m;
}

function isAmendable(trace: Trace | null, { state }: LetterView): trace is Trace {
  const takesAmendments = ["open", "reached", "frozen", "released"].includes(state);
  return trace !== null && trace.ended === null && takesAmendments;
}

/** Put the proof into a receipt that has none yet, and offer it. */
async function complete(receipt: Receipt, api: Api): Promise<void> {
  const proof = receipt.proof ?? (await findProof(receipt, api));
  show("receipt-complete", proof !== null && receipt.proof === null);
  if (proof !== null && receipt.proof === null) {
    offerReceipt(await withProof(receipt, proof));
  }
}

async function findProof(receipt: Receipt, api: Api): Promise<string | null> {
  try {
    return await api.findProof(leafHashOf(receipt) as Bytes);
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

async function withdrawFound(): Promise<void> {
  if (found === null) return;
  const { api, site, view, words } = found;
  const { by } = await withdraw(api, { site, letter: view.letter, words });
  fill(part("found"), { by: formatTime(by) });
  offerAmend(null);
  offerFollow(null);
  show("withdraw-offer", false);
  show("withdraw-done", true);
  focusHeading(part("found"));
}

main();
