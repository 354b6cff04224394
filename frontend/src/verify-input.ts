/**
 * What somebody gives the verify page to check: a receipt, evidence, a proof file, or a list of names. It is told
 * by its content, never by the name of its file; what is none of them throws FormatError.
 */

import type { Bytes } from "./bytes.ts";
import { parseUtf8 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { type Evidence, parseEvidence } from "./evidence.ts";
import { parseJson } from "./jcs.ts";
import { parseProof, type TlogProof } from "./proof.ts";
import { parseReceipt, type Receipt } from "./receipt.ts";
import { readInteger, readList, readObject } from "./shape.ts";

/** Bytes: a hundred thousand names as the site exports them. */
export const LONGEST_INPUT = 16 * 1024 * 1024;
const MOST_LINES = 1_000_000;
const LONGEST_NAME = 2_000;

/** One line of a list: a leaf index, a name, or both. */
export interface Line {
  readonly leaf: number | null;
  readonly name: string | null;
}

export type Input =
  | { readonly kind: "receipt"; readonly receipt: Receipt }
  | { readonly kind: "evidence"; readonly evidence: Evidence }
  | { readonly kind: "proof"; readonly proof: TlogProof }
  | { readonly kind: "names"; readonly lines: readonly Line[] };

/** Tell what was given, and read it. Throws FormatError. */
export function parseInput(data: Bytes): Input {
  if (data.length > LONGEST_INPUT) throw new FormatError("The file is too large.");
  const text = parseUtf8(data).replace(/^\ufeff/, "");
  if (text.startsWith("c2sp.org/tlog-proof@")) return { kind: "proof", proof: parseProof(data) };
  if (/^\s*[[{]/.test(text)) return parseJsonInput(data);
  return { kind: "names", lines: checked(parseLines(text)) };
}

function parseJsonInput(data: Bytes): Input {
  const value = parseJson(data);
  if (Array.isArray(value)) return { kind: "names", lines: checked(readRows(value)) };
  const wire = readObject(value, "file");
  if (wire["t"] === "receipt") return { kind: "receipt", receipt: parseReceipt(data) };
  if (wire["t"] === "evidence") return { kind: "evidence", evidence: parseEvidence(data) };
  return { kind: "names", lines: checked(readRows(wire["names"])) };
}

function checked(lines: readonly Line[]): readonly Line[] {
  if (lines.length === 0) throw new FormatError("There is nothing in it to check.");
  return lines;
}

/** Read the rows of `names.json`: objects with a leaf, a name, or both; or names alone. */
function readRows(value: unknown): readonly Line[] {
  return readList(value, "names", [0, MOST_LINES], (row) => {
    if (typeof row === "string") return { leaf: null, name: nameOf(row) };
    if (typeof row === "number") return { leaf: readInteger(row, "leaf"), name: null };
    const { leaf = null, name = null } = readObject(row, "names");
    if (leaf === null && typeof name !== "string") throw new FormatError("names: a row without a name");
    return {
      leaf: leaf === null ? null : readInteger(leaf, "leaf"),
      name: typeof name === "string" ? nameOf(name) : null,
    };
  });
}

/** Read lines: leaf indexes, names, or a table in CSV whose head names the columns `leaf` and `name`. */
function parseLines(text: string): readonly Line[] {
  const rows = parseCsv(text).filter((row) => row.some((cell) => cell.trim() !== ""));
  if (rows.length > MOST_LINES) throw new FormatError("The list is too long.");
  const head = (rows[0] ?? []).map((cell) => cell.trim().toLowerCase());
  const [leafAt, nameAt] = [head.indexOf("leaf"), head.indexOf("name")];
  if (leafAt < 0 && nameAt < 0) return rows.map((row) => lineOf(row.join(",")));
  return rows.slice(1).map((row) => {
    const name = nameOf(row[nameAt] ?? "");
    return { leaf: leafOf(row[leafAt] ?? ""), name: name === "" ? null : name };
  });
}

function lineOf(cell: string): Line {
  const leaf = leafOf(cell);
  return leaf === null ? { leaf, name: nameOf(cell) } : { leaf, name: null };
}

function leafOf(cell: string): number | null {
  const found = /^\s*#?([0-9]{1,15})\s*$/.exec(cell);
  return found === null ? null : Number(found[1]);
}

function nameOf(cell: string): string {
  if (cell.length > LONGEST_NAME || /[\0-\x08\x0e-\x1f\ufffd]/.test(cell)) {
    throw new FormatError("This is neither a receipt nor a proof, and no list of names.");
  }
  return cell.normalize("NFC").replace(/\s+/g, " ").trim();
}

/**
 * Take CSV apart (RFC 4180): cells in quotes may hold commas, line ends and doubled quotes. A quote
 * within a cell, or one that is not closed, is a sign like any other.
 */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|\r|$)/y;
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    if (found === null) throw new FormatError("The table is not CSV.");
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] !== ",") {
      rows.push(row);
      row = [];
    } else if (cell.lastIndex === text.length) {
      rows.push([...row, ""]);
    }
  }
  return rows;
}
