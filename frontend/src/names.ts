/**
 * Names and texts: what the log names is there, unchanged, and says what it should (checks 6 and 11).
 * A name document belongs to a signature when the issuer attested it for this letter and its
 * commitment is that of the signature's key; a sealed one is read with the published key.
 */

import { type Bytes, formatBase64url, parseBase64url } from "./bytes.ts";
import type { Context } from "./context.ts";
import { UndersignedError } from "./errors.ts";
import { parseJson } from "./jcs.ts";
import type { Letter } from "./letter.ts";
import type { LetterReplay } from "./letter-replay.ts";
import { type NameAt, nameKey } from "./moment.ts";
import { type NameDocument, parseName, verifyName } from "./name.ts";
import { type BadLeaf, isOpened, type OpenedLeaf, refusalsNeeded } from "./opening-file.ts";
import type { Told } from "./openings.ts";
import { openBlob, parseBlob } from "./seal.ts";
import { combineKey, isCommitted } from "./share.ts";
import type { Signature } from "./tally.ts";
import { parseText, type TextDocument } from "./text.ts";

/** So many documents are asked for at once. */
const AT_ONCE = 8;

/** Do something for each, several at once, in no order. */
export async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items].reverse();
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  });
  await Promise.all(workers);
}

/** Read the texts of a letter in the record's order, null where one is missing (check 6). */
export async function readTexts(
  context: Context,
  { letter, title }: LetterReplay,
): Promise<readonly (TextDocument | null)[]> {
  const read = letter.texts.map(async ({ lang, hash }) => {
    const digest = formatBase64url(hash);
    const what = `${title}, its text in '${lang}'`;
    await context.fetch(digest);
    const data = context.document(digest, 6, what);
    if (data === null) {
      context.findings.unchecked(6, `${what}: there is no document ${digest} of that hash.`);
      return null;
    }
    try {
      const text = parseText(parseJson(data));
      if (text.lang !== lang) {
        context.findings.false(6, `${what}: the document says that it is in '${text.lang}'.`);
      }
      if (text.demands.map(({ id }) => id).join() !== letter.demands.join()) {
        context.findings.false(6, `${what}: its demands are not those of the letter.`);
      }
      return text;
    } catch (error) {
      if (!(error instanceof UndersignedError)) throw error;
      context.findings.false(6, `${what}: ${error.message}.`);
      return null;
    }
  });
  return Promise.all(read);
}

/** Reads the names of one letter and keeps those that hold. */
export class NameReader {
  readonly names = new Map<string, NameDocument>();
  readonly #context: Context;
  readonly #replay: LetterReplay;
  readonly #isWanted: (leaf: number) => boolean;

  /** `isWanted` says of a leaf whether its name is to be fetched. */
  constructor(context: Context, replay: LetterReplay, isWanted: (leaf: number) => boolean = () => true) {
    this.#context = context;
    this.#replay = replay;
    this.#isWanted = isWanted;
  }

  /** Tell whether the name at a leaf is to be fetched. */
  wants(leaf: number): boolean {
    return this.#isWanted(leaf);
  }

  /** Check every public name, every opened one, and every one that was struck (check 11). */
  async readAll(onProgress: (done: number, all: number) => void = () => {}): Promise<void> {
    const { signatures, openings, title } = this.#replay;
    const tasks: (() => Promise<void>)[] = [];
    let left = 0;
    for (const signature of signatures.byLeaf.values()) {
      const { mode, name, leaf } = signature;
      if (mode !== "public" || name === null) continue;
      if (this.#isWanted(leaf)) tasks.push(() => this.#readPublic(signature, name, isDue(signature)));
      else left += 1;
    }
    for (const told of openings.told) {
      if (!this.#isWanted(told.signature.leaf)) left += 1;
      else if (isOpenedTold(told)) tasks.push(() => this.#readOpened(told));
      else tasks.push(() => this.#checkStruck(told as Told<BadLeaf>));
    }
    let done = 0;
    await forEach(tasks, async (task) => {
      await task();
      done += 1;
      onProgress(done, tasks.length);
    });
    if (left > 0) {
      this.#context.findings.unchecked(11, `${title}: ${left} names were not fetched.`);
    }
    if (signatures.erased > 0) {
      this.#context.findings.note(11, `${title}: ${signatures.erased} names erased.`);
    }
  }

  /** Return a name that was public for a while and need not be there any more. */
  async findEarlier(at: NameAt): Promise<NameDocument | null> {
    const [leaf, digest] = at;
    const signature = this.#replay.signatures.byLeaf.get(leaf);
    if (!this.names.has(nameKey(at)) && signature !== undefined) {
      await this.#readPublic(signature, digest, false);
    }
    return this.names.get(nameKey(at)) ?? null;
  }

  #what({ leaf }: Signature): string {
    return `Leaf ${leaf}, ${this.#replay.label}`;
  }

  #false(signature: Signature, sentence: string): void {
    this.#context.findings.false(11, `${this.#what(signature)}: ${sentence}.`);
  }

  async #find(signature: Signature, digest: string, isNeeded: boolean): Promise<Bytes | null> {
    const data = await this.#context.read(digest, 11, this.#what(signature));
    if (data === null && isNeeded) {
      this.#false(signature, "its name is not there, and the log gives no reason");
    }
    return data;
  }

  async #readPublic(signature: Signature, digest: string, isNeeded: boolean): Promise<void> {
    const data = await this.#find(signature, digest, isNeeded);
    if (data !== null) await this.#keep(signature, digest, data);
  }

