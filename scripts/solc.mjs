// The Solidity compiler of npm behind the command line of the native one: `--version` and `--standard-json`.
//
// Where the native compiler cannot be downloaded, scripts/toolchain.py puts a launcher of this file
// in its place, so that py-solc-x and Brownie find the same compiler as WebAssembly under the same name.

import { readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(import.meta.url);

const USAGE = `Usage: solc --version
       solc --standard-json [FILE] [--base-path DIR] [--include-path DIR]... [--allow-paths DIR,DIR...]
Reads the standard JSON input from FILE or from standard input, and imports from disk.`;

/** Ends the run as the native compiler does: one sentence on standard error, exit code 1. */
function refuse(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

/** @param {string[]} words the command line without node and this file */
function parse(words) {
  const options = { action: "", file: "-", base: ".", includes: [], allowed: [] };
  const rest = words.flatMap((word) => (/^--[a-z-]+=/.test(word) ? word.split(/=(.*)/s, 2) : [word]));
  const valueOf = (option) => rest.shift() ?? refuse(`the required argument for option '${option}' is missing`);
  while (rest.length > 0) {
    const word = rest.shift();
    if (word === "--version" || word === "--standard-json" || word === "--help") options.action = word;
    else if (word === "--base-path") options.base = valueOf(word);
    else if (word === "--include-path") options.includes.push(valueOf(word));
    else if (word === "--allow-paths") options.allowed.push(...valueOf(word).split(",").filter(Boolean));
    else if (word.startsWith("--")) refuse(`unrecognised option '${word}'`);
    else options.file = word;
  }
  return options;
}

/** Makes the compiler's import callback: the base and include paths in order, allowed folders only. */
function importer({ base, includes, allowed }) {
  const roots = [base || ".", ...includes].map((folder) => path.resolve(folder));
  const fences = [...roots, ...allowed.map((folder) => path.resolve(folder))].flatMap((folder) => {
    try {
      return [realpathSync(folder)];
    } catch {
      return []; // a folder that does not exist holds no file either
    }
  });
  const isAllowed = (file) => fences.some((fence) => !path.relative(fence, file).startsWith(".."));

  return (unit) => {
    const wanted = unit.replace(/^file:\/\//, "");
    for (const root of roots) {
      try {
        // The real path is judged, so that a symbolic link does not lead out of the allowed folders.
        const file = realpathSync(path.resolve(root, wanted));
        if (!isAllowed(file)) return { error: `File outside of allowed directories: ${unit}` };
        return { contents: readFileSync(file, "utf8") };
      } catch (fault) {
        if (fault.code !== "ENOENT" && fault.code !== "ENOTDIR") return { error: `${unit}: ${fault.message}` };
      }
    }
    return { error: `File not found: ${unit}` };
  };
}

async function read(file) {
  if (file !== "-") return readFileSync(file, "utf8");
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

const options = parse(process.argv.slice(2));
if (options.action === "--help") {
  process.stdout.write(`${USAGE}\n`);
} else if (options.action === "--version") {
  process.stdout.write(
    `solc, the solidity compiler commandline interface\nVersion: ${require("solc").version()}\n`,
  );
} else if (options.action === "--standard-json") {
  const solc = require("solc");
  process.stdout.write(solc.compile(await read(options.file), { import: importer(options) }));
} else {
  refuse(`only --version and --standard-json are answered here\n${USAGE}`);
}
