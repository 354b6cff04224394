/** Records, names, promises, proofs and receipts are the ones that Python makes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Bytes, formatBase64url, formatHex, formatUtf8, parseUtf8, randomBytes } from "../src/bytes.ts";
import { FormatError, Refused, UndersignedError, VerificationError } from "../src/errors.ts";
import { hash } from "../src/hash.ts";
import { formatCanonical } from "../src/jcs.ts";
import { signerKeyOf } from "../src/keys.ts";
import { leafHash, nodeHash, verifyInclusion } from "../src/merkle.ts";
import { checkShown, formatName, initialsOf, parseAttestation, parseName, verifyName, writeName } from "../src/name.ts";
import { parseNote, parseVkey, verifyNote } from "../src/note.ts";
import { verifiedPromise } from "../src/promise.ts";
import { parseProof } from "../src/proof.ts";
import { formatReceipt, parseReceipt, verifyReceipt, withProof } from "../src/receipt.ts";
import { formatRecord, makeAmend, makeSign, makeWithdraw, parseSign, verifyRecord } from "../src/record.ts";
import { parseBase64url } from "../src/bytes.ts";
import { copy, hex, MEMBER, own, promise, read, type Vector } from "./support.ts";

const RECEIPT = formatCanonical(MEMBER["receipt"]);
const NAME = hex(MEMBER["name"]);

function receiptWith(change: (receipt: Vector) => void): Promise<unknown> {
  const receipt = copy(MEMBER["receipt"]) as Vector;
  change(receipt);
  return (async () => verifyReceipt(parseReceipt(formatCanonical(receipt)), { blob: NAME }))();
}

test("the receipt of the vector is read, written and verified", async () => {
  const receipt = parseReceipt(RECEIPT);
  assert.deepEqual(formatReceipt(receipt), RECEIPT);
  const pinnedVkey: string = MEMBER["site"].log_vkey;
  const report = await verifyReceipt(receipt, { blob: NAME, pinnedVkey });
  assert.deepEqual(report.place, { index: 1, size: 3 });
  const unproved = { ...receipt, proof: null };
  assert.equal((await verifyReceipt(unproved)).place, null);
  assert.deepEqual(await withProof(unproved, receipt.proof ?? ""), receipt);
});

test("whatever is changed in a receipt is noticed", async () => {
  const other = own("signer")[2]?.["words"];
  const changes: ((receipt: Vector) => void)[] = [
    (receipt) => (receipt["words"] = other),
    (receipt) => (receipt["words"] = receipt["words"].toUpperCase()),
    (receipt) => (receipt["record"].sig = formatBase64url(randomBytes(64))),
    (receipt) => (receipt["record"].token = formatBase64url(randomBytes(354))),
    (receipt) => (receipt["record"].mode = "sealed"),
    (receipt) => (receipt["record"].condition = 10),
    (receipt) => (receipt["attestation"].name = "Another"),
    (receipt) => (receipt["attestation"].c = formatBase64url(randomBytes(32))),
    (receipt) => (receipt["promise"] = receipt["promise"].replace("v1\n", "v2\n")),
    (receipt) => (receipt["proof"] = receipt["proof"].replace("index 1", "index 2")),
    (receipt) => (receipt["origin"] = "other.example/log"),
    (receipt) => (receipt["letter"].acks[1].sig = formatBase64url(randomBytes(64))),
    (receipt) => (receipt["salt"] = "AAAA"),
    (receipt) => (receipt["v"] = 2),
    (receipt) => delete receipt["proof"],
    (receipt) => (receipt["more"] = null),
  ];
  for (const change of changes) await assert.rejects(receiptWith(change), UndersignedError);
  await assert.rejects(verifyReceipt(parseReceipt(RECEIPT), { blob: randomBytes(9) }), VerificationError);
  const pinnedVkey: string = MEMBER["site"].promise_vkey;
  await assert.rejects(verifyReceipt(parseReceipt(RECEIPT), { pinnedVkey }), VerificationError);
});

test("the records of the vector are made again, byte by byte", async () => {
  const { letter } = await read();
  const key = await signerKeyOf(hex(MEMBER["code"]), letter.id);
  const token = parseBase64url(MEMBER["receipt"].record.token);
  const stand = { mode: "public", condition: null } as const;
  const signed = await makeSign(letter, key, token, stand, hash(NAME));
  assert.equal(formatHex(formatRecord(signed)), MEMBER["entry"]);
  const anonymous = { mode: "anonymous", condition: 10 } as const;
  assert.deepEqual(await makeAmend(letter, key, 1, anonymous, null), MEMBER["amend"]);
  assert.deepEqual(await makeWithdraw(letter, key), MEMBER["withdraw"]);
  for (const record of [signed, MEMBER["amend"], MEMBER["withdraw"]]) await verifyRecord(record);
  assert.deepEqual(parseSign(copy(signed)), signed);
  await assert.rejects(makeAmend(letter, key, 9, anonymous, null), FormatError);
  await assert.rejects(makeSign(letter, key, token, stand, null), FormatError);
  await assert.rejects(verifyRecord({ ...signed, condition: 10 }), VerificationError);
});

test("the name document of the vector is written again and belongs to its signature", async () => {
  const { letter } = await read();
  const key = await signerKeyOf(hex(MEMBER["code"]), letter.id);
  const attestation = parseAttestation(MEMBER["receipt"].attestation);
  const document = parseName(NAME);
  assert.deepEqual(formatName(document), NAME);
  await verifyName(letter, document, key.publicKey);
  await assert.rejects(verifyName(letter, document, randomBytes(32)), VerificationError);
  const stand = { mode: "public", condition: null } as const;
  const written = await writeName(letter, key, stand, attestation, document.statement);
  assert.deepEqual(written, { hash: hash(NAME), blob: NAME });
});

test("statements are put into NFC, counted in characters, and not anonymous", async () => {
  const { letter } = await read();
  const key = await signerKeyOf(hex(MEMBER["code"]), letter.id);
  const attestation = parseAttestation(MEMBER["receipt"].attestation);
  const write = (mode: "public" | "anonymous", statement: string | null) =>
    writeName(letter, key, { mode, condition: null }, attestation, statement);
  const { blob } = await write("public", "e\u0301");
  assert.equal(parseName(blob ?? NAME).statement, "\u00e9");
  await write("public", "🖋".repeat(1000));
  await assert.rejects(write("public", "🖋".repeat(1001)), FormatError);
  await assert.rejects(write("public", ""), FormatError);
  await assert.rejects(write("public", "a\u0007"), FormatError);
  await assert.rejects(write("anonymous", "a"), FormatError);
  assert.deepEqual(await write("anonymous", null), { hash: null, blob: null });
});

test("a name document has one spelling", () => {
  const text = parseUtf8(NAME);
  for (const other of [` ${text}`, text.replace('"v":1', '"v":1.0'), text.replace('"t":"name",', "")]) {
    assert.throws(() => parseName(formatUtf8(other)), FormatError);
  }
  for (let size = 0; size < NAME.length; size += 37) {
    assert.throws(() => parseName(NAME.slice(0, size)), FormatError);
  }
});

test("a name that was not agreed to is not used", () => {
  const attestation = parseAttestation(MEMBER["receipt"].attestation);
  checkShown(attestation, null);
  checkShown(attestation, { name: null, role: "Engineer" });
  assert.throws(() => checkShown(attestation, { name: null, role: null }), Refused);
  assert.throws(() => checkShown(attestation, { name: "R. C.", role: "Engineer" }), Refused);
  assert.equal(initialsOf(" Rina  Contoh\u00a0🖋x "), "R. C. 🖋.");
});

test("the notes of the vectors hold, and no other", async () => {
  const [vector = {}] = own("note");
  const key = parseVkey(vector["vkey"]);
  assert.equal(formatHex(key.publicKey), vector["public_key"]);
  const note = `${vector["text"]}\n${vector["line"]}`;
  await verifyNote(parseNote(formatUtf8(note)), key);
  const stranger = "— other.example AAAAAAAA\n";
  await verifyNote(parseNote(formatUtf8(note + stranger)), key);
  const forged = parseNote(formatUtf8(note.replace("\n1\n", "\n2\n")));
  await assert.rejects(verifyNote(forged, key), VerificationError);
  const unknown = parseNote(formatUtf8(`${vector["text"]}\n${stranger}`));
  await assert.rejects(verifyNote(unknown, key), VerificationError);
  const doubled = parseNote(formatUtf8(`${note}${vector["line"].slice(0, -9)}AAAAAAA=\n`));
  await assert.rejects(verifyNote(doubled, key), VerificationError);
});

test("misshapen notes and keys are refused", () => {
  const [vector = {}, witness = {}] = own("note");
  const note: string = `${vector["text"]}\n${vector["line"]}`;
  const odd = ["", "\n\n", note.slice(0, -1), note.replace("\n\n", "\n"), `${note}\n`, note.replace("— ", "- "), `\t${note}`];
  for (const text of odd) assert.throws(() => parseNote(formatUtf8(text)), FormatError, text);
  const vkey: string = vector["vkey"];
  const keys = [witness["vkey"], vkey.slice(1), vkey.replace("+2d", "+2e"), `${vkey}=`, "", "a+b"];
  for (const text of keys) assert.throws(() => parseVkey(text), FormatError, text);
});

test("a promise is this letter's, for this entry", async () => {
  const { site, letter } = await read();
  const entry = hex(MEMBER["entry"]);
  const note: string = MEMBER["receipt"].promise;
  const promised = await verifiedPromise(site, letter, entry, note);
  assert.equal(promised.by % 600, 0);
  assert.equal((await verifiedPromise(site, letter, entry, await promise(entry))).by, 1_700_000_400);
  const refused = (by: Promise<unknown>) => assert.rejects(by, UndersignedError);
  await refused(verifiedPromise(site, letter, randomBytes(9), note));
  await refused(verifiedPromise(site, letter, entry, await promise(entry, 1_700_000_401)));
  await refused(verifiedPromise(site, letter, entry, note.replace("\n\n", "\n1\n\n")));
});

test("inclusion is proved for every leaf of small trees", () => {
  for (let size = 1; size < 20; size += 1) {
    const leaves = Array.from({ length: size }, (_, at) => leafHash(Uint8Array.of(at)));
    const root = rootOf(leaves);
    for (const [index, leaf] of leaves.entries()) {
      const proof = pathOf(leaves, index);
      verifyInclusion(leaf, index, size, proof, root);
      const refused = (...args: Parameters<typeof verifyInclusion>) =>
        assert.throws(() => verifyInclusion(...args), VerificationError);
      refused(leaf, index, size, proof, randomBytes(32));
      refused(randomBytes(32), index, size, proof, root);
      refused(leaf, size, size, proof, root);
      refused(leaf, index, size, [...proof, root], root);
      if (proof.length > 0) refused(leaf, index, size, proof.slice(1), root);
      if (size > 1) refused(leaf, (index + 1) % size, size, proof, root);
    }
  }
});

function split(leaves: readonly Bytes[]): number {
  return 2 ** Math.floor(Math.log2(leaves.length - 1));
}

function rootOf(leaves: readonly Bytes[]): Bytes {
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return only;
  const at = split(leaves);
  return nodeHash(rootOf(leaves.slice(0, at)), rootOf(leaves.slice(at)));
}

function pathOf(leaves: readonly Bytes[], index: number): Bytes[] {
  if (leaves.length === 1) return [];
  const at = split(leaves);
  const [left, right] = [leaves.slice(0, at), leaves.slice(at)];
  if (index < at) return [...pathOf(left, index), rootOf(right)];
  return [...pathOf(right, index - at), rootOf(left)];
}

test("indexes above 32 bits are not cut", () => {
  const [size, index] = [2 ** 40, 2 ** 33 + 5];
  const leaf = randomBytes(32);
  const proof = Array.from({ length: 40 }, () => randomBytes(32));
  const root = proof.reduce(
    (r, p, level) => (Math.floor(index / 2 ** level) % 2 === 1 ? nodeHash(p, r) : nodeHash(r, p)),
    leaf,
  );
  verifyInclusion(leaf, index, size, proof, root);
  assert.throws(() => verifyInclusion(leaf, 5, size, proof, root), VerificationError);
});

test("misshapen proofs are refused", () => {
  const proof: string = MEMBER["receipt"].proof;
  assert.equal(parseProof(formatUtf8(proof)).index, 1);
  const extra = proof.replace("index", "extra QUI=\nindex");
  assert.equal(parseProof(formatUtf8(extra)).index, 1);
  const odd = [
    proof.replace("@v1", "@v2"),
    proof.replace("index 1", "index 01"),
    proof.replace("index 1\n", ""),
    proof.replace("\n\n", "\n"),
    proof.replace("index", "extra \nindex"),
    proof.replace("=\n", "\n"),
  ];
  for (const text of odd) assert.throws(() => parseProof(formatUtf8(text)), FormatError, text);
});
