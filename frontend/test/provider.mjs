/**
 * A certified OpenID provider (npm oidc-provider) on a free port of this machine, for tests: `node
 * test/provider.mjs CLIENT SECRET REDIRECT...`. It prints its address, and ends when its input does. The login
 * that somebody types is their mail address; one that begins with `unverified.` was never verified.
 */

import { createServer } from "node:http";

import Provider from "oidc-provider";

const [client, secret, ...redirects] = process.argv.slice(2);
const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://localhost:${server.address().port}`;

const provider = new Provider(issuer, {
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  clients: [{ client_id: client, client_secret: secret, redirect_uris: redirects }],
  cookies: { keys: ["of a test"] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: sub, email_verified: !sub.startsWith("unverified.") }),
  }),
  pkce: { required: () => true },
});
server.on("request", provider.callback());
process.stdout.write(`listening ${issuer}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
