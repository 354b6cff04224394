/**
 * What the tests in Python ask of the browser's side: one JSON object in, one out. `do` says what; an
 * error comes out as {"error": its code}. Bytes are base64url.
 */

import { readFileSync } from "node:fs";

import { amend, withdraw } from "../src/amending.ts";
import { Api } from "../src/api.ts";
import { Attempt } from "../src/attempt.ts";
import { audit, type AuditOptions } from "../src/audit.ts";
import { type Bytes, formatBase64url, formatHex, parseBase64, parseBase64url } from "../src/bytes.ts";
import { UndersignedError } from "../src/errors.ts";
import { formatCanonical, parseJson } from "../src/jcs.ts";
import { signerKeyOf } from "../src/keys.ts";
import { parseLetter } from "../src/letter.ts";
import { initialsOf, parseName } from "../src/name.ts";
import { formatReceipt, parseReceipt, type Receipt, verifyReceipt } from "../src/receipt.ts";
import { openBlob, parseBlob, seal } from "../src/seal.ts";
import { enrol, sign, waitForProof } from "../src/signing.ts";
import { memoryStore } from "../src/store.ts";
import { makeAck, parseProposal } from "../src/proposal.ts";
import { parseText } from "../src/text.ts";
import { blindToken, finalizeToken, type TokenTerms, tokenInput, verifyToken } from "../src/token.ts";
import { formatKeyFile, parseKeyFile, tableOf, trusteeKeyOf } from "../src/trustee-key.ts";
import { formatWords, parseWords } from "../src/words.ts";
import { FolderSource } from "./folder.ts";
import type { Vector } from "./support.ts";

function bytes(value: unknown): Bytes {
  return parseBase64url(value as string);
}

function termsOf(value: Vector): TokenTerms {
  return {
    host: value["host"],
    letterId: bytes(value["letter"]),
    tokenKey: bytes(value["token_key"]),
  };
}

