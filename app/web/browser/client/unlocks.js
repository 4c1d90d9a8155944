// Owns a kept unlock: the vault's seed under a key of this browser that cannot be read out, so that
// a page that is loaded again within the session asks for no passphrase.

import { random, utf8 } from "../core/bytes.js";

/** @import { Bytes } from "../core/bytes.js" */

const { subtle } = crypto;

/**
 * @typedef {object} Unlock
 * @property {string} person
 * @property {CryptoKey} key
 * @property {Bytes} nonce
 * @property {Bytes} sealed
 * @property {number} expiresAt
 * @property {Session | null} session a session key that the wallet allowed
 */
/** @typedef {{privateKey: CryptoKey, publicKey: Bytes, signed: any}} Session */

/** @param {Bytes} nonce @param {string} person */
const parameters = (nonce, person) => ({
  name: "AES-GCM",
  iv: /** @type {BufferSource} */ (nonce),
  additionalData: /** @type {BufferSource} */ (utf8(`chartkey/unlock/1 ${person}`)),
});

/**
 * Keep a seed until a time.
 * @param {import("./storage.js").Storage} storage
 * @param {string} person
 * @param {Bytes} seed
 * @param {number} expiresAt
 */
export async function keepUnlock(storage, person, seed, expiresAt) {
  const key = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
  const nonce = random(12);
  const bytes = /** @type {BufferSource} */ (seed);
  const sealed = new Uint8Array(await subtle.encrypt(parameters(nonce, person), key, bytes));
  await storage.put("unlocks", { person, key, nonce, sealed, expiresAt, session: null });
}

/**
 * The seed and session of an unlock that runs still; null where there is none.
 * @param {import("./storage.js").Storage} storage
 * @param {string} person
 * @param {number} now
 */
export async function openUnlock(storage, person, now) {
  /** @type {Unlock | undefined} */
  const unlock = await storage.get("unlocks", person);
  if (!unlock) return null;
  if (unlock.expiresAt <= now) {
    await storage.remove("unlocks", person);
    return null;
  }
  const sealed = /** @type {BufferSource} */ (unlock.sealed);
  const seed = await subtle.decrypt(parameters(unlock.nonce, person), unlock.key, sealed);
  return { seed: new Uint8Array(seed), session: unlock.session, expiresAt: unlock.expiresAt };
}

/**
 * Keep the session key beside an unlock, where there is one.
 * @param {import("./storage.js").Storage} storage
 * @param {string} person
 * @param {Session} session
 */
export async function keepSession(storage, person, session) {
  const unlock = await storage.get("unlocks", person);
  if (unlock) await storage.put("unlocks", { ...unlock, session });
}
