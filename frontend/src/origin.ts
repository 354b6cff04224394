/** The address of an issuer elsewhere: an origin as browsers write one (`docs/formats.md` section 3.1). */

import { FormatError } from "./errors.ts";

const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const PORT = "(?::([1-9][0-9]{0,4}))?";
const SECURE = new RegExp(`^https://(?=[^:]{1,253}(?::|$))${LABEL}(?:\\.${LABEL})*${PORT}$`);
/** Browsers give these their cryptography, too. */
const LOCAL = new RegExp(`^http://(?:localhost|127\\.0\\.0\\.1)${PORT}$`);

/** Read an origin. Throws FormatError. */
export function readOrigin(value: unknown): string {
  const text = typeof value === "string" ? value : "";
  const secure = SECURE.exec(text);
  const found = secure ?? LOCAL.exec(text);
  const port = Number(found?.[1] ?? 1);
  if (found === null || port > 65_535 || port === (secure === null ? 80 : 443)) {
    throw new FormatError("issuer.url: not the origin of an issuer");
  }
  return text;
}
