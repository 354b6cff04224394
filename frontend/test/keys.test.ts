/** Twelve words give the same keys here and in Python. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { formatHex, randomBytes } from "../src/bytes.ts";
import { nobleEd25519, verifyEd25519, webEd25519 } from "../src/ed25519.ts";
import { FormatError, VerificationError } from "../src/errors.ts";
import { generateCode, signerKeyOf } from "../src/keys.ts";
import { formatWords, isWord, parseWords } from "../src/words.ts";
import { hex, own } from "./support.ts";

test("the vectors of the signer hold", async () => {
  for (const vector of own("signer")) {
    const code = hex(vector["code"]);
    const letterId = hex(vector["letter_id"]);
    assert.equal(formatWords(code), vector["words"]);
    assert.deepEqual(parseWords(vector["words"]), code);
    const key = await signerKeyOf(code, letterId);
    assert.equal(formatHex(key.publicKey), vector["pk"]);
    assert.equal(formatHex(key.r), vector["r"]);
    assert.equal(formatHex(key.c), vector["c"]);
    assert.equal(formatHex(await key.sign(letterId)), vector["signature"]);
  }
});

test("words are read as people type them, and their checksum is checked", () => {
  const code = generateCode();
  const words = formatWords(code);
  assert.deepEqual(parseWords(`  ${words.toUpperCase().replaceAll(" ", "\n ")} `), code);
  assert.throws(() => parseWords(words.split(" ").slice(1).join(" ")), FormatError);
  assert.throws(() => parseWords(words.replace(/^\w+/, "undersigned")), /Word 1 /);
  assert.throws(() => parseWords(Array(12).fill("abandon").join(" ")), /do not fit together/);
  assert.ok(isWord("zoo") && !isWord("Zoo"));
});

test("both implementations of Ed25519 give the same, and verify each other", async () => {
  const seed = randomBytes(32);
  const message = randomBytes(100);
  const [web, noble] = [await webEd25519.signer(seed), await nobleEd25519.signer(seed)];
  assert.deepEqual(web.publicKey, noble.publicKey);
  const signature = await web.sign(message);
  assert.deepEqual(signature, await noble.sign(message));
  for (const implementation of [webEd25519, nobleEd25519]) {
    assert.equal(await implementation.holds(web.publicKey, message, signature), true);
    const flipped = Uint8Array.from(signature, (byte, at) => (at === 40 ? byte ^ 1 : byte));
    assert.equal(await implementation.holds(web.publicKey, message, flipped), false);
  }
});

test("no odd key or signature verifies", async () => {
  const refused = (key: number, signature: number) =>
    assert.rejects(
      verifyEd25519(randomBytes(key), randomBytes(10), randomBytes(signature), "It"),
      VerificationError,
    );
  await refused(32, 64);
  await refused(31, 64);
  await refused(32, 63);
  const notAPoint = new Uint8Array(32).fill(0xff);
  await assert.rejects(verifyEd25519(notAPoint, notAPoint, randomBytes(64), "It"), VerificationError);
});
