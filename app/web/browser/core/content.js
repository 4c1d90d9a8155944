// Owns content elements, roots and disclosures (docs/formats.md, section 7).

import { hmac } from "@noble/hashes/hmac";
import { sha256 as sha256Now } from "@noble/hashes/sha2";
import { createSHA256 } from "hash-wasm";
import { join, sha256, utf8 } from "./bytes.js";
import { NotElement } from "./errors.js";
import { piecesOf } from "./pieces.js";
import { isProven, keccak, proofOf, rootOf } from "./trees.js";

/** @import { Bytes } from "./bytes.js" */
/** @typedef {Map<string, Bytes>} Elements path to tagged value */
/** @typedef {{path: string, value: Bytes, salt: Bytes, proof: Bytes[], root: Bytes}} Disclosure */

export const JSON_KIND = "json/1";
export const OPAQUE = "opaque/1";
/** Bodies of more bytes than this are opaque, so that nobody has to parse them to check them. */
export const JSON_MOST = 1 << 20;
const DEEPEST = 64;
const ELEMENTS_MOST = 20_000;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** A text that is no JSON, or has more than one reading, or is too much to take apart. */
class NoOneReading extends Error {}

/** @param {unknown} condition @param {string} reason @returns {asserts condition} */
function require(condition, reason) {
  if (!condition) throw new NoOneReading(reason);
}

/** A reader of JSON that keeps the text of numbers and refuses what has two readings. */
class Tokens {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
    /** @type {Elements} */
    this.elements = new Map();
  }

  /** @param {RegExp} pattern */
  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    require(found !== null, "not JSON");
    this.at = pattern.lastIndex;
    return found[0];
  }

  /** @param {string} character */
  take(character) {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  string() {
    /** @type {string} */
    const text = JSON.parse(this.match(STRING));
    require(text.isWellFormed(), "a lone surrogate");
    return text;
  }

  /** @param {string} path @param {number} depth */
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

  /** @param {string} path @param {string} tagged */
  add(path, tagged) {
    this.elements.set(path, utf8(tagged));
    require(this.elements.size <= ELEMENTS_MOST, "too many elements");
  }

  /** @param {string} path @param {string} word @param {string} tag */
  word(path, word, tag) {
    this.at += word.length;
    this.add(path, tag);
  }

  /** @param {string} path @param {number} depth */
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

  /** @param {string} path @param {number} depth */
  array(path, depth) {
    this.at += 1;
    this.match(SPACE);
    if (this.take("]")) return void this.add(path, "[0");
    let i = 0;
    do {
      this.value(`${path}/${i}`, depth + 1);
      i += 1;
    } while (this.take(","));
    require(this.take("]"), "not JSON");
    this.add(path, `[${i}`);
  }
}

/**
 * The elements of a JSON text; null where it has no one reading.
 * @param {Bytes} body @returns {Elements | null}
 */
export function jsonElements(body) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return null;
  }
  try {
    const tokens = new Tokens(text);
    tokens.value("", 0);
    return tokens.at === text.length ? tokens.elements : null;
  } catch (failure) {
    if (failure instanceof NoOneReading) return null;
    throw failure;
  }
}

/**
 * The one element of a file that is not taken apart.
 * @param {Bytes} fileHash its SHA-256 @returns {Elements}
 */
export const opaqueElements = (fileHash) => new Map([["", join(utf8("#"), fileHash)]]);

/** @param {Bytes} body @returns {Promise<{kind: string, elements: Elements}>} */
export async function elementsOf(body) {
  const elements = body.length <= JSON_MOST ? jsonElements(body) : null;
  if (elements !== null) return { kind: JSON_KIND, elements };
  return { kind: OPAQUE, elements: opaqueElements(await sha256(body)) };
}

/**
 * How a file is taken apart, and its elements; a large one streams by and is never held.
 * @param {Blob | Bytes} source @param {(done: number) => void} [onProgress] hears bytes read
 */
export async function contentOf(source, onProgress = () => {}) {
  const size = source instanceof Uint8Array ? source.length : source.size;
  if (size <= JSON_MOST || source instanceof Uint8Array) {
    const body =
      source instanceof Uint8Array ? source : new Uint8Array(await source.arrayBuffer());
    return { ...(await elementsOf(body)), size };
  }
  const whole = await createSHA256();
  whole.init();
  let done = 0;
  for await (const piece of piecesOf(source)) {
    whole.update(piece);
    done += piece.length;
    onProgress(done);
  }
  const elements = opaqueElements(join(whole.digest("binary")));
  return { kind: OPAQUE, elements, size };
}

/**
 * The salts of all elements: HMAC-SHA256 of their paths.
 * @param {Bytes} secret @returns {(path: string) => Bytes}
 */
function saltsOf(secret) {
  const keyed = hmac.create(sha256Now, secret); // the key is taken in once, not for each path
  return (path) => /** @type {Bytes} */ (keyed.clone().update(utf8(path)).digest());
}

/** @param {Bytes} salt @param {string} path @param {Bytes} value */
const leaf = (salt, path, value) =>
  keccak(join(new Uint8Array(1), salt, sha256Now(utf8(path)), sha256Now(value)));

/** @param {Elements} elements @param {Bytes} secret */
function leaves(elements, secret) {
  const saltOf = saltsOf(secret);
  return [...elements].map(([path, value]) => leaf(saltOf(path), path, value));
}

/**
 * The root over a body's elements under the record's content secret.
 * @param {Elements} elements @param {Bytes} secret
 */
export const contentRoot = (elements, secret) => rootOf(leaves(elements, secret));

/**
 * Show one element alone.
 * @param {Elements} elements @param {Bytes} secret @param {string} path @returns {Disclosure}
 */
export function disclose(elements, secret, path) {
  const value = elements.get(path);
  if (value === undefined) throw new NotElement();
  const all = leaves(elements, secret);
  const salt = saltsOf(secret)(path);
  const proof = proofOf(all, leaf(salt, path, value));
  return { path, value, salt, proof, root: rootOf(all) };
}

/** Whether one element stands in the content with this root. @param {Disclosure} disclosure */
export function isDisclosed({ path, value, salt, proof, root }) {
  return salt.length === 32 && isProven(leaf(salt, path, value), proof, root);
}
