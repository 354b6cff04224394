/**
 * A whole verification in the browser: the twelve checks of `undersigned verify`, with the same
 * numbers, over a site or a mirror of one. It yields between bundles, so that the page stays alive.
 */

import { areEqual, type Bytes, formatHex, parseUtf8 } from "./bytes.ts";
import { checkOverdue, compareLetters, compareSite, Comparison } from "./comparing.ts";
import { Context } from "./context.ts";
import { FormatError, Refused } from "./errors.ts";
import { type Check, Findings } from "./findings.ts";
import type { LetterReplay } from "./letter-replay.ts";
import { parseBundle, pathOf, rootOf } from "./log.ts";
import { LogReplay } from "./log-replay.ts";
import { leafHash } from "./merkle.ts";
import { NameReader, readTexts } from "./names.ts";
import { type NoteKey, parseVkey } from "./note.ts";
import { type Checkpoint, verifiedCheckpoint } from "./proof.ts";
import { readShown, type Shown, type ShownPages, wantedBy } from "./shown.ts";
import type { Source } from "./source.ts";
import type { TextDocument } from "./text.ts";

const WIDTH = 256;
/** Some 40 MB: more is not for a telephone; `undersigned verify` reads any log. */
const MOST_ENTRIES = 50_000;
const AHEAD = 4;

/** What is being done, and how far it has come. */
export interface Progress {
  readonly step: "log" | "names";
  readonly done: number;
  readonly all: number;
}

export interface AuditOptions {
  /** The log's key as the reader knows it from elsewhere. */
  readonly pinnedVkey?: string | undefined;
  /** The reader's time in UTC seconds. */
  readonly now?: number;
  /** Tree heads of this log that were seen before, such as those in receipts (check 4). */
  readonly earlier?: readonly Checkpoint[];
  /** The letters (ids in hex) whose pages and names are looked at; without it all. All are replayed. */
  readonly letters?: readonly string[];
  /** Whether the name at a leaf is fetched; without it all are. */
  readonly wantsName?: (leaf: number) => boolean;
  readonly onProgress?: (progress: Progress) => void;
}

/** What was found of one letter. */
export interface AuditedLetter {
  readonly replay: LetterReplay;
  readonly texts: readonly (TextDocument | null)[];
  readonly names: NameReader;
  readonly pages: ShownPages | null;
}

/** What was found: of which tree, the twelve checks, the letters by id in hex, the leaf hashes. */
export interface Audit {
  readonly origin: string;
  readonly vkey: string;
  readonly checkpoint: Checkpoint;
  /** The signed note of the checkpoint, as it came. */
  readonly checkpointNote: string;
  /** The site's clock (UTC seconds), if it showed one. */
  readonly siteTime: number | null;
  readonly checks: readonly Check[];
  readonly letters: ReadonlyMap<string, AuditedLetter>;
  readonly leaves: readonly Bytes[];
}

/**
 * Verify a log. What is wrong in it is in the checks; throws only when there is no log to speak of:
 * VerificationError and FormatError for its key or checkpoint, Unreachable, Refused (`log-too-long`).
 *
 * 1. The checkpoint's signature and origin. 2. Witnesses: not asked for here. 3. The entries hash to
 * the root. 4. The log begins with what was seen before. 5. to 10. Every record, letter by letter.
 * 11. Names. 12. What the site shows.
 */
export async function audit(source: Source, options: AuditOptions = {}): Promise<Audit> {
  const findings = new Findings();
  findings.notAsked(2, "A browser does not know which witnesses to ask for.");
  const key = await readKey(source, findings, options.pinnedVkey);
  const shown = await readShown(source, findings, options.letters ?? (await source.letters()));
  const { note, checkpoint } = await readCheckpoint(source, key.key); // 1
  const context = new Context(findings, key.key.name, options.now ?? null, source);
  const wanted = new Map([...shown.letters].map(([id, pages]) => [id, wantedBy(pages)]));
  const replay = new LogReplay(context, wanted);
  const leaves = await readLog(source, checkpoint, replay, findings, options); // 3, 5 to 10
  checkEarlier(findings, leaves, options.earlier); // 4
  replay.close(leaves.length);
  const letters = [...replay.letters.values()];
  if (shown.site !== null) compareSite(findings, shown.site, key.key.name, key.vkey);
  if (options.letters === undefined) compareLetters(findings, letters, shown);
  const unpublishedFrom = shown.site?.isWaiting === true ? checkpoint.size : null;
  const audited = new Map<string, AuditedLetter>();
  for (const letter of letters) {
    const id = formatHex(letter.letter.id);
    const isMeant = options.letters?.includes(id) ?? true;
    const asked = isMeant ? options : null;
    audited.set(id, await auditLetter(context, letter, shown, asked, unpublishedFrom)); // 6, 11, 12
    if (shown.site !== null) checkOverdue(findings, letter, shown.site);
  }
  return {
    origin: checkpoint.origin,
    vkey: key.vkey,
    checkpoint,
    checkpointNote: parseUtf8(note),
    siteTime: shown.site?.time ?? null,
    checks: findings.close(),
    letters: audited,
    leaves,
  };
}

