/**
 * The whole log, read and hashed in the browser (c2sp.org/tlog-tiles): what is in it of one signature,
 * without telling the site whose. What is found is then as sure as the checkpoint's key.
 */

import { areEqual, type Bytes, formatBase64url, parseUtf8 } from "./bytes.ts";
import { FormatError, Refused, VerificationError } from "./errors.ts";
import { get, PATIENT, type Patience } from "./exchange.ts";
import { hash } from "./hash.ts";
import { parseJson } from "./jcs.ts";
import type { Letter } from "./letter.ts";
import { leafHash, nodeHash } from "./merkle.ts";
import { type Checkpoint, verifiedCheckpoint } from "./proof.ts";
import type { Site } from "./site.ts";

const WIDTH = 256;
/** Some 40 MB: more is not for a telephone; `undersigned verify` reads any log. */
const MOST_ENTRIES = 50_000;
const AT_ONCE = 4;

/** Every entry of a log, in its order, that the checkpoint's root was computed from. */
export interface Log {
  readonly checkpoint: Checkpoint;
  readonly entries: readonly Bytes[];
}

/**
 * Fetch a log and verify that its entries give the root that its key has signed. Throws Refused
 * (`log-too-long`), VerificationError, FormatError, Unreachable.
 */
export async function readLog(site: Site, patience: Patience = PATIENT): Promise<Log> {
  const note = await get("/log/checkpoint", patience);
  const checkpoint = await verifiedCheckpoint(note.body, site.logKey);
  if (checkpoint.size > MOST_ENTRIES) {
    throw new Refused("log-too-long", "The log is too long to be read here.");
  }
  const bundles: Bytes[][] = [];
  const last = Math.ceil(checkpoint.size / WIDTH);
  for (let first = 0; first < last; first += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, last - first) }, (_, at) => first + at);
    bundles.push(...(await Promise.all(some.map((n) => readBundle(n, checkpoint.size, patience)))));
  }
  const entries = bundles.flat();
  if (!areEqual(rootOf(entries.map(leafHash)), checkpoint.root)) {
    throw new VerificationError("The entries of the log are not those that its checkpoint signs.");
  }
  return { checkpoint, entries };
}

async function readBundle(n: number, size: number, patience: Patience): Promise<Bytes[]> {
  const width = Math.min(WIDTH, size - n * WIDTH);
  const { body } = await get(`/log/${pathOf(n, width)}`, patience);
  const entries = parseBundle(body);
  if (entries.length !== width) throw new FormatError("A bundle has not as many entries as it should.");
  return entries;
}

/** Return the path of an entry bundle (tlog-tiles, "Log Entries"). */
export function pathOf(n: number, width: number): string {
  const digits = String(n).padStart(Math.ceil(String(n).length / 3) * 3, "0");
  const groups = digits.match(/.{3}/g) ?? [];
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return `tile/entries/${path}${width === WIDTH ? "" : `.p/${width}`}`;
}

/** Take a bundle apart: entries, each after its length as two bytes. Throws FormatError. */
export function parseBundle(data: Bytes): Bytes[] {
  const entries: Bytes[] = [];
  for (let at = 0; at < data.length; ) {
    const start = at + 2;
    const end = start + (((data[at] ?? 0) << 8) | (data[at + 1] ?? 0));
    if (end > data.length) throw new FormatError("An entry bundle is cut off.");
    entries.push(data.slice(start, end));
    at = end;
  }
  return entries;
}

/** Return the root of these leaf hashes (RFC 6962 section 2.1), 32 bytes. */
export function rootOf(leaves: readonly Bytes[]): Bytes {
  const whole: { readonly size: number; readonly root: Bytes }[] = [];
  for (const leaf of leaves) {
    let tree = { size: 1, root: leaf };
    for (let last = whole.at(-1); last?.size === tree.size; last = whole.at(-1)) {
      tree = { size: 2 * tree.size, root: nodeHash(last.root, tree.root) };
      whole.pop();
    }
    whole.push(tree);
  }
  const roots = whole.map((tree) => tree.root);
  return roots.length === 0 ? hash() : roots.reduceRight((right, left) => nodeHash(left, right));
}

/** What a log says of the signature of one key. */
export interface Trace {
  readonly index: number;
  readonly mode: string;
  readonly condition: number | null;
  /** The hash of its name document or blob, in base64url; null if it has none. */
  readonly name: string | null;
  readonly amended: number;
  readonly ended: "withdraw" | "invalidate" | null;
}

/** Find what a log has of a key's signature of a letter; null if there is none. */
export function findTrace(log: Log, letter: Pick<Letter, "id">, pk: Bytes): Trace | null {
  const id = formatBase64url(letter.id);
  const key = formatBase64url(pk);
  let trace = null as Trace | null;
  for (const [index, entry] of log.entries.entries()) {
    const record = recordOf(entry);
    if (record === null || record["letter"] !== id) continue;
    if (record["pk"] === key) trace = traced(trace, record, index);
    else if (trace !== null && record["t"] === "invalidate" && record["leaf"] === trace.index) {
      trace = { ...trace, ended: "invalidate" };
    }
  }
  return trace;
}

function traced(
  trace: Trace | null,
  record: Readonly<Record<string, unknown>>,
  index: number,
): Trace | null {
  const condition = typeof record["condition"] === "number" ? record["condition"] : null;
  const name = typeof record["name"] === "string" ? record["name"] : null;
  const how = { mode: String(record["mode"]), condition, name };
  switch (record["t"]) {
    case "sign":
      return { index, ...how, amended: 0, ended: null };
    case "amend":
      return trace === null ? null : { ...trace, ...how, amended: trace.amended + 1 };
    case "withdraw":
      return trace === null ? null : { ...trace, ended: "withdraw" };
    default:
      return trace;
  }
}

function recordOf(entry: Bytes): Readonly<Record<string, unknown>> | null {
  // Entries that are none of a member's are not looked into.
  const text = parseUtf8(entry);
  if (!/"t":"(sign|amend|withdraw|invalidate)"/.test(text)) return null;
  const value = parseJson(entry);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
}
