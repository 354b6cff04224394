/** A site on a loopback port that answers as a test says. `browser/site.ts` is its like in a browser. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Status, body (an object is sent as JSON), headers; or null, which drops the connection. */
export type Reply = readonly [number, unknown, Record<string, string>?] | null;

export interface Listening {
  readonly root: string;
  close(): void;
}

/** Answer every request until closed. */
export async function listen(answering: (asked: Asked) => Promise<Reply>): Promise<Listening> {
  const server = createServer((request, response) => void answer(request, response));
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const reply = await answering({ path: request.url ?? "", headers: request.headers, body });
    if (reply === null) return void request.socket.destroy();
    response.writeHead(reply[0], reply[2]);
    response.end(typeof reply[1] === "string" ? reply[1] : JSON.stringify(reply[1]));
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    root: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
