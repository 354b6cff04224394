/** The log as the page of one's own signature reads it: paths, bundles, the root, one key's records. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Bytes, concat, formatUint, formatUtf8 } from "../src/bytes.ts";
import { FormatError } from "../src/errors.ts";
import { hash } from "../src/hash.ts";
import { parseBundle, pathOf, rootOf } from "../src/log.ts";
import { leafHash, nodeHash } from "../src/merkle.ts";

const entry = (n: number): Bytes => formatUtf8(`entry ${n}`);
const bundle = (entries: readonly Bytes[]): Bytes =>
  concat(...entries.flatMap((one) => [formatUint(one.length, 2), one]));

/** RFC 6962 section 2.1 as it is written there: split at the largest power of two below the size. */
function rootByDefinition(leaves: readonly Bytes[]): Bytes {
  const [first] = leaves;
  if (first === undefined) return hash();
  if (leaves.length === 1) return first;
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return nodeHash(rootByDefinition(leaves.slice(0, k)), rootByDefinition(leaves.slice(k)));
}

test("the root of any number of leaves is that of the definition", () => {
  const leaves = Array.from({ length: 70 }, (_, n) => leafHash(entry(n)));
  for (let size = 0; size <= leaves.length; size += 1) {
    const some = leaves.slice(0, size);
    assert.deepEqual(rootOf(some), rootByDefinition(some));
  }
});

test("paths are those of tlog-tiles", () => {
  assert.equal(pathOf(0, 256), "tile/entries/000");
  assert.equal(pathOf(5, 7), "tile/entries/005.p/7");
  assert.equal(pathOf(1234067, 256), "tile/entries/x001/x234/067");
});

test("a bundle is taken apart, and a cut one refused", () => {
  const entries = [entry(0), formatUtf8(""), entry(2)];
  const data = bundle(entries);
  assert.deepEqual(parseBundle(data), entries);
  const whole = new Set([0, 9, 11]);
  for (let size = 0; size < data.length; size += 1) {
    if (whole.has(size)) continue;
    assert.throws(() => parseBundle(data.slice(0, size)), FormatError);
  }
});
