// Owns shares, key sheets and what a custodian releases (docs/formats.md, sections 8 to 10).

import { combine, split } from "shamir-secret-sharing";
import { bodyKey, requireHeader } from "./bodies.js";
import { equal, join, readUint, sha256, uint, utf8 } from "./bytes.js";
import { MalformedSeal, MalformedStatement, NoSlot, NotEnoughShares } from "./errors.js";
import { SheetStale, SheetSubstituted, UnknownVersion, WrongShare } from "./errors.js";
import { OVERHEAD } from "./keys.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { Context, Halves } from "./bodies.js" */
/** @import { PrivateKey, PublicKey } from "./keys.js" */
/** @import { Message } from "./typed_data.js" */

/** @typedef {{kind: number, number: number, recipient: Bytes, sealed: Bytes}} Slot */
/**
 * @typedef {{record: Bytes, version: bigint, epoch: bigint, threshold: number, shares: number,
 * slots: Slot[], hash: Bytes}} KeySheet
 */
/**
 * @typedef {{category: PublicKey, epoch: number | bigint, patient: PublicKey, custodians:
 * PublicKey[], threshold: number, authors: PublicKey[]}} Recipients
 */
/**
 * @typedef {{custodian: string, share: Bytes}} Share one custodian's, by the name that people know
 */

/** What a slot holds; readers pass over kinds that they do not know. */
export const KIND = { category: 1, author: 2, share: 3, patient: 4 };
const HEAD = 56;
const SLOT_HEAD = 36;
/** Choices of t shares that are tried: an author who sealed a wrong half A costs no more. */
const MOST_CHOICES = 1000;

// shares

/**
 * Shamir's shares over GF(2^8): the secret's length and the share's number (1 byte).
 * @param {Bytes} secret @param {number} threshold @param {number} count @returns {Promise<Bytes[]>}
 */
export async function splitSecret(secret, threshold, count) {
  if (!(threshold >= 1 && threshold <= count && count <= 255)) {
    throw new RangeError("1 ≤ threshold ≤ count ≤ 255");
  }
  if (threshold === 1) {
    return Array.from({ length: count }, (_, i) => join(secret, new Uint8Array([i + 1])));
  }
  return (await split(secret, count, threshold)).map((share) => join(share));
}

/**
 * The secret from t shares of different numbers.
 * @param {Bytes[]} shares @param {number} threshold @returns {Promise<Bytes>}
 */
export async function combineShares(shares, threshold) {
  if (shares.length < threshold) {
    const facts = { given: shares.length, needed: threshold };
    throw new NotEnoughShares("the others are missing", facts);
  }
  const chosen = shares.slice(0, threshold);
  if (new Set(chosen.map((share) => share.length)).size !== 1 || chosen[0].length < 2) {
    throw new WrongShare("it has another length");
  }
  const numbers = new Set(chosen.map((share) => share[share.length - 1]));
  if (numbers.size !== threshold || numbers.has(0)) {
    throw new WrongShare("two have the same number");
  }
  return threshold === 1 ? chosen[0].slice(0, -1) : join(await combine(chosen));
}

// sheets

/**
 * HPKE's info of a slot.
 * @param {number} kind @param {Bytes} record @param {number | bigint} epoch @param {Bytes} id
 */
export const slotInfo = (kind, record, epoch, id) =>
  join(utf8("chartkey/slot/1"), uint(kind, 1), record, uint(epoch, 8), id);

/**
 * HPKE's info of a released share.
 * @param {Bytes} access @param {Bytes} record @param {Bytes} custodian @param {Bytes} viewer
 */
export const releaseInfo = (access, record, custodian, viewer) =>
  join(utf8("chartkey/release/1"), access, record, custodian, viewer);

/**
 * Seal both halves of a record (its digest) to everyone who gets a part.
 * @param {{record: Bytes, version: number | bigint, halves: Halves, to: Recipients}} sheet
 * @returns {Promise<Bytes>}
 */
export async function writeSheet({ record, version, halves, to }) {
  if (record.length !== 32) throw new MalformedStatement("a value is not 32 bytes");
  /** @param {number} kind @param {PublicKey} key @param {Bytes} secret */
  const slot = async (kind, key, secret, number = 0) => {
    const sealed = await key.seal(secret, slotInfo(kind, record, to.epoch, key.id));
    return join(uint(kind, 1), uint(number, 1), key.id, uint(sealed.length, 2), sealed);
  };
  const shares = await splitSecret(halves.b, to.threshold, to.custodians.length);
  const slots = await Promise.all([
    slot(KIND.category, to.category, halves.a),
    ...to.authors.map((author) => slot(KIND.author, author, halves.a)),
    ...to.custodians.map((custodian, i) =>
      slot(KIND.share, custodian, shares[i], shares[i][shares[i].length - 1]),
    ),
    slot(KIND.patient, to.patient, halves.b),
  ]);
  const counts = [uint(to.threshold, 1), uint(to.custodians.length, 1), uint(slots.length, 2)];
  const head = [record, uint(version, 8), uint(to.epoch, 8), ...counts];
  return join(utf8("CKS\x01"), ...head, ...slots);
}

