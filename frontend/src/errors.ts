/**
 * Every error of the browser's side. `code` is what the pages translate; `message` is an English
 * sentence. Neither ever holds an address, a name, a code, a token or a key.
 */

export class UndersignedError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The bytes are not in the format that they should be in. */
export class FormatError extends UndersignedError {
  constructor(message: string) {
    super("format-error", message);
  }
}

/** A signature, proof or hash does not hold. */
export class VerificationError extends UndersignedError {
  constructor(message: string) {
    super("verification-error", message);
  }
}

/** A rule of the letter or of the site says no; `code` names the rule, as problem documents do. */
export class Refused extends UndersignedError {}

/** The site failed (status 500 or more) and says so. */
export class SiteFailed extends UndersignedError {}

/** The site has more to do than it can take in; try again after so many seconds. */
export class Busy extends SiteFailed {
  readonly retryAfterS: number;

  constructor(retryAfterS: number) {
    super("busy", "The site has more to do than it can take in; try again in a few seconds.");
    this.retryAfterS = retryAfterS;
  }
}

/** The site does not answer; it is not known whether it took what was sent. */
export class Unreachable extends UndersignedError {
  constructor() {
    super("unreachable", "The site does not answer.");
  }
}

/** The browser cannot keep, or no longer has, what an attempt to sign needs. */
export class StoreError extends UndersignedError {
  constructor(message: string) {
    super("store-error", message);
  }
}

/** The record is not in the published log yet; its promise holds until the time it names. */
export class ProofPending extends UndersignedError {
  constructor() {
    super("proof-pending", "The record is not in the published log yet.");
  }
}
