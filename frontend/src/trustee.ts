/**
 * The trustee's page: a key is made or unlocked, a letter acknowledged, names opened in their turn. The
 * seed stays in the memory of this page; it is stored nowhere, and sent nowhere.
 */

import { type Audit, audit, type AuditedLetter, type Progress } from "./audit.ts";
import { formatBase64url, formatHex } from "./bytes.ts";
import {
  button, choiceOf, element, field, fill, formatNumber, formatTime, part, sentence, show, textElement,
} from "./dom.ts";
import { FormatError, Refused, UndersignedError, VerificationError } from "./errors.ts";
import { get, post } from "./exchange.ts";
import { parseJson } from "./jcs.ts";
import { nameOf } from "./letter.ts";
import {
  makeAck, parseProposal, parseProposalAddress, type Party, type Proposal, readParty, testSeal,
} from "./proposal.ts";
import { readList, readObject } from "./shape.ts";
import { SiteSource } from "./source.ts";
import { checkFields, during, FieldProblem, TELLING } from "./telling.ts";
import { TrusteeApi } from "./trustee-api.ts";
import {
  formatKeyFile, generateSeed, LEAST_PASSPHRASE, parseKeyFile, tableOf, type TrusteeKey, trusteeKeyOf,
} from "./trustee-key.ts";
import {
  exchangeShares, findTurns, type Opened, openOwn, type Outcome, requireNoFault, type Turn,
} from "./trustee-turn.ts";
import { showChecks, showOnly, titleOf } from "./verify-show.ts";

let held: TrusteeKey | null = null;
let isSaved = true;
let proposal: Proposal | null = null;
let turn: Turn | null = null;
let opened: Opened | null = null;

function main(): void {
  document.documentElement.classList.add("runs");
  show("plain", false);
  if (!isSecureContext || crypto.subtle === undefined) {
    show("insecure", true);
    return;
  }
  show("key", true);
  part("key").addEventListener("change", arrange);
  arrange();
  onSubmit("unlock-form", "key", "unlock", unlock);
  onSubmit("make-form", "key", "make", make);
  onSubmit("proposal-form", "ack", "read", readProposal);
  onClick("acknowledge", "ack", acknowledge);
  onClick("look", "open", look);
  onClick("open-now", "open", openNow);
  onClick("open-again", "open", openAgain);
  button("card-copy").addEventListener("click", () => void copyCard());
  button("forget").addEventListener("click", forget);
  element("key-save", HTMLAnchorElement).addEventListener("click", () => {
    isSaved = true;
  });
  addEventListener("beforeunload", (event) => {
    if (!isSaved) event.preventDefault();
  });
  field("address").value = part("trustee").dataset["proposal"] ?? "";
}

function onSubmit(form: string, section: string, pressed: string, work: () => Promise<void>): void {
  part(form).addEventListener("submit", (event) => {
    event.preventDefault();
    void during(part(section), button(pressed), work);
  });
}

function onClick(pressed: string, section: string, work: () => Promise<void>): void {
  button(pressed).addEventListener("click", () => {
    void during(part(section), button(pressed), work);
  });
}

function focus(id: string): void {
  const heading = part(id);
  heading.focus({ preventScroll: true });
  heading.scrollIntoView({ block: "start" });
}

// --- the key

function arrange(): void {
  const isNew = choiceOf("with") === "new";
  show("unlock-form", !isNew);
  show("make-form", isNew);
}

async function unlock(): Promise<void> {
  const [file] = field("key-file").files ?? [];
  if (file === undefined) throw new FieldProblem(field("key-file"), "file-missing");
  let key: TrusteeKey;
  try {
    key = await parseKeyFile(await file.text(), field("passphrase").value);
  } catch (error) {
    if (error instanceof VerificationError) throw new FieldProblem(field("passphrase"), "passphrase-wrong");
    if (error instanceof FormatError) throw new FieldProblem(field("key-file"), "not-a-key");
    throw error;
  }
  await hold(key, "", "unlocked");
}

async function make(): Promise<void> {
  const [name, passphrase, again] = [field("name"), field("new-passphrase"), field("again")];
  const isShort = [...passphrase.value].length < LEAST_PASSPHRASE;
  checkFields([
    name.value.trim() === "" ? new FieldProblem(name, "name-missing") : null,
    isShort ? new FieldProblem(passphrase, "passphrase-short") : null,
    again.value !== passphrase.value ? new FieldProblem(again, "passphrase-other") : null,
  ]);
  const key = await trusteeKeyOf(generateSeed());
  const file = await formatKeyFile(key, passphrase.value);
  // What was written is read again: a file that does not open would be a key that is lost.
  await parseKeyFile(file, passphrase.value);
  const link = element("key-save", HTMLAnchorElement);
  link.href = URL.createObjectURL(new Blob([file], { type: "application/json" }));
  isSaved = false;
  await hold(key, name.value.normalize("NFC").trim(), "made");
}

