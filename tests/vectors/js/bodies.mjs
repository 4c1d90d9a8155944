// Owns the sealed body in JavaScript (docs/formats.md, section 6), on WebCrypto.

import { equal, gcm, hkdf, join, require, sha256, uint, unhex, utf8 } from "./bytes.mjs";

const SEGMENT = 65536;
const TAG = 16;
const HEADER = 40;

/** @typedef {{chainId: number, registry: string, patient: string, author: string, category: string, contentRoot: string}} Context */

/** @param {Uint8Array} a @param {Uint8Array} b @param {Context} context */
export async function bodyKey(a, b, context) {
  const info = join(
    utf8("chartkey/body/1"),
    uint(context.chainId, 8),
    unhex(context.registry, 20),
    unhex(context.patient, 20),
    unhex(context.author, 20),
    unhex(context.contentRoot, 32),
    utf8(context.category),
  );
  const okm = await hkdf(join(a, b), info, 71);
  const commitment = okm.slice(32, 64);
  const header = join(utf8("CKB"), new Uint8Array([1, 1, 0, 0, 0]), commitment);
  return { key: okm.slice(0, 32), commitment, prefix: okm.slice(64), header };
}

/** @param {Uint8Array} a @param {Uint8Array} b */
export const contentSecret = (a, b) => hkdf(join(a, b), utf8("chartkey/content/1"));

const nonce = (body, i, last) => join(body.prefix, uint(i, 4), new Uint8Array([last ? 1 : 0]));

function* pieces(bytes, size) {
  const count = Math.max(1, Math.ceil(bytes.length / size));
  for (let i = 0; i < count; i += 1) yield [i, bytes.slice(i * size, (i + 1) * size), i === count - 1];
}

/** @param {Uint8Array} plaintext */
export async function sealBody(plaintext, a, b, context) {
  const body = await bodyKey(a, b, context);
  const cipher = await gcm(body.key);
  const parts = [body.header];
  for (const [i, piece, last] of pieces(plaintext, SEGMENT)) {
    parts.push(await cipher.seal(nonce(body, i, last), piece, body.header));
  }
  return join(...parts);
}

/** @param {Uint8Array} sealed */
export async function openBody(sealed, a, b, context) {
  require(sealed.length >= HEADER && equal(sealed.slice(0, 3), utf8("CKB")), "not a sealed body");
  require(sealed[3] === 1, "an unknown version");
  require(sealed[4] === 1, "an unknown suite");
  require(sealed.slice(5, 8).every((byte) => byte === 0), "reserved bytes are not zero");
  const body = await bodyKey(a, b, context);
  require(equal(sealed.slice(0, HEADER), body.header), "the halves do not belong to this body");
  const cipher = await gcm(body.key);
  const parts = [];
  for (const [i, piece, last] of pieces(sealed.slice(HEADER), SEGMENT + TAG)) {
    require(piece.length >= TAG, "cut off");
    require(piece.length > TAG || i === 0, "an empty segment that is not the only one");
    parts.push(await cipher.open(nonce(body, i, last), piece, body.header));
  }
  return join(...parts);
}

/** The counting body: byte i is i · 31 mod 251. @param {number} size */
export const counting = (size) => Uint8Array.from({ length: size }, (_, i) => (i * 31) % 251);

/** @param {Uint8Array} sealed */
export const sealedHash = (sealed) => sha256(sealed);
