/** Explanations: the document in which an organiser says why a signature is invalidated (section 3). */

import { type Bytes, parseUtf8 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { readText } from "./shape.ts";

const LONGEST_EXPLANATION = 2_000;

/** Read an explanation. Throws FormatError. */
export function parseExplanation(data: Bytes): string {
  if (data.length > 4 * LONGEST_EXPLANATION) throw new FormatError("explanation: too long");
  const bounds = { longest: LONGEST_EXPLANATION, lines: true };
  const text = readText(parseUtf8(data), "explanation", bounds);
  if (text.trim() === "") throw new FormatError("explanation: says nothing");
  return text;
}
