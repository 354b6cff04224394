/**
 * Changing one's mind: withdrawing a signature, and amending its mode, condition and name. The twelve
 * words suffice to withdraw, to become anonymous, and to change the condition of a name that is kept as it
 * is; a name that is written anew takes the attestation of the receipt.
 */

import { type Api, promiseIn } from "./api.ts";
import type { Bytes } from "./bytes.ts";
import { Refused } from "./errors.ts";
import type { Answer } from "./exchange.ts";
import { type SignerKey, signerKeyOf } from "./keys.ts";
import { checkStand, type Letter, type Stand } from "./letter.ts";
import { type Attestation, verifyAttestation, type WrittenName, writeName } from "./name.ts";
import { type Promised, verifiedPromise } from "./promise.ts";
import { formatRecord, makeAmend, makeWithdraw, MOST_AMENDMENTS } from "./record.ts";
import type { Site } from "./site.ts";
import { parseWords } from "./words.ts";

const CREATED = 201;

/** A signature that its words are known of, at a verified letter and site. */
export interface Mine {
  readonly site: Site;
  readonly letter: Letter;
  readonly words: string;
}

/**
 * How a signature is to stand from now on; what is null is taken away. `kept` is the hash of the name
 * that it has in the log, to be kept in the same mode.
 */
export interface Amendment extends Stand {
  readonly attestation: Attestation | null;
  readonly statement: string | null;
  readonly kept?: Bytes | null;
}

/**
 * Withdraw a signature, for good; sent again it is the same record and the same promise. Throws
 * Refused (`unknown-signature`, `already-withdrawn`, `letter-not-open`), FormatError for words that
 * are none, Unreachable, Busy, VerificationError.
 */
export async function withdraw(api: Api, mine: Mine): Promise<Promised> {
  const key = await signerKeyOf(parseWords(mine.words), mine.letter.id);
  const entry = formatRecord(await makeWithdraw(mine.letter, key));
  return promisedIn(mine, entry, await api.amend(mine.letter, entry, null));
}

/**
 * Replace mode, condition and name of a signature, all three. Throws Refused
 * (`amendment-out-of-turn`, and for what the letter does not offer) and what `withdraw` does.
 */
export async function amend(api: Api, mine: Mine, amendment: Amendment): Promise<Promised> {
  const { letter } = mine;
  const { mode, condition, attestation, statement, kept = null } = amendment;
  const key = await signerKeyOf(parseWords(mine.words), letter.id);
  const stand = { mode, condition };
  if (kept !== null) {
    checkStand(letter, stand);
    return amendNext(api, mine, key, stand, { hash: kept, blob: null });
  }
  if (mode !== "anonymous" && attestation !== null) {
    await verifyAttestation(letter, attestation, key.c);
  }
  const name = await writeName(letter, key, stand, attestation, statement);
  return amendNext(api, mine, key, stand, name);
}

/**
 * Try the numbers downwards: the first that the site takes is the next. Upwards, an amendment equal
 * to an earlier one would be answered with the earlier promise, and change nothing. Downwards that
 * happens only when all numbers are used up, and shows: the record is not a new one.
 */
async function amendNext(
  api: Api,
  mine: Mine,
  key: SignerKey,
  stand: Stand,
  name: WrittenName,
): Promise<Promised> {
  let refusal = new Refused("amendment-out-of-turn", "All eight amendments are used up.");
  for (let seq = MOST_AMENDMENTS; seq >= 1; seq -= 1) {
    const entry = formatRecord(await makeAmend(mine.letter, key, seq, stand, name.hash));
    try {
      const answer = await api.amend(mine.letter, entry, name.blob);
      if (answer.status === CREATED || answer.isRepeat || seq === MOST_AMENDMENTS) {
        return await promisedIn(mine, entry, answer);
      }
      break;
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "amendment-out-of-turn") throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function promisedIn({ site, letter }: Mine, entry: Bytes, answer: Answer): Promise<Promised> {
  return verifiedPromise(site, letter, entry, promiseIn(answer));
}
