/**
 * A proposal: a letter that is fixed and waits for its issuer and trustees (`docs/formats.md` section
 * 3.2), and a trustee's ack: the word that it holds the key which the letter names.
 */

import { type Body, parseBody } from "./body.ts";
import { areEqual, type Bytes, concat, formatHex, formatUtf8, randomBytes } from "./bytes.ts";
import { FormatError, VerificationError } from "./errors.ts";
import { hash } from "./hash.ts";
import { sealTo } from "./hpke.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import { readBoolean, readList, readObject } from "./shape.ts";
import { parseText, type TextDocument } from "./text.ts";
import type { TrusteeKey } from "./trustee-key.ts";

const ACK = formatUtf8("undersigned/v1/ack\n");
const TEST = formatUtf8("undersigned/v1/test\n");

/** Who acknowledges a letter: the issuer, or a trustee by number (from 1). */
export type Party = number | "issuer";

export interface Proposal {
  readonly body: Body;
  readonly id: Bytes;
  readonly texts: readonly TextDocument[];
  /** Whose acks there are; they are not verified. */
  readonly acked: readonly Party[];
  readonly awaited: readonly Party[];
  readonly isOpened: boolean;
}

/**
 * Read what a site says of the proposal with this id (hex), and check that it is that one letter, with
 * its own texts. Throws FormatError, VerificationError.
 */
export function parseProposal(data: Bytes, id: string): Proposal {
  // A site may come to say more of a proposal than a trustee needs; the rest is not read.
  const wire = readObject(parseJson(data), "proposal");
  const body = parseBody(wire["body"]);
  const letterId = hash(formatCanonical(wire["body"]));
  if (formatHex(letterId) !== id) {
    throw new VerificationError("The site answers with another letter than the one asked for.");
  }
  const acked = readList(wire["acks"], "acks", [0, 17], (ack) =>
    readParty(readObject(ack, "acks")["by"], body),
  );
  const parties: readonly Party[] = ["issuer", ...body.trustees.map((_, at) => at + 1)];
  return {
    body,
    id: letterId,
    texts: readTexts(wire["texts"], body),
    acked,
    awaited: parties.filter((party) => !acked.includes(party)),
    isOpened: readBoolean(wire["opened"], "opened"),
  };
}

/** Read who acknowledged. Throws FormatError. */
export function readParty(value: unknown, body: Body): Party {
  const isNumber = Number.isSafeInteger(value) && (value as number) >= 1;
  if (value === "issuer" || (isNumber && (value as number) <= body.trustees.length)) {
    return value as Party;
  }
  throw new FormatError("acks.by: neither the issuer nor a trustee");
}

function readTexts(value: unknown, body: Body): readonly TextDocument[] {
  const many = body.texts.length;
  return readList(value, "texts", [many, many], (document) => document).map((document, i) => {
    const ref = body.texts[i];
    if (ref === undefined || !areEqual(hash(formatCanonical(document)), ref.hash)) {
      throw new VerificationError("A text is not the one that the letter names.");
    }
    const text = parseText(document);
    const isRight = text.demands.map(({ id }) => id).join() === body.demands.join();
    if (text.lang !== ref.lang || !isRight) {
      throw new VerificationError("A text has not the language or the demands of its letter.");
    }
    return text;
  });
}

/** Return the number (from 1) that a trustee has in a letter. Throws VerificationError. */
export function findNumber(body: Body, key: TrusteeKey): number {
  const numbers = body.trustees.flatMap(({ sealKey, signKey }, at) =>
    areEqual(sealKey, key.sealKey) && areEqual(signKey, key.publicKey) ? [at + 1] : [],
  );
  const [number] = numbers;
  if (number === undefined || numbers.length > 1) {
    throw new VerificationError("This key is not that of a trustee of this letter.");
  }
  return number;
}

/**
 * Check that a seal to a key opens with this one: a seal to a key that nobody can open would be lost,
 * and with it a name. `info` binds the test. Throws VerificationError.
 */
export async function testSeal(sealKey: Bytes, key: TrusteeKey, info: Bytes): Promise<void> {
  const value = randomBytes(32);
  const bound = concat(TEST, info);
  const opened = await key.open(await sealTo(sealKey, bound, value), bound);
  if (!areEqual(opened, value)) {
    throw new VerificationError("What is sealed to the key does not open with this one.");
  }
}

/** Return the trustee's number and its ack (64 bytes), once its key was found and tested. */
export async function makeAck(
  proposal: Proposal,
  key: TrusteeKey,
): Promise<{ readonly by: number; readonly sig: Bytes }> {
  const by = findNumber(proposal.body, key);
  await testSeal(proposal.body.trustees[by - 1]?.sealKey ?? new Uint8Array(), key, proposal.id);
  return { by, sig: await key.sign(concat(ACK, proposal.id)) };
}

/** Read the address of a proposal, or its id alone; return the id. Throws FormatError. */
export function parseProposalAddress(text: string): string {
  const found = /(?:^|\/proposals\/)([0-9a-f]{64})(?:[/?#].*)?$/.exec(text.trim());
  if (found?.[1] === undefined) throw new FormatError("That is not the address of a proposal.");
  return found[1];
}
