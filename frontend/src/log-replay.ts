/**
 * The whole log, entry by entry: forms and signatures (check 5), letters and their acks (check 6).
 * What has to be waited for (signatures, tokens, documents) is asked for a whole bundle at once;
 * then its records are applied in their order, without waiting.
 */

import { checkDocument } from "./answers.ts";
import {
  type Bytes, concat, formatBase64url, formatHex, formatUtf8, parseBase64url,
} from "./bytes.ts";
import type { Context } from "./context.ts";
import {
  documentsOf, type Entry, type LetterEntry, parseEntry, type PlainEntry, signedBytes,
} from "./entry.ts";
import { KEY_SIZE, SIGNATURE_SIZE, verifyEd25519 } from "./ed25519.ts";
import { FormatError, UndersignedError } from "./errors.ts";
import type { Letter } from "./letter.ts";
import { LetterReplay, type Waited } from "./letter-replay.ts";
import type { Wanted } from "./moment.ts";
import { parseVkey } from "./note.ts";
import { NOBODY_REFUSED, verifyRefusals } from "./openings.ts";
import { type TokenCheck, tokenCheck } from "./token-check.ts";

const ACK = formatUtf8("undersigned/v1/ack\n");

/** A letter as soon as it has been read, and what tokens of it are checked with. */
interface Known {
  readonly letter: Letter;
  readonly check: TokenCheck;
}

/** A record, and what only waiting could tell of it. */
interface Prepared extends Waited {
  readonly entry: Entry | null;
  readonly problem: string | null;
  /** Whether its signature holds; null if no key could have made it. */
  readonly isSigned: boolean | null;
  /** Whose acks do not hold: 0 for the issuer, else the number of the trustee. */
  readonly badAcks: readonly number[];
}

const NOTHING = {
  problem: null,
  isSigned: true,
  tokenProblem: null,
  badAcks: [],
  refused: NOBODY_REFUSED,
} as const;

export class LogReplay {
  /** All letters of the log by their id (base64url). */
  readonly letters = new Map<string, LetterReplay>();
  readonly #context: Context;
  readonly #wanted: ReadonlyMap<string, Wanted>;
  readonly #known = new Map<string, Known>();
  readonly #editions = new Set<string>();

  constructor(context: Context, wanted: ReadonlyMap<string, Wanted>) {
    this.#context = context;
    this.#wanted = wanted;
  }

  /** Take a bundle of entries, the first of which is leaf `first`. */
  async read(first: number, entries: readonly Bytes[]): Promise<void> {
    const waiting: Promise<Prepared>[] = [];
    for (const data of entries) waiting.push(this.#prepare(data));
    const all = await Promise.all(waiting);
    for (const [at, prepared] of all.entries()) this.#apply(first + at, prepared);
    // Only now: several records of a bundle may have the same document.
    for (const { entry } of all) {
      if (entry === null || entry.t === "letter") continue;
      for (const digest of this.#documentsOf(entry)) this.#context.forget(digest);
    }
  }

  // --- what is waited for

  /** Begin to find out all about an entry. Up to the first wait this runs in the order of the log. */
  async #prepare(data: Bytes): Promise<Prepared> {
    let entry: Entry;
    try {
      entry = parseEntry(data);
    } catch (error) {
      if (!(error instanceof UndersignedError)) throw error;
      return { ...NOTHING, entry: null, problem: error.message };
    }
    if (entry.t === "letter") return this.#prepareLetter(entry);
    const known = this.#known.get(entry.letter);
    if (known === undefined || entry.t === "epoch" || entry.t === "outcome") {
      return { ...NOTHING, entry };
    }
    const key = keyOf(entry, known.letter);
    const [isSigned, tokenProblem] = await Promise.all([
      key === null ? null : isSignedBy(key, entry),
      entry.t === "sign" ? known.check(parseBase64url(entry.pk), parseBase64url(entry.token)) : null,
      ...this.#documentsOf(entry).map((digest) => this.#context.fetch(digest)),
    ]);
    if (entry.t !== "opening") return { ...NOTHING, entry, isSigned, tokenProblem };
    const refused = await verifyRefusals(this.#context.peek(entry.file), known.letter);
    return { ...NOTHING, entry, isSigned, refused };
  }

  /** Names are looked at when all is read; the rest is needed at once. */
  #documentsOf(entry: PlainEntry): readonly string[] {
    return entry.t === "sign" || entry.t === "amend" ? [] : documentsOf(entry);
  }

  async #prepareLetter(entry: LetterEntry): Promise<Prepared> {
    const { letter } = entry;
    const id = formatBase64url(letter.id);
    const terms = { host: this.#context.host, letterId: letter.id, tokenKey: letter.tokenKey };
    if (!this.#known.has(id)) this.#known.set(id, { letter, check: tokenCheck(terms) });
    const keys = [letter.attestationKey, ...letter.trustees.map(({ signKey }) => signKey)];
    const acks = letter.record["acks"] as readonly { readonly sig: string }[];
    const message = concat(ACK, letter.id);
    const [isSigned, ...accepted] = await Promise.all([
      isSignedBy(letter.organiserKey, letter.record),
      ...keys.map((key, i) => holds(key, message, acks[i]?.sig ?? "")),
    ]);
    const badAcks = accepted.flatMap((isAccepted, i) => (isAccepted ? [] : [i]));
    return { ...NOTHING, entry, isSigned, badAcks };
  }

  // --- in the order of the log

  #apply(index: number, prepared: Prepared): void {
    const { entry, problem, isSigned, badAcks } = prepared;
    const { findings } = this.#context;
    if (entry === null) {
      findings.false(5, `Leaf ${index}: ${problem}.`);
      return;
    }
    if (entry.t === "letter") {
      this.#begin(index, entry.letter, badAcks);
      if (isSigned === false) this.#badSignature(index, entry.letter);
      return;
    }
    const replay = this.letters.get(entry.letter);
    if (replay === undefined) {
      findings.false(6, `Leaf ${index}: a record of a letter that is not before it in the log.`);
      return;
    }
    if (isSigned === false) this.#badSignature(index, replay.letter);
    if (isSigned === null) {
      const { slug } = replay.letter;
      findings.false(5, `Leaf ${index}: signed by a trustee that letter '${slug}' does not have.`);
    }
    this.#checkDocuments(index, entry, replay);
    replay.read(index, entry, prepared);
  }

  #badSignature(index: number, { slug }: Letter): void {
    const sentence = `Leaf ${index}, letter '${slug}': the record's signature does not hold.`;
    this.#context.findings.false(5, sentence);
  }

