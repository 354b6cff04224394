/**
 * A trustee's key: one seed of 32 bytes, from which the key that opens shares and the one that signs
 * come (`docs/formats.md` section 1), and the file that keeps it under a passphrase. The seed is in
 * memory only; a page stores it nowhere.
 */

import { areEqual, type Bytes, formatBase64url, formatUtf8, randomBytes } from "./bytes.ts";
import { type Signer, signerOf } from "./ed25519.ts";
import { FormatError, VerificationError } from "./errors.ts";
import { derive } from "./hash.ts";
import { type Opener, openerOf } from "./hpke.ts";
import { parseJson } from "./jcs.ts";
import { readBytes, readConstant, readInteger, readMembers } from "./shape.ts";

const SEED_SIZE = 32;
const SALT_SIZE = 16;
const NONCE_SIZE = 12;
const CT_SIZE = SEED_SIZE + 16;
/** What OWASP asks for of PBKDF2 with SHA-256. */
const LEAST_ITERATIONS = 600_000;
const MOST_ITERATIONS = 10_000_000;
/** Bytes: a seal key has 1.6 kB in base64url, the rest some 400. */
const LONGEST_FILE = 4_096;
const LONGEST_PASSPHRASE = 1_024;
/** Characters: what is shorter is guessed from a copy of the file. */
export const LEAST_PASSPHRASE = 12;

const NO_SALT = new Uint8Array();
const SEAL = formatUtf8("undersigned/v1/trustee/seal");
const SIGN = formatUtf8("undersigned/v1/trustee/sign");
const LINE = "UNDERSIGNED-TRUSTEE-KEY-1+";

/** A trustee's keys: `publicKey` is the sign key (32 bytes), `sealKey` the X-Wing key (1216). */
export interface TrusteeKey extends Signer, Opener {
  readonly seed: Bytes;
}

/** Return a new seed. */
export function generateSeed(): Bytes {
  return randomBytes(SEED_SIZE);
}

/** Derive the keys of a seed (32 bytes). */
export async function trusteeKeyOf(seed: Bytes): Promise<TrusteeKey> {
  if (seed.length !== SEED_SIZE) throw new FormatError("A trustee's seed has 32 bytes.");
  const opener = await openerOf(derive(seed, NO_SALT, SEAL));
  return { seed, ...opener, ...(await signerOf(derive(seed, NO_SALT, SIGN))) };
}

const MEMBERS = [
  "v", "kind", "kdf", "iterations", "salt", "nonce", "ciphertext", "seal_key", "sign_key",
] as const;

/** Write a key as a file under a passphrase. Throws FormatError for one that cannot be one. */
export async function formatKeyFile(key: TrusteeKey, passphrase: string): Promise<string> {
  const [salt, nonce] = [randomBytes(SALT_SIZE), randomBytes(NONCE_SIZE)];
  const aes = await deriveAes(passphrase, salt, LEAST_ITERATIONS, "encrypt");
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, aes, key.seed);
  const members = {
    v: 1,
    kind: "undersigned-trustee",
    kdf: "PBKDF2-SHA256",
    iterations: LEAST_ITERATIONS,
    salt: formatBase64url(salt),
    nonce: formatBase64url(nonce),
    ciphertext: formatBase64url(new Uint8Array(sealed)),
    seal_key: formatBase64url(key.sealKey),
    sign_key: formatBase64url(key.publicKey),
  };
  return `${JSON.stringify(members, null, 2)}\n`;
}

/** Tell whether the text of a key file is one under a passphrase. */
export function isLocked(text: string): boolean {
  return text.trimStart().startsWith("{");
}

/** Return the key in a file. Throws VerificationError for a wrong passphrase, FormatError. */
export async function parseKeyFile(text: string, passphrase: string): Promise<TrusteeKey> {
  if (text.length > LONGEST_FILE) throw new FormatError("The file is too long to be a trustee's key.");
  if (!isLocked(text)) return trusteeKeyOf(parseLine(text));
  const wire = readMembers(parseJson(formatUtf8(text)), "key file", MEMBERS);
  readConstant(wire.v, "v", 1);
  readConstant(wire.kind, "kind", "undersigned-trustee");
  readConstant(wire.kdf, "kdf", "PBKDF2-SHA256");
  const iterations = readInteger(wire.iterations, "iterations", LEAST_ITERATIONS, MOST_ITERATIONS);
  const iv = readBytes(wire.nonce, "nonce", NONCE_SIZE);
  const ciphertext = readBytes(wire.ciphertext, "ciphertext", CT_SIZE);
  const aes = await deriveAes(passphrase, readBytes(wire.salt, "salt", SALT_SIZE), iterations, "decrypt");
  let seed: Bytes;
  try {
    seed = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, aes, ciphertext));
  } catch {
    throw new VerificationError("The passphrase is not that of this file.");
  }
  const key = await trusteeKeyOf(seed);
  const isRight =
    areEqual(readBytes(wire.seal_key, "seal_key"), key.sealKey) &&
    areEqual(readBytes(wire.sign_key, "sign_key"), key.publicKey);
  if (!isRight) throw new FormatError("The file states other public keys than those of its seed.");
  return key;
}

/** Read the line that is a key without a passphrase. Throws FormatError. */
function parseLine(text: string): Bytes {
  const line = text.replace(/\n$/, "");
  if (!line.startsWith(LINE)) throw new FormatError("The file is not a trustee's key.");
  return readBytes(line.slice(LINE.length), "seed", SEED_SIZE);
}

async function deriveAes(
  passphrase: string,
  salt: Bytes,
  iterations: number,
  use: "encrypt" | "decrypt",
): Promise<CryptoKey> {
  const password = formatUtf8(passphrase.normalize("NFKC"));
  if (password.length < 1 || password.length > LONGEST_PASSPHRASE) {
    throw new FormatError(`A passphrase has 1 to ${LONGEST_PASSPHRASE} bytes.`);
  }
  const material = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveKey"]);
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(algorithm, material, { name: "AES-GCM", length: 256 }, false, [use]);
}

/** Return the `[[trustees]]` table of a letter file: the card that a trustee gives the organiser. */
export function tableOf({ sealKey, publicKey }: TrusteeKey, name: string): string {
  return [
    "[[trustees]]",
    `name = ${JSON.stringify(name)}`,
    `seal_key = "${formatBase64url(sealKey)}"`,
    `sign_key = "${formatBase64url(publicKey)}"`,
  ].join("\n");
}
