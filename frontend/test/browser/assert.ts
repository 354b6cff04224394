/** What `node:assert/strict` is to node, as far as the tests use it; `assert.test.ts` holds both to the same. */

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

type Class = abstract new (...args: never[]) => object;
type Expected = Class | RegExp | ((error: unknown) => boolean) | Record<string, unknown>;

function ok(value: unknown, message = "It does not hold."): asserts value {
  if (!value) throw new AssertionError(message);
}

function equal(actual: unknown, expected: unknown, message?: string): void {
  ok(Object.is(actual, expected), message ?? `${shown(actual)} is not ${shown(expected)}`);
}

function deepEqual(actual: unknown, expected: unknown, message?: string): void {
  ok(isSame(actual, expected), message ?? `${shown(actual)} is not like ${shown(expected)}`);
}

function notDeepEqual(actual: unknown, expected: unknown, message?: string): void {
  ok(!isSame(actual, expected), message ?? `both are ${shown(actual)}`);
}

function throws(body: () => unknown, expected?: Expected, message?: string): void {
  try {
    body();
  } catch (error) {
    return checkError(error, expected, message);
  }
  throw new AssertionError(message ?? "Nothing was thrown.");
}

async function rejects(
  promise: Promise<unknown> | (() => Promise<unknown>),
  expected?: Expected,
  message?: string,
): Promise<void> {
  try {
    await (typeof promise === "function" ? promise() : promise);
  } catch (error) {
    return checkError(error, expected, message);
  }
  throw new AssertionError(message ?? "Nothing was thrown.");
}

/** Check what was thrown: its class, its text, its members, or by a function. */
function checkError(error: unknown, expected: Expected | undefined, message?: string): void {
  if (expected === undefined) return;
  if (expected instanceof RegExp) return ok(expected.test(String(error)), message ?? String(error));
  if (typeof expected === "function") {
    const isAsExpected = isClass(expected) ? error instanceof expected : expected(error);
    return ok(isAsExpected, message ?? `not as expected: ${String(error)}`);
  }
  for (const [name, value] of Object.entries(expected)) {
    deepEqual((error as Record<string, unknown>)[name], value, message);
  }
}

function isClass(value: Class | ((error: unknown) => boolean)): value is Class {
  return (value as { prototype?: unknown }).prototype !== undefined;
}

/** Say if two values are of the same kind and have the same content, however deep. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const [names, others] = [Object.keys(a), Object.keys(b)];
  if (names.length !== others.length) return false;
  return names.every(
    (name) =>
      Object.hasOwn(b, name) &&
      isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
  );
}

function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes ${value.join(" ")}`.slice(0, 500);
  const text = typeof value === "bigint" ? undefined : JSON.stringify(value);
  return (text ?? String(value)).slice(0, 500);
}

export default { AssertionError, deepEqual, equal, notDeepEqual, ok, rejects, throws };
