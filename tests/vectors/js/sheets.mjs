// Owns shares, key sheets and releases in JavaScript (docs/formats.md, sections 8 to 10).

import { combine, split } from "shamir-secret-sharing";
import { equal, join, readUint, require, sha256, uint, utf8 } from "./bytes.mjs";
import * as keys from "./keys.mjs";

export const KIND = { category: 1, author: 2, share: 3, patient: 4 };

/** @param {Uint8Array[]} shares @param {number} threshold */
export async function combineShares(shares, threshold) {
  require(shares.length >= threshold, "too few shares");
  const chosen = shares.slice(0, threshold);
  const numbers = new Set(chosen.map((share) => share.at(-1)));
  require(numbers.size === threshold && !numbers.has(0), "two shares have one number");
  require(new Set(chosen.map((share) => share.length)).size === 1, "shares of two lengths");
  return threshold === 1 ? chosen[0].slice(0, -1) : combine(chosen);
}

/** @param {Uint8Array} secret */
export const splitSecret = (secret, threshold, count) => split(secret, count, threshold);

const slotInfo = (kind, record, epoch, id) =>
  join(utf8("chartkey/slot/1"), uint(kind, 1), record, uint(epoch, 8), id);

export const releaseInfo = (access, record, custodian, viewer) =>
  join(utf8("chartkey/release/1"), access, record, custodian, viewer);

/** @param {Uint8Array} sheet */
export async function readSheet(sheet) {
  require(sheet.length >= 56 && equal(sheet.slice(0, 4), utf8("CKS\x01")), "not a key sheet");
  const threshold = sheet[52];
  const shares = sheet[53];
  require(threshold >= 1 && threshold <= shares, "its threshold does not fit its shares");
  const slots = [];
  let at = 56;
  for (let left = Number(readUint(sheet.slice(54, 56))); left > 0; left -= 1) {
    require(sheet.length >= at + 36, "a slot is cut off");
    const end = at + 36 + Number(readUint(sheet.slice(at + 34, at + 36)));
    require(sheet.length >= end, "a slot is cut off");
    slots.push({
      kind: sheet[at],
      number: sheet[at + 1],
      recipient: sheet.slice(at + 2, at + 34),
      sealed: sheet.slice(at + 36, end),
    });
    at = end;
  }
  require(at === sheet.length, "its length does not fit its slots");
  return {
    record: sheet.slice(4, 36),
    version: readUint(sheet.slice(36, 44)),
    epoch: readUint(sheet.slice(44, 52)),
    threshold,
    shares,
    slots,
    hash: await sha256(sheet),
  };
}

/** @param {any} sheet as `readSheet` returns it @param {number} kind @param {Uint8Array} seed */
export async function openSlot(sheet, kind, seed) {
  const id = await keys.keyId(await keys.publicKey(seed));
  const slot = sheet.slots.find((s) => s.kind === kind && equal(s.recipient, id));
  require(slot !== undefined, "nothing in here is sealed to this key");
  return keys.open(seed, slot.sealed, slotInfo(kind, sheet.record, sheet.epoch, id));
}

/** Write a sheet: halves to public keys; JavaScript's Shamir numbers shares at random. */
export async function writeSheet({ record, version, epoch, threshold, a, b, to }) {
  const slot = async (kind, key, secret, number = 0) => {
    const id = await keys.keyId(key);
    const sealed = await keys.seal(key, secret, slotInfo(kind, record, epoch, id));
    return join(uint(kind, 1), uint(number, 1), id, uint(sealed.length, 2), sealed);
  };
  const shares = await splitSecret(b, threshold, to.custodians.length);
  const slots = [await slot(KIND.category, to.category, a)];
  for (const author of to.authors) slots.push(await slot(KIND.author, author, a));
  for (const [i, custodian] of to.custodians.entries()) {
    slots.push(await slot(KIND.share, custodian, shares[i], shares[i].at(-1)));
  }
  slots.push(await slot(KIND.patient, to.patient, b));
  const counts = [uint(threshold, 1), uint(to.custodians.length, 1), uint(slots.length, 2)];
  return join(utf8("CKS\x01"), record, uint(version, 8), uint(epoch, 8), ...counts, ...slots);
}