const TASKS: Record<string, (value: Vector) => unknown> = {
  async seal(value) {
    const binding = { letterId: bytes(value["letter"]), pk: bytes(value["pk"]) };
    const keys = (value["seal_keys"] as string[]).map(bytes);
    const blob = await seal(bytes(value["document"]), binding, keys, value["quorum"]);
    return { blob: formatBase64url(blob) };
  },

  async open(value) {
    const binding = { letterId: bytes(value["letter"]), pk: bytes(value["pk"]) };
    const blob = parseBlob(bytes(value["blob"]));
    return { document: formatBase64url(await openBlob(blob, bytes(value["key"]), binding)) };
  },

  async blind(value) {
    const { blinded, inverse } = await blindToken(termsOf(value), bytes(value["pk"]));
    return { blinded: formatBase64url(blinded), inverse: formatBase64url(inverse) };
  },

  async finalize(value) {
    const [pk, answer] = [bytes(value["pk"]), bytes(value["answer"])];
    const token = await finalizeToken(termsOf(value), pk, answer, bytes(value["inverse"]));
    return { token: formatBase64url(token) };
  },

  async verify_token(value) {
    await verifyToken(termsOf(value), bytes(value["pk"]), bytes(value["token"]));
    return {};
  },

  token_input(value) {
    return { input: formatBase64url(tokenInput(termsOf(value), bytes(value["pk"]))) };
  },

  async keys(value) {
    const code = bytes(value["code"]);
    const key = await signerKeyOf(code, bytes(value["letter"]));
    return {
      words: formatWords(code),
      code: formatBase64url(parseWords(value["words"])),
      pk: formatBase64url(key.publicKey),
      r: formatBase64url(key.r),
      c: formatBase64url(key.c),
      signature: formatBase64url(await key.sign(code)),
    };
  },

  letters(value) {
    return { ids: (value["records"] as unknown[]).map((one) => formatHex(parseLetter(one).id)) };
  },

  texts(value) {
    const documents = value["documents"] as unknown[];
    for (const document of documents) parseText(document);
    return { canonical: documents.map((one) => formatBase64url(formatCanonical(one))) };
  },

  names(value) {
    const documents = (value["documents"] as string[]).map((one) => parseName(bytes(one)));
    return { initials: documents.map((one) => initialsOf(one.attestation.name)) };
  },

  async verify_receipt(value) {
    const receipt = parseReceipt(bytes(value["receipt"]));
    const blob = value["blob"] === null ? {} : { blob: bytes(value["blob"]) };
    const report = await verifyReceipt(receipt, { pinnedVkey: value["pinned"], ...blob });
    return { by: report.promisedBy, index: report.place?.index ?? null };
  },

  async key_file(value) {
    const key = await trusteeKeyOf(bytes(value["seed"]));
    const file = await formatKeyFile(key, value["passphrase"]);
    return { file, table: tableOf(key, value["name"]), seal_key: formatBase64url(key.sealKey) };
  },

  async open_key_file(value) {
    const key = await parseKeyFile(value["file"], value["passphrase"]);
    return { seed: formatBase64url(key.seed), sign_key: formatBase64url(key.publicKey) };
  },

  async ack(value) {
    const proposal = parseProposal(bytes(value["proposal"]), value["id"]);
    const { by, sig } = await makeAck(proposal, await trusteeKeyOf(bytes(value["seed"])));
    return { by, sig: formatBase64url(sig), awaited: proposal.awaited };
  },

  async audits(value) {
    const mirrors = value["mirrors"] as { folder: string; now: number }[];
    const heads = (value["earlier"] ?? []) as { origin: string; size: number; root: string }[];
    const earlier = heads.map((head) => ({ ...head, root: parseBase64(head.root) }));
    const reports: unknown[] = [];
    for (const { folder, now } of mirrors) {
      reports.push(await auditOf(folder, { pinnedVkey: value["pinned"], now, earlier }));
    }
    return { reports };
  },

  async member(value) {
    const api = new Api(value["root"]);
    const site = await api.site(value["pinned"]);
    const { letter } = await api.letter(value["slug"], site);
    const attempt = await Attempt.start(site, letter, memoryStore());
    const proof = { method: "invite", code: value["invite"] } as const;
    await enrol(api, attempt, { proof, shown_as: value["shown_as"] });
    const { mode, condition, statement } = value;
    await attempt.choose({ mode, condition, statement });
    const { blob } = attempt;
    const receipt = await sign(api, attempt, async () => undefined);
    const proved = await waitForProof(api, receipt, 100, 200);
    return {
      receipt: formatBase64url(formatReceipt(proved)),
      blob: blob === null ? null : formatBase64url(blob),
    };
  },

  async amend(value) {
    const [api, mine] = await mineOf(value);
    const { mode, condition, statement } = value;
    const { attestation } = mine;
    const { entry, note } = await amend(api, mine, { mode, condition, attestation, statement });
    return { entry: formatBase64url(entry), promise: note };
  },

  async withdraw(value) {
    const [api, mine] = await mineOf(value);
    const { entry, note } = await withdraw(api, mine);
    return { entry: formatBase64url(entry), promise: note };
  },
};

/** Audit a mirror; what ends the audit comes out as an error. */
async function auditOf(folder: string, options: AuditOptions): Promise<unknown> {
  try {
    const { checks, letters, checkpoint } = await audit(new FolderSource(folder), options);
    const figures = [...letters.values()].map(({ replay, texts }) => {
      const { state, ...moment } = replay.moment();
      return { ...moment.figures, state, headcount: moment.headcount, title: texts[0]?.title ?? null };
    });
    return { size: checkpoint.size, checks, letters: figures };
  } catch (error) {
    if (!(error instanceof UndersignedError)) throw error;
    return { error: error.code, detail: error.message };
  }
}

async function mineOf(value: Vector): Promise<[Api, Receipt]> {
  const receipt = parseReceipt(bytes(value["receipt"]));
  await verifyReceipt(receipt);
  return [new Api(value["root"]), receipt];
}

async function main(): Promise<void> {
  const value = parseJson(readFileSync(0)) as Vector;
  let answer: unknown;
  try {
    answer = await TASKS[value["do"]]?.(value);
  } catch (error) {
    if (!(error instanceof UndersignedError)) throw error;
    answer = { error: error.code, detail: error.message };
  }
  process.stdout.write(JSON.stringify(answer));
}

await main();
