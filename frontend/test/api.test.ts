/** Requests are patient, bounded and the same bytes again; refusals become errors that say which. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { amend, withdraw } from "../src/amending.ts";
import { Api } from "../src/api.ts";
import { Attempt } from "../src/attempt.ts";
import { formatBase64url, parseBase64url, parseUtf8 } from "../src/bytes.ts";
import { Busy, FormatError, ProofPending, Refused, SiteFailed, Unreachable } from "../src/errors.ts";
import { type Patience, PATIENT } from "../src/exchange.ts";
import type { Receipt } from "../src/receipt.ts";
import { parseReceipt } from "../src/receipt.ts";
import { formatCanonical } from "../src/jcs.ts";
import { enrol, sign, waitForProof } from "../src/signing.ts";
import { memoryStore } from "../src/store.ts";
import { type Asked, listen, type Reply } from "./site.ts";
import { issue, MEMBER, own, promise, read, solutionIn, type Vector } from "./support.ts";

const [WORK = {}] = own("work");

type Answering = (asked: Asked, count: number) => Reply | Promise<Reply>;

const waits: number[] = [];
const QUICK: Patience = {
  ...PATIENT,
  tries: 3,
  sleep: async (ms) => {
    waits.push(ms);
  },
};

async function withSite<T>(
  answering: Answering,
  body: (api: Api, asked: Asked[]) => Promise<T>,
): Promise<T> {
  const asked: Asked[] = [];
  const site = await listen(async (one) => {
    asked.push(one);
    return answering(one, asked.length);
  });
  waits.length = 0;
  try {
    return await body(new Api(site.root, QUICK), asked);
  } finally {
    site.close();
  }
}

function problem(status: number, code: string, headers: Record<string, string> = {}): Reply {
  const body = { type: `/problems/${code}`, title: code, status, detail: "It says no.", code };
  return [status, body, { "Content-Type": "application/problem+json", ...headers }];
}

/** A site that does all that is right, for the letter of the vector. */
function honest(): Answering {
  const taken = new Map<string, string>();
  return async ({ path, body }) => {
    if (path.endsWith("/site")) return [200, MEMBER["site"]];
    if (path.endsWith("/tokens")) return [200, parseUtf8(await issue(JSON.parse(body)))];
    if (!path.endsWith("/signatures") && !path.endsWith("/amendments")) return [200, MEMBER["letter"]];
    const { record } = JSON.parse(body) as { record: string };
    const status = taken.has(record) ? 200 : 201;
    taken.set(record, taken.get(record) ?? (await promise(parseBase64url(record))));
    return [status, { promise: taken.get(record) }];
  };
}

async function chosen(api: Api): Promise<Attempt> {
  const { site, letter } = await read();
  const attempt = await Attempt.start(site, letter, memoryStore());
  const proof = { method: "invite", code: "0123456789ABCDEF" } as const;
  await enrol(api, attempt, { proof, shown_as: { name: null, role: null } });
  await attempt.choose({ mode: "sealed", condition: null, statement: null });
  return attempt;
}

test("a member reads, enrols and signs", async () => {
  await withSite(honest(), async (api, asked) => {
    const site = await api.site(MEMBER["site"].log_vkey);
    const { letter } = await api.letter("member-letter", site);
    const attempt = await chosen(api);
    await enrol(api, attempt);
    const kept: Receipt[] = [];
    const receipt = await sign(api, attempt, async (one) => void kept.push(one));
    assert.deepEqual(kept, [receipt]);
    assert.equal(receipt.letter.slug, letter.slug);
    const paths = asked.map((one) => one.path);
    const base = "/api/v1/letters/member-letter";
    assert.deepEqual(paths, ["/api/v1/site", base, `${base}@1/tokens`, `${base}@1/signatures`]);
    assert.ok(asked.every((one) => one.headers["cookie"] === undefined));
    assert.ok(asked.every((one) => one.headers["referer"] === undefined));
  });
});

test("what was lost is sent again as the same bytes, and waited for", async () => {
  const site = honest();
  const failing: Answering = async (asked, count) => {
    if (!asked.path.endsWith("/signatures")) return site(asked, count);
    if (count === 2) return null;
    if (count === 3) return problem(503, "busy", { "Retry-After": "7" });
    return site(asked, count);
  };
  await withSite(failing, async (api, asked) => {
    await sign(api, await chosen(api), async () => undefined);
    const bodies = asked.filter((one) => one.path.endsWith("/signatures")).map((one) => one.body);
    assert.equal(bodies.length, 3);
    assert.equal(new Set(bodies).size, 1);
    assert.deepEqual(waits, [500, 7000]);
  });
});

test("an answer that was lost after all tries loses nothing", async () => {
  const site = honest();
  let isDown = true;
  const failing: Answering = async (asked, count) => {
    const reply = await site(asked, count);
    return isDown && asked.path.endsWith("/signatures") ? null : reply;
  };
  await withSite(failing, async (api) => {
    const attempt = await chosen(api);
    const { entry } = attempt;
    await assert.rejects(sign(api, attempt, async () => undefined), Unreachable);
    isDown = false;
    const receipt = await sign(api, attempt, async () => undefined);
    assert.deepEqual(formatCanonical(receipt.record), entry);
  });
});

