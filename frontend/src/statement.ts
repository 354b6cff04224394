/** The words beside a name, as they are typed into a page. */

import { LONGEST_STATEMENT } from "./name.ts";
import { countCharacters } from "./shape.ts";
import { checkFields, FieldProblem } from "./telling.ts";

/** Return a statement as it is written, null for none; browsers end lines in more than one way. */
export function statementOf(typed: string): string | null {
  const text = typed.normalize("NFC").replace(/\r\n?/g, "\n").replaceAll("\t", " ").trim();
  return text === "" ? null : text;
}

/** Return how many characters a statement has as it is written. */
export function lengthOf(typed: string): number {
  return countCharacters(statementOf(typed) ?? "");
}

/** Check what is typed into a field. Throws FieldProblem. */
export function checkStatement(field: HTMLTextAreaElement): void {
  const text = statementOf(field.value) ?? "";
  const isOdd = /[\p{Cc}\p{Cs}]/u.test(text.replaceAll("\n", ""));
  const isLong = countCharacters(text) > LONGEST_STATEMENT;
  const code = isLong ? "statement-too-long" : isOdd ? "statement-odd" : null;
  checkFields([code === null ? null : new FieldProblem(field, code)]);
}
