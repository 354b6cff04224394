/** What `node:test` is to node: the tests of a page, run one after another when the driver asks. */

interface Outcome {
  readonly name: string;
  /** What went wrong, or null. */
  readonly wrong: string | null;
}

type Body = () => unknown;

const tests: [string, Body][] = [];

declare global {
  var runTests: () => Promise<Outcome[]>;
}

/** Keep a test until it is run. */
export function test(name: string, body: Body): void {
  tests.push([name, body]);
}

async function outcomeOf([name, body]: [string, Body]): Promise<Outcome> {
  try {
    await body();
    return { name, wrong: null };
  } catch (error) {
    return { name, wrong: error instanceof Error ? (error.stack ?? String(error)) : String(error) };
  }
}

globalThis.runTests = async () => {
  const outcomes: Outcome[] = [];
  for (const one of tests) outcomes.push(await outcomeOf(one));
  return outcomes;
};
