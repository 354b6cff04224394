/**
 * Where an attempt to sign survives a lost page or a dead battery: IndexedDB, written through to
 * disk. It holds the twelve words and, until the token is there, a code: as secret as the receipt.
 */

import { StoreError } from "./errors.ts";

/** Texts by key. A text changes only from what the caller believes it is. */
export interface Store {
  names(): Promise<readonly string[]>;
  find(name: string): Promise<string | null>;
  /** Replace `before` by `after`, null being none. Throws StoreError if it is not `before`. */
  replace(name: string, before: string | null, after: string | null): Promise<void>;
}

const DATABASE = "undersigned";
const TABLE = "attempts";

/** Open the browser's store. Throws StoreError, such as in a window that keeps nothing. */
export async function openStore(): Promise<Store> {
  const database = await opened();
  return {
    async names() {
      const keys = await answered(readOnly(database).getAllKeys());
      return keys.filter((key) => typeof key === "string");
    },
    async find(name) {
      return textOf(await answered(readOnly(database).get(name)));
    },
    replace(name, before, after) {
      return replaced(database, name, before, after);
    },
  };
}

function opened(): Promise<IDBDatabase> {
  try {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    return answered(request);
  } catch {
    throw new StoreError("This browser keeps nothing; another window or browser may.");
  }
}

function readOnly(database: IDBDatabase): IDBObjectStore {
  return database.transaction(TABLE, "readonly").objectStore(TABLE);
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new StoreError("The browser's store cannot be read."));
  });
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/**
 * Compare and write in one transaction: of two tabs that go on with one attempt, the slower must not
 * overwrite a record that the faster has already sent.
 */
function replaced(
  database: IDBDatabase,
  name: string,
  before: string | null,
  after: string | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // "strict" waits for the disk: what comes next is a request that cannot be taken back.
    const transaction = database.transaction(TABLE, "readwrite", { durability: "strict" });
    const table = transaction.objectStore(TABLE);
    const current = table.get(name);
    let reason = "The browser's store cannot be written.";
    current.onsuccess = () => {
      if (textOf(current.result) !== before) {
        reason = "Another tab has gone on with this signature; use that one, or load this anew.";
        transaction.abort();
      } else if (after === null) {
        table.delete(name);
      } else {
        table.put(after, name);
      }
    };
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(new StoreError(reason));
  });
}

/** Return a store in memory only, for a window that keeps nothing; a lost page then loses all. */
export function memoryStore(): Store {
  const texts = new Map<string, string>();
  return {
    async names() {
      return [...texts.keys()];
    },
    async find(name) {
      return texts.get(name) ?? null;
    },
    async replace(name, before, after) {
      if ((texts.get(name) ?? null) !== before) throw new StoreError("The attempt has changed.");
      if (after === null) texts.delete(name);
      else texts.set(name, after);
    },
  };
}
