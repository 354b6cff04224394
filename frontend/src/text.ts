/** Text documents: the letter as people read it, in one language (`docs/formats.md` section 3.1). */

import { DEMAND, readLang } from "./body.ts";
import { FormatError } from "./errors.ts";
import { formatCanonical } from "./jcs.ts";
import { readList, readMembers, readPattern, readText } from "./shape.ts";

/** A document is served whole: at most 256 KiB. */
const LONGEST_DOCUMENT = 262_144;

export interface TextDocument {
  readonly lang: string;
  readonly title: string;
  /** Markdown. */
  readonly text: string;
  readonly addressees: readonly string[];
  readonly demands: readonly { readonly id: string; readonly text: string }[];
  readonly consequence: string;
  readonly headcountSource: string;
}

const MEMBERS = [
  "lang", "title", "text", "addressees", "demands", "consequence", "headcount_source",
] as const;

/** Read a text document from plain JSON values. Throws FormatError. */
export function parseText(value: unknown): TextDocument {
  const wire = readMembers(value, "text document", MEMBERS);
  if (formatCanonical(value).length > LONGEST_DOCUMENT) {
    throw new FormatError(`text document: longer than ${LONGEST_DOCUMENT} bytes`);
  }
  return {
    lang: readLang(wire.lang),
    title: readText(wire.title, "title", { longest: 200 }),
    text: readText(wire.text, "text", { longest: 100_000, lines: true }),
    addressees: readList(wire.addressees, "addressees", [1, 50], (name) =>
      readText(name, "addressees"),
    ),
    demands: readList(wire.demands, "demands", [1, 20], readDemand),
    consequence: readText(wire.consequence, "consequence", { longest: 5_000, lines: true }),
    headcountSource: readText(wire.headcount_source, "headcount_source", {
      longest: 500,
      lines: true,
    }),
  };
}

function readDemand(value: unknown): TextDocument["demands"][number] {
  const wire = readMembers(value, "demands", ["id", "text"]);
  return {
    id: readPattern(wire.id, "demands.id", DEMAND),
    text: readText(wire.text, "demands.text", { longest: 2_000, lines: true }),
  };
}
