/**
 * One request to a site and its answer: patient, bounded, and without anything that joins two
 * requests.
 *
 * - A request that was lost, or that met a full queue, is sent again as the same bytes, a bounded
 *   number of times.
 * - No cookie and no referrer is ever sent: the site could set one with the token and read it with
 *   the signature.
 * - A redirect is not followed: it would carry a proof to a host that the member did not choose.
 */

import { type Bytes, concat } from "./bytes.ts";
import {
  Busy,
  FormatError,
  Refused,
  SiteFailed,
  type UndersignedError,
  Unreachable,
} from "./errors.ts";
import { formatCanonical, parseJson } from "./jcs.ts";

/** Bytes: a letter in 40 languages, each of the length of a document, and its keys. */
const LONGEST_ANSWER = 16 * 1024 * 1024;
const LONGEST_DETAIL = 500;
const LONGEST_RETRY_AFTER_S = 3_600;
const FIRST_WAIT_MS = 500;
const AGAIN: readonly number[] = [502, 503, 504];

/** How often a request is sent, how long the waits between may be, and how long an answer may take. */
export interface Patience {
  readonly tries: number;
  readonly longestWaitMs: number;
  readonly timeoutMs: number;
  readonly sleep: (ms: number) => Promise<void>;
}

export const PATIENT: Patience = {
  tries: 6,
  longestWaitMs: 30_000,
  timeoutMs: 30_000,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** For what must not be repeated unasked. */
export const ONCE: Patience = { ...PATIENT, tries: 1 };

/** A good answer: its status (below 300), its body, and whether an earlier try may have arrived. */
export interface Answer {
  readonly status: number;
  readonly body: Bytes;
  readonly isRepeat: boolean;
}

/** GET a URL. Throws the site's refusal, Unreachable, or FormatError for a hopeless answer. */
export function get(url: string, patience: Patience = PATIENT): Promise<Answer> {
  return exchange(url, { method: "GET" }, patience);
}

/**
 * POST plain JSON values, canonically. Throws what `get` does; after Unreachable it is not known
 * whether the site took the request.
 */
export function post(url: string, value: unknown, patience: Patience = PATIENT): Promise<Answer> {
  const headers = { "Content-Type": "application/json" };
  return exchange(url, { method: "POST", headers, body: formatCanonical(value) }, patience);
}

/** Make a request and return its answer; the same bytes are sent again. Throws what `get` does. */
export async function exchange(
  url: string,
  request: RequestInit,
  patience: Patience,
): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const reply = await send(url, request, patience.timeoutMs);
    if (reply !== null && reply.status < 300) {
      return { status: reply.status, body: reply.body, isRepeat: tries > 1 };
    }
    const isHopeless = reply !== null && !AGAIN.includes(reply.status);
    if (isHopeless || tries >= patience.tries) throw errorOf(reply);
    const least = FIRST_WAIT_MS * 2 ** (tries - 1);
    const asked = 1000 * (reply?.retryAfterS ?? 0);
    await patience.sleep(Math.min(patience.longestWaitMs, Math.max(least, asked)));
  }
}

interface Reply {
  readonly status: number;
  readonly body: Bytes;
  readonly retryAfterS: number | null;
}

/** Return the answer, or null if it was lost. Why is not said: the reason may hold the request. */
async function send(url: string, request: RequestInit, timeoutMs: number): Promise<Reply | null> {
  try {
    const response = await fetch(url, {
      ...request,
      cache: "no-store",
      credentials: "omit",
      redirect: "manual",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.type === "opaqueredirect") {
      throw new FormatError("The site sends the request to another address.");
    }
    const retryAfterS = parseRetryAfter(response.headers.get("Retry-After"));
    return { status: response.status, body: await readBody(response), retryAfterS };
  } catch (error) {
    if (error instanceof FormatError) throw error;
    return null;
  }
}

async function readBody(response: Response): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > LONGEST_ANSWER) {
      await reader.cancel();
      throw new FormatError("The site's answer is too long.");
    }
    parts.push(value);
  }
  return concat(...parts);
}

/** Return the seconds in a Retry-After header, at most an hour; null for a date (RFC 9110, 10.2.3). */
function parseRetryAfter(value: string | null): number | null {
  if (value === null || !/^(0|[1-9][0-9]{0,5})$/.test(value)) return null;
  return Math.min(Number(value), LONGEST_RETRY_AFTER_S);
}

/**
 * Return the error that an answer of status 300 or more stands for, by its problem document (RFC
 * 9457). What is none comes from something between: Unreachable if it is a gateway's.
 */
function errorOf(reply: Reply | null): UndersignedError {
  if (reply === null) return new Unreachable();
  const problem = findProblem(reply.body);
  if (problem === null) {
    if (AGAIN.includes(reply.status)) return new Unreachable();
    return new FormatError(`The site answered with status ${reply.status} and did not say why.`);
  }
  if (problem.code === "busy") return new Busy(reply.retryAfterS ?? 2);
  const kind = reply.status >= 500 ? SiteFailed : Refused;
  return new kind(problem.code, problem.detail);
}

function findProblem(body: Bytes): { code: string; detail: string } | null {
  let value: unknown;
  try {
    value = parseJson(body);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { code, detail } = value as Record<string, unknown>;
  if (typeof code !== "string" || !/^[a-z-]{1,64}$/.test(code)) return null;
  return { code, detail: typeof detail === "string" ? detail.slice(0, LONGEST_DETAIL) : "" };
}
