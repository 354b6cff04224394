/**
 * Strict readers of plain JSON values: exactly the members there should be, integers from 0 to
 * 2^53 - 1, NFC strings without control characters (`docs/formats.md`, "Conventions"). Each takes the
 * value and what to call it, and throws FormatError; no message quotes the value.
 */

import { type Bytes, parseBase64url } from "./bytes.ts";
import { FormatError } from "./errors.ts";

/** Read an object that has exactly these members. */
export function readMembers<K extends string>(
  value: unknown,
  what: string,
  names: readonly K[],
): Readonly<Record<K, unknown>> {
  const found = readObject(value, what);
  if (Object.keys(found).length !== names.length || !names.every((n) => Object.hasOwn(found, n))) {
    throw new FormatError(`${what}: does not have the members that it should have`);
  }
  return found as Record<K, unknown>;
}

/** Read an object that may have other members too. */
export function readObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`${what}: not an object`);
  }
  return value as Record<string, unknown>;
}

/** Read an integer from `least` to `greatest`. */
export function readInteger(
  value: unknown,
  what: string,
  least = 0,
  greatest = Number.MAX_SAFE_INTEGER,
): number {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > greatest) {
    throw new FormatError(`${what}: must be an integer from ${least} to ${greatest}`);
  }
  return value as number;
}

/** Read true or false. */
export function readBoolean(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw new FormatError(`${what}: must be true or false`);
  return value;
}

export interface TextBounds {
  /** In Unicode code points. */
  readonly least?: number;
  readonly longest?: number;
  /** Whether line feeds may stand in it. */
  readonly lines?: boolean;
}

/** Read a string, in NFC, without control characters. */
export function readText(value: unknown, what: string, bounds: TextBounds = {}): string {
  if (typeof value !== "string") throw new FormatError(`${what}: not a string`);
  const { least = 0, longest = Infinity, lines = false } = bounds;
  const length = countCharacters(value);
  if (length < least || length > longest) {
    throw new FormatError(`${what}: must have ${least} to ${longest} characters`);
  }
  if (value.normalize("NFC") !== value) throw new FormatError(`${what}: not in Unicode NFC`);
  if (/[\p{Cc}\p{Cs}]/u.test(lines ? value.replaceAll("\n", "") : value)) {
    throw new FormatError(`${what}: holds a control character`);
  }
  return value;
}

/** Return the length of a string in Unicode code points. */
export function countCharacters(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** Read a string of one pattern, which must be anchored at both ends. */
export function readPattern(value: unknown, what: string, pattern: RegExp): string {
  const text = readText(value, what);
  if (!pattern.test(text)) throw new FormatError(`${what}: not of the form that it should have`);
  return text;
}

/** Read one of some words. */
export function readWord<T extends string>(value: unknown, what: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw new FormatError(`${what}: must be one of ${words.join(", ")}`);
  return word;
}

/** Read bytes in base64url, `size` many if it is given. */
export function readBytes(value: unknown, what: string, size?: number): Bytes {
  if (typeof value !== "string") throw new FormatError(`${what}: not a string`);
  try {
    return parseBase64url(value, size);
  } catch {
    const many = size === undefined ? "bytes" : `${size} bytes`;
    throw new FormatError(`${what}: must be ${many} in base64url`);
  }
}

/** Read an array of `least` to `most` items, each with `read`. */
export function readList<T>(
  value: unknown,
  what: string,
  [least, most]: readonly [number, number],
  read: (item: unknown) => T,
): readonly T[] {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    throw new FormatError(`${what}: must be a list of ${least} to ${most}`);
  }
  return value.map((item) => read(item));
}

/** Read null, or what `read` reads. */
export function readNullable<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

/** Check that a value is the one that alone may stand here. */
export function readConstant<T extends string | number>(value: unknown, what: string, one: T): T {
  if (value !== one) throw new FormatError(`${what}: must be ${one}`);
  return one;
}
