/** What every part of a verification shares: the findings, which log it is, the clock, the documents. */

import { type Bytes, formatBase64url, formatHex, parseBase64url } from "./bytes.ts";
import type { CheckNumber, Findings } from "./findings.ts";
import { hash } from "./hash.ts";
import type { Source } from "./source.ts";

/** How far a record's time may lie in the reader's future: clocks differ by minutes, not by hours. */
export const CLOCK_SLACK_S = 300;

/** A document as it came: null if there is none, `isRight` if it has the hash that names it. */
interface Fetched {
  readonly data: Bytes | null;
  readonly isRight: boolean;
}

export class Context {
  readonly findings: Findings;
  readonly origin: string;
  /** The reader's time in UTC seconds, if there is one. */
  readonly now: number | null;
  readonly #source: Source;
  readonly #documents = new Map<string, Fetched>();

  constructor(findings: Findings, origin: string, now: number | null, source: Source) {
    this.findings = findings;
    this.origin = origin;
    this.now = now;
    this.#source = source;
  }

  /** The host of the log's origin, as tokens name it. */
  get host(): string {
    return this.origin.split("/", 1)[0] ?? "";
  }

  /** Fetch a document (its hash in base64url), so that `document` has it. */
  async fetch(digest: string): Promise<void> {
    if (!this.#documents.has(digest)) this.#documents.set(digest, await this.#find(digest));
  }

  /** Fetch a document and return it as `document` does; it is not kept. */
  async read(digest: string, number: CheckNumber, what: string): Promise<Bytes | null> {
    return this.#judge(await this.#find(digest), digest, number, what);
  }

  async #find(digest: string): Promise<Fetched> {
    const data = await this.#source.find(`documents/${formatHex(parseBase64url(digest))}`);
    return { data, isRight: data !== null && formatBase64url(hash(data)) === digest };
  }

  /** Return a document that was fetched, null if it is missing or has another hash; nothing is said. */
  peek(digest: string): Bytes | null {
    const { data = null, isRight = false } = this.#documents.get(digest) ?? {};
    return isRight ? data : null;
  }

  /** Let go of a document that nobody will ask for again. */
  forget(digest: string): void {
    this.#documents.delete(digest);
  }

  /**
   * Return a document that was fetched, null if it is missing or has another hash. That it was changed
   * is reported under check `number`; that it is missing is not.
   */
  document(digest: string, number: CheckNumber, what: string): Bytes | null {
    const fetched = this.#documents.get(digest) ?? { data: null, isRight: false };
    return this.#judge(fetched, digest, number, what);
  }

  #judge({ data, isRight }: Fetched, digest: string, number: CheckNumber, what: string): Bytes | null {
    if (data === null || isRight) return data;
    this.findings.false(number, `${what}: the document ${digest} has another hash, so it was changed.`);
    return null;
  }
}
