/** The pages of answers and guarantees as the site shows them; section 3.4 of `docs/formats.md`. */

import {
  readBoolean, readInteger, readList, readNullable, readObject, readText,
} from "./shape.ts";

const MOST_ROWS = 1_000_000;
const MOST_DEMANDS = 20;
const LONGEST_WORDS = 2_000;
const LONGEST_TERMS = 5_000;

/** What a page says of one demand of an answer. */
export interface ShownReply {
  readonly id: string;
  readonly state: string;
  readonly text: string | null;
}

/** One answer; what is from its document is null once that was taken down. */
export interface ShownResponse {
  readonly leaf: number;
  readonly at: number;
  readonly source: string;
  readonly demands: readonly ShownReply[];
  readonly from: { readonly addressee: number; readonly domain: string } | null;
  readonly toldBy: string | null;
  readonly lang: string | null;
  readonly document: string;
}

/** Every demand with the state of its newest answer, and every answer, the newest first. */
export interface ShownResponses {
  readonly isAnswered: boolean;
  readonly isMet: boolean;
  readonly demands: readonly { readonly id: string; readonly state: string | null }[];
  readonly responses: readonly ShownResponse[];
}

/** One guarantee; what is from its document is null once that was taken down. */
export interface ShownGuarantee {
  readonly leaf: number;
  readonly at: number;
  readonly guarantor: string | null;
  readonly terms: string | null;
  readonly lang: string | null;
  readonly domain: string | null;
  readonly cap: number | null;
  readonly expires: number | null;
  readonly withdrawnAt: number | null;
  readonly holds: boolean;
  readonly document: string;
}

/** Read `responses.json`. Throws FormatError. */
export function readResponses(value: unknown): ShownResponses {
  const wire = readObject(value, "responses");
  return {
    isAnswered: readBoolean(wire["answered"], "answered"),
    isMet: readBoolean(wire["met"], "met"),
    demands: readList(wire["demands"], "demands", [0, MOST_DEMANDS], (one) => {
      const { id, state } = readObject(one, "demands");
      return { id: readText(id, "id"), state: readNullable(state, (said) => readText(said, "state")) };
    }),
    responses: readList(wire["responses"], "responses", [0, MOST_ROWS], readResponse),
  };
}

/** Read `guarantees.json`. Throws FormatError. */
export function readGuarantees(value: unknown): readonly ShownGuarantee[] {
  const { guarantees } = readObject(value, "guarantees");
  return readList(guarantees, "guarantees", [0, MOST_ROWS], readGuarantee);
}

function readResponse(value: unknown): ShownResponse {
  const wire = readObject(value, "responses");
  return {
    leaf: readInteger(wire["leaf"], "leaf"),
    at: readInteger(wire["at"], "at"),
    source: readText(wire["source"], "source"),
    demands: readList(wire["demands"], "demands", [0, MOST_DEMANDS], readReply),
    from: readNullable(wire["from"], (from) => {
      const { addressee, domain } = readObject(from, "from");
      return { addressee: readInteger(addressee, "addressee"), domain: readText(domain, "domain") };
    }),
    toldBy: readWords(wire["told_by"], "told_by"),
    lang: readWords(wire["lang"], "lang"),
    document: readText(wire["document"], "document"),
  };
}

function readReply(value: unknown): ShownReply {
  const { id, state, text } = readObject(value, "demands");
  return { id: readText(id, "id"), state: readText(state, "state"), text: readWords(text, "text") };
}

function readGuarantee(value: unknown): ShownGuarantee {
  const wire = readObject(value, "guarantees");
  const number = (name: string) => readNullable(wire[name], (one) => readInteger(one, name));
  return {
    leaf: readInteger(wire["leaf"], "leaf"),
    at: readInteger(wire["at"], "at"),
    guarantor: readWords(wire["guarantor"], "guarantor"),
    terms: readWords(wire["terms"], "terms", LONGEST_TERMS),
    lang: readWords(wire["lang"], "lang"),
    domain: readWords(wire["domain"], "domain"),
    cap: number("cap"),
    expires: number("expires"),
    withdrawnAt: number("withdrawn_at"),
    holds: readBoolean(wire["holds"], "holds"),
    document: readText(wire["document"], "document"),
  };
}

function readWords(value: unknown, what: string, longest = LONGEST_WORDS): string | null {
  return readNullable(value, (words) => readText(words, what, { longest, lines: true }));
}
