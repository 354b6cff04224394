/**
 * Promises: the site will have this leaf in its log by this time (`docs/formats.md` section 8). One
 * that has passed its time while no proof can be had is evidence against the site.
 */

import { areEqual, type Bytes, formatUtf8 } from "./bytes.ts";
import { FormatError, VerificationError } from "./errors.ts";
import { parseDecimal, parseHash, parseThreeLines } from "./fields.ts";
import { type Letter, windowOf } from "./letter.ts";
import { leafHash } from "./merkle.ts";
import { parseNote, verifyNote } from "./note.ts";
import type { Site } from "./site.ts";

/** An entry of the log to be, the note that promises it, and by when (UTC seconds). */
export interface Promised {
  readonly entry: Bytes;
  readonly note: string;
  readonly by: number;
}

/**
 * Verify that a note is this letter's promise for this entry.
 *
 * 1. The site's promise key, which is the letter's, signed it. 2. It names the entry's leaf hash.
 * 3. Its time ends a window of the letter: a time of its own would mark the member who holds it.
 * Throws FormatError, VerificationError.
 */
export async function verifiedPromise(
  site: Site,
  letter: Letter,
  entry: Bytes,
  note: string,
): Promise<Promised> {
  const parsed = parseNote(formatUtf8(note));
  await verifyNote(parsed, site.promiseKey); // 1
  const [version, leaf, time] = parseThreeLines(parsed.text);
  if (version !== "undersigned/promise/v1" || letter.promiseVkey !== site.promiseVkey) {
    throw new FormatError("The note is not a promise of version 1 for this letter.");
  }
  if (!areEqual(parseHash(leaf), leafHash(entry))) {
    throw new VerificationError("The promise is one for another record."); // 2
  }
  const by = parseDecimal(time);
  if (by % windowOf(letter) !== 0) {
    throw new VerificationError("The time of the promise does not end one of the letter's windows."); // 3
  }
  return { entry, note, by };
}