async function hold(key: TrusteeKey, name: string, how: "made" | "unlocked"): Promise<void> {
  await testSeal(key.sealKey, key, new Uint8Array());
  held = key;
  for (const secret of ["passphrase", "new-passphrase", "again"]) field(secret).value = "";
  for (const place of part("held").querySelectorAll<HTMLElement>("[data-is]")) {
    place.hidden = place.dataset["is"] !== how;
  }
  part("card").textContent = tableOf(key, name === "" ? sentence("your-name") : name);
  show("key", false);
  for (const section of ["held", "ack", "open"]) show(section, true);
  focus("held-title");
}

function keyInHand(): TrusteeKey {
  if (held === null) throw new Error("No key is unlocked.");
  return held;
}

function forget(): void {
  held?.seed.fill(0);
  held = turn = opened = proposal = null;
  isSaved = true;
  for (const section of ["held", "ack", "open", "proposal", "turn"]) show(section, false);
  show("key", true);
  focus("key-title");
}

async function copyCard(): Promise<void> {
  const isCopied = await navigator.clipboard.writeText(part("card").textContent ?? "").then(
    () => true,
    () => false,
  );
  fill(part("held"), { copied: sentence(isCopied ? "copied" : "not-copied") });
}

// --- the acknowledgement

async function readProposal(): Promise<void> {
  show("proposal", false);
  const address = field("address");
  let id: string;
  try {
    id = parseProposalAddress(address.value);
  } catch (error) {
    if (error instanceof FormatError) throw new FieldProblem(address, "not-an-address");
    throw error;
  }
  const { body } = await get(`/api/v1/proposals/${id}`, TELLING);
  try {
    proposal = parseProposal(body, id);
    showProposal(proposal, (await makeAck(proposal, keyInHand())).by);
  } catch (error) {
    if (!(error instanceof UndersignedError)) throw error;
    throw new Refused("not-yours", error.message);
  }
  show("proposal", true);
  focus("proposal-title");
}

function showProposal({ body, id, texts, awaited, acked }: Proposal, number: number): void {
  part("proposal-title").textContent = texts[0]?.title ?? "";
  part("proposal-title").lang = texts[0]?.lang ?? "en";
  show("basis-named", body.basis === "named");
  show("basis-all", body.basis === "all");
  fill(part("proposal"), {
    number: formatNumber(number),
    id: formatHex(id),
    "letter-name": nameOf(body),
    rule: formatNumber(body.rule),
    headcount: formatNumber(body.headcount.n),
    cooling: formatNumber(body.coolingOffS / 3600),
    quorum: formatNumber(body.quorum),
    trustees: formatNumber(body.trustees.length),
    conditions: body.conditions.map(formatNumber).join(", ") || sentence("none"),
    closes: formatTime(body.closes),
    deadline: body.deadline === null ? sentence("none") : formatTime(body.deadline),
  });
  const others = body.trustees.map(({ name, operator }, at) => {
    const notes = [operator ? sentence("operator") : "", at + 1 === number ? sentence("you") : ""];
    const said = notes.filter((note) => note !== "").join(", ");
    return textElement("li", said === "" ? name : `${name} (${said})`);
  });
  element("others", HTMLOListElement).replaceChildren(...others);
  part("texts").replaceChildren(...texts.map(textOfLetter));
  const isAcked = acked.includes(number);
  show("ack-offer", !isAcked);
  show("acknowledged", isAcked);
  showAwaited(awaited);
}

/** Show a text as it is fixed: its Markdown, sign by sign. */
function textOfLetter(text: Proposal["texts"][number]): HTMLElement {
  const article = document.createElement("article");
  article.className = "exact flow";
  article.lang = text.lang;
  article.append(
    textElement("p", `${text.lang} · ${text.title}`),
    textElement("p", text.addressees.join(", ")),
    textElement("pre", text.text),
  );
  const demands = document.createElement("ol");
  demands.append(...text.demands.map((demand) => textElement("li", demand.text)));
  article.append(demands, textElement("p", text.consequence), textElement("p", text.headcountSource));
  article.querySelector("pre")?.setAttribute("tabindex", "0");
  return article;
}

