/** The work before a mail: done as Python does it, in slices, and never without an end. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FormatError } from "../src/errors.ts";
import { solve, STEADY } from "../src/work.ts";
import { copy, own, solutionIn, type Vector } from "./support.ts";

const [WORK = {}] = own("work");

/** Return the vector's challenge with another value somewhere in its parameters. */
function changed(change: (parameters: Vector) => void): Vector {
  const challenge = copy(WORK["challenge"]) as Vector;
  change(challenge["parameters"]);
  return challenge;
}

test("a challenge has the solution that Python finds", async () => {
  assert.deepEqual(solutionIn(await solve(WORK["challenge"])), WORK["solution"]);
});

test("it goes on while other things are done, and tells how far it is", async () => {
  const shares: number[] = [];
  let rests = 0;
  const rest = async () => void (rests += 1);
  const hard = changed((parameters) => {
    parameters["cost"] = 1_000;
    parameters["keyPrefix"] = "00".repeat(16);
    parameters["data"].most = 400;
  });
  await assert.rejects(solve(hard, { tell: (share) => shares.push(share), rest }), FormatError);
  assert.ok(rests > 1);
  assert.deepEqual([...shares].sort((one, other) => one - other), shares);
  assert.ok(shares.every((share) => share >= 0 && share < 1));
});

test("what is no challenge, or costs too much, is not begun", async () => {
  const tries: unknown[] = [
    null,
    {},
    { ...WORK["challenge"], more: 1 },
    changed((parameters) => (parameters["algorithm"] = "ARGON2ID")),
    changed((parameters) => (parameters["salt"] = "xyz")),
    changed((parameters) => (parameters["nonce"] = "a".repeat(400))),
    changed((parameters) => (parameters["cost"] = 1_000_000)),
    changed((parameters) => (parameters["cost"] = 0)),
    changed((parameters) => (parameters["keyLength"] = 64)),
    changed((parameters) => (parameters["keyPrefix"] = "")),
    changed((parameters) => (parameters["data"].most = 2 ** 40)),
    changed((parameters) => delete parameters["data"]),
  ];
  for (const each of tries) await assert.rejects(solve(each, STEADY), FormatError);
});
