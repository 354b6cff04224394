/** A letter is believed only when its keys and hashes bear it out. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { formatBase64url, formatHex, randomBytes } from "../src/bytes.ts";
import { FormatError, Refused, VerificationError } from "../src/errors.ts";
import { checkStand, parseLetter, parseLetterAnswer, windowOf } from "../src/letter.ts";
import { parseSite, siteOf } from "../src/site.ts";
import { copy, MEMBER, read, type Vector } from "./support.ts";

function answerWith(change: (answer: Vector) => void): Promise<unknown> {
  const answer = copy(MEMBER["letter"]) as Vector;
  change(answer);
  return parseLetterAnswer(answer, "member-letter", parseSite(MEMBER["site"]));
}

test("the letter of the vector is read and verified", async () => {
  const { view, letter } = await read();
  assert.equal(formatHex(letter.id), MEMBER["letter_id"]);
  assert.equal(letter.trustees.length, 2);
  assert.equal(view.texts[0]?.title, "A letter of nobody");
  assert.equal(view.counts.headcount, 100);
  assert.equal(windowOf(letter), 600);
  await parseLetterAnswer(MEMBER["letter"], "member-letter@1", parseSite(MEMBER["site"]));
});

test("whatever is changed in a letter is noticed", async () => {
  const changes: ((answer: Vector) => void)[] = [
    (answer) => (answer["letter_id"] = formatHex(randomBytes(32))),
    (answer) => (answer["record"].sig = formatBase64url(randomBytes(64))),
    (answer) => (answer["record"].body.rule = 49),
    (answer) => (answer["record"].acks[0].sig = formatBase64url(randomBytes(64))),
    (answer) => (answer["record"].acks[2].sig = formatBase64url(randomBytes(64))),
    (answer) => (answer["texts"][0].title = "Another title"),
    (answer) => (answer["record"].body.trustees[0].seal_key = formatBase64url(randomBytes(1216))),
  ];
  for (const change of changes) await assert.rejects(answerWith(change), VerificationError);
});

test("misshapen letters are refused", async () => {
  const changes: ((answer: Vector) => void)[] = [
    (answer) => delete answer["record"].body.bundle,
    (answer) => (answer["record"].body.more = 1),
    (answer) => (answer["record"].body.rule = 101),
    (answer) => (answer["record"].body.quorum = 3),
    (answer) => (answer["record"].body.trustees = []),
    (answer) => (answer["record"].body.modes = ["sealed", "public"]),
    (answer) => (answer["record"].body.modes = ["sealed", "sealed"]),
    (answer) => (answer["record"].body.conditions = [50, 10]),
    (answer) => (answer["record"].body.supersedes = formatBase64url(randomBytes(32))),
    (answer) => (answer["record"].body.headcount.as_of = "2023-02-30"),
    (answer) => (answer["record"].body.slug = "Member"),
    (answer) => (answer["record"].body.demands = [{ id: "a" }, { id: "a" }]),
    (answer) => (answer["record"].body.closes = 1.5),
    (answer) => (answer["record"].body.epoch.max_wait_s = 59),
    (answer) => (answer["record"].v = 2),
    (answer) => answer["texts"].pop(),
    (answer) => (answer["state"] = "draft"),
    (answer) => delete answer["counts"].m,
  ];
  for (const change of changes) await assert.rejects(answerWith(change), FormatError);
});

test("acks are all there, in order", async () => {
  const acks = (change: (acks: Vector[]) => void) =>
    assert.rejects(answerWith((answer) => change(answer["record"].acks)), (error) =>
      error instanceof FormatError || error instanceof VerificationError,
    );
  await acks((list) => list.pop());
  await acks((list) => list.reverse());
  const { letter } = await read();
  assert.throws(() => parseLetter({ ...letter.record, more: 1 }), FormatError);
});

test("another letter than the one asked for is refused", async () => {
  const site = parseSite(MEMBER["site"]);
  for (const name of ["another", "member-letter@2"]) {
    await assert.rejects(parseLetterAnswer(MEMBER["letter"], name, site), VerificationError);
  }
});

test("keys that are not the site's, or not the pinned one, are refused", async () => {
  const { origin, log_vkey: log, promise_vkey: promise } = MEMBER["site"];
  assert.throws(() => siteOf(origin, promise, promise), VerificationError);
  assert.throws(() => siteOf("other.example/log", log, promise), VerificationError);
  assert.throws(() => siteOf(origin, log, promise, promise), VerificationError);
  assert.throws(() => siteOf(origin, `${log}A`, promise), FormatError);
  assert.equal(siteOf(origin, log, promise, log).origin, origin);
});

test("mode and condition are the letter's", async () => {
  const { letter } = await read();
  checkStand(letter, { mode: "sealed", condition: 10 });
  const refused = (mode: "public" | "sealed", condition: number) =>
    assert.throws(() => checkStand(letter, { mode, condition }), Refused);
  refused("public", 10);
  refused("sealed", 11);
  const named = { ...letter, modes: ["public"] as const };
  assert.throws(() => checkStand(named, { mode: "sealed", condition: null }), Refused);
});
