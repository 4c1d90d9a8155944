// Owns what a node seals to itself, in JavaScript (docs/formats.md, section 11.2).

import { equal, gcm, hkdf, hmac, join, sha256, utf8 } from "../../../app/web/browser/core/bytes.js";
import { MalformedSeal, UnknownVersion } from "../../../app/web/browser/core/errors.js";

const kind = "waybill";
const HEAD = 20;
const NONCE = new Uint8Array(12);
const SHORTEST = HEAD + 16;

/** @param {Uint8Array} secret @param {Uint8Array} head */
const cipherOf = async (secret, head) => gcm(await hkdf(secret, join(utf8("chartkey/waybill/1"), head), 32));

/** @param {Uint8Array} secret @param {Uint8Array} content @param {Uint8Array} salt */
export async function sealToNode(secret, content, salt) {
  const head = join(utf8("CKW\x01"), salt);
  return join(head, await (await cipherOf(secret, head)).seal(NONCE, content, head));
}

/** @param {Uint8Array} secret @param {Uint8Array} sealed */
export async function openAsNode(secret, sealed) {
  if (sealed.length < SHORTEST || !equal(sealed.slice(0, 3), utf8("CKW"))) {
    throw new MalformedSeal("too short or of another kind", { kind });
  }
  if (sealed[3] !== 1) throw new UnknownVersion("", { kind, version: sealed[3] });
  const head = sealed.slice(0, HEAD);
  const opened = await (await cipherOf(secret, head)).open(NONCE, sealed.slice(HEAD), head);
  if (opened === null) throw new MalformedSeal("another node sealed it, or it was altered", { kind });
  return opened;
}

/** @param {Uint8Array} secret @param {Uint8Array} sealed */
export async function markOf(secret, sealed) {
  return hmac(await hkdf(secret, utf8("chartkey/waybill-mark/1"), 32), await sha256(sealed));
}
