// Owns how bytes are joined, written and derived (docs/formats.md, sections 1 and 5), on WebCrypto.

import { MalformedSeal, MalformedStatement } from "./errors.js";

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

const { subtle } = globalThis.crypto;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const ZERO_ADDRESS = "0x" + "00".repeat(20);
/** Stands for "none" in statements. */
export const ZERO32 = new Uint8Array(32);

/** @param {number} size @returns {Bytes} bytes that nobody can guess */
export const random = (size) => crypto.getRandomValues(new Uint8Array(size));

/** UTF-8 of a text; a lone surrogate has none. @param {string} written @returns {Bytes} */
export function utf8(written) {
  if (typeof written !== "string" || !written.isWellFormed()) {
    throw new MalformedStatement("a value is not text");
  }
  return encoder.encode(written);
}

/** The text of UTF-8 bytes, a byte order mark included. @param {Uint8Array} bytes */
export function text(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new MalformedStatement("a value is not UTF-8");
  }
}

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < 16; value += 1) {
  VALUES[value.toString(16).charCodeAt(0)] = value;
  VALUES[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

/** Lower-case hexadecimal with 0x. @param {Uint8Array} bytes */
export function hex(bytes) {
  let written = "0x";
  for (let i = 0; i < bytes.length; i += 1) written += DIGITS[bytes[i]];
  return written;
}

/** @param {string} written @returns {Bytes | null} */
function digits(written) {
  if (!written.startsWith("0x") || written.length % 2) return null;
  const bytes = new Uint8Array(written.length / 2 - 1);
  for (let i = 0; i < bytes.length; i += 1) {
    const high = VALUES[written.charCodeAt(2 * i + 2)] ?? -1;
    const low = VALUES[written.charCodeAt(2 * i + 3)] ?? -1;
    if (high < 0 || low < 0) return null;
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

/**
 * Bytes of 0x-prefixed hexadecimal.
 * @param {unknown} written @param {number} [length] @returns {Bytes}
 */
export function unhex(written, length) {
  const bytes = typeof written === "string" ? digits(written) : null;
  if (bytes === null) throw new MalformedStatement("a value is not 0x-prefixed hexadecimal");
  if (length !== undefined && bytes.length !== length) {
    const facts = { given: bytes.length, expected: length };
    throw new MalformedStatement("a value has {given} bytes instead of {expected}", facts);
  }
  return bytes;
}

/**
 * A hexadecimal part of a sealed document.
 * @param {unknown} written @param {string} kind @param {number} [length]
 */
export function hexPart(written, kind, length) {
  try {
    return unhex(written, length);
  } catch {
    throw new MalformedSeal("a part is not hexadecimal of its length", { kind });
  }
}

/** @param {...Uint8Array} parts @returns {Bytes} */
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
  if (rest !== 0n) throw new MalformedStatement("a value does not fit {size} bytes", { size });
  return bytes;
}

/** @param {Uint8Array} bytes @returns {bigint} */
export const readUint = (bytes) => (bytes.length ? BigInt(hex(bytes)) : 0n);

/**
 * The order of byte strings: below, at, or above zero.
 * @param {Uint8Array} a @param {Uint8Array} b
 */
export function compare(a, b) {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i += 1) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** Looks at every byte, whatever differs first. @param {Uint8Array} a @param {Uint8Array} b */
export function equal(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** @param {Bytes} bytes @returns {Promise<Bytes>} */
export const sha256 = async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes));

/** @param {Bytes} key @param {Bytes} message @returns {Promise<Bytes>} */
export async function hmac(key, message) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", imported, message));
}

/** HKDF-SHA256 without salt. @param {Bytes} secret @param {Bytes} info @returns {Promise<Bytes>} */
export async function hkdf(secret, info, size = 32) {
  const key = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  return new Uint8Array(await subtle.deriveBits(parameters, key, size * 8));
}

/**
 * AES-256-GCM under one key, tag after the ciphertext; `open` answers null where the tag does not
 * fit, and whoever asks names the fault.
 * @param {Bytes} key
 */
export async function gcm(key) {
  const imported = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
  /** @param {Bytes} nonce @param {Bytes} additionalData */
  const parameters = (nonce, additionalData) => ({ name: "AES-GCM", iv: nonce, additionalData });
  return {
    /**
     * @param {Bytes} nonce @param {Bytes} plaintext @param {Bytes} bound @returns {Promise<Bytes>}
     */
    async seal(nonce, plaintext, bound) {
      return new Uint8Array(await subtle.encrypt(parameters(nonce, bound), imported, plaintext));
    },
    /**
     * @param {Bytes} nonce @param {Bytes} sealed @param {Bytes} bound
     * @returns {Promise<Bytes | null>}
     */
    async open(nonce, sealed, bound) {
      try {
        return new Uint8Array(await subtle.decrypt(parameters(nonce, bound), imported, sealed));
      } catch (failure) {
        if (failure instanceof DOMException) return null;
        throw failure;
      }
    },
  };
}

/**
 * Canonical JSON: sorted ASCII names, no white space, integers up to 2^53.
 * @param {any} value @returns {string}
 */
export function canonical(value) {
  if (value === null || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new MalformedStatement("a text has no canonical form");
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isInteger(value) || Math.abs(value) > 2 ** 53) {
      throw new MalformedStatement("a number has no canonical form");
    }
    return BigInt(value).toString();
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object") throw new MalformedStatement("a value has no canonical form");
  const members = Object.keys(value).sort().map((name) => {
    if (!/^[\x00-\x7f]*$/.test(name)) throw new MalformedStatement("a name is not ASCII");
    return `${JSON.stringify(name)}:${canonical(value[name])}`;
  });
  return `{${members.join(",")}}`;
}

/**
 * An object that must stand there in its canonical form (section 1), so that nobody reads another.
 * @param {Uint8Array} bytes @param {string} kind @returns {Record<string, any>}
 */
export function parseCanonical(bytes, kind) {
  let parsed;
  try {
    parsed = JSON.parse(decoder.decode(bytes));
  } catch {
    throw new MalformedSeal("it is not JSON", { kind });
  }
  let written = "";
  try {
    written = canonical(parsed);
  } catch {
    // what has no canonical form is refused below
  }
  const isObject = parsed !== null && typeof parsed === "object" && !Array.isArray(parsed);
  if (!isObject || !equal(encoder.encode(written), bytes)) {
    throw new MalformedSeal("it is not in its canonical form", { kind });
  }
  return parsed;
}

/**
 * Whether a value is an object with exactly these members.
 * @param {unknown} value @param {string[]} names
 */
export function hasMembers(value, names) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const given = Object.keys(value).sort();
  return given.join("\n") === [...names].sort().join("\n");
}

/** @param {Uint8Array} bytes */
export function base64(bytes) {
  let letters = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    letters += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(letters);
}

/** @param {string} written @returns {Bytes} */
export function unbase64(written) {
  let letters;
  try {
    letters = atob(written);
  } catch {
    throw new MalformedStatement("a value is not base64");
  }
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
}
