/** An attempt to sign survives a lost page at every step, and never signs twice. */

import "fake-indexeddb/auto";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Attempt, type Choice, storeName } from "../src/attempt.ts";
import { formatUtf8, parseBase64url } from "../src/bytes.ts";
import type { Asked } from "../src/enrolment.ts";
import { canonicalAddress, parseAsked, parseInviteCode } from "../src/enrolment.ts";
import { FormatError, Refused, StoreError, UndersignedError, VerificationError } from "../src/errors.ts";
import { formatCanonical, parseJson } from "../src/jcs.ts";
import { parseName } from "../src/name.ts";
import { verifiedPromise } from "../src/promise.ts";
import { formatReceipt, parseReceipt, verifyReceipt } from "../src/receipt.ts";
import { memoryStore, openStore, type Store } from "../src/store.ts";
import { issue, promise, read, type Vector } from "./support.ts";

const ASKED: Asked = {
  proof: { method: "invite", code: "0123456789ABCDEF" },
  shown_as: { name: null, role: "Engineer" },
};
const CHOICE: Choice = { mode: "sealed", condition: 10, statement: "Why I sign." };

async function started(store: Store): Promise<Attempt> {
  const { site, letter } = await read();
  return Attempt.start(site, letter, store);
}

async function resumed(store: Store): Promise<Attempt> {
  const { site, letter } = await read();
  const attempt = await Attempt.resume(site, letter, store);
  assert.ok(attempt !== null);
  return attempt;
}

async function held(store: Store): Promise<Attempt> {
  const attempt = await started(store);
  await attempt.takeToken(await issue(await attempt.ask(ASKED)));
  return attempt;
}

for (const [name, open] of [["IndexedDB", openStore], ["memory", async () => memoryStore()]] as const) {
  test(`a page that is lost after every step goes on (${name})`, async () => {
    const store = await open();
    const { words } = await started(store);
    const request = await (await resumed(store)).ask(ASKED);
    assert.deepEqual(await (await resumed(store)).ask(), request);
    await (await resumed(store)).takeToken(await issue(request));
    await (await resumed(store)).choose(CHOICE);
    const [one, other] = [await resumed(store), await resumed(store)];
    assert.deepEqual([one.entry, one.blob], [other.entry, other.blob]);
    assert.equal(one.words, words);
    const note = await promise(one.entry);
    const receipt = one.receipt(await verifiedPromise(one.site, one.letter, one.entry, note));
    assert.ok(one.blob !== null);
    await verifyReceipt(parseReceipt(formatReceipt(receipt)), { blob: one.blob });
    await one.wipe();
    await other.wipe();
    assert.deepEqual(await store.names(), []);
  });
}

test("every mode gives a receipt that holds", async () => {
  for (const mode of ["public", "sealed", "anonymous"] as const) {
    const attempt = await held(memoryStore());
    const statement = mode === "anonymous" ? null : "Why I sign.";
    await attempt.choose({ mode, condition: null, statement });
    const { site, letter, entry } = attempt;
    const promised = await verifiedPromise(site, letter, entry, await promise(entry));
    await verifyReceipt(attempt.receipt(promised));
    if (mode === "public" && attempt.blob !== null) {
      assert.equal(parseName(attempt.blob).statement, "Why I sign.");
    }
    assert.equal(attempt.blob === null, mode === "anonymous");
  }
});

test("nothing of the issuance is kept once the token is there", async () => {
  const store = memoryStore();
  const attempt = await started(store);
  const request = await attempt.ask(ASKED);
  const before = await store.find(storeName(attempt.letter));
  assert.ok(before?.includes(request.blinded) && before.includes("0123456789ABCDEF"));
  await attempt.takeToken(await issue(request));
  const after = await store.find(storeName(attempt.letter));
  assert.ok(after?.includes("blinded") === false && !after.includes(request.blinded));
  assert.ok(!after.includes("0123456789ABCDEF"));
});

test("a false answer of the issuer changes nothing", async () => {
  const attempt = await started(memoryStore());
  const request = await attempt.ask(ASKED);
  const good = parseJson(await issue(request)) as Vector;
  const wrong = [
    { ...good, blind_signature: request.blinded },
    { ...good, attestation: { ...good["attestation"], name: "Another" } },
    { ...good, salt: "AAAA" },
    { ...good, more: 1 },
    parseJson(await issue(request, { letter: request.c })),
    parseJson(await issue(request, { c: good["attestation"].letter })),
  ];
  for (const answer of wrong) {
    await assert.rejects(attempt.takeToken(formatCanonical(answer)), UndersignedError);
    assert.equal(attempt.state.state, "blinded");
  }
  await attempt.takeToken(formatCanonical(good));
});

test("a name that was not agreed to leaves only anonymous", async () => {
  const attempt = await started(memoryStore());
  const request = await attempt.ask(ASKED);
  await attempt.takeToken(await issue(request, { role: "Boss" }));
  await assert.rejects(attempt.choose(CHOICE), Refused);
  await attempt.choose({ mode: "anonymous", condition: null, statement: null });
});

