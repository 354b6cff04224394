/**
 * Bundles the tests as the pages are bundled and runs them: `node test/run.mjs [name ...]`. With
 * `--bundle FILE FOLDER` it bundles one script and runs nothing.
 */

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { OPTIONS } from "../build.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../..");

function bundle(files, outdir) {
  const entryPoints = files.map((file) => join(HERE, file));
  return build({ ...OPTIONS, entryPoints, external: ["node:*"], outdir });
}

async function run(names) {
  const files = (await readdir(HERE)).filter(
    (file) => file.endsWith(".test.ts") && (names.length === 0 || names.includes(basename(file, ".test.ts"))),
  );
  const folder = await mkdtemp(join(tmpdir(), "undersigned-frontend-"));
  try {
    await bundle(files, folder);
    const built = files.map((file) => join(folder, file.replace(/ts$/, "js")));
    // The vectors are found from the root of the checkout.
    return spawnSync(process.execPath, ["--test", ...built], { cwd: ROOT, stdio: "inherit" }).status;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--bundle") await bundle([rest[0]], rest[1]);
else process.exitCode = (await run(process.argv.slice(2))) ?? 1;
