/** What the verify page is given: told by its content, taken apart, bounded, and refused if it is none. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { split } from "shamir-secret-sharing";

import { formatBase64url, formatUint, formatUtf8, randomBytes } from "../src/bytes.ts";
import { parseEntry } from "../src/entry.ts";
import { FormatError, VerificationError } from "../src/errors.ts";
import { hash } from "../src/hash.ts";
import { formatCanonical } from "../src/jcs.ts";
import { parseOpening } from "../src/opening-file.ts";
import { findM } from "../src/outcome.ts";
import { parseProposalAddress } from "../src/proposal.ts";
import { combineKey } from "../src/share.ts";
import { parseCsv, parseInput } from "../src/verify-input.ts";

const given = (text: string) => parseInput(formatUtf8(text));
const linesOf = (text: string) => {
  const input = given(text);
  assert.equal(input.kind, "names");
  return input.kind === "names" ? input.lines : [];
};

/** Write a cell as RFC 4180 has it. */
const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;

test("CSV that was written is read again, whatever is in its cells", () => {
  const signs = ['"', ",", "\n", "\r\n", "a", " ", "é", ""];
  const pick = (n: number) => signs[(randomBytes(1)[0] ?? 0) % n] ?? "";
  for (let round = 0; round < 200; round += 1) {
    const rows = Array.from({ length: 3 }, () =>
      Array.from({ length: 2 }, () => pick(8) + pick(8) + pick(8)),
    );
    const text = rows.map((row) => row.map(cell).join(",")).join("\r\n");
    assert.deepEqual(parseCsv(text), rows);
    assert.deepEqual(parseCsv(`${text}\n`), rows);
  }
});

test("cells without quotes, empty ones, and quotes within them", () => {
  assert.deepEqual(parseCsv("a,b\n,\nc"), [["a", "b"], ["", ""], ["c"]]);
  assert.deepEqual(parseCsv("a,"), [["a", ""]]);
  assert.deepEqual(parseCsv('"a'), [['"a']]);
  assert.deepEqual(parseCsv('Ada "A." L,"b"c'), [['Ada "A." L', '"b"c']]);
});

test("a list is lines, a table or JSON", () => {
  const ada = { leaf: null, name: "Ada Lovelace" };
  assert.deepEqual(linesOf("Ada  Lovelace \n\n 12\n#13"), [
    ada, { leaf: 12, name: null }, { leaf: 13, name: null },
  ]);
  assert.deepEqual(linesOf("Lovelace, Ada"), [{ leaf: null, name: "Lovelace, Ada" }]);
  assert.deepEqual(linesOf("role,Name,leaf\nx,Ada Lovelace,12\ny,Ada Lovelace,"), [
    { leaf: 12, name: "Ada Lovelace" }, ada,
  ]);
  assert.deepEqual(linesOf('["Ada Lovelace", 12]'), [ada, { leaf: 12, name: null }]);
  const names = [{ leaf: 12, name: "Ada Lovelace", role: null }];
  assert.deepEqual(linesOf(JSON.stringify({ names, next: null })), [{ leaf: 12, name: "Ada Lovelace" }]);
});

test("what is no list, no receipt and no proof is refused", () => {
  const odd = [
    "", "\n\n", "{", "{}", "[]", "[[]]", '[{"name":3}]', "a\0b", '{"t":"receipt"}',
    '{"t":"evidence"}', "c2sp.org/tlog-proof@v1\n", "x".repeat(2_001),
  ];
  for (const text of odd) assert.throws(() => given(text), FormatError, text.slice(0, 40));
  assert.throws(() => parseInput(Uint8Array.of(0xff, 0xd8, 0xff)), FormatError);
});

const EPOCH = { v: 1, t: "epoch", letter: formatBase64url(new Uint8Array(32)), n: 1, at: 5 };

