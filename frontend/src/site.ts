/** A site's log as a member knows it: its origin, and the keys of its checkpoints and promises. */

import { VerificationError } from "./errors.ts";
import { type NoteKey, parseVkey } from "./note.ts";
import { readObject, readText } from "./shape.ts";

export interface Site {
  readonly origin: string;
  readonly logVkey: string;
  readonly promiseVkey: string;
  readonly logKey: NoteKey;
  readonly promiseKey: NoteKey;
}

/**
 * Make a site from its origin and vkeys. Throws FormatError, and VerificationError for keys that do
 * not bear the origin's name, or a log's key that is not the pinned one, if one is given.
 */
export function siteOf(
  origin: string,
  logVkey: string,
  promiseVkey: string,
  pinnedVkey?: string,
): Site {
  if (pinnedVkey !== undefined && pinnedVkey !== logVkey) {
    throw new VerificationError("The site's log is not the one whose key was pinned.");
  }
  const logKey = parseVkey(logVkey);
  const promiseKey = parseVkey(promiseVkey);
  if (logKey.name !== origin || promiseKey.name !== `${origin}/promise`) {
    throw new VerificationError("A key of the site does not bear the name of its log.");
  }
  return { origin, logVkey, promiseVkey, logKey, promiseKey };
}

/** Read the answer of `GET /site`. Throws FormatError, VerificationError. */
export function parseSite(value: unknown, pinnedVkey?: string): Site {
  // A site may come to say more of itself than a signer needs; the rest is not read.
  const wire = readObject(value, "site");
  return siteOf(
    readText(wire["origin"], "origin"),
    readText(wire["log_vkey"], "log_vkey"),
    readText(wire["promise_vkey"], "promise_vkey"),
    pinnedVkey,
  );
}

/** Return the host of the log's origin, the part before `/`: tokens are for this name (section 5). */
export function hostOf(site: Site): string {
  return site.origin.split("/", 1)[0] ?? "";
}
