/** Sealed names open with the trustees' shares, for their letter and signature only. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import { combine } from "shamir-secret-sharing";

import { type Bytes, concat, formatHex, formatUtf8, randomBytes } from "../src/bytes.ts";
import { FormatError, VerificationError } from "../src/errors.ts";
import { derive, hash } from "../src/hash.ts";
import { type Binding, type Blob, infoOf, openBlob, parseBlob, seal } from "../src/seal.ts";
import { hex, own, type Vector } from "./support.ts";

const KEM = new XWing();
const SUITE = new CipherSuite({ kem: KEM, kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const SEAL = formatUtf8("undersigned/v1/trustee/seal");

interface Trustee {
  readonly key: CryptoKeyPair;
  readonly sealKey: Bytes;
}

async function trusteeOf(seed: Bytes): Promise<Trustee> {
  // The private key of X-Wing is its seed; `deriveKeyPair` would hash it once more.
  const key = await KEM.generateKeyPairDerand(derive(seed, new Uint8Array(0), SEAL));
  const sealKey = new Uint8Array(await KEM.serializePublicKey(key.publicKey));
  return { key, sealKey };
}

async function openShare(blob: Blob, i: number, trustee: Trustee, to: Binding): Promise<Bytes> {
  const slot = blob.slots[i - 1];
  assert.ok(slot !== undefined);
  const recipient = { recipientKey: trustee.key, enc: slot.enc.buffer, info: infoOf(to, i) };
  const share = new Uint8Array(await SUITE.open(recipient, slot.ct.buffer));
  assert.deepEqual(hash(share, Uint8Array.of(i)), slot.commitment);
  assert.equal(share[32], slot.x);
  return share;
}

function bindingOf(vector: Vector): Binding {
  return { letterId: hex(vector["letter_id"]), pk: hex(vector["pk"]) };
}

test("the vectors of sealed names open, slot by slot", async () => {
  for (const vector of own("seal")) {
    const binding = bindingOf(vector);
    const bytes = hex(vector["blob"]);
    assert.equal(formatHex(hash(bytes)), vector["blob_hash"]);
    const blob = parseBlob(bytes);
    for (const [at, { seed, seal_key, share }] of (vector["trustees"] as Vector[]).entries()) {
      const trustee = await trusteeOf(hex(seed));
      assert.equal(formatHex(trustee.sealKey), seal_key);
      assert.equal(formatHex(await openShare(blob, at + 1, trustee, binding)), share);
    }
    const document = await openBlob(blob, hex(vector["key"]), binding);
    assert.equal(formatHex(document), vector["document"]);
  }
});

for (const [quorum, n] of [[1, 1], [1, 3], [2, 3], [3, 3], [5, 16]] as const) {
  test(`${quorum} of ${n} trustees open what was sealed here`, async () => {
    const binding = { letterId: randomBytes(32), pk: randomBytes(32) };
    const document = formatUtf8("a name".repeat(200));
    const trustees = await Promise.all(Array.from({ length: n }, () => trusteeOf(randomBytes(32))));
    const bytes = await seal(document, binding, trustees.map((one) => one.sealKey), quorum);
    assert.equal((bytes.length - 1 - 1202 * n - 12 - 16) % 1024, 0);
    const blob = parseBlob(bytes);
    const shares = await Promise.all(
      trustees.slice(n - quorum).map((one, at) => openShare(blob, n - quorum + at + 1, one, binding)),
    );
    const key = quorum === 1 ? shares[0]?.slice(0, 32) : new Uint8Array(await combine(shares));
    assert.ok(key !== undefined);
    assert.deepEqual(await openBlob(blob, key, binding), document);
    const elsewhere = { ...binding, pk: randomBytes(32) };
    await assert.rejects(openBlob(blob, key, elsewhere), VerificationError);
    await assert.rejects(openBlob(blob, randomBytes(32), binding), VerificationError);
  });
}

test("no two sealings are the same, and impossible ones are refused", async () => {
  const binding = { letterId: randomBytes(32), pk: randomBytes(32) };
  const { sealKey } = await trusteeOf(randomBytes(32));
  const document = formatUtf8("a name");
  const [one, other] = [await seal(document, binding, [sealKey], 1), await seal(document, binding, [sealKey], 1)];
  assert.notDeepEqual(one, other);
  const refused = (...args: Parameters<typeof seal>) => assert.rejects(seal(...args), FormatError);
  await refused(document, binding, [], 0);
  await refused(document, binding, [sealKey], 2);
  await refused(document, binding, [sealKey.slice(1)], 1);
  await refused(document, { ...binding, pk: randomBytes(31) }, [sealKey], 1);
  await refused(new Uint8Array(65_000), binding, [sealKey], 1);
});

test("blobs of another length, or with places that are not distinct, are refused", () => {
  const bytes = hex(own("seal")[2]?.["blob"]);
  const x = bytes[1] ?? 0;
  const refused = (value: Bytes) => assert.throws(() => parseBlob(value), FormatError);
  refused(new Uint8Array(0));
  refused(bytes.slice(0, -1));
  refused(concat(bytes, Uint8Array.of(0)));
  refused(Uint8Array.from(bytes, (byte, at) => (at === 0 ? 2 : byte)));
  refused(Uint8Array.from(bytes, (byte, at) => (at === 1 + 1202 ? x : byte)));
  refused(Uint8Array.from(bytes, (byte, at) => (at === 1 ? 0 : byte)));
});
