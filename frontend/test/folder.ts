/** A mirror in a folder, as the browser's audit reads it in the tests. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Bytes } from "../src/bytes.ts";
import type { Source } from "../src/source.ts";

export class FolderSource implements Source {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async find(path: string): Promise<Bytes | null> {
    const file = join(this.#folder, path);
    return existsSync(file) ? new Uint8Array(readFileSync(file)) : null;
  }

  async letters(): Promise<readonly string[]> {
    return readdirSync(join(this.#folder, "site/letters")).sort();
  }
}
