// Owns the envelope: a letter sealed to its parties (docs/formats.md, section 11).

import { canonical, compare, equal, gcm, hex, hkdf, join, parseCanonical } from "./bytes.js";
import { random, utf8 } from "./bytes.js";
import { MalformedSeal, NoSlot, SlotNotOpened, UnknownVersion } from "./errors.js";
import { OVERHEAD, privateKey } from "./keys.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { PrivateKey, PublicKey } from "./keys.js" */

const KIND = "envelope";
const INFO = utf8("chartkey/envelope/1");
const SLOT = OVERHEAD + 32;
const SLOTS_STEP = 3;
const MOST_SLOTS = 108;
/** Commitment and nonce, which end the head. */
const TAIL = 32 + 12;
/** A reader takes texts from here on; a writer pads further (docs/formats.md, section 11). */
const SMALLEST = 2048;
const PADDED = 4096;
const PADDING_STEP = 4;
const LARGEST = 1 << 17;
/** The most that a letter may take as canonical JSON. */
export const MOST_TEXT = LARGEST;

/** The AES key and the commitment to it. @param {Bytes} secret */
async function keyOf(secret) {
  const okm = await hkdf(secret, utf8("chartkey/envelope-key/1"), 64);
  return { cipher: await gcm(okm.slice(0, 32)), commitment: okm.slice(32) };
}

/** @type {Promise<PublicKey> | null} */
let nobody = null;

/**
 * A key whose private half was forgotten: noise that looks like a slot must be one. One serves the
 * whole worker, since what is sealed tells nothing about the key that it is sealed to.
 */
async function someKey() {
  nobody ??= privateKey(random(32)).then((key) => key.public);
  return nobody;
}

/**
 * Seal a JSON object to up to 108 parties; slots of noise and spaces hide how many, and how long.
 * @param {object} contents @param {PublicKey[]} parties @returns {Promise<Bytes>}
 */
export async function sealEnvelope(contents, parties) {
  const keys = [...new Map(parties.map((party) => [hex(party.id), party])).values()];
  const count = Math.ceil(keys.length / SLOTS_STEP) * SLOTS_STEP;
  if (count < 1 || count > MOST_SLOTS) {
    throw new TypeError("an envelope has between 1 and 108 parties");
  }
  const text = padded(utf8(canonical(contents)));
  const secret = random(32);
  const { cipher, commitment } = await keyOf(secret);
  const noise = Array.from({ length: count - keys.length }, someKey);
  const slots = await Promise.all([
    ...keys.map((key) => key.seal(secret, INFO)),
    ...noise.map(async (key) => (await key).noise(32)),
  ]);
  const start = join(utf8("CKE"), new Uint8Array([1, count]), ...slots.sort(compare));
  const nonce = random(12);
  const head = join(start, commitment, nonce);
  return join(head, await cipher.seal(nonce, text, head));
}

/** @param {Bytes} text */
function padded(text) {
  if (text.length > LARGEST) throw new RangeError("an envelope holds at most 128 KiB");
  let size = PADDED;
  while (size < text.length) size *= PADDING_STEP;
  const whole = new Uint8Array(Math.min(size, LARGEST)).fill(0x20); // white space after JSON is still JSON
  whole.set(text);
  return whole;
}

/**
 * Open with the first key that fits; raises NoSlot where none does.
 * @param {Bytes} envelope @param {PrivateKey[]} keys @returns {Promise<Record<string, any>>}
 */
export const openEnvelope = async (envelope, keys) =>
  openWith(envelope, await secretOf(envelope, keys));

/**
 * What the first key that fits finds in its slot; raises NoSlot where none does.
 * @param {Bytes} envelope @param {PrivateKey[]} keys @returns {Promise<Bytes>}
 */
export async function secretOf(envelope, keys) {
  const head = headOf(envelope);
  for (const key of keys) {
    for (let at = 5; at < head.length - TAIL; at += SLOT) {
      const secret = await tried(key, head.slice(at, at + SLOT));
      if (secret !== null) return secret;
    }
  }
  throw new NoSlot();
}

/** @param {PrivateKey} key @param {Bytes} slot */
async function tried(key, slot) {
  try {
    return await key.open(slot, INFO);
  } catch (failure) {
    if (failure instanceof SlotNotOpened) return null; // somebody else's, or noise
    throw failure;
  }
}

/** @param {Bytes} envelope */
function headOf(envelope) {
  if (envelope.length < 5 || !equal(envelope.slice(0, 3), utf8("CKE"))) {
    throw new MalformedSeal("too short or of another kind", { kind: KIND });
  }
  if (envelope[3] !== 1) throw new UnknownVersion("", { kind: KIND, version: envelope[3] });
  if (envelope[4] > MOST_SLOTS) throw new MalformedSeal("it has too many slots", { kind: KIND });
  const length = 5 + envelope[4] * SLOT + TAIL;
  const text = envelope.length - length - 16;
  if (text < SMALLEST || text > LARGEST) {
    throw new MalformedSeal("it is cut off, or too long", { kind: KIND });
  }
  return envelope.slice(0, length);
}

/**
 * Open with the secret that was in a slot.
 * @param {Bytes} envelope @param {Bytes} secret @returns {Promise<Record<string, any>>}
 */
export async function openWith(envelope, secret) {
  const head = headOf(envelope);
  const { cipher, commitment } = await keyOf(secret);
  if (!equal(commitment, head.slice(-TAIL, -12))) {
    throw new MalformedSeal("its key is another than it commits to", { kind: KIND });
  }
  const text = await cipher.open(head.slice(-12), envelope.slice(head.length), head);
  if (text === null) throw new MalformedSeal("its text was altered", { kind: KIND });
  let end = text.length;
  while (end > 0 && text[end - 1] === 0x20) end -= 1;
  return parseCanonical(text.subarray(0, end), KIND);
}
