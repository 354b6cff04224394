/**
 * A sign-on with a provider (`docs/formats.md` section 9.4): what is made before the member leaves the page,
 * where to, and what comes back. State, nonce and verifier lie with the attempt in this browser's store; without
 * them nobody can use the code that the provider gives out.
 */

import { formatBase64url, formatUtf8 } from "./bytes.ts";
import { type Proof, SEALED_CODE, SECRET } from "./enrolment.ts";
import { FormatError, Refused } from "./errors.ts";
import { hash } from "./hash.ts";
import { parseShownAs, type ShownAs } from "./name.ts";
import { readMembers, readNullable, readPattern, readText } from "./shape.ts";

const LONGEST_STATE = 256;
const LONGEST_TEXT = 500;
const TICKET = /^[A-Za-z0-9_-]{1,180}$/;
const STATE = /^[A-Za-z0-9_-]{1,180}\.[A-Za-z0-9_-]{22,64}$/;

/** What the issuer says of its provider. */
export interface SignOnTerms {
  readonly issuer: string;
  readonly name: string;
  readonly endpoint: string;
  readonly clientId: string;
  readonly redirect: string;
  readonly scope: string;
  /** Tells the issuer, and not the provider, which letter it is. */
  readonly ticket: string;
}

/** A sign-on that was begun. */
export interface Login {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly issuer: string;
  readonly shownAs: ShownAs | null;
  /** The query of the page that was left: it may name a language. */
  readonly search: string;
}

/** What the member came back with. */
export interface Returned {
  readonly state: string;
  readonly code: string | null;
  readonly issuer: string | null;
}

/** Read what the issuer says of its provider (plain JSON values). Throws FormatError. */
export function parseSignOn(value: unknown): SignOnTerms {
  const wire = readMembers(value, "sign-on", [
    "issuer", "name", "authorization_endpoint", "client_id", "redirect_uri", "scope",
    "ticket",
  ]);
  const text = (member: unknown, what: string) =>
    readText(member, what, { least: 1, longest: LONGEST_TEXT });
  const endpoint = text(wire.authorization_endpoint, "authorization_endpoint");
  if (!isSafe(endpoint)) throw new FormatError("authorization_endpoint: not one of https");
  return {
    issuer: text(wire.issuer, "issuer"),
    name: text(wire.name, "name"),
    endpoint,
    clientId: text(wire.client_id, "client_id"),
    redirect: text(wire.redirect_uri, "redirect_uri"),
    scope: text(wire.scope, "scope"),
    ticket: readPattern(wire.ticket, "ticket", TICKET),
  };
}

function isSafe(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return protocol === "https:" || (protocol === "http:" && isHere);
}

/** Make what a sign-on needs, to be kept before the member leaves. */
export function beginLogin(
  { issuer, ticket }: SignOnTerms,
  shownAs: ShownAs | null,
  search: string,
): Login {
  const state = `${ticket}.${random()}`;
  return { state, nonce: random(), verifier: random(), issuer, shownAs, search };
}

function random(): string {
  return formatBase64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** Return where the member signs on (Core 1.0, section 3.1.2.1; RFC 7636, section 4.3). */
export function addressOf(terms: SignOnTerms, { state, nonce, verifier }: Login): string {
  const address = new URL(terms.endpoint);
  const parameters = {
    response_type: "code",
    client_id: terms.clientId,
    redirect_uri: terms.redirect,
    scope: terms.scope,
    state,
    nonce,
    code_challenge: formatBase64url(hash(formatUtf8(verifier))),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  return address.href;
}

/** Read what came back, from the fragment of the page's address; null if nothing did. */
export function parseReturned(fragment: string): Returned | null {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const state = given.get("openid");
  if (state === null || state.length > LONGEST_STATE || !STATE.test(state)) return null;
  const code = given.get("code");
  return {
    state,
    code: code !== null && SEALED_CODE.test(code) ? code : null,
    issuer: given.get("iss"),
  };
}

/**
 * Return the proof of a sign-on that this browser began. Throws Refused: `login-elsewhere` if it was begun
 * elsewhere, `login-given-up` if the provider gave no code, `login-rejected` for another provider's (RFC 9207).
 */
export function proofOf(login: Login | null, { state, code, issuer }: Returned): Proof {
  if (login === null || login.state !== state) {
    throw new Refused("login-elsewhere", "This sign-on was begun elsewhere.");
  }
  if (issuer !== null && issuer !== login.issuer) {
    throw new Refused("login-rejected", "Another provider than the letter's has answered.");
  }
  if (code === null) throw new Refused("login-given-up", "The sign-on was not finished.");
  return { method: "openid", code, verifier: login.verifier, nonce: login.nonce };
}

/** Read a sign-on that was saved. Throws FormatError. */
export function parseLogin(value: unknown): Login {
  const wire = readMembers(value, "login", [
    "state", "nonce", "verifier", "issuer", "shownAs", "search",
  ]);
  return {
    state: readPattern(wire.state, "state", STATE),
    nonce: readPattern(wire.nonce, "nonce", SECRET),
    verifier: readPattern(wire.verifier, "verifier", SECRET),
    issuer: readText(wire.issuer, "issuer", { longest: LONGEST_TEXT }),
    shownAs: readNullable(wire.shownAs, parseShownAs),
    search: readText(wire.search, "search", { longest: LONGEST_TEXT }),
  };
}