/** @param {Bytes} sheet @returns {Promise<KeySheet>} */
export async function readSheet(sheet) {
  if (sheet.length < HEAD || !equal(sheet.slice(0, 3), utf8("CKS"))) {
    throw new MalformedSeal("too short or of another kind", { kind: "key sheet" });
  }
  if (sheet[3] !== 1) throw new UnknownVersion("", { kind: "key sheet", version: sheet[3] });
  const [threshold, shares] = [sheet[52], sheet[53]];
  if (threshold < 1 || threshold > shares) {
    throw new MalformedSeal("its threshold does not fit its shares", { kind: "key sheet" });
  }
  return {
    record: sheet.slice(4, 36),
    version: readUint(sheet.subarray(36, 44)),
    epoch: readUint(sheet.subarray(44, 52)),
    threshold,
    shares,
    slots: slotsOf(sheet),
    hash: await sha256(sheet),
  };
}

/** @param {Bytes} sheet @returns {Slot[]} */
function slotsOf(sheet) {
  const slots = [];
  let at = HEAD;
  for (let left = Number(readUint(sheet.subarray(54, 56))); left > 0; left -= 1) {
    if (sheet.length < at + SLOT_HEAD) {
      throw new MalformedSeal("a slot is cut off", { kind: "key sheet" });
    }
    const end = at + SLOT_HEAD + Number(readUint(sheet.subarray(at + 34, at + SLOT_HEAD)));
    slots.push({
      kind: sheet[at],
      number: sheet[at + 1],
      recipient: sheet.slice(at + 2, at + 34),
      sealed: sheet.slice(at + SLOT_HEAD, end),
    });
    at = end;
  }
  if (at !== sheet.length) {
    throw new MalformedSeal("its length does not fit its slots", { kind: "key sheet" });
  }
  return slots;
}

/**
 * The slot of that kind for the key with that id.
 * @param {KeySheet} sheet @param {number} kind @param {Bytes} id
 */
export function slotOf(sheet, kind, id) {
  const slot = sheet.slots.find((one) => one.kind === kind && equal(one.recipient, id));
  if (slot === undefined) throw new NoSlot();
  return slot;
}

/**
 * The 32 bytes (of a share: 33) sealed to a key.
 * @param {KeySheet} sheet @param {number} kind @param {PrivateKey} key
 */
export async function openSlot(sheet, kind, key) {
  const slot = slotOf(sheet, kind, key.id);
  return key.open(slot.sealed, slotInfo(kind, sheet.record, sheet.epoch, key.id));
}

/**
 * Read a sheet only if it is the signed one and none newer is known.
 * @param {Bytes} sheet @param {Message} signed the Sheet statement's message
 * @param {bigint} [newest]
 */
export async function requireNewest(sheet, signed, newest = 0n) {
  if (!equal(await sha256(sheet), signed.sheetHash)) throw new SheetSubstituted();
  const parsed = await readSheet(sheet);
  if (!equal(parsed.record, signed.record) || parsed.version !== signed.version) {
    throw new SheetSubstituted();
  }
  if (parsed.version < newest) throw new SheetStale("", { given: parsed.version, newest });
  return parsed;
}

/**
 * What its patient checks: nobody is left out, and as many custodians open as were chosen.
 * @param {KeySheet} sheet @param {Omit<Recipients, "authors">} to
 */
export function requireComplete(sheet, to) {
  const chosen = sheet.threshold === to.threshold && sheet.shares === to.custodians.length;
  if (!chosen || sheet.epoch !== BigInt(to.epoch)) throw new SheetSubstituted();
  /** @type {[number, PublicKey][]} */
  const due = [[KIND.category, to.category], [KIND.patient, to.patient]];
  for (const custodian of to.custodians) due.push([KIND.share, custodian]);
  for (const [kind, key] of due) {
    if (slotOf(sheet, kind, key.id).sealed.length <= OVERHEAD) throw new NoSlot();
  }
}

// opening

/**
 * The halves that a body commits to, from whichever t shares fit: one custodian that lies is passed
 * over. Raises WrongShare where none fit.
 * @param {Bytes} header the body's first 40 bytes @param {Bytes} halfA @param {Share[]} shares
 * @param {number} threshold @param {Context} context @returns {Promise<Halves>}
 */
export async function fittingHalves(header, halfA, shares, threshold, context) {
  requireHeader(header);
  let tried = 0;
  for (const chosen of combinations(shares, threshold)) {
    if (tried >= MOST_CHOICES) break;
    tried += 1;
    const halves = await halvesOf(halfA, chosen, threshold);
    if (halves && equal((await bodyKey(halves, context)).header, header)) return halves;
  }
  const names = shares.map((share) => share.custodian).join(", ");
  throw new WrongShare("no {threshold} of those from {names} open this body", { threshold, names });
}

/**
 * @param {Bytes} a @param {Share[]} chosen @param {number} threshold
 * @returns {Promise<Halves | null>}
 */
async function halvesOf(a, chosen, threshold) {
  try {
    const b = await combineShares(chosen.map((share) => share.share), threshold);
    return b.length === 32 ? { a, b } : null;
  } catch (failure) {
    if (failure instanceof WrongShare) return null;
    throw failure;
  }
}

/**
 * Every choice of some items, in their order.
 * @template T @param {T[]} items @param {number} count @returns {Generator<T[]>}
 */
function* combinations(items, count, from = 0) {
  if (count === 0) {
    yield [];
    return;
  }
  for (let i = from; i <= items.length - count; i += 1) {
    for (const rest of combinations(items, count - 1, i + 1)) yield [items[i], ...rest];
  }
}
