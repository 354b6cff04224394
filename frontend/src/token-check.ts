/** Many tokens of one letter, verified with WebCrypto alone (`docs/formats.md` section 5; check 7). */

import { areEqual, type Bytes, formatBase64url, parseBase64url } from "./bytes.ts";
import { UndersignedError } from "./errors.ts";
import { importTokenKey, INPUT_SIZE, TOKEN_SIZE, tokenInput, type TokenTerms } from "./token.ts";

const PSS = { name: "RSA-PSS", saltLength: 48 } as const;

/** Says what is wrong with the token (354 bytes) of a signature by this key, null if it holds. */
export type TokenCheck = (pk: Bytes, token: Bytes) => Promise<string | null>;

/** Return what checks the tokens of a letter; its key is imported once. */
export function tokenCheck(terms: TokenTerms): TokenCheck {
  const imported = importTokenKey(terms.tokenKey).then(
    (key) => key,
    (error: unknown) => {
      if (error instanceof UndersignedError) return null;
      throw error;
    },
  );
  return async (pk, token) => {
    const key = await imported;
    if (key === null) return "no token can be verified: the letter's token key is none";
    const message = token.slice(0, INPUT_SIZE);
    if (token.length !== TOKEN_SIZE || !areEqual(message, tokenInput(terms, pk))) {
      return "the token does not hold: it is not one of this letter for this key";
    }
    const isRight = await crypto.subtle.verify(PSS, key, token.slice(INPUT_SIZE), message);
    return isRight ? null : "the token does not hold: the issuer's signature in it is wrong";
  };
}

/** Return the nonce of a token in base64url, bytes 2 to 34, as a word for sets. */
export function nonceOf(token: string): string {
  return formatBase64url(parseBase64url(token).slice(2, 34));
}
