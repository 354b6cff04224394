/** Texts of bytes are read strictly: one text for one value. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  formatBase64,
  formatBase64url,
  formatHex,
  formatUint,
  formatUtf8,
  parseBase64,
  parseBase64url,
  parseHex,
  parseUtf8,
  randomBytes,
} from "../src/bytes.ts";
import { FormatError } from "../src/errors.ts";
import { formatCanonical, parseJson } from "../src/jcs.ts";
import { readInteger, readMembers, readText } from "../src/shape.ts";

test("bytes of every length come back from their text", () => {
  for (let size = 0; size < 70; size += 1) {
    const data = randomBytes(size);
    assert.deepEqual(parseBase64url(formatBase64url(data), size), data);
    assert.deepEqual(parseBase64(formatBase64(data), size), data);
    assert.deepEqual(parseHex(formatHex(data), size), data);
  }
  const long = randomBytes(60_000);
  assert.deepEqual(parseBase64url(formatBase64url(long)), long);
});

test("padding, white space, other alphabets and unused bits are refused", () => {
  for (const text of ["QQ==", "QR", "Q", "QQ\n", " QQ", "+/8", "Q Q", "é", "QUI="]) {
    assert.throws(() => parseBase64url(text), FormatError, text);
  }
  for (const text of ["QQ", "QR==", "QQ==\n", " QQ==", "-_8=", "Q=Q="]) {
    assert.throws(() => parseBase64(text), FormatError, text);
  }
  for (const text of ["AB", "a", "a ", "0x", "abc"]) {
    assert.throws(() => parseHex(text, 1), FormatError, text);
  }
  assert.throws(() => parseBase64url("QQ", 2), FormatError);
});

test("UTF-8 is strict in both directions", () => {
  assert.equal(parseUtf8(formatUtf8("‖ é 🖋 \ufeff")), "‖ é 🖋 \ufeff");
  assert.throws(() => parseUtf8(Uint8Array.of(0xc3)), FormatError);
  assert.throws(() => formatUtf8("\ud800"), FormatError);
  assert.throws(() => parseJson(formatUtf8('\ufeff{"a":1}')), FormatError);
});

test("numbers are written with the highest byte first", () => {
  assert.deepEqual(formatUint(0xfedcba98, 4), Uint8Array.of(0xfe, 0xdc, 0xba, 0x98));
  assert.deepEqual(formatUint(2, 2), Uint8Array.of(0, 2));
});

test("canonical JSON sorts by UTF-16 and escapes as RFC 8785 does", () => {
  const value = { "\u20ac": 1, "\r": 2, "1": 3, "\u{1f600}": 4, "\ufb33": 5, a: ["\u000f\n\"", null, true] };
  const expected = '{"\\r":2,"1":3,"a":["\\u000f\\n\\"",null,true],"€":1,"😀":4,"\ufb33":5}';
  assert.equal(parseUtf8(formatCanonical(value)), expected);
  assert.throws(() => formatCanonical({ a: "\ud800" }), FormatError);
  assert.throws(() => formatCanonical(undefined), FormatError);
});

test("strings are counted in code points, and are NFC without control characters", () => {
  assert.equal(readText("🖋🖋", "text", { longest: 2 }), "🖋🖋");
  assert.throws(() => readText("🖋🖋🖋", "text", { longest: 2 }), FormatError);
  assert.throws(() => readText("e\u0301", "text"), FormatError);
  assert.throws(() => readText("a\nb", "text"), FormatError);
  assert.equal(readText("a\nb", "text", { lines: true }), "a\nb");
  assert.throws(() => readText("a\u0085b", "text", { lines: true }), FormatError);
  assert.throws(() => readText("a\ud800", "text"), FormatError);
});

test("objects have exactly their members, and numbers are integers", () => {
  assert.throws(() => readMembers({ a: 1, b: 2 }, "it", ["a"]), FormatError);
  assert.throws(() => readMembers({}, "it", ["toString"]), FormatError);
  assert.throws(() => readMembers([], "it", ["length"]), FormatError);
  for (const value of [1.5, "1", -1, 2 ** 53, Number.NaN, null]) {
    assert.throws(() => readInteger(value, "it"), FormatError);
  }
});