test("what the member agrees to afterwards is used", async () => {
  const attempt = await started(memoryStore());
  await attempt.takeToken(await issue(await attempt.ask(ASKED), { role: "Boss" }));
  await attempt.choose({ ...CHOICE, shownAs: { name: null, role: "Boss" } });
});

test("a choice is made once, and steps are not taken twice", async () => {
  const attempt = await held(memoryStore());
  await assert.rejects(attempt.ask(ASKED), StoreError);
  await assert.rejects(attempt.choose({ ...CHOICE, condition: 11 }), Refused);
  await attempt.choose(CHOICE);
  await assert.rejects(attempt.choose(CHOICE), StoreError);
});

test("a step that cannot be saved is not taken", async () => {
  const inner = memoryStore();
  let isFull = false;
  const store: Store = {
    ...inner,
    async replace(...args) {
      if (isFull) throw new StoreError("The disk is full.");
      return inner.replace(...args);
    },
  };
  const attempt = await started(store);
  const request = await attempt.ask(ASKED);
  isFull = true;
  await assert.rejects(attempt.takeToken(await issue(request)), StoreError);
  assert.equal(attempt.state.state, "blinded");
  isFull = false;
  assert.deepEqual(await attempt.ask(), request);
});

test("of two tabs the slower does not overwrite the faster", async () => {
  const store = await openStore();
  await held(store);
  const [fast, slow] = [await resumed(store), await resumed(store)];
  await fast.choose(CHOICE);
  await assert.rejects(slow.choose({ ...CHOICE, mode: "anonymous", statement: null }), /Another tab/);
  assert.deepEqual((await resumed(store)).entry, fast.entry);
  await assert.rejects(started(store), StoreError);
  await slow.wipe();
  assert.deepEqual((await resumed(store)).entry, fast.entry);
  await fast.wipe();
  assert.deepEqual(await store.names(), []);
});

test("the words of an earlier edition may be used again", async () => {
  const { site, letter } = await read();
  const first = await Attempt.start(site, letter, memoryStore());
  const second = await Attempt.start(site, letter, memoryStore(), ` ${first.words.toUpperCase()}`);
  assert.equal(second.words, first.words);
  await assert.rejects(Attempt.start(site, letter, memoryStore(), "zoo zoo"), FormatError);
});

test("a damaged attempt is refused", async () => {
  const { site, letter } = await read();
  const store = memoryStore();
  const attempt = await held(store);
  await attempt.choose(CHOICE);
  const name = storeName(letter);
  const saved = (await store.find(name)) ?? "";
  const wire = parseJson(formatUtf8(saved)) as Vector;
  const other = (await held(memoryStore())) as Attempt;
  await other.choose(CHOICE);
  const record = parseJson(other.entry);
  const odd = [
    saved.slice(1),
    saved.replace('"v":1', '"v":2'),
    JSON.stringify({ ...wire, step: { ...wire["step"], record } }),
    JSON.stringify({ ...wire, step: { ...wire["step"], more: 1 } }),
    JSON.stringify({ ...wire, step: { state: "done" } }),
  ];
  for (const text of odd) {
    const damaged = memoryStore();
    await damaged.replace(name, null, text);
    await assert.rejects(Attempt.resume(site, letter, damaged), FormatError);
  }
  assert.equal(await Attempt.resume(site, letter, memoryStore()), null);
});

test("an attempt with nothing asked for asks for a proof", async () => {
  const attempt = await started(memoryStore());
  await assert.rejects(attempt.ask(), StoreError);
  assert.throws(() => attempt.entry, StoreError);
  assert.equal(parseBase64url((await attempt.ask(ASKED)).blinded).length, 256);
});

test("a promise for something else is refused", async () => {
  const attempt = await held(memoryStore());
  await attempt.choose(CHOICE);
  const { site, letter, entry } = attempt;
  const note = await promise(formatUtf8("another"));
  await assert.rejects(verifiedPromise(site, letter, entry, note), VerificationError);
});

test("addresses and codes are read as people write them", () => {
  assert.equal(canonicalAddress("  Rina.Contoh@Staff.Example "), "rina.contoh@staff.example");
  for (const odd of ["", "rina", "rina@staff", "a b@staff.example", "a@b@c.example", "a@.example", "a@b..c", "@b.c"]) {
    assert.throws(() => canonicalAddress(odd), FormatError, odd);
  }
  assert.equal(parseInviteCode(" o123-4567 89ab-cdel "), "0123456789ABCDE1");
  assert.throws(() => parseInviteCode("0123"), FormatError);
  assert.throws(() => parseInviteCode("U123456789ABCDEF"), FormatError);
  const email = { proof: { method: "email", enrolment: "A".repeat(22), code: " 123 456 " }, shown_as: null };
  assert.equal(parseAsked(email).proof.code, "123 456");
  assert.throws(() => parseAsked({ ...email, proof: { ...email.proof, code: " " } }), FormatError);
  assert.throws(() => parseAsked({ ...email, proof: { ...email.proof, method: "openid" } }), FormatError);
});
