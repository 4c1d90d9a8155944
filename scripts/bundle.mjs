// Bundles the pages' JavaScript and styles into app/web/static, each file under a name with its hash,
// beside it the same compressed; manifest.json tells the names. `--watch` does it again at each change.

import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build, context } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BROWSER = join(ROOT, "app", "web", "browser");
const STATIC = join(ROOT, "app", "web", "static");
/** What a page loads first; everything else is found from these. */
const ENTRIES = {
  main: join(BROWSER, "main.js"),
  worker: join(BROWSER, "worker.js"),
  style: join(BROWSER, "style", "chartkey.css"),
};
const COMPRESSIBLE = /\.(js|css|svg|json)$/;

/** Writes the compressed copies and the manifest of what was bundled. */
const finish = {
  name: "finish",
  setup(building) {
    building.onEnd(async ({ metafile, errors }) => {
      if (!metafile || errors.length) return;
      const files = {};
      for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
        const name = relative(STATIC, join(ROOT, path));
        const bytes = await readFile(join(STATIC, name));
        const size = { bytes: bytes.length, gzip: bytes.length };
        if (COMPRESSIBLE.test(name)) {
          const [gzip, brotli] = [gzipSync(bytes, { level: 9 }), compress(bytes)];
          await writeFile(join(STATIC, `${name}.gz`), gzip);
          await writeFile(join(STATIC, `${name}.br`), brotli);
          size.gzip = gzip.length;
          size.brotli = brotli.length;
        }
        const entry = Object.keys(ENTRIES).find(
          (key) => entryPoint && ENTRIES[key] === join(ROOT, entryPoint),
        );
        files[name] = { ...size, ...(entry && { entry }) };
      }
      const entries = Object.fromEntries(
        Object.entries(files).flatMap(([name, { entry }]) => (entry ? [[entry, name]] : [])),
      );
      await writeFile(join(STATIC, "manifest.json"), JSON.stringify({ entries, files }, null, 1));
    });
  },
};

function compress(bytes) {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
}

const options = {
  absWorkingDir: ROOT,
  entryPoints: ENTRIES,
  outdir: STATIC,
  bundle: true,
  format: "esm",
  splitting: true,
  minify: true,
  metafile: true,
  target: ["es2022"],
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file", ".woff": "empty", ".svg": "dataurl" },
  external: ["node:*"],
  legalComments: "linked",
  logLevel: "warning",
  plugins: [finish],
};

await rm(STATIC, { recursive: true, force: true });
if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  await build(options);
}
