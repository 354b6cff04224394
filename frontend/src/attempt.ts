/**
 * One member's attempt to sign one letter, from the words to the promise (`docs/formats.md` sections
 * 5 and 6).
 *
 * The order is: choose and write down the words, make the keys, blind, get the token, choose how to
 * stand, sign. Each step is a state, and each state is in the store before the next request leaves:
 *
 *     Blinded ── ask ──> Blinded ── takeToken ──> Held ── choose ──> Chosen ── wipe ──> (gone)
 *
 * - Blinded: what is to be signed blindly. Sent twice it is the same request: one token.
 * - Held: the token and the attestation are there and verified. The blinding and the proof are gone:
 *   with them whoever reads the store could find the issuance.
 * - Chosen: the record and its blob. They are made once and never again: another signature of the
 *   same token would be refused, and a second blob would not be the one in the record.
 */

import { type Bytes, formatBase64url, formatHex, parseUtf8, formatUtf8 } from "./bytes.ts";
import { type Asked, parseAsked } from "./enrolment.ts";
import { FormatError, StoreError } from "./errors.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import { generateCode, type SignerKey, signerKeyOf } from "./keys.ts";
import type { Letter, Stand } from "./letter.ts";
import {
  type Attestation,
  checkShown,
  parseAttestation,
  parseShownAs,
  type ShownAs,
  verifyAttestation,
  writeName,
} from "./name.ts";
import type { Promised } from "./promise.ts";
import { type Receipt, SALT_SIZE } from "./receipt.ts";
import { formatRecord, makeSign, parseSign, type SignRecord } from "./record.ts";
import {
  readBytes,
  readConstant,
  readMembers,
  readNullable,
  readObject,
} from "./shape.ts";
import { hostOf, type Site } from "./site.ts";
import type { Store } from "./store.ts";
import {
  type Blinding,
  blindToken,
  finalizeToken,
  formatBlinding,
  MODULUS_SIZE,
  parseBlinding,
  TOKEN_SIZE,
  type TokenTerms,
  verifyToken,
} from "./token.ts";
import { CODE_SIZE, formatWords, parseWords } from "./words.ts";

export interface Blinded {
  readonly state: "blinded";
  readonly blinding: Blinding;
  /** What the token was last asked for with. */
  readonly asked: Asked | null;
}

export interface Held {
  readonly state: "held";
  readonly token: Bytes;
  readonly shownAs: ShownAs | null;
  readonly attestation: Attestation;
  readonly salt: Bytes;
}

export interface Chosen {
  readonly state: "chosen";
  readonly record: SignRecord;
  readonly blob: Bytes | null;
  readonly attestation: Attestation;
  readonly salt: Bytes;
}

export type State = Blinded | Held | Chosen;

/** How a member chooses to stand; `shownAs` is what the member agrees to, if not as asked for. */
export interface Choice extends Stand {
  readonly statement: string | null;
  readonly shownAs?: ShownAs | null;
}

/** A token that was asked for, as plain JSON values. */
export interface TokenRequest extends Asked {
  readonly blinded: string;
  readonly c: string;
}

/**
 * Methods are for one state each and throw StoreError in another. Those that change the state save
 * it before they return, and throw StoreError, without the change, if they cannot.
 */
export class Attempt {
  readonly site: Site;
  readonly letter: Letter;
  readonly #store: Store;
  readonly #code: Bytes;
  readonly #key: SignerKey;
  #state: State;
  /** What the store holds. */
  #saved: string | null;

  private constructor(
    site: Site,
    letter: Letter,
    store: Store,
    code: Bytes,
    key: SignerKey,
    state: State,
    saved: string | null,
  ) {
    this.site = site;
    this.letter = letter;
    this.#store = store;
    this.#code = code;
    this.#key = key;
    this.#state = state;
    this.#saved = saved;
  }

  /**
   * Choose the words, make the keys and blind; the words of an earlier edition may be given. The
   * letter and its site are verified ones. The words are to be shown and written down before
   * anything is asked for. Throws StoreError if there is an attempt to resume, FormatError for words
   * that are none.
   */
  static async start(site: Site, letter: Letter, store: Store, words?: string): Promise<Attempt> {
    const code = words === undefined ? generateCode() : parseWords(words);
    const key = await signerKeyOf(code, letter.id);
    const blinding = await blindToken(termsOf(site, letter), key.publicKey);
    const state: State = { state: "blinded", blinding, asked: null };
    const attempt = new Attempt(site, letter, store, code, key, state, null);
    await attempt.#move(state);
    return attempt;
  }