  async #readOpened({ signature, blob, leaf }: Told<OpenedLeaf>): Promise<void> {
    const data = await this.#find(signature, blob, isDue(signature));
    if (data === null) return;
    const binding = { letterId: this.#replay.letter.id, pk: parseBase64url(signature.pk) };
    let document: Bytes;
    try {
      document = await openBlob(parseBlob(data), leaf.key, binding);
    } catch (error) {
      if (!(error instanceof UndersignedError)) throw error;
      this.#false(signature, `its sealed name was opened with a wrong key: ${error.message}`);
      return;
    }
    await this.#keep(signature, blob, document);
  }

  async #keep(signature: Signature, digest: string, data: Bytes): Promise<void> {
    try {
      const name = await readName(data, this.#replay.letter, parseBase64url(signature.pk));
      this.names.set(nameKey([signature.leaf, digest]), name);
    } catch (error) {
      if (!(error instanceof UndersignedError)) throw error;
      this.#false(signature, `its name does not belong to it: ${error.message}`);
    }
  }

  /** Check that a struck name is bad, as far as its blob and the shares show. */
  async #checkStruck({ signature, blob, leaf, refused }: Told<BadLeaf>): Promise<void> {
    const data = await this.#find(signature, blob, false);
    if (data === null) {
      const sentence = "struck as unopenable by the trustees; its blob is not published, so only they know";
      this.#context.findings.note(11, `${this.#what(signature)}: ${sentence}.`);
      return;
    }
    const { letter } = this.#replay;
    const { name, isShownBad } = await tryOpen(data, leaf.bad, letter, parseBase64url(signature.pk));
    if (name !== null) {
      this.names.set(nameKey([signature.leaf, blob]), name);
      this.#false(signature, "it was struck as unopenable, and its shares open it");
    } else if (!isShownBad && refused < refusalsNeeded(letter)) {
      this.#false(
        signature,
        "it was struck as unopenable, and neither its shares nor enough trustees say so",
      );
    }
  }
}

function isDue({ end, erasedAt }: Signature): boolean {
  return end === null && erasedAt === null;
}

function isOpenedTold(told: Told): told is Told<OpenedLeaf> {
  return isOpened(told.leaf);
}

/** Read a name document, and verify that it belongs to the signature by `pk`. */
export async function readName(data: Bytes, letter: Letter, pk: Bytes): Promise<NameDocument> {
  const document = parseName(data);
  await verifyName(letter, document, pk);
  return document;
}

interface Tried {
  readonly name: NameDocument | null;
  readonly isShownBad: boolean;
}

/** Return the name that the shares of a struck blob give, else whether they show that it is bad. */
async function tryOpen(
  data: Bytes,
  shares: readonly (Bytes | null)[],
  letter: Letter,
  pk: Bytes,
): Promise<Tried> {
  const bad = { name: null, isShownBad: true };
  try {
    const blob = parseBlob(data);
    if (blob.slots.length !== letter.trustees.length) return bad;
    const good = new Map(
      shares.flatMap((share, at) =>
        share !== null && isCommitted(blob, at + 1, share) ? [[at + 1, share] as const] : [],
      ),
    );
    if (good.size < letter.quorum) return { name: null, isShownBad: false };
    const key = combineKey(blob, good, letter.quorum);
    const document = await openBlob(blob, key, { letterId: letter.id, pk });
    return { name: await readName(document, letter, pk), isShownBad: true };
  } catch (error) {
    if (error instanceof UndersignedError) return bad;
    throw error;
  }
}
