// Owns content elements, roots and disclosures in JavaScript (docs/formats.md, section 7).

import { Refused, hmac, join, require, sha256, utf8 } from "./bytes.mjs";
import { isProven, keccak, proofOf, rootOf } from "./trees.mjs";

const MOST = 1024 * 1024;
const DEEPEST = 64;
const ELEMENTS_MOST = 20_000;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** A reader of JSON that keeps the text of numbers and refuses what has two readings. */
class Tokens {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
    /** @type {Map<string, Uint8Array>} */
    this.elements = new Map();
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) throw new Refused("not JSON");
    this.at = pattern.lastIndex;
    return found[0];
  }

  take(character) {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  string() {
    const text = JSON.parse(this.match(STRING));
    require(text.isWellFormed(), "a lone surrogate");
    return text;
  }

  value(path, depth) {
    require(depth <= DEEPEST, "nested too deep");
    this.match(SPACE);
    const first = this.text[this.at];
    if (first === "{") this.object(path, depth);
    else if (first === "[") this.array(path, depth);
    else if (first === '"') this.add(path, "s" + this.string());
    else if (this.text.startsWith("true", this.at)) this.word(path, "true", "t");
    else if (this.text.startsWith("false", this.at)) this.word(path, "false", "f");
    else if (this.text.startsWith("null", this.at)) this.word(path, "null", "z");
    else this.add(path, "n" + this.match(NUMBER));
    this.match(SPACE);
  }

  add(path, tagged) {
    this.elements.set(path, utf8(tagged));
    require(this.elements.size <= ELEMENTS_MOST, "too many elements");
  }

  word(path, word, tag) {
    this.at += word.length;
    this.add(path, tag);
  }

  object(path, depth) {
    this.at += 1;
    this.match(SPACE);
    if (this.take("}")) return void this.add(path, "{");
    const names = new Set();
    do {
      this.match(SPACE);
      const name = this.string();
      require(!names.has(name), "a member named twice");
      names.add(name);
      this.match(SPACE);
      require(this.take(":"), "not JSON");
      this.value(`${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, depth + 1);
    } while (this.take(","));
    require(this.take("}"), "not JSON");
  }

  array(path, depth) {
    this.at += 1;
    this.match(SPACE);
    if (this.take("]")) return void this.add(path, "[0");
    let i = 0;
    do this.value(`${path}/${i++}`, depth + 1); while (this.take(","));
    require(this.take("]"), "not JSON");
    this.add(path, `[${i}`);
  }
}

/** @param {Uint8Array} body @returns {Promise<{kind: string, elements: Map<string, Uint8Array>}>} */
export async function elementsOf(body) {
  try {
    require(body.length <= MOST, "too long to be taken apart");
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    const tokens = new Tokens(text);
    tokens.value("", 0);
    require(tokens.at === text.length, "text after the value");
    return { kind: "json/1", elements: tokens.elements };
  } catch {
    return { kind: "opaque/1", elements: new Map([["", join(utf8("#"), await sha256(body))]]) };
  }
}

async function leaf(salt, path, value) {
  require(salt.length === 32, "a salt has 32 bytes");
  return keccak(join(new Uint8Array(1), salt, await sha256(utf8(path)), await sha256(value)));
}

const leaves = (elements, secret) =>
  Promise.all([...elements].map(async ([path, value]) => leaf(await hmac(secret, utf8(path)), path, value)));

/** @param {Map<string, Uint8Array>} elements @param {Uint8Array} secret */
export const contentRoot = async (elements, secret) => rootOf(await leaves(elements, secret));

/** @param {Map<string, Uint8Array>} elements @param {Uint8Array} secret @param {string} path */
export async function disclose(elements, secret, path) {
  require(elements.has(path), "no element at that path");
  const all = await leaves(elements, secret);
  const salt = await hmac(secret, utf8(path));
  const value = elements.get(path);
  return { path, value, salt, proof: proofOf(all, await leaf(salt, path, value)), root: rootOf(all) };
}

/** Whether one element stands in the content with this root. */
export async function isDisclosed({ path, value, salt, proof, root }) {
  if (salt.length !== 32) return false;
  const own = await leaf(salt, path, value);
  return isProven(own, proof, root);
}
