/**
 * The site of a test in a browser: whoever drives the browser holds every request up, asks
 * `answerRequest` what to say, and answers it with that.
 */

import type { Asked, Listening, Reply } from "../site.ts";

export type { Asked, Reply } from "../site.ts";

/** What the driver answers with; null drops the connection. */
type Sent = { status: number; body: string; headers: Record<string, string> } | null;

declare global {
  var answerRequest: ((asked: Asked) => Promise<Sent>) | undefined;
}

/** Answer every request until closed. */
export async function listen(answering: (asked: Asked) => Promise<Reply>): Promise<Listening> {
  globalThis.answerRequest = async (asked) => {
    const reply = await answering(asked);
    if (reply === null) return null;
    const [status, body, headers = {}] = reply;
    return { status, headers, body: typeof body === "string" ? body : JSON.stringify(body) };
  };
  return {
    root: location.origin,
    close() {
      globalThis.answerRequest = undefined;
    },
  };
}
