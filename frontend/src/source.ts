/**
 * Where a verification reads from: a site, by the names that the files of a mirror have
 * (`docs/formats.md` section 11). What is not there is null; nothing that is read is believed.
 */

import { type Bytes, formatUtf8 } from "./bytes.ts";
import { FormatError, Refused } from "./errors.ts";
import { get, PATIENT, type Patience } from "./exchange.ts";
import { parseJson } from "./jcs.ts";
import { readInteger, readList, readObject, readPattern } from "./shape.ts";

export interface Source {
  /** Return the bytes of a file, null if there is none. Throws Unreachable, FormatError. */
  find(path: string): Promise<Bytes | null>;
  /** Return the ids (hex) of the letters that have pages. */
  letters(): Promise<readonly string[]>;
}

const MOST_LETTERS = 10_000;
const MOST_NAME_PAGES = 10_000;

/** A site; "" is the one that this page came from. */
export class SiteSource implements Source {
  readonly #root: string;
  readonly #patience: Patience;
  #names: Promise<ReadonlyMap<string, string>> | null = null;

  constructor(root = "", patience: Patience = PATIENT) {
    this.#root = root;
    this.#patience = patience;
  }

  async find(path: string): Promise<Bytes | null> {
    if (path === "log.vkey") return this.#vkey();
    if (path === "site/site.json") return this.#get("/api/v1/site");
    const page = /^site\/letters\/([0-9a-f]{64})\/(letter|counts|history|names|responses|guarantees)\.json$/.exec(path);
    if (page === null) return this.#get(`/${path}`);
    const name = (await this.#letterNames()).get(page[1] ?? "");
    if (name === undefined) return null;
    const api = `/api/v1/letters/${name}`;
    if (page[2] === "names") return this.#allNames(`${api}/names`);
    return this.#get(page[2] === "letter" ? api : `${api}/${page[2]}`);
  }

  async letters(): Promise<readonly string[]> {
    return [...(await this.#letterNames()).keys()];
  }

  async #get(path: string): Promise<Bytes | null> {
    try {
      const { status, body } = await get(this.#root + path, this.#patience);
      return status === 200 ? body : null;
    } catch (error) {
      if (error instanceof Refused) return null;
      throw error;
    }
  }

  async #vkey(): Promise<Bytes | null> {
    const site = await this.#get("/api/v1/site");
    if (site === null) return null;
    const vkey = readObject(parseJson(site), "site")["log_vkey"];
    return typeof vkey === "string" ? formatUtf8(vkey) : null;
  }

  /** Return slug@edition for every letter id; asked for once. */
  #letterNames(): Promise<ReadonlyMap<string, string>> {
    this.#names ??= this.#readLetterNames();
    return this.#names;
  }

  async #readLetterNames(): Promise<ReadonlyMap<string, string>> {
    const data = await this.#get("/api/v1/letters");
    const { letters } = readObject(parseJson(data ?? formatUtf8("{}")), "letters");
    const lines = readList(letters, "letters", [0, MOST_LETTERS], (line) => {
      const wire = readObject(line, "letters");
      const id = readPattern(wire["letter_id"], "letter_id", /^[0-9a-f]{64}$/);
      const slug = readPattern(wire["slug"], "slug", /^[a-z0-9][a-z0-9-]{0,63}$/);
      return [id, `${slug}@${readInteger(wire["edition"], "edition", 1)}`] as const;
    });
    return new Map(lines);
  }

  /** Return all pages of names as one. */
  async #allNames(path: string): Promise<Bytes | null> {
    const pages: string[] = [];
    let after = -1;
    for (let page = 0; page < MOST_NAME_PAGES; page += 1) {
      const data = await this.#get(`${path}?after=${after}`);
      if (data === null) return null;
      const { names, next } = readObject(parseJson(data), "names");
      if (!Array.isArray(names)) throw new FormatError("names: not a list");
      for (const name of names) pages.push(JSON.stringify(name));
      if (next === null) return formatUtf8(`{"names":[${pages.join()}],"next":null}`);
      if (readInteger(next, "next") <= after) break;
      after = readInteger(next, "next");
    }
    throw new FormatError("The pages of names do not come to an end.");
  }
}
