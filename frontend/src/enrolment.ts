/**
 * Proving to be on the roll (`docs/formats.md` section 4). What a member asks for is kept as plain
 * JSON values, the same in the request and in a saved attempt, so that a request that is sent again
 * after a crash is the same bytes.
 */

import {
  countCharacters, readBytes, readMembers, readNullable, readObject, readPattern,
} from "./shape.ts";
import { formatBase64url } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { parseShownAs, type ShownAs } from "./name.ts";

export const ENROLMENT_SIZE = 16;

const LONGEST_ADDRESS = 254;
/** A verifier as RFC 7636, section 4.1, has it, and a nonce of the same form. */
export const SECRET = /^[A-Za-z0-9._~-]{43,128}$/;
/** A sign-on's code as the issuer hands it on: the provider's, under a seal that only the issuer opens, for this letter. */
export const SEALED_CODE = /^[A-Za-z0-9_-]{39,5499}$/;
/** A code from a mail is short; the rest is room for what a person types around it. */
const LONGEST_CODE = 64;

/** JSON as it is sent: `enrolment` in base64url, and the code from the mail; an invite code; a sign-on. */
export type Proof =
  | { readonly method: "email"; readonly enrolment: string; readonly code: string }
  | { readonly method: "invite"; readonly code: string }
  | OpenIdProof;

/** A sign-on's code as the issuer handed it on, with what was made before the member signed on (section 9.4). */
export interface OpenIdProof {
  readonly method: "openid";
  readonly code: string;
  readonly verifier: string;
  readonly nonce: string;
}

/** What a token was asked for with: a secret. */
export interface Asked {
  readonly proof: Proof;
  readonly shown_as: ShownAs | null;
}

/** Bring an address as people write it into the form of the roll. Throws FormatError. */
export function canonicalAddress(typed: string): string {
  const address = typed.normalize("NFC").trim().toLowerCase().normalize("NFC");
  const label = "[\\p{L}\\p{Nd}-]+";
  const atom = "[\\p{L}\\p{M}\\p{Nd}#$&'*+/=?^_`{|}~-]+";
  const pattern = new RegExp(`^${atom}(\\.${atom})*@${label}(\\.${label})+$`, "u");
  if (!pattern.test(address) || countCharacters(address) > LONGEST_ADDRESS) {
    throw new FormatError("That is not a mail address.");
  }
  return address;
}

/** Read an invite code as people write it; return its 16 characters. Throws FormatError. */
export function parseInviteCode(typed: string): string {
  const code = typed
    .slice(0, LONGEST_CODE)
    .replace(/[\s-]/g, "")
    .replace(/[a-z]/g, (letter) => letter.toUpperCase())
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1");
  if (!/^[0-9A-HJKMNP-TV-Z]{16}$/.test(code)) {
    throw new FormatError("An invite code has 16 letters and digits.");
  }
  return code;
}

/** Read a proof and how the member is to be shown, typed or saved. Throws FormatError. */
export function parseAsked(value: unknown): Asked {
  const wire = readMembers(value, "asked", ["proof", "shown_as"]);
  return { proof: parseProof(wire.proof), shown_as: readNullable(wire.shown_as, parseShownAs) };
}

function parseProof(value: unknown): Proof {
  const { method } = readObject(value, "proof");
  if (method === "openid") return parseOpenId(value);
  if (method === "invite") {
    const { code } = readMembers(value, "proof", ["method", "code"]);
    if (typeof code !== "string") throw new FormatError("code: not a string");
    return { method: "invite", code: parseInviteCode(code) };
  }
  const wire = readMembers(value, "proof", ["method", "enrolment", "code"]);
  const enrolment = readBytes(wire.enrolment, "enrolment", ENROLMENT_SIZE);
  if (wire.method !== "email") throw new FormatError("proof: of an unknown method");
  return { method: "email", enrolment: formatBase64url(enrolment), code: parseCode(wire.code) };
}

function parseOpenId(value: unknown): OpenIdProof {
  const wire = readMembers(value, "proof", ["method", "code", "verifier", "nonce"]);
  return {
    method: "openid",
    code: readPattern(wire.code, "code", SEALED_CODE),
    verifier: readPattern(wire.verifier, "verifier", SECRET),
    nonce: readPattern(wire.nonce, "nonce", SECRET),
  };
}

/** Read the code from a mail; what it is, the issuer says. */
function parseCode(value: unknown): string {
  const code = typeof value === "string" ? value.trim() : "";
  if (code === "" || code.length > LONGEST_CODE || /[\p{Cc}\p{Cs}]/u.test(code)) {
    throw new FormatError(`A code has 1 to ${LONGEST_CODE} characters.`);
  }
  return code;
}
