/**
 * Builds the browser's scripts: `node build.mjs [folder]`. The same sources and lock file give the
 * same bytes, whose hash may stand in a letter (`bundle`). Beside them stand the licences of what is
 * bundled.
 */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = resolve(process.argv[2] ?? join(HERE, "../src/undersigned/web/static/dist"));

/** One script for each page, or kind of page, that needs one. */
const PAGES = ["sign", "signature", "live", "growth", "verify", "trustee", "desk-draft", "desk-passkey", "desk-import", "embed", "embed-frame"];
const ENTRIES = PAGES.map((page) => `src/${page}.ts`);

/** What every bundle has in common; the tests bundle with it too. */
export const OPTIONS = {
  absWorkingDir: HERE,
  alias: { crypto: "./src/browser-crypto.ts" },
  bundle: true,
  charset: "utf8",
  format: "esm",
  loader: { ".css": "text" },
  logLevel: "warning",
  platform: "browser",
  target: "es2022",
};

async function main() {
  await rm(OUT, { force: true, recursive: true });
  await mkdir(OUT, { recursive: true });
  const { metafile } = await build({
    ...OPTIONS,
    entryPoints: ENTRIES,
    legalComments: "none",
    metafile: true,
    minify: true,
    outdir: OUT,
  });
  await writeFile(join(OUT, "LICENSES.txt"), await licencesOf(Object.keys(metafile.inputs)));
  for (const name of (await readdir(OUT)).filter((file) => file.endsWith(".js"))) {
    const script = await readFile(join(OUT, name));
    const size = `${script.length} bytes, ${gzipSync(script, { level: 9 }).length} with gzip`;
    const digest = createHash("sha256").update(script).digest("base64url");
    process.stdout.write(`${name}: ${size}, SHA-256 ${digest}\n`);
  }
}

/** Return the licence of every package that a bundle holds something of. */
async function licencesOf(inputs) {
  const folders = new Set(inputs.map((input) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(input)?.[0]));
  folders.delete(undefined);
  folders.add("node_modules/sjcl"); // a copy of it lies within blindrsa-ts
  const parts = [...folders].sort().map(async (folder) => {
    const about = JSON.parse(await readFile(join(HERE, folder, "package.json"), "utf8"));
    const file = (await readdir(join(HERE, folder))).find((name) => /^licen[cs]e/i.test(name));
    const text = file === undefined ? "" : await readFile(join(HERE, folder, file), "utf8");
    return `${about.name} ${about.version} (${about.license})\n\n${text.trim()}\n`;
  });
  return (await Promise.all(parts)).join(`\n${"-".repeat(72)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
