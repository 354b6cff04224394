/**
 * Evidence that a promise was broken, to be kept and given to others (`docs/formats.md` section 8):
 * the promise, the record that it is about, the letter, and the log's head in which the record is
 * not. It holds no words: whoever has it can prove the promise, and nothing else.
 */

import { type Bytes, formatBase64url, parseBase64url } from "./bytes.ts";
import { FormatError, VerificationError } from "./errors.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import { type Letter, parseLetter, verifyLetter } from "./letter.ts";
import { verifiedPromise } from "./promise.ts";
import { formatRecord, parseSign, type SignRecord, verifyRecord } from "./record.ts";
import { readConstant, readMembers } from "./shape.ts";
import { hostOf, type Site, siteOf } from "./site.ts";
import { verifyToken } from "./token.ts";

const LONGEST_EVIDENCE = 512 * 1024;

/** What a promise was given for. A receipt is one, too. */
export interface Evidence {
  readonly site: Site;
  readonly letter: Letter;
  readonly record: SignRecord;
  readonly promise: string;
}

const MEMBERS = ["v", "t", "origin", "log_vkey", "letter", "record", "promise", "checkpoint"] as const;

/** Write evidence canonically; `checkpoint` is the note of the head in which the record is not. */
export function formatEvidence(evidence: Evidence, checkpoint: string): Bytes {
  return formatCanonical({
    v: 1,
    t: "evidence",
    origin: evidence.site.origin,
    log_vkey: evidence.site.logVkey,
    letter: evidence.letter.record,
    record: evidence.record,
    promise: evidence.promise,
    checkpoint,
  });
}

/** Read evidence; nothing of it is verified. Throws FormatError. */
export function parseEvidence(data: Bytes): Evidence {
  if (data.length > LONGEST_EVIDENCE) throw new FormatError("evidence: too long");
  const wire = readMembers(parseJson(data), "evidence", MEMBERS);
  readConstant(wire.v, "v", 1);
  readConstant(wire.t, "t", "evidence");
  const letter = parseLetter(wire.letter);
  const texts = [wire.origin, wire.log_vkey, wire.promise, wire.checkpoint];
  if (!texts.every((text) => typeof text === "string")) throw new FormatError("evidence: no strings");
  const [origin = "", logVkey = "", promise = ""] = texts as string[];
  return {
    site: siteOf(origin, logVkey, letter.promiseVkey),
    letter,
    record: parseSign(wire.record),
    promise,
  };
}

/**
 * Verify that a site has given this promise for this record of this letter; return its time (UTC
 * seconds). `vkey` is the log's key. Throws VerificationError, FormatError.
 */
export async function verifyEvidence(evidence: Evidence, vkey: string): Promise<number> {
  const { letter, record, promise } = evidence;
  const site = siteOf(evidence.site.origin, evidence.site.logVkey, letter.promiseVkey, vkey);
  await verifyLetter(letter, site);
  if (record.letter !== formatBase64url(letter.id)) {
    throw new VerificationError("The record is one for another letter.");
  }
  await verifyRecord(record);
  const terms = { host: hostOf(site), letterId: letter.id, tokenKey: letter.tokenKey };
  await verifyToken(terms, parseBase64url(record.pk), parseBase64url(record.token));
  return (await verifiedPromise(site, letter, formatRecord(record), promise)).by;
}
