// Answers, in Node, one question per line on standard input with one line on standard output.

import { createInterface } from "node:readline";
import { answer } from "./answers.mjs";

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(`${await answer(line)}\n`);
}
