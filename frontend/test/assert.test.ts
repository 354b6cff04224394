/** The tests can fail, wherever they run: node's assertions and the browser's refuse the same. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FormatError, Refused, UndersignedError } from "../src/errors.ts";

const { AssertionError } = assert;
const thrown = new Refused("no", "It says no.");

function failing(): never {
  throw thrown;
}

test("what is not equal is refused", () => {
  const pairs: readonly [unknown, unknown][] = [
    [1, 2],
    [1, "1"],
    [0, -0],
    [1n, 2n],
    [null, undefined],
    [{}, {}],
    [Uint8Array.of(1), Uint8Array.of(1)],
  ];
  for (const [a, b] of pairs) assert.throws(() => assert.equal(a, b), AssertionError);
  assert.throws(() => assert.ok(0), AssertionError);
  assert.equal(Number.NaN, Number.NaN);
});

test("what differs anywhere within is refused", () => {
  const pairs: readonly [unknown, unknown][] = [
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: 1, b: undefined }],
    [{ a: undefined }, { b: undefined }],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }],
    [[1, 2], [1]],
    [[], {}],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 3)],
    [Uint8Array.of(1), [1]],
  ];
  for (const [a, b] of pairs) {
    assert.throws(() => assert.deepEqual(a, b), AssertionError);
    assert.notDeepEqual(a, b);
    assert.deepEqual(a, a);
  }
  assert.throws(() => assert.notDeepEqual([Uint8Array.of(1)], [Uint8Array.of(1)]), AssertionError);
  assert.deepEqual({ a: 1, b: [Uint8Array.of(1)] }, { b: [Uint8Array.of(1)], a: 1 });
});

test("what is not thrown, or is another error, is refused", async () => {
  assert.throws(() => assert.throws(() => undefined), AssertionError);
  assert.throws(() => assert.throws(failing, FormatError), AssertionError);
  assert.throws(() => assert.throws(failing, /yes/), AssertionError);
  assert.throws(() => assert.throws(failing, { code: "yes" }), AssertionError);
  assert.throws(() => assert.throws(failing, () => false), AssertionError);
  await assert.rejects(assert.rejects(Promise.resolve()), AssertionError);
  await assert.rejects(assert.rejects(Promise.reject(thrown), FormatError), AssertionError);
  await assert.rejects(assert.rejects(Promise.reject(thrown), /yes/), AssertionError);
});

test("what is thrown as expected is not", async () => {
  for (const expected of [UndersignedError, Refused, /says no/, { code: "no" }, () => true]) {
    assert.throws(failing, expected);
    await assert.rejects(Promise.reject(thrown), expected);
    await assert.rejects(async () => failing(), expected);
  }
});