  /**
   * Go on with an attempt that was begun elsewhere and holds its token, verified before anything is
   * kept. Throws StoreError if there is an attempt to resume, VerificationError, FormatError.
   */
  static async adopt(
    site: Site,
    letter: Letter,
    store: Store,
    words: string,
    held: Held,
  ): Promise<Attempt> {
    const code = parseWords(words);
    const key = await signerKeyOf(code, letter.id);
    await verifyToken(termsOf(site, letter), key.publicKey, held.token);
    await verifyAttestation(letter, held.attestation, key.c);
    const attempt = new Attempt(site, letter, store, code, key, held, null);
    await attempt.#move(held);
    return attempt;
  }

  /** Go on with a saved attempt, in whatever state it was left; null if there is none. */
  static async resume(site: Site, letter: Letter, store: Store): Promise<Attempt | null> {
    const saved = await store.find(storeName(letter));
    if (saved === null) return null;
    const { code, state } = parseSaved(saved, letter);
    const key = await signerKeyOf(code, letter.id);
    checkTogether(letter, key, state);
    return new Attempt(site, letter, store, code, key, state, saved);
  }

  /** Where the attempt is. */
  get state(): State {
    return this.#state;
  }

  /** The twelve words, a secret: they withdraw and change the signature. */
  get words(): string {
    return formatWords(this.#code);
  }

  /**
   * Return the request for the token, once it is saved. Without an argument it is the last one
   * again, for an attempt that was resumed.
   */
  async ask(asked?: Asked): Promise<TokenRequest> {
    const state = this.#in("blinded");
    const now = asked === undefined ? state.asked : parseAsked(asked);
    if (now === null) throw new StoreError("Nothing was asked for yet; a proof is needed.");
    await this.#move({ ...state, asked: now });
    const blinded = formatBase64url(state.blinding.blinded);
    return { ...now, blinded, c: formatBase64url(this.#key.c) };
  }

  /**
   * Take the issuer's answer: undo the blinding, verify all of it, and keep it.
   *
   * 1. The blind signature gives a token of this letter for this key. 2. The attestation is the
   * issuer's, for this letter and key. 3. The salt has 16 bytes. Throws FormatError,
   * VerificationError; the attempt is then as it was.
   */
  async takeToken(answer: Bytes): Promise<void> {
    const { blinding, asked } = this.#in("blinded");
    const names = ["blind_signature", "attestation", "salt"] as const;
    const wire = readMembers(parseJson(answer), "token", names);
    const signature = readBytes(wire.blind_signature, "blind_signature", MODULUS_SIZE);
    const terms = termsOf(this.site, this.letter);
    const token = await finalizeToken(terms, this.#key.publicKey, signature, blinding.inverse); // 1
    const attestation = parseAttestation(wire.attestation);
    await verifyAttestation(this.letter, attestation, this.#key.c); // 2
    const salt = readBytes(wire.salt, "salt", SALT_SIZE); // 3
    const shownAs = asked?.shown_as ?? null;
    await this.#move({ state: "held", token, shownAs, attestation, salt });
  }

  /**
   * Make the record and its blob, to be reviewed; nothing is kept yet. An attestation that says
   * something else than was agreed to is not used, and anonymous is still open. Throws Refused then
   * and for what the letter does not offer; FormatError.
   */
  async propose(choice: Choice): Promise<Chosen> {
    const { token, shownAs, attestation, salt } = this.#in("held");
    const { mode, condition, statement } = choice;
    const stand = { mode, condition };
    if (mode !== "anonymous") {
      checkShown(attestation, choice.shownAs === undefined ? shownAs : choice.shownAs);
    }
    const name = await writeName(this.letter, this.#key, stand, attestation, statement);
    const record = await makeSign(this.letter, this.#key, token, stand, name.hash);
    return { state: "chosen", record, blob: name.blob, attestation, salt };
  }

  /** Keep what this attempt proposed, once and for all: from now on no other record is made. */
  async settle(proposed: Chosen): Promise<void> {
    this.#in("held");
    checkTogether(this.letter, this.#key, proposed);
    await this.#move(proposed);
  }

  /** Make the record and its blob, once and for all. Throws what `propose` does. */
  async choose(choice: Choice): Promise<void> {
    await this.settle(await this.propose(choice));
  }

  /** The record's canonical bytes, as they are sent and logged. */
  get entry(): Bytes {
    return formatRecord(this.#in("chosen").record);
  }

  /** The bytes that the record's name is the hash of, as they are sent; null if anonymous. */
  get blob(): Bytes | null {
    return this.#in("chosen").blob;
  }

  /** Return the receipt, without a proof, for a promise that was verified. */
  receipt(promised: Promised): Receipt {
    const { record, attestation, salt } = this.#in("chosen");
    const { site, letter, words } = this;
    return { site, letter, words, record, promise: promised.note, attestation, salt, proof: null };
  }

  /** Delete what is kept: the receipt is in the member's hand, or the member has given up. */
  async wipe(): Promise<void> {
    const name = storeName(this.letter);
    const saved = this.#saved;
    this.#saved = null;
    // Another tab may have wiped it, or started anew: then it is not ours to delete.
    if (saved !== null && (await this.#store.find(name)) === saved) {
      await this.#store.replace(name, saved, null);
    }
  }

  #in<S extends State["state"]>(kind: S): Extract<State, { readonly state: S }> {
    if (this.#state.state !== kind) {
      throw new StoreError(`The attempt is ${this.#state.state}, not ${kind}.`);
    }
    return this.#state as Extract<State, { readonly state: S }>;
  }

  /** Save first: a state that is not on disk must never have been acted upon. */
  async #move(state: State): Promise<void> {
    const text = formatSaved(this.letter, this.#code, state);
    await this.#store.replace(storeName(this.letter), this.#saved, text);
    this.#saved = text;
    this.#state = state;
  }
}

/** Return the name under which the attempt to sign a letter is kept: its id in hex. */
export function storeName(letter: Letter): string {
  return formatHex(letter.id);
}

function termsOf(site: Site, letter: Letter): TokenTerms {
  return { host: hostOf(site), letterId: letter.id, tokenKey: letter.tokenKey };
}

/** What was put together from two attempts would make a record that the site refuses. */
function checkTogether(letter: Letter, key: SignerKey, state: State): void {
  if (state.state !== "chosen") return;
  const { pk, letter: id } = state.record;
  if (pk !== formatBase64url(key.publicKey) || id !== formatBase64url(letter.id)) {
    throw new FormatError("The saved attempt does not hold together.");
  }
}

// --- how it is saved: read by no other program, so it may change with any version

function formatSaved(letter: Letter, code: Bytes, state: State): string {
  const saved = {
    v: 1,
    t: "attempt",
    letter: formatBase64url(letter.id),
    code: formatBase64url(code),
    step: formatState(state),
  };
  return parseUtf8(formatCanonical(saved));
}

function formatState(state: State): Record<string, unknown> {
  switch (state.state) {
    case "blinded":
      return { ...state, blinding: formatBlinding(state.blinding) };
    case "held":
      return {
        ...state,
        token: formatBase64url(state.token),
        salt: formatBase64url(state.salt),
      };
    case "chosen":
      return {
        ...state,
        blob: state.blob === null ? null : formatBase64url(state.blob),
        salt: formatBase64url(state.salt),
      };
  }
}

function parseSaved(text: string, letter: Letter): { code: Bytes; state: State } {
  const value = parseJson(formatUtf8(text));
  const wire = readMembers(value, "attempt", ["v", "t", "letter", "code", "step"]);
  readConstant(wire.v, "v", 1);
  readConstant(wire.t, "t", "attempt");
  readConstant(wire.letter, "letter", formatBase64url(letter.id));
  return { code: readBytes(wire.code, "code", CODE_SIZE), state: parseState(wire.step) };
}

function parseState(value: unknown): State {
  switch (readObject(value, "step")["state"]) {
    case "blinded":
      return parseBlinded(value);
    case "held":
      return parseHeld(value);
    case "chosen":
      return parseChosen(value);
    default:
      throw new FormatError("step: of an unknown state");
  }
}

function parseBlinded(value: unknown): Blinded {
  const wire = readMembers(value, "step", ["state", "blinding", "asked"]);
  return {
    state: "blinded",
    blinding: parseBlinding(wire.blinding),
    asked: readNullable(wire.asked, parseAsked),
  };
}

function parseHeld(value: unknown): Held {
  const wire = readMembers(value, "step", ["state", "token", "shownAs", "attestation", "salt"]);
  return {
    state: "held",
    token: readBytes(wire.token, "token", TOKEN_SIZE),
    shownAs: readNullable(wire.shownAs, parseShownAs),
    attestation: parseAttestation(wire.attestation),
    salt: readBytes(wire.salt, "salt", SALT_SIZE),
  };
}

function parseChosen(value: unknown): Chosen {
  const wire = readMembers(value, "step", ["state", "record", "blob", "attestation", "salt"]);
  return {
    state: "chosen",
    record: parseSign(wire.record),
    blob: readNullable(wire.blob, (blob) => readBytes(blob, "blob")),
    attestation: parseAttestation(wire.attestation),
    salt: readBytes(wire.salt, "salt", SALT_SIZE),
  };
}
