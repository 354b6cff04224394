/**
 * A receipt code (16 bytes) and its 12 words: BIP 39, English list. The bytes themselves are the key
 * material; the seed that BIP 39 would stretch from the words is not used.
 */

import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";

import type { Bytes } from "./bytes.ts";
import { FormatError } from "./errors.ts";

export const CODE_SIZE = 16;
export const WORD_COUNT = 12;

/** Twelve words have at most 107 characters; the rest is room for spaces that a person types. */
const LONGEST_WORDS = 1024;

/** Write a receipt code as 12 lower-case words with single spaces. */
export function formatWords(code: Uint8Array): string {
  if (code.length !== CODE_SIZE) throw new FormatError("A receipt code has 16 bytes.");
  return entropyToMnemonic(code, wordlist);
}

/**
 * Return the receipt code that 12 words stand for. Upper case and extra white space are taken, since
 * a person types this. Throws FormatError, which names the place of a word that is not in the list.
 */
export function parseWords(words: string): Bytes {
  const typed = words.length > LONGEST_WORDS ? [] : words.toLowerCase().trim().split(/\s+/);
  if (typed.length !== WORD_COUNT) throw new FormatError("A receipt code has twelve words.");
  const stranger = typed.findIndex((word) => !isWord(word));
  if (stranger >= 0) throw new FormatError(`Word ${stranger + 1} is not in the list of words.`);
  try {
    return new Uint8Array(mnemonicToEntropy(typed.join(" "), wordlist));
  } catch {
    throw new FormatError("The words do not fit together: one is wrong or misplaced.");
  }
}

/** Tell whether a lower-case word is in the list. */
export function isWord(word: string): boolean {
  return wordlist.includes(word);
}
