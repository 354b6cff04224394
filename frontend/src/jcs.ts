/** Canonical JSON (RFC 8785), and JSON as it comes from outside. */

import canonicalize from "canonicalize";

import { type Bytes, formatUtf8, parseUtf8 } from "./bytes.ts";
import { FormatError } from "./errors.ts";

/** Write plain JSON values canonically. Throws FormatError for what JSON cannot hold. */
export function formatCanonical(value: unknown): Bytes {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch {
    text = undefined;
  }
  if (text === undefined) throw new FormatError("A value cannot be written as canonical JSON.");
  return formatUtf8(text);
}

/** Read JSON in UTF-8 into plain values, whose members are yet to be checked. Throws FormatError. */
export function parseJson(data: Uint8Array): unknown {
  const text = parseUtf8(data);
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError("That is not JSON.");
  }
}
