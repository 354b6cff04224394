/** Notes with the signatures of witnesses beside the log's: checkpoints, and the proofs in receipts. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { formatUtf8 } from "../src/bytes.ts";
import { VerificationError } from "../src/errors.ts";
import { parseVkey } from "../src/note.ts";
import { parseProof, verifiedCheckpoint, verifyProof } from "../src/proof.ts";
import { own } from "./support.ts";

const [log, witness] = own("note");
const key = parseVkey(log?.["vkey"]);
const note = (...lines: readonly string[]): string => `${log?.["text"]}\n${lines.join("")}`;

test("cosignatures are left aside, wherever they stand and however many they are", async () => {
  const many = Array.from({ length: 60 }, () => witness?.["line"] as string);
  for (const lines of [
    [log?.["line"], witness?.["line"]],
    [witness?.["line"], log?.["line"]],
    [log?.["line"], ...many],
  ]) {
    const checkpoint = await verifiedCheckpoint(formatUtf8(note(...lines)), key);
    assert.equal(checkpoint.size, 1);
  }
});

test("a proof with a cosigned checkpoint holds as one without", async () => {
  const head = "c2sp.org/tlog-proof@v1\nindex 0\n\n";
  const leaf = new Uint8Array(32);
  for (const lines of [[log?.["line"]], [log?.["line"], witness?.["line"]]]) {
    const proof = parseProof(formatUtf8(head + note(...lines)));
    assert.deepEqual(await verifyProof(proof, leaf, key), { index: 0, size: 1 });
  }
});

test("witnesses do not stand in for the log", async () => {
  await assert.rejects(
    verifiedCheckpoint(formatUtf8(note(witness?.["line"])), key),
    VerificationError,
  );
  const line = log?.["line"] as string;
  const false_ = line.slice(0, 60) + (line[60] === "A" ? "B" : "A") + line.slice(61);
  await assert.rejects(
    verifiedCheckpoint(formatUtf8(note(log?.["line"], witness?.["line"], false_)), key),
    VerificationError,
  );
});
