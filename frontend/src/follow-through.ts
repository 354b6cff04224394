/**
 * Saying whether one did what the letter said, after its deadline (section 9.2 of `docs/formats.md`):
 * signed by the signer's key, counted once, joined to no name by the site.
 */

import { formatBase64url, formatUtf8, concat } from "./bytes.ts";
import type { Api } from "./api.ts";
import { formatCanonical } from "./jcs.ts";
import { signerKeyOf } from "./keys.ts";
import type { Letter } from "./letter.ts";
import { parseWords } from "./words.ts";

export const ANSWERS = ["yes", "not-yet", "no"] as const;
export type FollowAnswer = (typeof ANSWERS)[number];

const CONTEXT = formatUtf8("undersigned/v1/follow-through\n");

/** Make the signed answer of whoever has these words. */
export async function makeFollowThrough(
  letter: Letter,
  words: string,
  answer: FollowAnswer,
): Promise<Readonly<Record<string, unknown>>> {
  const key = await signerKeyOf(parseWords(words), letter.id);
  const unsigned = {
    v: 1,
    t: "follow-through",
    letter: formatBase64url(letter.id),
    pk: formatBase64url(key.publicKey),
    answer,
  };
  const sig = await key.sign(concat(CONTEXT, formatCanonical(unsigned)));
  return { ...unsigned, sig: formatBase64url(sig) };
}

/**
 * Say it. Throws Refused (`said-before`, `not-asked-yet`, `unknown-signature`), FormatError for words
 * that are none, Unreachable, Busy.
 */
export async function sayFollowThrough(
  api: Api,
  letter: Letter,
  words: string,
  answer: FollowAnswer,
): Promise<void> {
  await api.followThrough(letter, await makeFollowThrough(letter, words, answer));
}
