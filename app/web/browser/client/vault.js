// Owns an open vault: the keys that derive from its seed, each made once.

import { gcm, hkdf, random, utf8 } from "../core/bytes.js";
import { WrongLock } from "../core/errors.js";
import { categoryKey, identityKey } from "../core/keys.js";
import { ownWalletKey, phrase } from "../core/vaults.js";

/** @import { Bytes } from "../core/bytes.js" */

/** A person's keys on this device. */
export class Vault {
  #seed;
  /** @type {Map<string, Promise<any>>} */
  #categories = new Map();
  /** @type {Promise<any> | undefined} */
  #own;

  /** @param {Bytes} seed @param {any} identity */
  constructor(seed, identity) {
    this.#seed = seed;
    this.identity = identity;
  }

  /** @param {Bytes} seed */
  static async of(seed) {
    return new Vault(seed, await identityKey(seed));
  }

  get seed() {
    return this.#seed;
  }

  /** The recovery phrase. */
  get words() {
    return phrase(this.#seed).split(" ");
  }

  /**
   * A category's key pair in one epoch.
   * @param {string} name
   * @param {number} epoch
   * @returns {Promise<any>}
   */
  category(name, epoch) {
    const key = `${epoch} ${name}`;
    const known = this.#categories.get(key) ?? categoryKey(this.#seed, name, epoch);
    this.#categories.set(key, known);
    return known;
  }

  /** The key of the wallet that comes with this vault. @returns {Promise<Bytes>} */
  walletKey() {
    return ownWalletKey(this.#seed);
  }

  /**
   * Seal what only this person's own devices read.
   * @param {Bytes} plaintext
   * @param {string} purpose
   */
  async seal(plaintext, purpose) {
    const nonce = random(12);
    return { nonce, sealed: await (await this.#device()).seal(nonce, plaintext, utf8(purpose)) };
  }

  /**
   * @param {{nonce: Bytes, sealed: Bytes}} kept
   * @param {string} purpose
   * @returns {Promise<Bytes>}
   */
  async open({ nonce, sealed }, purpose) {
    const opened = await (await this.#device()).open(nonce, sealed, utf8(purpose));
    if (opened === null) throw new WrongLock();
    return opened;
  }

  /** Forget the seed. */
  close() {
    this.#seed.fill(0);
    this.#categories.clear();
  }

  /**
   * The key of what this device keeps sealed; formats.md has nothing of it, as it never travels.
   */
  #device() {
    this.#own ??= hkdf(this.#seed, utf8("chartkey/device/1")).then(gcm);
    return this.#own;
  }
}