  /** A page may be taken down without breaking anybody's proof: that one is missing is only told. */
  #checkDocuments(index: number, entry: PlainEntry, { label }: LetterReplay): void {
    if (entry.t === "opening") return; // check 11
    for (const digest of this.#documentsOf(entry)) {
      const what = `Leaf ${index}, ${label}`;
      const data = this.#context.document(digest, 6, what);
      if (data === null) {
        this.#context.findings.note(6, `${what}: the document ${digest} is not there as it was.`);
      } else {
        this.#checkContent(what, entry, data);
      }
    }
  }

  #checkContent(what: string, entry: PlainEntry, data: Bytes): void {
    try {
      checkDocument(entry, data);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#context.findings.false(6, `${what}: ${error.message}.`);
    }
  }

  #begin(index: number, letter: Letter, badAcks: readonly number[]): void {
    const id = formatBase64url(letter.id);
    if (this.letters.has(id)) {
      this.#false(index, letter, "the same letter is opened twice");
      return;
    }
    const edition = `${letter.slug}@${letter.edition}`;
    if (this.#editions.has(edition)) {
      this.#false(index, letter, "another letter of that name and edition was opened before");
    }
    this.#editions.add(edition);
    for (const by of badAcks) {
      const who = by === 0 ? "the issuer" : `trustee ${by}`;
      this.#false(index, letter, `${who} has not accepted this letter: the ack is wrong`);
    }
    this.#checkPromiseKey(index, letter);
    this.#checkPredecessor(index, letter);
    const wanted = this.#wanted.get(formatHex(letter.id));
    this.letters.set(id, new LetterReplay(this.#context, letter, index, wanted));
  }

  #false(index: number, { slug }: Letter, sentence: string): void {
    this.#context.findings.false(6, `Leaf ${index}, letter '${slug}': ${sentence}.`);
  }

  #checkPromiseKey(index: number, letter: Letter): void {
    try {
      const { name } = parseVkey(letter.promiseVkey);
      if (name === `${this.#context.origin}/promise`) return;
      this.#false(index, letter, `the promise key is named '${name}', not after this log`);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#false(index, letter, `the promise key cannot be read: ${error.message}`);
    }
  }

  #checkPredecessor(index: number, letter: Letter): void {
    if (letter.supersedes === null) return;
    const before = this.letters.get(formatBase64url(letter.supersedes))?.letter;
    if (before === undefined) {
      this.#false(index, letter, "it supersedes a letter that is not before it in the log");
    } else if (before.slug !== letter.slug || before.edition + 1 !== letter.edition) {
      this.#false(index, letter, "it is not the next edition of the letter it supersedes");
    }
  }

  /** Check what only the whole log of `size` entries can show. */
  close(size: number): void {
    const replays = [...this.letters.values()];
    const successors = new Map(
      replays.flatMap((replay) => {
        const { supersedes } = replay.letter;
        return supersedes === null ? [] : [[formatBase64url(supersedes), replay] as const];
      }),
    );
    for (const [id, replay] of this.letters) {
      replay.takeMoments(size);
      if (replay.stage === null) {
        this.#false(replay.index, replay.letter, "the letter was never opened");
      }
      this.#checkSuperseded(replay, successors.get(id));
    }
  }

  #checkSuperseded({ title, stage }: LetterReplay, successor: LetterReplay | undefined): void {
    const { findings } = this.#context;
    const isSuperseded = stage?.state === "superseded";
    if (isSuperseded !== (successor !== undefined)) {
      const fact = successor === undefined ? "none does" : "it is not superseded";
      const sentence = `${title}: it is superseded exactly when a next edition opens, and ${fact}.`;
      findings.false(10, sentence);
    } else if (successor !== undefined && stage?.at !== successor.openedAt) {
      const sentence = `superseded at ${stage?.at}, and the next edition opened at ${successor.openedAt}`;
      findings.false(10, `${title}: ${sentence}.`);
    }
  }
}

/** Return the key that must have signed a record (the table of section 3), null if there is none. */
function keyOf(entry: PlainEntry, letter: Letter): Bytes | null {
  switch (entry.t) {
    case "sign":
    case "amend":
    case "withdraw":
      return parseBase64url(entry.pk, KEY_SIZE);
    case "roll":
    case "issued":
      return letter.attestationKey;
    case "opening":
      return letter.trustees[entry.by - 1]?.signKey ?? null;
    default:
      return letter.organiserKey;
  }
}

function isSignedBy(key: Bytes, record: PlainEntry | Letter["record"]): Promise<boolean> {
  const members = record as Readonly<Record<string, unknown>>;
  return holds(key, signedBytes(members), String(members["sig"]));
}

async function holds(key: Bytes, message: Bytes, sig: string): Promise<boolean> {
  const signature = parseBase64url(sig, SIGNATURE_SIZE);
  return verifyEd25519(key, message, signature, "").then(
    () => true,
    () => false,
  );
}