test("an entry has one spelling, exactly its members, and canonical bytes", () => {
  const data = formatCanonical(EPOCH);
  assert.deepEqual(parseEntry(data), EPOCH);
  const odd = [
    { ...EPOCH, n: 0 }, { ...EPOCH, n: 1.5 }, { ...EPOCH, extra: 1 }, { ...EPOCH, at: null },
    { ...EPOCH, v: 2 }, { ...EPOCH, t: "remark" }, { ...EPOCH, t: "toString" },
    { ...EPOCH, letter: `${EPOCH.letter.slice(0, -1)}B` }, { ...EPOCH, letter: `${EPOCH.letter}A` },
  ];
  for (const value of odd) assert.throws(() => parseEntry(formatCanonical(value)), FormatError);
  for (let size = 0; size < data.length; size += 1) {
    assert.throws(() => parseEntry(data.slice(0, size)), FormatError);
  }
  assert.throws(() => parseEntry(formatUtf8(`${JSON.stringify(EPOCH)} `)), FormatError);
});

test("openings that are cut or turned about are refused", () => {
  const key = formatBase64url(randomBytes(32));
  const leaves = [{ index: 3, key }, { index: 4, bad: [null, formatBase64url(randomBytes(33))] }];
  const file = { v: 1, t: "opening", letter: EPOCH.letter, wave: 1, size: 9, leaves, refusals: [] };
  assert.equal(parseOpening(formatCanonical(file)).leaves.length, 2);
  const odd = [
    { ...file, leaves: [...leaves].reverse() }, { ...file, size: 4 }, { ...file, wave: 0 },
    { ...file, leaves: [{ index: 3, key, bad: [null] }] }, { ...file, leaves: [{ index: 3 }] },
    { ...file, leaves: [{ index: 3, bad: [] }] },
  ];
  for (const value of odd) assert.throws(() => parseOpening(formatCanonical(value)), FormatError);
});

test("the outcome is the largest stable set", () => {
  const counts = (...conditions: number[]) => {
    const counted = new Map<number, number>();
    for (const asks of conditions) counted.set(asks, (counted.get(asks) ?? 0) + 1);
    return findM(counted);
  };
  for (let round = 0; round < 300; round += 1) {
    const conditions = [...randomBytes(7)].map((byte) => byte % 9);
    let left = conditions;
    for (let kept = left; ; left = kept) {
      kept = left.filter((asks) => asks <= left.length);
      if (kept.length === left.length) break;
    }
    assert.equal(counts(...conditions), left.length, String(conditions));
  }
  assert.equal(counts(...Array.from({ length: 100 }, (_, at) => at)), 100);
});

test("the address of a proposal is found in what people paste", () => {
  const id = "ab".repeat(32);
  for (const text of [id, ` https://a.example/proposals/${id} `, `/proposals/${id}?lang=id`]) {
    assert.equal(parseProposalAddress(text), id);
  }
  for (const text of ["", "ab", `${id}0`, `https://a.example/letters/${id}`, id.toUpperCase()]) {
    assert.throws(() => parseProposalAddress(text), FormatError);
  }
});

test("any k shares of a library's split give the key, one less and an altered one do not", async () => {
  const key = randomBytes(32);
  const shares = (await split(key, 5, 3)).map((share) => new Uint8Array(share));
  const slots = shares.map((share, at) => ({
    x: share[32] ?? 0,
    commitment: hash(share, formatUint(at + 1, 1)),
    enc: EMPTY,
    ct: EMPTY,
  }));
  const blob = { slots, nonce: EMPTY, ciphertext: EMPTY };
  const some = (...numbers: number[]) =>
    new Map(numbers.map((number) => [number, shares[number - 1] ?? EMPTY]));
  for (const numbers of [[1, 2, 3], [5, 1, 4], [1, 2, 3, 4, 5]]) {
    assert.deepEqual(combineKey(blob, some(...numbers), 3), key);
  }
  assert.throws(() => combineKey(blob, some(1, 2), 3), VerificationError);
  const altered = (shares[0] ?? EMPTY).map((byte, at) => (at === 7 ? byte ^ 1 : byte));
  assert.throws(() => combineKey(blob, new Map([...some(1, 2, 3), [1, altered]]), 3), VerificationError);
});

const EMPTY = new Uint8Array();
