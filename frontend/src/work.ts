/**
 * The work that an issuer asks for before it sends a mail (`docs/formats.md` section 9.3): a challenge of
 * ALTCHA, version 2. It is done in slices, so that the page stays as quick as it was; a worker would have to be
 * made from an address that was put together, which the page's policy does not allow.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { formatBase64, formatHex, formatUtf8, parseHex } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { readConstant, readInteger, readMembers, readObject, readPattern } from "./shape.ts";

/** Hashes that a challenge may cost at most: the greatest that an issuer of ours asks for is 80,000. */
const MOST_WORK = 20_000_000;
const MOST_ROUNDS = 1_000;
const HEX = /^([0-9a-f]{2}){1,64}$/;
/** How long nothing else is done: less than the time between two pictures. */
const SLICE_MS = 12;
/** Numbers that are tried between two looks at the clock. */
const STRIDE = 64;

interface Puzzle {
  /** Salt and nonce, and four bytes for the number. */
  readonly input: Uint8Array;
  readonly rounds: number;
  readonly prefix: Uint8Array;
  readonly keySize: number;
  readonly most: number;
}

/** What a solution may be told by while it is sought, and how it rests between two slices. */
export interface Pace {
  /** Is told which part of the work is done, from 0 to 1. */
  readonly tell: (share: number) => void;
  readonly rest: () => Promise<void>;
}

export const STEADY: Pace = {
  tell: () => undefined,
  rest: () => new Promise((resolve) => setTimeout(resolve)),
};

/** Solve a challenge (plain JSON values); return it with its solution, as base64. Throws FormatError. */
export async function solve(challenge: unknown, pace: Pace = STEADY): Promise<string> {
  const puzzle = parseChallenge(challenge);
  const solution = await search(puzzle, pace);
  return formatBase64(formatUtf8(JSON.stringify({ challenge, solution })));
}

function parseChallenge(value: unknown): Puzzle {
  const { parameters } = readMembers(value, "challenge", ["parameters", "signature"]);
  const wire = readObject(parameters, "parameters");
  readConstant(wire["algorithm"], "algorithm", "SHA-256");
  const salt = readHex(wire["salt"], "salt");
  const nonce = readHex(wire["nonce"], "nonce");
  const input = new Uint8Array([...salt, ...nonce, 0, 0, 0, 0]);
  const rounds = readInteger(wire["cost"], "cost", 1, MOST_ROUNDS);
  const { most } = readObject(wire["data"], "data");
  return {
    input,
    rounds,
    prefix: readHex(wire["keyPrefix"], "keyPrefix"),
    keySize: readInteger(wire["keyLength"], "keyLength", 16, 32),
    most: readInteger(most, "most", 1, Math.floor(MOST_WORK / rounds)),
  };
}

function readHex(value: unknown, what: string): Uint8Array {
  const text = readPattern(value, what, HEX);
  return parseHex(text, text.length / 2);
}

async function search(puzzle: Puzzle, pace: Pace): Promise<{ counter: number; derivedKey: string }> {
  let until = performance.now() + SLICE_MS;
  for (let counter = 0; counter <= puzzle.most; counter += 1) {
    const key = keyOf(puzzle, counter);
    if (puzzle.prefix.every((byte, at) => key[at] === byte)) {
      pace.tell(1);
      return { counter, derivedKey: formatHex(key.subarray(0, puzzle.keySize)) };
    }
    if (counter % STRIDE === 0 && performance.now() > until) {
      pace.tell(counter / puzzle.most);
      await pace.rest();
      until = performance.now() + SLICE_MS;
    }
  }
  throw new FormatError("The challenge has no solution.");
}

function keyOf({ input, rounds }: Puzzle, counter: number): Uint8Array {
  new DataView(input.buffer).setUint32(input.length - 4, counter);
  let key = sha256(input);
  for (let round = 1; round < rounds; round += 1) key = sha256(key);
  return key;
}
