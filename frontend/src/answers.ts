/**
 * The answers and guarantees of one letter (check 5), and their documents (check 6); section 3.4 of
 * `docs/formats.md`. What they say changes no count.
 */

import { areEqual, type Bytes } from "./bytes.ts";
import type { EntryOf, PlainEntry } from "./entry.ts";
import { FormatError } from "./errors.ts";
import { parseExplanation } from "./explanation.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import {
  readConstant, readInteger, readList, readMembers, readNullable, readPattern, readText,
} from "./shape.ts";

const MOST_DEMANDS = 20;
const MOST_ADDRESSEES = 50;
const LONGEST_RESPONSE = 262_144;
const LONGEST_GUARANTEE = 65_536;
const LANG = /^(?=.{1,35}$)[a-z]{1,8}(-[A-Za-z0-9]{1,8})*$/;
/** What may stand after the @ of a canonical address (section 4). */
const DOMAIN = /^(?=.{3,252}$)[\p{L}\p{Nd}-]+(\.[\p{L}\p{Nd}-]+)+$/u;

type Tell = (index: number, sentence: string) => void;

/** What has been answered and guaranteed so far, by leaf. */
export class Answers {
  readonly responses = new Map<number, EntryOf<"response">>();
  readonly guarantees = new Map<number, EntryOf<"guarantee">>();
  readonly #demands: readonly string[];
  readonly #tell: Tell;
  /** Cap and expiry of what is given and not withdrawn, by its document. */
  readonly #given = new Map<string, string>();

  constructor(demands: readonly string[], tell: Tell) {
    this.#demands = demands;
    this.#tell = tell;
  }

  /** Take a response: it answers demands of the letter. */
  respond(index: number, entry: EntryOf<"response">): void {
    this.responses.set(index, entry);
    if (entry.demands.some(({ id }) => !this.#demands.includes(id))) {
      this.#tell(index, "a response answers a demand that the letter lacks");
    }
  }

  /** Take a guarantee: given once, or withdrawn after it was given, as it was given. */
  guarantee(index: number, entry: EntryOf<"guarantee">): void {
    this.guarantees.set(index, entry);
    const { state, at, cap, expires, document } = entry;
    const terms = `${cap} ${expires}`;
    const given = this.#given.get(document);
    if (state === "withdrawn") {
      if (given === undefined) this.#tell(index, "a guarantee is withdrawn that was not given");
      else if (given !== terms) {
        this.#tell(index, "a guarantee is withdrawn with another cap or expiry");
      }
      this.#given.delete(document);
      return;
    }
    if (given !== undefined) this.#tell(index, "a guarantee is given that was given before");
    if (expires !== null && expires <= at) {
      this.#tell(index, "a guarantee expires before it is given");
    }
    this.#given.set(document, terms);
  }
}

/** Check that the document of an organiser's record is what its kind names. Throws FormatError. */
export function checkDocument(entry: PlainEntry, data: Bytes): void {
  switch (entry.t) {
    case "invalidate":
      parseExplanation(data);
      break;
    case "response":
      checkResponse(entry, data);
      break;
    case "guarantee":
      checkGuarantee(data);
      break;
    default:
  }
}

function checkResponse({ demands, source }: EntryOf<"response">, data: Bytes): void {
  const wire = readMembers(
    readDocument(data, "response", LONGEST_RESPONSE), "response",
    ["v", "t", "lang", "answers", "from", "source"],
  );
  readConstant(wire.v, "v", 1);
  readConstant(wire.t, "t", "response");
  readPattern(wire.lang, "response: lang", LANG);
  const answered = readList(wire.answers, "response: answers", [1, MOST_DEMANDS], (one) => {
    const { id, text } = readMembers(one, "response: answers", ["id", "text"]);
    readNullable(text, (said) => readWords(said, "response: text", 2_000));
    return readPattern(id, "response: id", /^[a-z0-9-]{1,32}$/);
  });
  if (answered.join() !== demands.map(({ id }) => id).join()) {
    throw new FormatError("response: its document answers other demands");
  }
  const told = readNullable(wire.source, (by) => readWords(by, "response: source", 1_000));
  const from = readNullable(wire.from, (one) => {
    const { addressee, domain } = readMembers(one, "response: from", ["addressee", "domain"]);
    readPattern(domain, "response: domain", DOMAIN);
    return readInteger(addressee, "response: addressee", 1, MOST_ADDRESSEES);
  });
  if ((told !== null) !== (source === "organiser") || (from !== null) !== (source === "addressee")) {
    throw new FormatError("response: its document names another source");
  }
}

function checkGuarantee(data: Bytes): void {
  const wire = readMembers(
    readDocument(data, "guarantee", LONGEST_GUARANTEE), "guarantee",
    ["v", "t", "lang", "guarantor", "terms", "domain"],
  );
  readConstant(wire.v, "v", 1);
  readConstant(wire.t, "t", "guarantee");
  readPattern(wire.lang, "guarantee: lang", LANG);
  readWords(wire.guarantor, "guarantee: guarantor", 200, false);
  readWords(wire.terms, "guarantee: terms", 5_000);
  readPattern(wire.domain, "guarantee: domain", DOMAIN);
}

function readDocument(data: Bytes, what: string, longest: number): unknown {
  if (data.length > longest) throw new FormatError(`${what}: longer than ${longest} bytes`);
  const value = parseJson(data);
  if (!areEqual(formatCanonical(value), data)) throw new FormatError(`${what}: not canonical`);
  return value;
}

function readWords(value: unknown, what: string, longest: number, lines = true): string {
  const text = readText(value, what, { longest, lines });
  if (text.trim() === "") throw new FormatError(`${what}: says nothing`);
  return text;
}
