/** The embedded letter: its attributes and the site's answers, whatever is written there. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { addressesOf, partsOf, themeOf } from "../src/embed-attributes.ts";
import { readEmbedded, WORDS } from "../src/embed-show.ts";

const ANSWER = {
  title: "Mend the mill",
  title_lang: "en",
  lang: "en",
  rule: 3,
  counts: { standing: 2, waiting: 1, headcount: 5 },
  words: Object.fromEntries(WORDS.map((name) => [name, `${name}!`])),
};

test("addresses are made of a letter's, and of nothing else", () => {
  assert.deepEqual(addressesOf("https://a.example/letters/mill@2?x#y", "ID"), {
    page: "https://a.example/letters/mill@2?lang=id",
    data: "https://a.example/api/v1/letters/mill@2/embed?lang=id",
  });
  assert.equal(addressesOf("http://a.example:81/letters/mill", "<b>")?.page, "http://a.example:81/letters/mill");
  for (const src of [
    null, "", "mill", "/letters/mill", "//a.example/letters/mill", "javascript:alert(1)//letters/mill",
    "https://a.example/letters/", "https://a.example/letters/mill/sign", "https://a.example/letters/mill@0",
    "https://u:p@a.example/letters/mill", "blob:https://a.example/letters/mill", "https://a.example/desk",
    "https://a.example/letters/%6dill", "https://a.example/x/letters/mill", "file:///letters/mill",
  ]) assert.equal(addressesOf(src, null), null, String(src));
});

test("what is no part or theme is passed over", () => {
  assert.deepEqual(partsOf("button, count,script"), ["count", "button"]);
  for (const show of [null, "", "x", "<b>", ",,"]) assert.equal(partsOf(show).length, 4);
  assert.equal(themeOf("dark"), "dark");
  for (const theme of [null, "", "DARK", "dark;"]) assert.equal(themeOf(theme), "auto");
});

test("an answer is words and numbers within bounds, or none", () => {
  assert.equal(readEmbedded(ANSWER)?.words.figure, "figure!");
  assert.equal(readEmbedded(ANSWER)?.headcount, 5);
  for (const [member, values] of Object.entries({
    title: [1, null, "x".repeat(501), { toString: () => "x" }],
    rule: [-1, 1.5, "3", null, 1e9],
    counts: [null, [], {}, { ...ANSWER.counts, headcount: 0 }, { ...ANSWER.counts, standing: "2" }],
    words: [null, "x", {}, { ...ANSWER.words, action: ["x"] }, { ...ANSWER.words, figure: undefined }],
  })) {
    for (const value of values) assert.equal(readEmbedded({ ...ANSWER, [member]: value }), null, member);
  }
  for (const value of [null, undefined, 1, "x", [], {}]) assert.equal(readEmbedded(value), null);
});