async function readKey(
  source: Source,
  findings: Findings,
  pinned: string | undefined,
): Promise<{ readonly key: NoteKey; readonly vkey: string }> {
  const shown = parseUtf8((await source.find("log.vkey")) ?? new Uint8Array()).replace(/\n$/, "");
  if (pinned === undefined) {
    findings.note(1, "The key was taken from the site itself: whoever can replace the whole site can replace it too.");
  } else if (pinned !== shown) {
    findings.false(1, "The site shows another log key than the one that is known.");
  }
  const vkey = pinned ?? shown;
  return { key: parseVkey(vkey), vkey };
}

async function readCheckpoint(
  source: Source,
  key: NoteKey,
): Promise<{ readonly note: Bytes; readonly checkpoint: Checkpoint }> {
  const note = await source.find("log/checkpoint");
  if (note === null) throw new FormatError("The site shows no checkpoint of its log.");
  const checkpoint = await verifiedCheckpoint(note, key);
  if (checkpoint.size > MOST_ENTRIES) {
    throw new Refused("log-too-long", "The log is too long to be read here.");
  }
  return { note, checkpoint };
}

async function readLog(
  source: Source,
  { size, root }: Checkpoint,
  replay: LogReplay,
  findings: Findings,
  { onProgress }: AuditOptions,
): Promise<readonly Bytes[]> {
  const leaves: Bytes[] = [];
  const bundles = Math.ceil(size / WIDTH);
  const coming: Promise<readonly Bytes[]>[] = [];
  for (let n = 0; n < bundles; n += 1) {
    while (coming.length < AHEAD && n + coming.length < bundles) {
      const next = readBundle(source, n + coming.length, size);
      next.catch(() => undefined); // it is met when its turn comes
      coming.push(next);
    }
    const entries = await coming.shift();
    for (const entry of entries ?? []) leaves.push(leafHash(entry));
    await replay.read(n * WIDTH, entries ?? []);
    onProgress?.({ step: "log", done: leaves.length, all: size });
    await breathe();
  }
  if (!areEqual(rootOf(leaves), root)) {
    findings.false(3, "The entries do not hash to the root that was signed.");
  }
  return leaves;
}

async function readBundle(source: Source, n: number, size: number): Promise<readonly Bytes[]> {
  const width = Math.min(WIDTH, size - n * WIDTH);
  const data = await source.find(`log/${pathOf(n, width)}`);
  // A partial bundle may be dropped once it has filled up; the full one begins with it.
  const full = data ?? (width < WIDTH ? await source.find(`log/${pathOf(n, WIDTH)}`) : null);
  if (full === null) throw new FormatError("A part of the log cannot be had.");
  const entries = parseBundle(full);
  const isRight = data === null ? entries.length === WIDTH : entries.length === width;
  if (!isRight) throw new FormatError("A bundle has not as many entries as it should.");
  return entries.slice(0, width);
}

/** Let the page do what it has to. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function checkEarlier(
  findings: Findings,
  leaves: readonly Bytes[],
  earlier: readonly Checkpoint[] = [],
): void {
  if (earlier.length === 0) findings.notAsked(4, "No earlier checkpoint was given to compare with.");
  for (const { size, root } of earlier) {
    if (size > leaves.length) {
      findings.false(4, `The log had ${size} entries before, and has ${leaves.length} now.`);
    } else if (!areEqual(rootOf(leaves.slice(0, size)), root)) {
      findings.false(4, `The first ${size} entries of the log are not those that it had before.`);
    }
  }
}

async function auditLetter(
  context: Context,
  replay: LetterReplay,
  shown: Shown,
  options: AuditOptions | null,
  unpublishedFrom: number | null,
): Promise<AuditedLetter> {
  const texts = await readTexts(context, replay);
  const names = new NameReader(context, replay, options?.wantsName);
  const pages = shown.letters.get(formatHex(replay.letter.id)) ?? null;
  if (options === null) return { replay, texts, names, pages };
  await names.readAll((done, all) => options.onProgress?.({ step: "names", done, all }));
  if (pages !== null) {
    const time = shown.site?.time ?? null;
    await new Comparison(context, replay, pages, names, unpublishedFrom, time).compare();
  }
  return { replay, texts, names, pages };
}
