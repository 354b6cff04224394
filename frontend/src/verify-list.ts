/**
 * A list of names, from anywhere, compared with what the log has under a letter: which lines stand, which
 * are nowhere, and which public names the list leaves out.
 */

import type { AuditedLetter } from "./audit.ts";
import { nameKey } from "./moment.ts";
import type { NameDocument } from "./name.ts";
import type { Line } from "./verify-input.ts";
import { type Standing, standingAt } from "./verify-receipt.ts";

/** A public name of the log, and how its signature stands. */
export interface Listed {
  readonly leaf: number;
  readonly document: NameDocument;
  readonly standing: Standing;
}

export type Match =
  /** The log has it: by this leaf and under this name, so far as the line says either. */
  | { readonly kind: "found"; readonly line: Line; readonly listed: Listed }
  /** A signature is there, and its name is not public. */
  | { readonly kind: "nameless"; readonly line: Line; readonly standing: Standing }
  /** The name at that leaf is another one. */
  | { readonly kind: "other"; readonly line: Line; readonly listed: Listed }
  /** More lines bear this name than the log has public signatures of it, or there is no such leaf. */
  | { readonly kind: "missing"; readonly line: Line };

export interface ListVerdict {
  readonly matches: readonly Match[];
  /** Public names of the log that no line has. */
  readonly left: readonly Listed[];
}

/** Compare a list with the names that were read of a letter; each signature answers one line. */
export function judgeList(lines: readonly Line[], letter: AuditedLetter): ListVerdict {
  const listed = listedOf(letter);
  const byLeaf = new Map(listed.map((one) => [one.leaf, one]));
  const free = new Map<string, Listed[]>();
  const named = new Set(lines.flatMap(({ leaf }) => (leaf === null ? [] : [leaf])));
  for (const one of listed) {
    if (named.has(one.leaf)) continue;
    const key = folded(one.document.attestation.name);
    free.set(key, [...(free.get(key) ?? []), one]);
  }
  const used = new Set<number>();
  const matches = lines.map((line): Match => {
    const match =
      line.leaf === null ? matchByName(line, free) : matchByLeaf(line, line.leaf, byLeaf, letter);
    if (match.kind === "found") used.add(match.listed.leaf);
    return match;
  });
  return { matches, left: listed.filter(({ leaf }) => !used.has(leaf)) };
}

function matchByName(line: Line, free: ReadonlyMap<string, Listed[]>): Match {
  const listed = free.get(folded(line.name ?? ""))?.shift();
  return listed === undefined ? { kind: "missing", line } : { kind: "found", line, listed };
}

function matchByLeaf(
  line: Line,
  leaf: number,
  byLeaf: ReadonlyMap<number, Listed>,
  letter: AuditedLetter,
): Match {
  const listed = byLeaf.get(leaf);
  if (listed !== undefined) {
    const { name } = listed.document.attestation;
    const isSame = line.name === null || folded(line.name) === folded(name);
    return { kind: isSame ? "found" : "other", line, listed };
  }
  if (!letter.replay.signatures.byLeaf.has(leaf)) return { kind: "missing", line };
  return { kind: "nameless", line, standing: standingAt(letter, leaf) };
}

/** Return every public name that was read and holds. */
function listedOf(letter: AuditedLetter): readonly Listed[] {
  const { replay, names } = letter;
  return [...replay.signatures.listed()].flatMap((at) => {
    const document = names.names.get(nameKey(at));
    return document === undefined ? [] : [{ leaf: at[0], document, standing: standingAt(letter, at[0]) }];
  });
}

/** Fold what people write differently: case, spaces, and how letters are composed. */
function folded(name: string): string {
  return name.normalize("NFKC").toLowerCase().replace(/\s+/gu, " ").trim();
}
