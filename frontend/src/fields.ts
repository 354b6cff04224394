/** The fields that the lines of checkpoints, proofs and promises are made of: one spelling each. */

import { type Bytes, parseBase64 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { HASH_SIZE } from "./body.ts";

/** Read an integer, 0 to 2^53 - 1, in ASCII digits without leading zeros. Throws FormatError. */
export function parseDecimal(text: string): number {
  const value = Number(text);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(value)) {
    throw new FormatError("A number is not a decimal below 2^53 without leading zeros.");
  }
  return value;
}

/** Read a 32-byte hash in padded base64. Throws FormatError. */
export function parseHash(text: string): Bytes {
  return parseBase64(text, HASH_SIZE);
}

/** Cut a text into exactly three lines, each ended by one LF. Throws FormatError. */
export function parseThreeLines(text: string): readonly [string, string, string] {
  const [one, two, three, rest, ...more] = text.split("\n");
  if (one === undefined || two === undefined || three === undefined || rest !== "" || more.length) {
    throw new FormatError("The text does not have three lines.");
  }
  return [one, two, three];
}
