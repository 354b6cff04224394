/** The step of the review: what exactly will be sent. Then it is sent, until it is acknowledged. */

import type { Chosen } from "./attempt.ts";
import { parseUtf8 } from "./bytes.ts";
import { button, fill, formatNumber, part, show } from "./dom.ts";
import { formatRecord } from "./record.ts";
import { choiceOn, nameOn } from "./sign-choice.ts";
import { showReceipt } from "./sign-receipt.ts";
import { sign } from "./signing.ts";
import { attemptOf, goTo, type SigningPage } from "./signing-page.ts";
import { during } from "./telling.ts";

let proposed: Chosen | null = null;

/** Let the step work. */
export function prepareReview(page: SigningPage): void {
  button("review-back").addEventListener("click", () => void goTo(page, "stand"));
  part("review-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void send(page);
  });
}

/** Make the record, and show it. */
export async function openReview(page: SigningPage): Promise<void> {
  const attempt = attemptOf(page);
  const { state } = attempt;
  if (state.state !== "held") return;
  proposed = await attempt.propose(choiceOn(page, state.attestation));
  showProposed(page, proposed);
  await goTo(page, "review");
}

/** Show what a record says, and its bytes. */
export function showProposed(page: SigningPage, { record, blob, attestation }: Chosen): void {
  const { mode, condition } = record;
  const { choices } = page.draft;
  for (const place of document.querySelectorAll<HTMLElement>("[data-mode]")) {
    place.hidden = !(place.dataset["mode"] ?? "").split(" ").includes(mode);
  }
  for (const place of document.querySelectorAll<HTMLElement>("[data-when]")) {
    place.hidden = (place.dataset["when"] === "now") !== (condition === null);
  }
  show("review-statement", mode !== "anonymous" && choices.statement.trim() !== "");
  fill(document, {
    shown: nameOn(attestation),
    condition: condition === null ? "" : formatNumber(condition),
    statement: choices.statement.trim(),
    record: parseUtf8(formatRecord(record)),
    blob: blob === null || mode !== "public" ? "" : parseUtf8(blob),
    size: formatNumber(blob?.length ?? 0),
  });
}

/**
 * Send the signature. It is in the store before it leaves: whatever happens from now on, the same
 * bytes are sent again.
 */
export async function send(page: SigningPage): Promise<void> {
  const attempt = attemptOf(page);
  await during(page.steps.section("review"), button("sign-now"), async () => {
    if (attempt.state.state === "held" && proposed !== null) await attempt.settle(proposed);
    button("review-back").hidden = true;
    await sign(page.api, attempt, async (receipt) => {
      showReceipt(page, receipt);
      await page.draft.wipe();
    });
  });
}
