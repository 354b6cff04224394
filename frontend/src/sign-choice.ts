/** What a member has chosen on the page, in the forms in which it is shown and sent. */

import type { Choice } from "./attempt.ts";
import { FormatError } from "./errors.ts";
import type { Attestation } from "./name.ts";
import type { SigningPage } from "./signing-page.ts";
import { statementOf } from "./statement.ts";

/** Return name and role as they are shown. */
export function nameOn({ name, role }: Attestation): string {
  return role === null ? name : `${name}, ${role}`;
}

/** Return what was chosen, as the attempt takes it; the member has seen the attested name. */
export function choiceOn({ draft }: SigningPage, { name, role }: Attestation): Choice {
  const { mode, condition, statement } = draft.choices;
  if (mode === null) throw new FormatError("Nothing was chosen.");
  return {
    mode,
    condition,
    statement: mode === "anonymous" ? null : statementOf(statement),
    shownAs: { name, role },
  };
}
