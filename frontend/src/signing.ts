/**
 * The two requests of a signature, for its token and with its record, and the wait for the proof. A
 * browser may send both over one connection, which a watching operator can join: no page can prevent
 * it, and the threat model publishes it.
 */

import { type Api, promiseIn } from "./api.ts";
import type { Attempt } from "./attempt.ts";
import type { Asked } from "./enrolment.ts";
import { ProofPending } from "./errors.ts";
import { PATIENT } from "./exchange.ts";
import { verifiedPromise } from "./promise.ts";
import { leafHashOf, type Receipt, withProof } from "./receipt.ts";

/**
 * Get the token for an attempt; nothing happens if it has one already. Without `asked` the last
 * request is sent again. `notify` is the language of mails about how the letter goes, for a member who
 * wants some. Throws Refused (`proof-rejected`, `already-issued` ...), Unreachable or Busy
 * when patience ends, VerificationError for a false answer.
 */
export async function enrol(
  api: Api,
  attempt: Attempt,
  asked?: Asked,
  notify: string | null = null,
): Promise<void> {
  if (attempt.state.state !== "blinded") return;
  const request = await attempt.ask(asked);
  const sent = notify === null ? request : { ...request, notify };
  await attempt.takeToken(await api.token(attempt.letter, sent));
}

/**
 * Send the record of a chosen attempt, verify the promise, and wipe the attempt. `keep` is called
 * with the receipt before the wipe: while it waits, or if it throws, a lost page loses nothing, since
 * the same bytes sent again get the same promise. Throws Refused (`letter-not-open`, `token-spent`
 * ...), Unreachable, Busy, VerificationError.
 */
export async function sign(
  api: Api,
  attempt: Attempt,
  keep: (receipt: Receipt) => Promise<void>,
): Promise<Receipt> {
  const { site, letter, entry, blob } = attempt;
  const note = promiseIn(await api.sign(letter, entry, blob));
  const receipt = attempt.receipt(await verifiedPromise(site, letter, entry, note));
  await keep(receipt);
  await attempt.wipe();
  return receipt;
}

/**
 * Ask for the proof until the record is in the log, `tries` times, `everyMs` apart; return the
 * receipt with it, verified. Throws ProofPending when the tries are used up; Refused (`unknown-leaf`)
 * if the site denies the record, which with the promise is evidence against it.
 */
export async function waitForProof(
  api: Api,
  receipt: Receipt,
  tries: number,
  everyMs: number,
  sleep: (ms: number) => Promise<void> = PATIENT.sleep,
): Promise<Receipt> {
  const leaf = leafHashOf(receipt);
  for (let tried = 1; ; tried += 1) {
    const proof = await api.findProof(leaf);
    if (proof !== null) return withProof(receipt, proof);
    if (tried >= tries) throw new ProofPending();
    await sleep(everyMs);
  }
}
