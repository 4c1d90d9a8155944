// Owns the line to custodians: all are asked at once, and who failed is told with the reason.

import { hex, unhex } from "../core/bytes.js";
import { readLogPage, readRelease } from "../core/custody.js";
import {
  ChartkeyError,
  NotEnoughShares,
  ServiceRefused,
  ServiceUnreachable,
  WrongShare,
  errorOf,
} from "../core/errors.js";
import { fittingHalves, releaseInfo } from "../core/sheets.js";

/** @import { Bytes } from "../core/bytes.js" */

const PATIENCE = 10_000;

/**
 * @typedef {{url: string, name: string, ids: string[], publicKey: Bytes,
 *   registries: any[]}} Described
 */

/** One custodian, somewhere else. */
export class Custodian {
  /** @param {string} url */
  constructor(url) {
    this.url = url.replace(/\/+$/, "");
    this.name = new URL(url).host;
    /** @type {Promise<Described> | null} */
    this.telling = null;
  }

  /** What it tells of itself. @returns {Promise<Described>} */
  described() {
    this.telling ??= this.#describe().catch((error) => {
      this.telling = null;
      throw error;
    });
    return this.telling;
  }

  async #describe() {
    const told = await this.#ask("GET", "/custodian");
    return this.#understood(() => {
      const ids = told.ids.slice(0, 100).map((/** @type {string} */ id) => hex(unhex(id, 32)));
      if (!ids.length) throw new ServiceRefused("it names no key", { name: this.name });
      if (typeof told.name === "string" && told.name) this.name = told.name.slice(0, 100);
      const publicKey = unhex(told.publicKey);
      return { url: this.url, name: this.name, ids, publicKey, registries: told.registries ?? [] };
    });
  }

  /** Ask for shares. @param {any} opening @param {AbortSignal} [signal] */
  async release(opening, signal) {
    const told = await this.#ask("POST", "/openings", opening, signal);
    const answer = this.#understood(() => readRelease(told));
    if (!(await this.described()).ids.includes(hex(answer.custodian))) {
      this.telling = null; // it may have a new key since
      throw new ServiceRefused("it answered under another key than its own", { name: this.name });
    }
    return answer;
  }

  /** Tell a signed revocation before the chain does. @param {any} revocation */
  hear(revocation) {
    return this.#ask("POST", "/revocations", revocation);
  }

  /** A page of what it logged about the chart of whoever asks. @param {any} inquiry */
  async entries(inquiry) {
    const told = await this.#ask("POST", "/entries", inquiry);
    return this.#understood(() => readLogPage(told));
  }

  /** @template T @param {() => T} read @returns {T} */
  #understood(read) {
    try {
      return read();
    } catch (error) {
      if (error instanceof ServiceRefused) throw error;
      throw new ServiceRefused("its answer cannot be read", { name: this.name });
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {any} [body]
   * @param {AbortSignal} [signal]
   */
  async #ask(method, path, body, signal) {
    let answer;
    let told;
    try {
      answer = await fetch(this.url + path, {
        method,
        body: body && JSON.stringify(body),
        headers: body ? { "Content-Type": "application/json" } : {},
        mode: "cors",
        credentials: "omit",
        cache: "no-store",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.any([AbortSignal.timeout(PATIENCE), ...(signal ? [signal] : [])]),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      const isLate = cause instanceof DOMException && cause.name === "TimeoutError";
      const { name } = this;
      if (isLate) throw new ServiceUnreachable("it took too long", { name });
      throw new ServiceUnreachable("there is no connection to it", { name });
    }
    try {
      told = await answer.json();
    } catch {
      throw new ServiceRefused("it answered no JSON", { name: this.name });
    }
    if (!answer.ok) throw errorOf(told, this.name);
    return told;
  }
}

/**
 * @typedef {object} Asking
 * @property {Custodian[]} custodians
 * @property {(custodian: Custodian) => Promise<any
 *   | null>} requestFor null: it has no share of these
 * @property {Map<string, number>} thresholds by record digest (0x) how many shares are needed
 * @property {Bytes} access digest
 * @property {any} key the viewer's identity key
 * @property {AbortSignal} [signal]
 */

/**
 * Shares as custodians send them. The order in which they answer decides nothing: shares are taken
 * in the order of the custodians, and more are waited for while those at hand do not open the body.
 */
export class Gathering {
  /** @param {Asking} asking */
  constructor({ custodians, requestFor, thresholds, access, key, signal }) {
    this.custodians = custodians;
    this.thresholds = thresholds;
    this.access = access;
    this.key = key;
    /** @type {Map<number, Map<string, Bytes>>} */
    this.opened = new Map();
    /** @type {Map<number, ChartkeyError>} */
    this.failed = new Map();
    this.awaited = custodians.length;
    /** @type {(() => void)[]} */
    this.listeners = [];
    /** @type {unknown} */
    this.fault = null;
    for (const [place, custodian] of custodians.entries()) {
      void this.#ask(place, custodian, requestFor, signal);
    }
  }

  /** Who failed so far, and why. */
  get faults() {
    return [...this.failed].sort(([a], [b]) => a - b).map(([place, error]) => ({
      custodian: this.custodians[place].name,
      error: error.asJson(),
    }));
  }

  /**
   * Those of one record that are at hand, in the order of the custodians.
   * @param {string} digest
   */
  shares(digest) {
    return [...this.opened]
      .sort(([a], [b]) => a - b)
      .flatMap(([place, shares]) => {
        const share = shares.get(digest);
        return share ? [{ custodian: this.custodians[place].name, share }] : [];
      });
  }

  /**
   * Wait until one record has as many shares as it needs; raises why not.
   * @param {string} digest
   */
  async requireEnough(digest) {
    const threshold = this.thresholds.get(digest) ?? 1;
    while (this.shares(digest).length < threshold && (await this.#wait()));
    const given = this.shares(digest).length;
    if (given < threshold) throw this.#why(given, threshold);
  }

  /**
   * What opens a body; waits for further shares where one of the first lied.
   * @param {string} digest
   * @param {Bytes} header
   * @param {Bytes} halfA
   * @param {any} context
   */
  async halves(digest, header, halfA, context) {
    await this.requireEnough(digest);
    const threshold = this.thresholds.get(digest) ?? 1;
    for (;;) {
      try {
        return await fittingHalves(header, halfA, this.shares(digest), threshold, context);
      } catch (error) {
        if (!(error instanceof WrongShare) || !(await this.#wait())) throw error;
      }
    }
  }

  /**
   * @param {number} place
   * @param {Custodian} custodian
   * @param {Asking["requestFor"]} requestFor
   * @param {AbortSignal} [signal]
   */
  async #ask(place, custodian, requestFor, signal) {
    try {
      const request = await requestFor(custodian);
      const shares = request ? await this.#released(custodian, request, signal) : new Map();
      this.opened.set(place, shares);
    } catch (error) {
      if (error instanceof ChartkeyError) this.failed.set(place, error);
      else this.fault = error;
    }
    this.awaited -= 1;
    for (const go of this.listeners.splice(0)) go();
  }

  /** @param {Custodian} custodian @param {any} request @param {AbortSignal} [signal] */
  async #released(custodian, request, signal) {
    const answer = await custodian.release(request, signal);
    /** @type {Map<string, Bytes>} */
    const shares = new Map();
    for (const [digest, sealed] of answer.shares) {
      if (!this.thresholds.has(digest)) continue;
      const record = unhex(digest, 32);
      const info = releaseInfo(this.access, record, answer.custodian, this.key.id);
      shares.set(digest, await this.key.open(sealed, info));
    }
    return shares;
  }

  /** Wait for one more answer; false where all have come. */
  async #wait() {
    if (this.fault) throw this.fault;
    if (!this.awaited) return false;
    await new Promise((go) => this.listeners.push(() => go(undefined)));
    if (this.fault) throw this.fault;
    return true;
  }

  /**
   * The reason of a refusal that they share, else each one's.
   * @param {number} given
   * @param {number} needed
   */
  #why(given, needed) {
    const failures = [...this.failed.values()];
    const kinds = new Set(failures.map(({ name }) => name));
    if (given === 0 && kinds.size === 1) return failures[0];
    const reasons = this.faults
      .map((one) => `${one.custodian}: ${one.error.sentence.replace(/\.$/, "")}`)
      .join("; ")
      .replace(/\.$/, "");
    if (!reasons) return new NotEnoughShares("no custodian was asked", { given, needed });
    const error = new NotEnoughShares("{reasons}", { given, needed, reasons });
    error.because = this.faults;
    return error;
  }
}