async function acknowledge(): Promise<void> {
  if (proposal === null) return;
  const { body, id } = proposal;
  const { by, sig } = await makeAck(proposal, keyInHand());
  const ack = { by, sig: formatBase64url(sig), roll: null };
  const answer = await post(`/api/v1/proposals/${formatHex(id)}/acks`, ack, TELLING);
  const { awaited } = readObject(parseJson(answer.body), "awaited");
  showAwaited(readList(awaited, "awaited", [0, 17], (party) => readParty(party, body)));
  show("ack-offer", false);
  show("acknowledged", true);
}

function showAwaited(awaited: readonly Party[]): void {
  show("awaited-none", awaited.length === 0);
  show("awaited-some", awaited.length > 0);
  const names = awaited.map((party) =>
    party === "issuer" ? sentence("issuer") : (proposal?.body.trustees[party - 1]?.name ?? ""),
  );
  fill(part("proposal"), { awaited: names.join(", ") });
}

// --- the opening

async function look(): Promise<void> {
  show("turn", false);
  turn = opened = null;
  const typed = field("vkey").value.trim();
  show("progress", true);
  let audited: Audit;
  try {
    audited = await audit(new SiteSource("", TELLING), {
      pinnedVkey: typed === "" ? undefined : typed,
      letters: [],
      now: now(),
      onProgress: showProgress,
    });
  } finally {
    show("progress", false);
  }
  showChecks(audited);
  show("checks", true);
  if (!isFaultless(audited)) return present("false");
  const { letters, turns } = findTurns(audited, keyInHand());
  turn = turns[0] ?? null;
  if (turn !== null) {
    fill(part("turn"), {
      title: titleOf(turn.letter),
      due: formatNumber(turn.due),
      size: formatNumber(turn.size),
    });
    return present("turn");
  }
  fill(part("turn"), { letters: letters.map((letter: AuditedLetter) => titleOf(letter)).join(", ") });
  present(letters.length === 0 ? "no-letter" : "no-turn");
}

function isFaultless(audited: Audit): boolean {
  try {
    requireNoFault(audited);
    return true;
  } catch (error) {
    if (error instanceof VerificationError) return false;
    throw error;
  }
}

async function openNow(): Promise<void> {
  if (turn === null) return;
  const api = await apiOf(turn);
  show("progress", true);
  try {
    opened = await openOwn(turn, api, keyInHand(), (step, done, all) => showProgress({ step, done, all }));
  } finally {
    show("progress", false);
  }
  showOutcome(turn, await exchangeShares(turn, opened, api, keyInHand()));
}

async function openAgain(): Promise<void> {
  if (turn === null || opened === null) return;
  const outcome = await exchangeShares(turn, opened, await apiOf(turn), keyInHand());
  showOutcome(turn, outcome);
}

/** Requests carry the site's time: a trustee's own clock may be wrong. */
async function apiOf({ letter, number }: Turn): Promise<TrusteeApi> {
  const { body } = await get("/api/v1/site", TELLING);
  const time = readObject(parseJson(body), "site")["time"];
  const ahead = (typeof time === "number" ? time : now()) - now();
  return new TrusteeApi(letter.replay.letter, number, keyInHand(), () => now() + ahead, TELLING);
}

function showOutcome({ wave }: Turn, outcome: Outcome): void {
  const { trustees } = wave.letter;
  const named = (numbers: readonly number[]) =>
    [...new Set(numbers)].map((number) => trustees[number - 1]?.name ?? "").join(", ");
  const altered = outcome.altered.map(({ trustee }) => trustee);
  fill(part("turn"), {
    opened: formatNumber(outcome.opened),
    bad: formatNumber(outcome.bad),
    missing: named(outcome.awaited),
    altered: named(altered),
    broken: named(outcome.broken),
  });
  show("altered-part", altered.length > 0);
  show("broken-part", outcome.broken.length > 0);
  show("reports", altered.length + outcome.broken.length > 0);
  if (!outcome.isOpened) return present("waiting");
  present(outcome.holds ? "done" : "struck");
}

function present(what: string): void {
  showOnly(part("turn"), what);
  show("turn", true);
  focus("turn-title");
}

function showProgress({ step, done, all }: Omit<Progress, "step"> & { step: string }): void {
  const bar = element("bar", HTMLProgressElement);
  bar.max = all;
  bar.value = done;
  fill(part("progress"), {
    step: sentence(`step-${step}`), done: formatNumber(done), all: formatNumber(all),
  });
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

main();
