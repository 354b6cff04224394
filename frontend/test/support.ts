/** The vectors that Python is held to as well, and the one site that they describe. */

import { existsSync, readFileSync } from "node:fs";

import { RSABSSA } from "@cloudflare/blindrsa-ts";

import { type Bytes, formatBase64, formatBase64url, formatUtf8, parseBase64, parseBase64url, parseHex, parseUtf8 } from "../src/bytes.ts";
import { signerOf } from "../src/ed25519.ts";
import { hash } from "../src/hash.ts";
import { formatCanonical } from "../src/jcs.ts";
import { type Letter, type LetterView, parseLetterAnswer } from "../src/letter.ts";
import { leafHash } from "../src/merkle.ts";
import { concat } from "../src/bytes.ts";
import { parseSite, type Site } from "../src/site.ts";

export type Vector = Record<string, any>;

/** Read vectors of the project. */
export function own(name: string): Vector[] {
  return JSON.parse(readFileSync(`tests/vectors/${name}.json`, "utf8")) as Vector[];
}

/** Read an RFC's vectors where they are at hand, else, audibly, the project's own of the same form. */
export function published(name: string, instead: string): Vector[] {
  const path = `../shared/vectors/${name}.json`;
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Vector[];
  console.log(`# warning: ${path} was not found; tested with ${instead}.json instead`);
  return own(instead);
}

/** Read hex of any length. */
export function hex(text: string): Bytes {
  return parseHex(text, text.length / 2);
}

/** Read a number in hex, as RFC 9474 writes them, as bytes. */
export function hexNumber(text: string): Bytes {
  const digits = text.replace(/^0x/, "");
  return hex(digits.length % 2 === 0 ? digits : `0${digits}`);
}

export const MEMBER: Vector = own("member")[0] ?? {};

/** Return the solution in the work that is sent with a request. */
export function solutionIn(altcha: string): Vector {
  return (JSON.parse(parseUtf8(parseBase64(altcha))) as Vector)["solution"];
}

/** Return a deep copy of what JSON can hold. */
export function copy<T>(value: T): T {
  return structuredClone(value);
}

/** Read the site and the letter of the vector. */
export async function read(): Promise<{ site: Site; view: LetterView; letter: Letter }> {
  const site = parseSite(MEMBER["site"]);
  const view = await parseLetterAnswer(MEMBER["letter"], "member-letter", site);
  return { site, view, letter: view.letter };
}

function pemBody(pem: string): Bytes {
  return parseBase64(pem.replace(/-----[^-]+-----|\s/g, ""));
}

/** Read an RSA key of a vector for signing. */
export function privateKeyOf(pem: string): Promise<CryptoKey> {
  const algorithm = { name: "RSA-PSS", hash: "SHA-384" };
  return crypto.subtle.importKey("pkcs8", pemBody(pem), algorithm, true, ["sign"]);
}

/** Sign blindly, as the letter's issuer. */
export async function blindSign(pem: string, blinded: Bytes): Promise<Bytes> {
  const suite = RSABSSA.SHA384.PSS.Deterministic();
  return new Uint8Array(await suite.blindSign(await privateKeyOf(pem), blinded));
}

/** Answer a request for a token, as the issuer of the vector's letter. */
export async function issue(request: Vector, changed: Vector = {}): Promise<Bytes> {
  const unsigned = {
    v: 1,
    t: "attestation",
    letter: MEMBER["receipt"].attestation.letter,
    name: request["shown_as"]?.name ?? "Rina Contoh",
    role: request["shown_as"] === null ? "Engineer" : request["shown_as"].role,
    verified: "invite",
    c: request["c"],
    ...changed,
  };
  const signer = await signerOf(hex(MEMBER["seeds"].attestation));
  const message = concat(formatUtf8("undersigned/v1/attestation\n"), formatCanonical(unsigned));
  const sig = formatBase64url(await signer.sign(message));
  const signature = await blindSign(MEMBER["token_key"], parseBase64url(request["blinded"]));
  return formatCanonical({
    blind_signature: formatBase64url(signature),
    attestation: { ...unsigned, sig },
    salt: formatBase64url(new Uint8Array(16)),
  });
}

/** Promise an entry, as the site of the vector. */
export async function promise(entry: Bytes, by = 1_700_000_400): Promise<string> {
  const text = `undersigned/promise/v1\n${formatBase64(leafHash(entry))}\n${by}\n`;
  const name = `${MEMBER["site"].origin}/promise`;
  const signer = await signerOf(hex(MEMBER["seeds"].promise));
  const kind = concat(Uint8Array.of(1), signer.publicKey);
  const keyId = hash(formatUtf8(`${name}\n`), kind).slice(0, 4);
  const blob = concat(keyId, await signer.sign(formatUtf8(text)));
  return `${text}\n— ${name} ${formatBase64(blob)}\n`;
}

/** Run with so many bytes of chance as given, in order; the rest is real. */
export async function withRandom<T>(values: Bytes[], body: () => Promise<T>): Promise<T> {
  const real = crypto.getRandomValues;
  crypto.getRandomValues = ((array: Uint8Array) => {
    const next = values.shift();
    if (next === undefined || next.length !== array.length) throw new Error("other chance than given");
    array.set(next);
    return array;
  }) as typeof real;
  try {
    return await body();
  } finally {
    crypto.getRandomValues = real;
  }
}
