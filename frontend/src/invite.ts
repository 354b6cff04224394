/**
 * The invite code of a card, which its QR code puts behind the `#` of the sign page's address. No browser
 * sends that anywhere; it is taken out of the address at once, so that it stays neither in sight nor in the
 * history. Until it has been used it lies in the state of this window's history: a reload keeps it.
 */

import { parseInviteCode } from "./enrolment.ts";
import { FormatError } from "./errors.ts";

const PARAMETER = "invite";

/** What is needed of a window. */
export interface Place {
  readonly location: Pick<Location, "hash" | "pathname" | "search">;
  readonly history: Pick<History, "state" | "replaceState">;
}

/**
 * Return the code that the page was opened with, in groups of four, and take it out of the address; null
 * if there is none. One that is no code goes out of the address as well.
 */
export function takeInvite({ location, history }: Place): string | null {
  const given = new URLSearchParams(location.hash.replace(/^#/, "")).get(PARAMETER);
  if (given === null) return readInvite((history.state as { invite?: unknown } | null)?.invite);
  const invite = readInvite(given);
  const state = invite === null ? null : { invite };
  history.replaceState(state, "", location.pathname + location.search);
  return invite;
}

/** Forget the code: it has been used. */
export function forgetInvite({ location, history }: Place): void {
  history.replaceState(null, "", location.pathname + location.search + location.hash);
}

/** Write an invite code in groups of four. */
export function formatInviteCode(code: string): string {
  return code.replace(/(.{4})(?=.)/g, "$1-");
}

function readInvite(value: unknown): string | null {
  try {
    return typeof value === "string" ? formatInviteCode(parseInviteCode(value)) : null;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
