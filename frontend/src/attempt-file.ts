/**
 * An unfinished signature as a file (`docs/formats.md` section 8), to go on with it elsewhere: in
 * another browser, or on the command line, whose attempt file it is. As secret as the receipt.
 */

import { type Attempt, type Held } from "./attempt.ts";
import { areEqual, type Bytes, formatBase64url } from "./bytes.ts";
import { FormatError, Refused } from "./errors.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import { type Letter, parseLetter } from "./letter.ts";
import { parseAttestation, parseShownAs } from "./name.ts";
import { SALT_SIZE } from "./receipt.ts";
import { readBytes, readConstant, readMembers, readNullable, readObject } from "./shape.ts";
import type { Site } from "./site.ts";
import { TOKEN_SIZE } from "./token.ts";
import { CODE_SIZE, formatWords, parseWords } from "./words.ts";

/** Bytes, as the command line has it. */
export const LONGEST_ATTEMPT = 256 * 1024;

const MEMBERS = ["v", "t", "base", "origin", "log_vkey", "letter", "code", "step"] as const;

/** What a file holds of an attempt whose token is there and not used. */
export interface Carried {
  readonly words: string;
  readonly held: Held;
}

/** Write an attempt that holds its token; `base` is the URL of the API. Throws StoreError. */
export function formatAttemptFile(attempt: Attempt, base: string): Bytes {
  const { state, site, letter } = attempt;
  if (state.state !== "held") throw new FormatError("The attempt holds no token.");
  return formatCanonical({
    v: 1,
    t: "attempt",
    base,
    origin: site.origin,
    log_vkey: site.logVkey,
    letter: letter.record,
    code: formatBase64url(parseWords(attempt.words)),
    step: {
      state: "held",
      token: formatBase64url(state.token),
      shown_as: state.shownAs,
      attestation: state.attestation,
      salt: formatBase64url(state.salt),
    },
  });
}

/**
 * Read a file for this letter and site. Throws FormatError for what is none; Refused (`other-attempt`,
 * or `attempt-not-held` if its token is not there yet, or was used).
 */
export function parseAttemptFile(data: Bytes, site: Site, letter: Letter): Carried {
  if (data.length > LONGEST_ATTEMPT) throw new FormatError("attempt: too long");
  const wire = readMembers(parseJson(data), "attempt", MEMBERS);
  readConstant(wire.v, "v", 1);
  readConstant(wire.t, "t", "attempt");
  const isOther = wire.origin !== site.origin || wire.log_vkey !== site.logVkey;
  if (isOther || !areEqual(parseLetter(wire.letter).id, letter.id)) {
    throw new Refused("other-attempt", "The file is one for another letter.");
  }
  if (readObject(wire.step, "step")["state"] !== "held") {
    throw new Refused("attempt-not-held", "The file holds no token that is still to be used.");
  }
  const words = formatWords(readBytes(wire.code, "code", CODE_SIZE));
  return { words, held: parseHeld(wire.step) };
}

function parseHeld(value: unknown): Held {
  const names = ["state", "token", "shown_as", "attestation", "salt"] as const;
  const wire = readMembers(value, "step", names);
  return {
    state: "held",
    token: readBytes(wire.token, "token", TOKEN_SIZE),
    shownAs: readNullable(wire.shown_as, parseShownAs),
    attestation: parseAttestation(wire.attestation),
    salt: readBytes(wire.salt, "salt", SALT_SIZE),
  };
}
