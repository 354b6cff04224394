/** Where an issuer elsewhere is: the same addresses are taken as in Python (tests/domain/test_terms.py). */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FormatError } from "../src/errors.ts";
import { readOrigin } from "../src/origin.ts";

const TAKEN = [
  "https://codes.example", "https://codes.example:8443", "https://xn--bcher-kva.example",
  "https://192.0.2.7", "http://localhost:8001", "http://localhost", "http://127.0.0.1:65535",
];

const REFUSED = [
  null, 7, "", "https://", "codes.example", "//codes.example", "https://codes.example/",
  "https://codes.example/path", "https://codes.example?q", "https://user@codes.example",
  "https://Codes.example", "https://codes..example", "https://-codes.example",
  "https://codes.example.", "https://codes_.example", "https://codes.example:443",
  "https://codes.example:0", "https://codes.example:080", "https://codes.example:65536",
  "https://codes.example:", "https://codes.example; script-src *",
  "https://codes.example\n", "https://*.example", "https://bücher.example",
  `https://${"a".repeat(64)}.example`, `https://${"a.".repeat(127)}example`,
  "http://codes.example", "http://localhost:80", "http://127.0.0.2", "ftp://codes.example",
  "javascript:alert(1)",
];

test("an origin is taken as browsers write it", () => {
  for (const url of TAKEN) assert.equal(readOrigin(url), url);
});

test("what is no origin is refused", () => {
  for (const url of REFUSED) assert.throws(() => readOrigin(url), FormatError, String(url));
});
