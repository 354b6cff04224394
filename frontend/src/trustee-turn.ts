/**
 * A trustee's turn: find it in a verified log, open one's own shares, exchange them with the others, and
 * open the wave when k trustees' shares are there. Nothing is opened on the word of a site that told a
 * lie: whatever is false or could not be checked ends it.
 */

import type { Audit, AuditedLetter } from "./audit.ts";
import { areEqual, type Bytes } from "./bytes.ts";
import { Refused, UndersignedError, VerificationError } from "./errors.ts";
import { formatShareFile, parseShareFile, type Shares } from "./shares.ts";
import type { TrusteeApi } from "./trustee-api.ts";
import type { TrusteeKey } from "./trustee-key.ts";
import {
  type Altered, type Blobs, combineWave, findDue, openOwnShares, readBlobs,
} from "./trustee-opening.ts";
import type { Wave } from "./wave.ts";

/** A wave that waits, in a log of `size` entries, and the trustee's number in its letter. */
export interface Turn {
  readonly letter: AuditedLetter;
  readonly wave: Wave;
  readonly size: number;
  readonly number: number;
  /** How many names are to be opened. */
  readonly due: number;
}

/** Throw VerificationError with the first thing that is false, or could not be checked. */
export function requireNoFault({ checks }: Audit): void {
  const fault = checks.find(({ status }) => status === "false" || status === "unchecked");
  if (fault === undefined) return;
  throw new VerificationError(`Check ${fault.number}: ${fault.evidence[0] ?? ""}`);
}

/** The letters of a log that name this key, and those of them whose wave waits. */
export interface Turns {
  readonly letters: readonly AuditedLetter[];
  readonly turns: readonly Turn[];
}

/** Find the waves that wait for this key. */
export function findTurns(audited: Audit, key: TrusteeKey): Turns {
  const letters: AuditedLetter[] = [];
  const turns: Turn[] = [];
  for (const letter of audited.letters.values()) {
    const { trustees } = letter.replay.letter;
    const at = trustees.findIndex(({ signKey }) => areEqual(signKey, key.publicKey));
    if (at < 0) continue;
    letters.push(letter);
    const { wave } = letter.replay.openings;
    if (wave === null || letter.replay.stage?.openingDue !== true) continue;
    const { size } = audited.checkpoint;
    turns.push({ letter, wave, size, number: at + 1, due: findDue(wave, size).size });
  }
  return { letters, turns };
}

export type Step = "blobs" | "shares";
export type OnStep = (step: Step, done: number, all: number) => void;

/** One's own part of a wave, once opened. */
export interface Opened {
  readonly blobs: Blobs;
  readonly shares: Shares;
}

/** Fetch the blobs of a wave and open one's own shares; nothing is sent. */
export async function openOwn(
  { wave, size, number }: Turn,
  api: TrusteeApi,
  key: TrusteeKey,
  onStep: OnStep,
): Promise<Opened> {
  const read = (leaf: number) => api.blob(leaf);
  const blobs = await readBlobs(wave, size, read, (done, all) => onStep("blobs", done, all));
  const shares = await openOwnShares(wave, size, blobs, key, number, (done, all) =>
    onStep("shares", done, all),
  );
  return { blobs, shares };
}

/** How far a wave has come: opened, or awaiting others. */
export interface Outcome {
  readonly isOpened: boolean;
  readonly holds: boolean;
  readonly opened: number;
  readonly bad: number;
  /** Trustees who have not sent their shares. */
  readonly awaited: readonly number[];
  readonly altered: readonly Altered[];
  /** Trustees whose share file does not hold. */
  readonly broken: readonly number[];
}

/**
 * Send one's own shares, take those of the others, and open the wave if they suffice. Once more does
 * no harm: the same file replaces itself. Throws what the API throws.
 */
export async function exchangeShares(
  turn: Turn,
  { blobs, shares }: Opened,
  api: TrusteeApi,
  key: TrusteeKey,
): Promise<Outcome> {
  const { letter } = turn.wave;
  const context = { body: letter, letterId: letter.id, wave: turn.wave.number, from: turn.number };
  const files = [shares];
  const broken: number[] = [];
  let awaited: readonly number[] = [];
  if (letter.quorum > 1) {
    const sharing = await api.sendShares(turn.wave.number, await formatShareFile(shares, context, key));
    awaited = sharing.awaited;
    for (const from of sharing.sent) {
      if (from === turn.number) continue;
      const file = await api.shareFile(turn.wave.number, from);
      try {
        files.push(await parseShareFile(file, { ...context, from }, turn.number, key));
      } catch (error) {
        if (!(error instanceof UndersignedError)) throw error;
        broken.push(from);
      }
    }
  }
  return combine(turn, blobs, files, api, key, { awaited, broken });
}

async function combine(
  { wave, size, number }: Turn,
  blobs: Blobs,
  files: readonly Shares[],
  api: TrusteeApi,
  key: TrusteeKey,
  told: Pick<Outcome, "awaited" | "broken">,
): Promise<Outcome> {
  const nothing = { isOpened: false, holds: false, opened: 0, bad: 0 };
  if (files.length < wave.letter.quorum) return { ...nothing, ...told, altered: [] };
  const { opening, altered } = await combineWave(wave, size, blobs, files, key, number);
  if (opening === null) return { ...nothing, ...told, altered };
  await submit(api, wave.number, opening.record, opening.content);
  const bad = opening.file.leaves.filter((leaf) => "bad" in leaf).length;
  const opened = opening.file.leaves.length - bad;
  return { isOpened: true, holds: opening.holds, opened, bad, ...told, altered };
}

/** Submit an opening; that another one was quicker is as good. */
async function submit(api: TrusteeApi, wave: number, record: Bytes, file: Bytes): Promise<void> {
  try {
    await api.sendOpening(wave, record, file);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "wave-opened") throw error;
  }
}