test("a receipt that could not be kept leaves the attempt", async () => {
  await withSite(honest(), async (api) => {
    const attempt = await chosen(api);
    const failing = sign(api, attempt, async () => {
      throw new Error("no room");
    });
    await assert.rejects(failing, /no room/);
    await sign(api, attempt, async () => undefined);
  });
});

test("refusals are errors by their code", async () => {
  const codes: readonly [number, string, abstract new (...args: never[]) => Error][] = [
    [404, "unknown-letter", Refused],
    [409, "already-issued", Refused],
    [500, "store-error", SiteFailed],
    [503, "busy", Busy],
  ];
  for (const [status, code, kind] of codes) {
    await withSite(
      () => problem(status, code, { "Retry-After": "9" }),
      async (api) => {
        const error: unknown = await api.site().catch((caught: unknown) => caught);
        assert.ok(error instanceof kind);
        assert.equal((error as Refused).code, code);
        if (error instanceof Busy) assert.equal(error.retryAfterS, 9);
      },
    );
  }
});

test("what is no problem document comes from something between", async () => {
  const fails = (reply: Reply, kind: typeof Unreachable | typeof FormatError) =>
    withSite(() => reply, async (api) => assert.rejects(api.site(), kind));
  await fails([502, "<html>"], Unreachable);
  await fails([504, { code: 7 }], Unreachable);
  await fails([404, "<html>"], FormatError);
  await fails([302, "", { Location: "https://other.example/" }], FormatError);
  await fails([200, "<html>"], FormatError);
  await fails(null, Unreachable);
});

test("a refusal is not asked for again, and a code only once", async () => {
  const { letter } = await read();
  await withSite(() => problem(403, "proof-rejected"), async (api, asked) => {
    await assert.rejects(api.token(letter, {}), Refused);
    assert.equal(asked.length, 1);
  });
  const givesWork = (reply: Reply | null): Answering => ({ path }) =>
    path.endsWith("/challenge") ? [200, WORK["challenge"]] : reply;
  await withSite(givesWork(null), async (api, asked) => {
    await assert.rejects(api.askForCode(letter, "a@staff.example"), Unreachable);
    assert.equal(asked.length, 2);
  });
  const enrolled: Reply = [202, { enrolment: formatBase64url(new Uint8Array(16)) }];
  await withSite(givesWork(enrolled), async (api, asked) => {
    assert.equal((await api.askForCode(letter, " A@Staff.example")).length, 16);
    const { altcha, ...rest } = JSON.parse(asked[1]?.body ?? "") as Vector;
    assert.deepEqual(rest, { email: "a@staff.example", method: "email" });
    assert.deepEqual(solutionIn(altcha), WORK["solution"]);
  });
});

test("names that are none are not asked for", async () => {
  await withSite(honest(), async (api, asked) => {
    const site = await api.site();
    for (const name of ["", "A", "a@0", "a@1@2", "../site", "a/b"]) {
      await assert.rejects(api.letter(name, site), FormatError);
    }
    assert.equal(asked.length, 1);
  });
});

test("the proof is waited for, and then is in the receipt", async () => {
  const receipt = parseReceipt(formatCanonical({ ...MEMBER["receipt"], proof: null }));
  const pending: Answering = (_, count) =>
    count < 3 ? [202, { pending: true }] : [200, MEMBER["receipt"].proof as string];
  await withSite(pending, async (api) => {
    const proved = await waitForProof(api, receipt, 5, 1000, QUICK.sleep);
    assert.equal(proved.proof, MEMBER["receipt"].proof);
    assert.deepEqual(waits, [1000, 1000]);
  });
  await withSite(pending, async (api) => {
    await assert.rejects(waitForProof(api, receipt, 2, 1000, QUICK.sleep), ProofPending);
  });
});

test("a withdrawal is the one of the vector", async () => {
  const { site, letter } = await read();
  await withSite(honest(), async (api, asked) => {
    await withdraw(api, { site, letter, words: MEMBER["receipt"].words });
    const sent = JSON.parse(asked[0]?.body ?? "") as Vector;
    assert.deepEqual(JSON.parse(parseUtf8(parseBase64url(sent["record"]))), MEMBER["withdraw"]);
    assert.equal(sent["blob"], null);
  });
});

test("the next amendment is found from above", async () => {
  const { site, letter } = await read();
  const numbered: Answering = async (asked, count) => {
    const record = parseBase64url((JSON.parse(asked.body) as { record: string }).record);
    const { seq } = JSON.parse(parseUtf8(record)) as { seq: number };
    return seq === 1 ? honest()(asked, count) : problem(409, "amendment-out-of-turn");
  };
  const mine = { site, letter, words: MEMBER["receipt"].words as string };
  const amendment = { mode: "anonymous", condition: 10, attestation: null, statement: null } as const;
  await withSite(numbered, async (api, asked) => {
    const { entry } = await amend(api, mine, amendment);
    assert.equal(asked.length, 8);
    assert.deepEqual(JSON.parse(parseUtf8(entry)), MEMBER["amend"]);
  });
  await withSite(() => problem(409, "amendment-out-of-turn"), async (api) => {
    await assert.rejects(amend(api, mine, amendment), { code: "amendment-out-of-turn" });
  });
  await withSite(honest(), async (api) => {
    await assert.rejects(amend(api, mine, { ...amendment, mode: "public" }), Refused);
    await assert.rejects(amend(api, mine, { ...amendment, mode: "sealed" }), FormatError);
  });
});
