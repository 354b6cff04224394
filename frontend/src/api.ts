/** The site's HTTP API, as a member uses it: each call is one request, its answer read strictly. */

import { SLUG } from "./body.ts";
import { type Bytes, formatBase64url, formatHex, parseUtf8 } from "./bytes.ts";
import { canonicalAddress, ENROLMENT_SIZE } from "./enrolment.ts";
import { FormatError, Refused } from "./errors.ts";
import { type Answer, get, ONCE, PATIENT, type Patience, post } from "./exchange.ts";
import { parseJson } from "./jcs.ts";
import {
  type Counts,
  type Letter,
  type LetterView,
  nameOf,
  parseLetterAnswer,
  readCounts,
} from "./letter.ts";
import { readBytes, readMembers } from "./shape.ts";
import { parseSignOn, type SignOnTerms } from "./sign-on.ts";
import { parseSite, type Site } from "./site.ts";
import { type Pace, solve } from "./work.ts";

export const API = "/api/v1";

/** A site's API: `root` is the address of the site without a slash at its end, or "" for this one. */
export class Api {
  readonly #base: string;
  readonly #patience: Patience;

  constructor(root = "", patience: Patience = PATIENT) {
    this.#base = root + API;
    this.#patience = patience;
  }

  /** Fetch the site's origin and keys; `pinnedVkey` is the log's key as the member has it. */
  async site(pinnedVkey?: string): Promise<Site> {
    return parseSite(await this.#getJson("/site"), pinnedVkey);
  }

  /** Fetch a letter (slug, or slug@edition) and verify all that it says of itself. */
  async letter(name: string, site: Site): Promise<LetterView> {
    const [slug = "", edition = "1", ...rest] = name.split("@");
    if (!SLUG.test(slug) || !/^[1-9][0-9]{0,14}$/.test(edition) || rest.length > 0) {
      throw new FormatError("That is not the name of a letter: slug, or slug@edition.");
    }
    return parseLetterAnswer(await this.#getJson(`/letters/${name}`), name, site);
  }

  /** Fetch a letter's counts, as the site shows them. */
  async counts(letter: Letter): Promise<Counts> {
    return readCounts(await this.#getJson(`/letters/${nameOf(letter)}/counts`));
  }

  /**
   * Ask the issuer to mail a code to an address, as canonical as the roll's (section 4); return the
   * enrolment (16 bytes). The answer is the same whether the address is on the roll or not. First comes
   * a little work, for about a second. Sent once: a second request would be a second mail.
   */
  async askForCode(letter: Letter, email: string, pace?: Pace): Promise<Bytes> {
    if (!letter.methods.includes("email")) {
      throw new Refused("refused", "This letter takes no proof by mail.");
    }
    const address = canonicalAddress(email);
    const challenge = await get(`${this.#issuer(letter)}/challenge`, this.#patience);
    const altcha = await solve(parseJson(challenge.body), pace);
    const value = { method: "email", email: address, altcha };
    const { body } = await post(`${this.#issuer(letter)}/enrolments`, value, {
      ...ONCE,
      timeoutMs: this.#patience.timeoutMs,
    });
    const wire = readMembers(parseJson(body), "enrolment", ["enrolment"]);
    return readBytes(wire.enrolment, "enrolment", ENROLMENT_SIZE);
  }

  /** Fetch what a sign-on for a letter begins with. */
  async signOn(letter: Letter): Promise<SignOnTerms> {
    const { body } = await get(`${this.#issuer(letter)}/openid`, this.#patience);
    return parseSignOn(parseJson(body));
  }

  /** Send a request for a token, made by `Attempt.ask`; return the answer for `takeToken`. */
  async token(letter: Letter, request: unknown): Promise<Bytes> {
    return (await post(`${this.#issuer(letter)}/tokens`, request, this.#patience)).body;
  }

  /** Send the entry of a `sign` record and its blob; the promise's note is in the answer. */
  sign(letter: Letter, entry: Bytes, blob: Bytes | null): Promise<Answer> {
    return this.#submit(letter, "signatures", entry, blob);
  }

  /** Send the entry of an `amend` or `withdraw` record and its blob. */
  amend(letter: Letter, entry: Bytes, blob: Bytes | null): Promise<Answer> {
    return this.#submit(letter, "amendments", entry, blob);
  }

  /** Send what a signer says of themselves after the deadline (section 9.2). */
  async followThrough(letter: Letter, value: unknown): Promise<void> {
    await post(`${this.#base}/letters/${nameOf(letter)}/follow-through`, value, this.#patience);
  }

  /** Ask for the proof of a leaf (32 bytes): its text, or null while it is pending. */
  async findProof(leaf: Bytes): Promise<string | null> {
    const answer = await get(`${this.#base}/proofs/${formatHex(leaf)}`, this.#patience);
    return answer.status === 200 ? parseUtf8(answer.body) : null;
  }

  async #getJson(path: string): Promise<unknown> {
    return parseJson((await get(this.#base + path, this.#patience)).body);
  }

  #submit(letter: Letter, kind: string, entry: Bytes, blob: Bytes | null): Promise<Answer> {
    const value = {
      record: formatBase64url(entry),
      blob: blob === null ? null : formatBase64url(blob),
    };
    return post(`${this.#base}/letters/${nameOf(letter)}/${kind}`, value, this.#patience);
  }

  /** Return where tokens are given: the same letter at the issuer, which may be another site. */
  #issuer(letter: Letter): string {
    const base = letter.issuerUrl === null ? this.#base : letter.issuerUrl.replace(/\/+$/, "") + API;
    return `${base}/letters/${nameOf(letter)}`;
  }
}

/** Read the note of the promise in an answer. Throws FormatError. */
export function promiseIn(answer: Answer): string {
  const { promise } = readMembers(parseJson(answer.body), "promise", ["promise"]);
  if (typeof promise !== "string") throw new FormatError("promise: not a string");
  return promise;
}
