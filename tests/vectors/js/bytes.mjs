// Owns how the JavaScript reader joins, writes and derives bytes (docs/formats.md, sections 1 and 5).

import { webcrypto } from "node:crypto";

const { subtle } = webcrypto;
const encoder = new TextEncoder();

/** Why an input cannot be trusted or read. */
export class Refused extends Error {}

/** @param {unknown} condition @param {string} reason @returns {asserts condition} */
export function require(condition, reason) {
  if (!condition) throw new Refused(reason);
}

/** UTF-8 of a text; a lone surrogate has none. @param {string} text */
export function utf8(text) {
  require(typeof text === "string" && text.isWellFormed(), "text has a lone surrogate");
  return encoder.encode(text);
}

/** @param {Uint8Array} bytes */
export const hex = (bytes) => "0x" + Buffer.from(bytes).toString("hex");

/** @param {unknown} text @param {number} [length] @returns {Uint8Array} */
export function unhex(text, length) {
  require(typeof text === "string" && /^0x([0-9a-fA-F]{2})*$/.test(text), "not hexadecimal");
  const bytes = Uint8Array.from(Buffer.from(text.slice(2), "hex"));
  require(length === undefined || bytes.length === length, `not ${length} bytes`);
  return bytes;
}

/** @param {...Uint8Array} parts */
export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A big-endian unsigned integer. @param {number | bigint} value @param {number} size */
export function uint(value, size) {
  const bytes = new Uint8Array(size);
  let rest = BigInt(value);
  for (let i = size - 1; i >= 0; i -= 1, rest >>= 8n) bytes[i] = Number(rest & 255n);
  require(rest === 0n, `a number does not fit ${size} bytes`);
  return bytes;
}

/** @param {Uint8Array} bytes */
export const readUint = (bytes) => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

/** @param {Uint8Array} a @param {Uint8Array} b */
export const compare = (a, b) => Buffer.compare(a, b);

/** @param {Uint8Array} a @param {Uint8Array} b */
export const equal = (a, b) => compare(a, b) === 0;

/** @param {Uint8Array} bytes */
export const sha256 = async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes));

/** @param {Uint8Array} key @param {Uint8Array} message */
export async function hmac(key, message) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", imported, message));
}

/** HKDF-SHA256 without salt. @param {Uint8Array} secret @param {Uint8Array} info @param {number} size */
export async function hkdf(secret, info, size = 32) {
  const key = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  return new Uint8Array(await subtle.deriveBits(parameters, key, size * 8));
}

/** AES-256-GCM under one key: `seal` and `open`, tag after the ciphertext. @param {Uint8Array} key */
export async function gcm(key) {
  require(key.length === 32, "an AES key has 32 bytes");
  const imported = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
  const parameters = (nonce, additionalData) => ({ name: "AES-GCM", iv: nonce, additionalData });
  return {
    async seal(nonce, plaintext, bound) {
      return new Uint8Array(await subtle.encrypt(parameters(nonce, bound), imported, plaintext));
    },
    async open(nonce, sealed, bound) {
      try {
        return new Uint8Array(await subtle.decrypt(parameters(nonce, bound), imported, sealed));
      } catch {
        throw new Refused("altered, or sealed under another key");
      }
    },
  };
}

/** Canonical JSON: sorted ASCII names, no white space, integers up to 2^53. @param {any} value */
export function canonical(value) {
  if (value === null || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "string") {
    utf8(value);
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    require(Number.isInteger(value) && Math.abs(value) <= 2 ** 53, "a number has no canonical form");
    return BigInt(value).toString();
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  require(typeof value === "object", "a value has no canonical form");
  const members = Object.keys(value).sort().map((name) => {
    require(/^[\x00-\x7f]*$/.test(name), "a name is not ASCII");
    return `${JSON.stringify(name)}:${canonical(value[name])}`;
  });
  return `{${members.join(",")}}`;
}

/** Parse UTF-8 JSON that must be an object. @param {Uint8Array} bytes */
export function parseObject(bytes) {
  let parsed;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Refused("not JSON");
  }
  require(parsed !== null && typeof parsed === "object" && !Array.isArray(parsed), "not an object");
  return parsed;
}

/** Parse an object that must stand there in its canonical form. @param {Uint8Array} bytes */
export function parseCanonical(bytes) {
  const parsed = parseObject(bytes);
  require(equal(utf8(canonical(parsed)), bytes), "not in its canonical form");
  return parsed;
}

/** Refuse other members than these. @param {object} value @param {string[]} names */
export function requireMembers(value, names) {
  require(value !== null && typeof value === "object" && !Array.isArray(value), "not an object");
  const given = Object.keys(value).sort();
  require(given.join("\n") === [...names].sort().join("\n"), "other members than there should be");
}
