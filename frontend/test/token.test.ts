/** Tokens follow RFC 9474, RFC 9577 and RFC 9578; another implementation accepts them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Issuer, Client, BlindRSAMode, Origin } from "./privacypass.ts";
import { TOKEN_TYPES, Token, TokenChallenge } from "@cloudflare/privacypass-ts";

import { type Bytes, concat, formatHex, randomBytes } from "../src/bytes.ts";
import { FormatError, VerificationError } from "../src/errors.ts";
import { hash } from "../src/hash.ts";
import {
  blind,
  blindToken,
  finalize,
  finalizeToken,
  formatBlinding,
  formatChallenge,
  importTokenKey,
  parseBlinding,
  parseTokenKey,
  tokenInput,
  verifyToken,
} from "../src/token.ts";
import { blindSign, hex, hexNumber, own, privateKeyOf, published, type Vector, withRandom } from "./support.ts";
import { formatBase64url } from "../src/bytes.ts";

const HOST = "letters.example";

function termsOf(vector: Vector) {
  return { host: HOST, letterId: hex(vector["letter_id"]), tokenKey: hex(vector["pkS"]) };
}

function keyOf(n: Bytes): Promise<CryptoKey> {
  const jwk = { kty: "RSA", alg: "PS384", n: formatBase64url(n), e: "AQAB" };
  const algorithm = { name: "RSA-PSS", hash: "SHA-384" };
  return crypto.subtle.importKey("jwk", jwk, algorithm, true, ["verify"]);
}

/** r, from its inverse: r is what the vectors of RFC 9474 leave out. */
function inverseOf(value: Bytes, n: Bytes): Bytes {
  const [modulus, start] = [BigInt(`0x${formatHex(n)}`), BigInt(`0x${formatHex(value)}`)];
  let [a, b, x, y] = [start, modulus, 1n, 0n];
  while (b !== 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  const inverse = ((x % modulus) + modulus) % modulus;
  return hex(inverse.toString(16).padStart(2 * n.length, "0"));
}

test("the vector of RFC 9474 for this variant holds, blinding and all", async () => {
  const name = "RSABSSA-SHA384-PSS-Deterministic";
  const vector = published("rfc9474", "blind_rsa").find((one) => one["name"] === name) ?? {};
  const n = hexNumber(vector["n"]);
  const message = hex(vector["input_msg"]);
  const inverse = hexNumber(vector["inv"]);
  const key = await keyOf(n);
  const factor = inverseOf(inverse, n);
  const made = await withRandom([new Uint8Array(0), hex(vector["salt"]), factor], () =>
    blind(key, message),
  );
  assert.equal(formatHex(made.blinded), vector["blinded_msg"]);
  assert.equal(BigInt(`0x${formatHex(made.inverse)}`), BigInt(vector["inv"]));
  const signature = await finalize(key, message, hex(vector["blind_sig"]), made.inverse);
  assert.equal(formatHex(signature), vector["sig"]);
});

test("the project's tokens are made and verified", async () => {
  for (const vector of own("token")) {
    const [terms, pk] = [termsOf(vector), hex(vector["pk"])];
    assert.equal(formatHex(formatChallenge(terms)), vector["token_challenge"]);
    const chance = [new Uint8Array(0), hex(vector["salt"]), hex(vector["blind"])];
    const { blinded, inverse } = await withRandom(chance, () => blindToken(terms, pk));
    const keyId = hash(terms.tokenKey);
    const request = concat(Uint8Array.of(0, 2), keyId.slice(-1), blinded);
    assert.equal(formatHex(request), vector["token_request"]);
    const answer = hex(vector["token_response"]);
    const token = await finalizeToken(terms, pk, answer, inverse);
    assert.equal(formatHex(token), vector["token"]);
    await verifyToken(terms, pk, token);
  }
});

for (const name of ["rfc9578-type2-go", "rfc9578-type2-rust"]) {
  test(`the keys and tokens of ${name} are read`, async () => {
    for (const vector of published(name, "token")) {
      const spki = hex(vector["pkS"]);
      const token = hex(vector["token"]);
      const message = token.slice(0, 98);
      const challenge = hash(hex(vector["token_challenge"]));
      const expected = concat(Uint8Array.of(0, 2), hex(vector["nonce"]), challenge, hash(spki));
      assert.deepEqual(message, expected);
      const key = await importTokenKey(spki);
      const chance = [new Uint8Array(0), hex(vector["salt"]), hex(vector["blind"])];
      const { blinded, inverse } = await withRandom(chance, () => blind(key, message));
      assert.equal(formatHex(blinded), vector["token_request"].slice(6));
      const signature = await finalize(key, message, hex(vector["token_response"]), inverse);
      assert.deepEqual(signature, token.slice(98));
    }
  });
}

test("a token of another key, letter or host, or a flipped one, is refused", async () => {
  const [vector = {}, other = {}] = own("token");
  const [terms, pk, token] = [termsOf(vector), hex(vector["pk"]), hex(vector["token"])];
  const flipped = (at: number) => Uint8Array.from(token, (byte, i) => (i === at ? byte ^ 1 : byte));
  const refused = (...args: Parameters<typeof verifyToken>) =>
    assert.rejects(verifyToken(...args), VerificationError);
  await refused(terms, hex(other["pk"]), token);
  await refused({ ...terms, letterId: hex(other["letter_id"]) }, pk, token);
  await refused({ ...terms, host: "other.example" }, pk, token);
  await refused({ ...terms, tokenKey: hex(other["pkS"]) }, pk, token);
  for (const at of [0, 1, 2, 97, 98, 353]) await refused(terms, pk, flipped(at));
  await refused(terms, pk, token.slice(1));
});

test("a blind signature by another key is refused", async () => {
  const [vector = {}, other = {}] = own("token");
  const [terms, pk] = [termsOf(vector), hex(vector["pk"])];
  const { blinded, inverse } = await blindToken(terms, pk);
  const good = await blindSign(hexText(vector["skS"]), blinded);
  await verifyToken(terms, pk, await finalizeToken(terms, pk, good, inverse));
  const wrong = finalizeToken(terms, pk, good.slice().reverse(), inverse);
  await assert.rejects(wrong, VerificationError);
  await assert.rejects(finalizeToken(terms, pk, good.slice(1), inverse), VerificationError);
  await assert.rejects(finalizeToken(terms, hex(other["pk"]), good, inverse), VerificationError);
});

function hexText(text: string): string {
  return new TextDecoder().decode(hex(text));
}

test("a blinding goes on after a crash", () => {
  const blinding = { blinded: randomBytes(256), inverse: randomBytes(256) };
  const saved: unknown = JSON.parse(JSON.stringify(formatBlinding(blinding)));
  assert.deepEqual(parseBlinding(saved), blinding);
  assert.throws(() => parseBlinding({ ...(saved as object), more: 1 }), FormatError);
});

test("a token key has one spelling", () => {
  const spki = hex(own("token")[0]?.["pkS"]);
  assert.equal(parseTokenKey(spki).length, 256);
  for (let at = 0; at < 81; at += 1) {
    const flipped = Uint8Array.from(spki, (byte, i) => (i === at ? byte ^ 1 : byte));
    assert.throws(() => parseTokenKey(flipped), FormatError);
  }
  assert.throws(() => parseTokenKey(concat(spki, Uint8Array.of(0))), FormatError);
  assert.throws(() => parseTokenKey(spki.slice(0, -1)), FormatError);
});

test("an independent implementation of Privacy Pass accepts our tokens, and we its", async () => {
  for (const vector of own("token")) {
    const terms = termsOf(vector);
    const privateKey = await privateKeyOf(hexText(vector["skS"]));
    const publicKey = await importTokenKey(terms.tokenKey);
    const issuer = new Issuer(BlindRSAMode.PSS, HOST, privateKey, publicKey);
    assert.deepEqual(await issuer.tokenKeyID(), hash(terms.tokenKey));
    const theirs = new TokenChallenge(2, HOST, terms.letterId, [HOST]);
    assert.deepEqual(new Uint8Array(theirs.serialize()), formatChallenge(terms));

    const ours = Token.deserialize(TOKEN_TYPES.BLIND_RSA, hex(vector["token"]));
    assert.equal(await issuer.verify(ours), true);
    assert.equal(await new Origin(BlindRSAMode.PSS, [HOST]).verify(ours, publicKey), true);

    const client = new Client(BlindRSAMode.PSS);
    const request = await client.createTokenRequest(theirs, terms.tokenKey);
    const blindSignature = await blindSign(hexText(vector["skS"]), new Uint8Array(request.blindedMsg));
    const token = await client.finalize(client.deserializeTokenResponse(blindSignature));
    const bytes = new Uint8Array(token.serialize());
    assert.deepEqual(bytes.slice(34, 98), tokenInput(terms, hex(vector["pk"])).slice(34));
    const signature = bytes.slice(98);
    const algorithm = { name: "RSA-PSS", saltLength: 48 };
    assert.equal(
      await crypto.subtle.verify(algorithm, publicKey, signature, bytes.slice(0, 98)),
      true,
    );
  }
});
