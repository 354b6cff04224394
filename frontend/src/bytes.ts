/**
 * Bytes, and bytes as text: base64url without padding (RFC 4648 section 5), base64 (section 4) and
 * lower-case hex, all strict. One text for one value: padding, white space, other alphabets and
 * non-zero unused bits are refused.
 */

import { FormatError } from "./errors.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** Join byte strings. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Tell whether two byte strings are the same. For public values only: it stops early. */
export function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Return so many random bytes. */
export function randomBytes(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}

/** Write a number from 0 to 2^32 - 1 as `size` bytes, the highest first. */
export function formatUint(value: number, size: 1 | 2 | 4): Bytes {
  return Uint8Array.from({ length: size }, (_, at) => value >>> (8 * (size - 1 - at)));
}

const ENCODER = new TextEncoder();
// A byte order mark is kept, so that it is refused like any other stray character.
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Write a string as UTF-8. A lone surrogate has no UTF-8: FormatError. */
export function formatUtf8(text: string): Bytes {
  const data = ENCODER.encode(text);
  if (DECODER.decode(data) !== text) throw new FormatError("The text is not Unicode.");
  return data;
}

/** Read UTF-8. Throws FormatError. */
export function parseUtf8(data: Uint8Array): string {
  try {
    return DECODER.decode(data);
  } catch {
    throw new FormatError("The text is not UTF-8.");
  }
}

/** Write bytes as base64 with padding. */
export function formatBase64(data: Uint8Array): string {
  let text = "";
  // One call with all bytes would overflow the stack of arguments.
  for (let at = 0; at < data.length; at += 4096) {
    text += String.fromCharCode(...data.subarray(at, at + 4096));
  }
  return btoa(text);
}

/** Read canonical base64 with padding, of `size` bytes if it is given. Throws FormatError. */
export function parseBase64(text: string, size?: number): Bytes {
  let signs: string;
  try {
    signs = atob(text);
  } catch {
    throw new FormatError("That is not base64.");
  }
  const data = new Uint8Array(signs.length);
  for (let at = 0; at < signs.length; at += 1) data[at] = signs.charCodeAt(at);
  if (formatBase64(data) !== text) throw new FormatError("That is not canonical base64.");
  if (size !== undefined && data.length !== size) {
    throw new FormatError(`Expected ${size} bytes of base64.`);
  }
  return data;
}

/** Write bytes as base64url without padding. */
export function formatBase64url(data: Uint8Array): string {
  return formatBase64(data).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Read canonical base64url without padding, of `size` bytes if it is given. Throws FormatError. */
export function parseBase64url(text: string, size?: number): Bytes {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new FormatError("That is not base64url.");
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  return parseBase64(text.replaceAll("-", "+").replaceAll("_", "/") + padding, size);
}

/** Write bytes as lower-case hex. */
export function formatHex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Read `size` bytes of lower-case hex. Throws FormatError. */
export function parseHex(text: string, size: number): Bytes {
  if (text.length !== 2 * size || !/^[0-9a-f]*$/.test(text)) {
    throw new FormatError(`Expected ${size} bytes of lower-case hex.`);
  }
  return Uint8Array.from({ length: size }, (_, at) => parseInt(text.slice(2 * at, 2 * at + 2), 16));
}
