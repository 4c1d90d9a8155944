// Owns what became of statements: signed, accepted, anchored, final; and the proofs that lead
// there.

import { hex, unhex } from "../core/bytes.js";
import { BOOKS } from "../core/statements.js";
import { isProven } from "../core/trees.js";
import { Offline, UnreadableAnswer, unlessAway } from "./errors.js";
import { AskedTogether } from "./asked_together.js";

/** @import { Bytes } from "../core/bytes.js" */

const MOST = 200;
/** Milliseconds for which what needs an anchor waits for it, and between two questions. */
const PATIENCE = 20_000;
const PAUSE = 400;

/**
 * @typedef {object} Fate
 * @property {"signed" | "accepted" | "anchored" | "final"} state
 * @property {number | null} block
 * @property {{root: Bytes, path: Bytes[]} | null} proof
 */

/** What the node tells of statements, kept until the chain has moved. */
export class Fates {
  /** @param {import("./node.js").Node} node @param {import("./chain.js").Chain} chain */
  constructor(node, chain) {
    this.node = node;
    this.chain = chain;
    /** @type {Map<string, Promise<Fate | null>>} */
    this.known = new Map();
    /** What was told last, whenever that was. @type {Map<string, Fate>} */
    this.last = new Map();
    /** @type {Set<string>} */
    this.final = new Set();
    this.block = -1;
    /** @type {AskedTogether<string, any>} */
    this.line = new AskedTogether(MOST, (digests) => this.#askAll(digests));
  }

  /** The chain or the node has moved: what is not final is asked anew. */
  renew() {
    for (const key of this.known.keys()) if (!this.final.has(key)) this.known.delete(key);
  }

  /**
   * What became of a statement; null where the node knows none.
   * @param {Bytes} digest
   * @returns {Promise<Fate | null>}
   */
  of(digest) {
    if (this.chain.block !== this.block) {
      this.renew();
      this.block = this.chain.block;
    }
    const key = hex(digest);
    let fate = this.known.get(key);
    if (!fate) {
      fate = this.#ask(key);
      this.known.set(key, fate);
      fate.catch(() => this.known.delete(key));
    }
    return fate;
  }

  /**
   * As pages see it: "signed" while it waits on this device.
   * @param {Bytes} digest
   * @param {boolean} [isWaiting]
   */
  async told(digest, isWaiting = false) {
    const fate = await unlessAway(this.of(digest), null); // then it is as this device left it
    return fate
      ? { state: fate.state, block: fate.block }
      : { state: isWaiting ? "signed" : "accepted", block: null };
  }

  /**
   * A proof that leads to an anchored root, and the root's time; null while there is none.
   * @param {Bytes} digest
   * @param {string} judge
   */
  async anchorOf(digest, judge) {
    if (!BOOKS.includes(judge)) return null; // PeopleRegistry keeps none, whatever a node may say
    const view = await this.chain.view();
    const alone = { root: digest, path: [] }; // whoever anchors one digest anchors it as the root
    const told = (await this.of(digest))?.proof;
    for (const proof of told ? [told, alone] : [alone]) {
      if (!isProven(digest, proof.path, proof.root)) continue;
      const at = await view.anchoredAt(judge, proof.root);
      if (at) return { proof, at };
    }
    return null;
  }

  /**
   * The same for a statement whose anchor may be on its way: asked anew for a while.
   * @param {Bytes} digest
   * @param {string} judge
   * @param {AbortSignal} [signal]
   */
  async anchorSoon(digest, judge, signal) {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const anchor = await this.anchorOf(digest, judge);
      if (anchor || Date.now() > end) return anchor;
      await new Promise((go) => setTimeout(go, PAUSE));
      signal?.throwIfAborted();
      this.chain.forget();
      this.renew();
    }
  }

  /** @param {string} key @returns {Promise<Fate | null>} */
  async #ask(key) {
    let told;
    try {
      told = await this.line.ask(key);
    } catch (error) {
      const last = this.last.get(key);
      if (!(error instanceof Offline) || !last) throw error;
      this.known.delete(key);
      return last;
    }
    if (!told) return null;
    if (told.final) this.final.add(key);
    /** @type {string[]} */
    const path = told.path ?? [];
    const proof = told.root
      ? { root: unhex(told.root, 32), path: path.map((step) => unhex(step, 32)) }
      : null;
    const fate = { state: stateOf(told), block: told.block ?? null, proof };
    this.last.set(key, fate);
    return fate;
  }

  /** @param {string[]} digests @returns {Promise<any[]>} */
  async #askAll(digests) {
    const { fates } = await this.node.post("/api/fates", { digests }, { again: true });
    if (fates?.length !== digests.length) throw new UnreadableAnswer();
    return fates;
  }
}

/** @param {{state: string, final: boolean}} told @returns {Fate["state"]} */
function stateOf({ state, final }) {
  if (final) return "final";
  return state === "anchored" || state === "done" ? "anchored" : "accepted";
}
