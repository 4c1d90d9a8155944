// Owns the envelope in JavaScript (docs/formats.md, section 11).

import { webcrypto } from "node:crypto";
import { Refused, canonical, compare, equal, gcm, join, parseObject, require, utf8 } from "./bytes.mjs";
import * as keys from "./keys.mjs";

const SLOT = keys.OVERHEAD + 32;
const INFO = utf8("chartkey/envelope/1");
const random = (size) => webcrypto.getRandomValues(new Uint8Array(size));

/** @param {object} contents @param {Uint8Array[]} parties public keys */
export async function sealEnvelope(contents, parties) {
  const contentKey = random(32);
  const slots = await Promise.all(parties.map((party) => keys.seal(party, contentKey, INFO)));
  while (slots.length % 4) slots.push(await keys.seal(await keys.publicKey(random(32)), random(32), INFO));
  const nonce = random(12);
  const head = join(utf8("CKE"), new Uint8Array([1, slots.length]), ...slots.sort(compare), nonce);
  const text = utf8(canonical(contents));
  let size = 2048;
  while (size < text.length) size *= 2;
  require(size <= 1 << 18, "too long for an envelope");
  const padded = new Uint8Array(size).fill(0x20);
  padded.set(text);
  return join(head, await (await gcm(contentKey)).seal(nonce, padded, head));
}

/** @param {Uint8Array} envelope @param {Uint8Array[]} seeds private keys of a party */
export async function openEnvelope(envelope, seeds) {
  require(envelope.length >= 5 && equal(envelope.slice(0, 4), utf8("CKE\x01")), "not an envelope");
  const length = 5 + envelope[4] * SLOT + 12;
  require(envelope.length >= length + 2048 + 16, "cut off");
  const head = envelope.slice(0, length);
  for (const seed of seeds) {
    for (let at = 5; at < length - 12; at += SLOT) {
      let contentKey;
      try {
        contentKey = await keys.open(seed, head.slice(at, at + SLOT), INFO);
      } catch {
        continue;
      }
      const cipher = await gcm(contentKey);
      return parseObject(await cipher.open(head.slice(-12), envelope.slice(length), head));
    }
  }
  throw new Refused("nothing in here is sealed to these keys");
}
