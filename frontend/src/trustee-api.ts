/** What a trustee asks of a site (`docs/formats.md` section 9): each request is signed by its key. */

import { type Bytes, concat, formatBase64url, formatUtf8 } from "./bytes.ts";
import { exchange, type Patience } from "./exchange.ts";
import { hash } from "./hash.ts";
import { parseJson } from "./jcs.ts";
import { type Letter, nameOf } from "./letter.ts";
import { readInteger, readList, readObject } from "./shape.ts";
import type { TrusteeKey } from "./trustee-key.ts";

const REQUEST = formatUtf8("undersigned/v1/request\n");

/** Who has sent share files in a wave, and who has not. */
export interface Sharing {
  readonly sent: readonly number[];
  readonly awaited: readonly number[];
}

export class TrusteeApi {
  readonly #letter: Letter;
  readonly #number: number;
  readonly #key: TrusteeKey;
  readonly #clock: () => number;
  readonly #patience: Patience;

  /** `clock` is the site's, in UTC seconds. */
  constructor(
    letter: Letter,
    number: number,
    key: TrusteeKey,
    clock: () => number,
    patience: Patience,
  ) {
    this.#letter = letter;
    this.#number = number;
    this.#key = key;
    this.#clock = clock;
    this.#patience = patience;
  }

  /** Fetch the blob of a name of the wave that waits. */
  blob(leaf: number): Promise<Bytes> {
    return this.#send("GET", `blobs/${leaf}`);
  }

  /** Ask who has sent their shares. */
  async sharing(wave: number): Promise<Sharing> {
    return readSharing(await this.#send("GET", `waves/${wave}/shares`));
  }

  /** Fetch another trustee's share file. */
  shareFile(wave: number, from: number): Promise<Bytes> {
    return this.#send("GET", `waves/${wave}/shares/${from}`);
  }

  /** Send one's own share file. */
  async sendShares(wave: number, file: Bytes): Promise<Sharing> {
    return readSharing(await this.#send("POST", `waves/${wave}/shares`, file));
  }

  /** Send an opening: its record and its file. */
  async sendOpening(wave: number, record: Bytes, file: Bytes): Promise<void> {
    await this.#send("POST", `waves/${wave}/opening`, concat(record, formatUtf8("\n"), file));
  }

  async #send(method: "GET" | "POST", rest: string, body: Bytes = new Uint8Array()): Promise<Bytes> {
    const path = `/api/v1/letters/${nameOf(this.#letter)}/${rest}`;
    const time = String(this.#clock());
    const head = formatUtf8(`${method} ${path}\n${time}\n`);
    const sig = formatBase64url(await this.#key.sign(concat(REQUEST, head, hash(body))));
    const headers = { "Undersigned-Trustee": `${this.#number} ${time} ${sig}` };
    const request =
      method === "GET"
        ? { method, headers }
        : { method, body, headers: { ...headers, "Content-Type": "application/octet-stream" } };
    return (await exchange(path, request, this.#patience)).body;
  }
}

function readSharing(data: Bytes): Sharing {
  const wire = readObject(parseJson(data), "shares");
  return {
    sent: readList(wire["files"], "files", [0, 16], (file) =>
      readInteger(readObject(file, "files")["from"], "files.from", 1),
    ),
    awaited: readList(wire["awaited"], "awaited", [0, 16], (one) => readInteger(one, "awaited", 1)),
  };
}
