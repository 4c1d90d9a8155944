// Owns the envelope in JavaScript (docs/formats.md, section 11).

import { webcrypto } from "node:crypto";
import { Refused, canonical, compare, equal, gcm, hkdf, join, parseCanonical, require, utf8 } from "./bytes.mjs";
import * as keys from "./keys.mjs";

const SLOT = keys.OVERHEAD + 32;
const INFO = utf8("chartkey/envelope/1");
const TAIL = 32 + 12;
const SMALLEST = 2048;
const LARGEST = 1 << 17;
const MOST_SLOTS = 108;
const random = (size) => webcrypto.getRandomValues(new Uint8Array(size));

/** The AES key and the commitment to it. @param {Uint8Array} secret */
async function keyOf(secret) {
  const okm = await hkdf(secret, utf8("chartkey/envelope-key/1"), 64);
  return { cipher: await gcm(okm.slice(0, 32)), commitment: okm.slice(32) };
}

/** @param {object} contents @param {Uint8Array[]} parties public keys */
export async function sealEnvelope(contents, parties) {
  const secret = random(32);
  const { cipher, commitment } = await keyOf(secret);
  const slots = await Promise.all(parties.map((party) => keys.seal(party, secret, INFO)));
  while (slots.length % 4) slots.push(await keys.seal(await keys.publicKey(random(32)), random(32), INFO));
  const nonce = random(12);
  const start = join(utf8("CKE"), new Uint8Array([1, slots.length]), ...slots.sort(compare));
  const head = join(start, commitment, nonce);
  const text = utf8(canonical(contents));
  let size = SMALLEST;
  while (size < text.length) size *= 2;
  require(size <= LARGEST, "too long for an envelope");
  const padded = new Uint8Array(size).fill(0x20);
  padded.set(text);
  return join(head, await cipher.seal(nonce, padded, head));
}

/** @param {Uint8Array} envelope @param {Uint8Array[]} seeds private keys of a party */
export async function openEnvelope(envelope, seeds) {
  require(envelope.length >= 5 && equal(envelope.slice(0, 4), utf8("CKE\x01")), "not an envelope");
  require(envelope[4] <= MOST_SLOTS, "too many slots");
  const length = 5 + envelope[4] * SLOT + TAIL;
  const text = envelope.length - length - 16;
  require(text >= SMALLEST && text <= LARGEST, "cut off, or too long");
  const head = envelope.slice(0, length);
  for (const seed of seeds) {
    for (let at = 5; at < length - TAIL; at += SLOT) {
      let secret;
      try {
        secret = await keys.open(seed, head.slice(at, at + SLOT), INFO);
      } catch {
        continue;
      }
      const { cipher, commitment } = await keyOf(secret);
      require(equal(commitment, head.slice(-TAIL, -12)), "its key is not the one it commits to");
      return parsePadded(await cipher.open(head.slice(-12), envelope.slice(length), head));
    }
  }
  throw new Refused("nothing in here is sealed to these keys");
}

function parsePadded(text) {
  let end = text.length;
  while (end > 0 && text[end - 1] === 0x20) end -= 1;
  return parseCanonical(text.slice(0, end));
}
