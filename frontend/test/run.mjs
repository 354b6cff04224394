/**
 * Bundles the tests as the pages are bundled and runs them: `node test/run.mjs [name ...]`. With
 * `--bundle FILE FOLDER` it bundles one script and runs nothing; with `--browser FOLDER [FILE ...]`
 * it bundles the tests, or the files given, for a page in a browser.
 */

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { OPTIONS } from "../build.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../..");
/** Where a browser has something else, or of its own. */
const IN_A_BROWSER = {
  "./site.ts": join(HERE, "browser/site.ts"),
  "fake-indexeddb/auto": join(HERE, "browser/indexeddb.ts"),
  "node:assert/strict": join(HERE, "browser/assert.ts"),
  "node:test": join(HERE, "browser/test.ts"),
};

/** Puts what a browser has in the place of what node has; the vectors are read when bundling. */
const forBrowser = {
  name: "for-browser",
  setup(building) {
    building.onResolve({ filter: /./ }, ({ path, importer }) => {
      if (path === "node:fs") return { namespace: "vectors", path };
      if (path === "./site.ts" && dirname(importer) !== HERE) return undefined;
      const instead = IN_A_BROWSER[path];
      return instead === undefined ? undefined : { path: instead };
    });
    building.onLoad({ filter: /./, namespace: "vectors" }, async () => ({ contents: await vectors() }));
  },
};

/** Return a script that is to the tests what node:fs is: it has every vector, and nothing else. */
async function vectors() {
  const files = {};
  for (const folder of ["tests/vectors", "../shared/vectors"]) {
    const names = await readdir(join(ROOT, folder)).catch(() => []);
    for (const name of names.filter((one) => one.endsWith(".json"))) {
      files[`${folder}/${name}`] = await readFile(join(ROOT, folder, name), "utf8");
    }
  }
  return `const files = ${JSON.stringify(files)};
    export const existsSync = (path) => Object.hasOwn(files, path);
    export const readFileSync = (path) => files[path];`;
}

async function testFiles(names = []) {
  const files = (await readdir(HERE)).filter((file) => file.endsWith(".test.ts"));
  return files
    .filter((file) => names.length === 0 || names.includes(basename(file, ".test.ts")))
    .map((file) => join(HERE, file));
}

function bundle(entryPoints, outdir, options = { external: ["node:*"] }) {
  return build({ ...OPTIONS, ...options, entryPoints, outdir });
}

async function run(names) {
  const files = await testFiles(names);
  const folder = await mkdtemp(join(tmpdir(), "undersigned-frontend-"));
  try {
    await bundle(files, folder);
    const built = files.map((file) => join(folder, basename(file).replace(/ts$/, "js")));
    // The vectors are found from the root of the checkout.
    return spawnSync(process.execPath, ["--test", ...built], { cwd: ROOT, stdio: "inherit" }).status;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--bundle") {
  await bundle([join(HERE, rest[0])], rest[1]);
} else if (first === "--browser") {
  const [folder, ...files] = rest;
  await bundle(files.length > 0 ? files : await testFiles(), folder, { plugins: [forBrowser] });
} else {
  process.exitCode = (await run(process.argv.slice(2))) ?? 1;
}
