// Owns envelopes as they come from the node: fetched once, opened once, in the order of their
// numbers.

import { hex, sha256, unbase64 } from "../core/bytes.js";
import { openWith, secretOf } from "../core/envelopes.js";
import { ChartkeyError, NoSlot } from "../core/errors.js";

/** @import { Bytes } from "../core/bytes.js" */

/**
 * @typedef {(after: number) => Promise<{envelopes: {number: number, envelope: string}[],
 *   next: number | null}>} FetchPage
 */

/** What was sent to one person, as far as some keys open it. */
export class Mailbag {
  /**
   * @param {FetchPage} fetchPage
   * @param {import("./letter_secrets.js").LetterSecrets | null} [secrets] what opened letters before
   */
  constructor(fetchPage, secrets = null) {
    this.fetchPage = fetchPage;
    this.secrets = secrets;
    this.after = 0;
    /** @type {Map<string, any>} by the SHA-256 of its envelope */
    this.opened = new Map();
    /**
     * Sealed to none of the keys so far.
     * @type {Map<string, {envelope: Bytes, tried: Set<string>}>}
     */
    this.closed = new Map();
    /** @type {Promise<any[]>} */
    this.fetching = Promise.resolve([]);
  }

  /** The letters, oldest first. */
  get letters() {
    return [...this.opened.values()];
  }

  /**
   * Fetch what is new and open what these keys open; answers the letters that were not there
   * before. What was damaged on the way is passed over.
   * @param {any[]} keys
   * @param {(told: {step: string, done: number, total: number}) => void} [progress]
   * @returns {Promise<any[]>}
   */
  fetch(keys, progress = () => {}) {
    const after = this.fetching.catch(() => []); // who asked for that one hears of its failure
    this.fetching = after.then(() => this.#fetch(keys, progress));
    return this.fetching;
  }

  /**
   * @param {any[]} keys
   * @param {(told: {step: string, done: number, total: number}) => void} progress
   */
  async #fetch(keys, progress) {
    const before = this.opened.size;
    await this.secrets?.load();
    for (let next = this.after; ; ) {
      const page = await this.fetchPage(next);
      for (const { number, envelope } of page.envelopes) {
        const bytes = unbase64(envelope);
        const mark = hex(await sha256(bytes));
        if (!this.opened.has(mark) && !this.closed.has(mark)) {
          this.closed.set(mark, { envelope: bytes, tried: new Set() });
        }
        this.after = Math.max(this.after, number);
      }
      if (page.next === null || page.next <= next) break; // the second would lead nowhere
      next = page.next;
      this.after = Math.max(this.after, next);
    }
    await this.#openAll(keys, progress);
    await this.secrets?.save();
    return this.letters.slice(before);
  }

  /**
   * @param {any[]} keys
   * @param {(told: {step: string, done: number, total: number}) => void} progress
   */
  async #openAll(keys, progress) {
    const waiting = [...this.closed];
    for (const [place, [mark, { envelope, tried }]] of waiting.entries()) {
      const untried = keys.filter((key) => !tried.has(hex(key.id)));
      if (!untried.length) continue;
      if (place % 16 === 0) progress({ step: "letters", done: place, total: waiting.length });
      try {
        this.opened.set(mark, await this.#open(mark, envelope, untried));
        this.closed.delete(mark);
      } catch (error) {
        if (!(error instanceof ChartkeyError)) throw error;
        if (error instanceof NoSlot) for (const key of untried) tried.add(hex(key.id));
        else this.closed.delete(mark); // malformed: no key will ever open it
      }
    }
  }

  /** @param {string} mark @param {Bytes} envelope @param {any[]} keys */
  async #open(mark, envelope, keys) {
    const known = this.secrets?.get(mark);
    if (known) return openWith(envelope, known);
    const secret = await secretOf(envelope, keys);
    const letter = await openWith(envelope, secret);
    this.secrets?.add(mark, secret);
    return letter;
  }

  /** A letter that was written here just now. @param {string} mark @param {any} contents */
  add(mark, contents) {
    this.opened.set(mark, contents);
  }
}
