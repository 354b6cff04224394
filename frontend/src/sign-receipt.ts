/** The last step: the receipt is shown and saved by the member, and its proof fetched when it is there. */

import { Api } from "./api.ts";
import { fill, formatNumber, formatTime, part, show, textElement } from "./dom.ts";
import { ProofPending, Refused } from "./errors.ts";
import { PATIENT } from "./exchange.ts";
import { parseProof } from "./proof.ts";
import { formatUtf8 } from "./bytes.ts";
import { type Receipt, verifyReceipt } from "./receipt.ts";
import { offerReceipt } from "./receipt-file.ts";
import { waitForProof } from "./signing.ts";
import type { SigningPage } from "./signing-page.ts";
import { QUIET } from "./telling.ts";

const OFTEN_MS = 2_000;
const SELDOM_MS = 15_000;
const OFTEN_TIMES = 30;

/** Show a receipt whose promise was verified, and wait for its proof. */
export function showReceipt(page: SigningPage, receipt: Receipt): void {
  const { mode, condition } = receipt.record;
  const waits = condition !== null && condition > page.view.counts.m;
  show("receipt-waits", waits);
  show("receipt-stands", !waits);
  part("receipt-words").replaceChildren(
    ...receipt.words.split(" ").map((word) => textElement("li", word)),
  );
  fill(part("step-receipt"), { condition: condition === null ? "" : formatNumber(condition) });
  for (const place of part("step-receipt").querySelectorAll<HTMLElement>("[data-mode]")) {
    place.hidden = !(place.dataset["mode"] ?? "").split(" ").includes(mode);
  }
  const offer = offerReceipt(receipt);
  page.steps.leaveOnly("receipt");
  for (const id of ["read", "under-way"]) show(id, false);
  void verifyReceipt(receipt).then(({ promisedBy }) => {
    fill(document, { by: formatTime(promisedBy) });
    return follow(receipt, promisedBy, offer.update);
  });
}

/** Ask for the proof until it is there, often at first; a closed page may ask with the receipt. */
async function follow(
  receipt: Receipt,
  by: number,
  update: (receipt: Receipt) => void,
): Promise<void> {
  const api = new Api("", QUIET);
  for (let tried = 1; ; tried += 1) {
    try {
      const proved = await waitForProof(api, receipt, 1, 0);
      update(proved);
      const { index } = parseProof(formatUtf8(proved.proof ?? ""));
      fill(part("step-receipt"), { index: formatNumber(index) });
      show("proof-waiting", false);
      show("proof-overdue", false);
      show("proof-there", true);
      return;
    } catch (error) {
      const isDenied = error instanceof Refused;
      const isOverdue = error instanceof ProofPending && Date.now() / 1000 > by + 60;
      if (isDenied || isOverdue) show("proof-overdue", true);
      if (isDenied) return;
    }
    await PATIENT.sleep(tried <= OFTEN_TIMES ? OFTEN_MS : SELDOM_MS);
  }
}
