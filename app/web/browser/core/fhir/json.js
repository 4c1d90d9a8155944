// Owns a JSON reader that keeps the order of members, refuses a name twice, and knows where it is.

import { InvalidBundle } from "../errors.js";

/** @typedef {null | boolean | number | string | JsonList | JsonObject} Json */
/** @typedef {Json[]} JsonList */
/** @typedef {Map<string, Json>} JsonObject objects, so that no name is special and none is moved */

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const CONSTANT = /NaN|-?Infinity/y;
/** @type {[string, Json][]} */
const WORDS = [["null", null], ["true", true], ["false", false]];

/** Where a text stops being JSON. */
export class JsonFault extends Error {
  /** @param {number} at */
  constructor(at) {
    super("not JSON");
    this.at = at;
  }

  /** Line and column from 1, in characters. @param {string} text */
  placeIn(text) {
    const before = text.slice(0, this.at);
    const lines = before.split("\n");
    return { line: lines.length, column: [...lines[lines.length - 1]].length + 1 };
  }
}

export class JsonReader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  space() {
    for (; this.at < this.text.length; this.at += 1) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  /** The next sign after white space must be one of these. @param {string} signs */
  expect(signs) {
    this.space();
    const sign = this.text[this.at];
    if (sign === undefined || !signs.includes(sign)) throw new JsonFault(this.at);
    return sign;
  }

  /** @returns {Json} */
  value() {
    const first = this.text[this.at];
    if (first === '"') return this.string();
    if (first === "{") return this.members(() => this.value());
    if (first === "[") return this.items(() => this.value());
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  number() {
    CONSTANT.lastIndex = this.at;
    if (CONSTANT.test(this.text)) {
      throw new InvalidBundle("The file holds NaN or Infinity, which are not JSON numbers.");
    }
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text);
    if (found === null) throw new JsonFault(this.at);
    this.at += found[0].length;
    return Number(found[0]);
  }

  string() {
    const start = this.at;
    let escaped = false;
    for (let i = start + 1; i < this.text.length; i += 1) {
      const code = this.text.charCodeAt(i);
      if (code === 0x22) {
        this.at = i + 1;
        const whole = this.text.slice(start, this.at);
        return escaped ? /** @type {string} */ (JSON.parse(whole)) : whole.slice(1, -1);
      }
      if (code === 0x5c) {
        escaped = true;
        i = this.escape(i, start);
      } else if (code <= 0x1f) {
        throw new JsonFault(i);
      }
    }
    throw new JsonFault(start);
  }

  /**
   * The end of the escape that begins with the backslash at `i`.
   * @param {number} i @param {number} start of the string
   */
  escape(i, start) {
    const letter = this.text[i + 1];
    if (letter === undefined) throw new JsonFault(start);
    if (letter !== "u") {
      if (!'"\\/bfnrt'.includes(letter)) throw new JsonFault(i);
      return i + 1;
    }
    const isWhole = i + 6 < this.text.length; // at least the end of the string follows
    if (!isWhole || !/^[0-9a-fA-F]{4}$/.test(this.text.slice(i + 2, i + 6))) {
      throw new JsonFault(i + 1);
    }
    return i + 5;
  }

  /**
   * The members of the object that begins here, each read by `read`.
   * @template V @param {(name: string) => V} read @returns {Map<string, V>}
   */
  members(read) {
    this.at += 1;
    /** @type {Map<string, V>} */
    const members = new Map();
    let count = 0;
    let sign = this.expect('"}');
    while (sign !== "}") {
      const name = this.string();
      this.expect(":");
      this.at += 1;
      this.space();
      members.set(name, read(name));
      count += 1;
      sign = this.expect(",}");
      if (sign === ",") {
        this.at += 1;
        this.expect('"');
      }
    }
    this.at += 1;
    if (members.size !== count) {
      throw new InvalidBundle("A JSON object in the file has the same name twice.");
    }
    return members;
  }

  /**
   * The items of the list that begins here, each read by `read`.
   * @template V @param {() => V} read @returns {V[]}
   */
  items(read) {
    this.at += 1;
    this.space();
    /** @type {V[]} */
    const items = [];
    if (this.text[this.at] === "]") {
      this.at += 1;
      return items;
    }
    for (;;) {
      items.push(read());
      const sign = this.expect(",]");
      this.at += 1;
      if (sign === "]") return items;
      this.space();
    }
  }
}

/** What JSON.parse made, as this reader gives it. @param {any} plain @returns {Json} */
export function mapped(plain) {
  if (Array.isArray(plain)) return plain.map(mapped);
  if (plain === null || typeof plain !== "object") return plain;
  return new Map(Object.entries(plain).map(([name, value]) => [name, mapped(value)]));
}
