// Owns what was signed here and is on its way: kept sealed until the node has it and the chain
// shows it, handed in again where the node has lost it. What arrives twice is taken once.

import { hex, random, text, unhex, utf8 } from "../core/bytes.js";
import {
  ChainError,
  ChartkeyError,
  ServerFault,
  StoreError,
  TooManyRequests,
  errorOf,
} from "../core/errors.js";
import { Offline, UnreadableAnswer, asTold } from "./errors.js";
import { inTurns } from "./turns.js";

/** @import { Bytes } from "../core/bytes.js" */

const PURPOSE = "chartkey/outbox/1";
const AT_ONCE = 4;
/** What may pass by itself: then the thing waits and is tried again. */
const PASSING = [Offline, UnreadableAnswer, ServerFault, TooManyRequests, StoreError, ChainError];

/**
 * @typedef {{method: string, path: string, body: any}} Handing one request that may be sent twice
 */
/**
 * @typedef {object} Parcel
 * @property {string[]} digests of the statements that it holds, 0x
 * @property {(Handing | Handing[])[]} calls in order; those of a list go together
 * @property {any[]} letters for the own letterbox
 * @property {boolean} isAccepted
 * @property {boolean} isAnchored whether an anchor, or a transaction, is to be waited for
 */

/** What one person's device has not seen on the chain yet. */
export class Outbox {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {import("./letterbox.js").Letterbox} letterbox
   * @param {import("./fates.js").Fates} fates
   */
  constructor(me, letterbox, fates) {
    this.me = me;
    this.letterbox = letterbox;
    this.fates = fates;
    /** @type {Map<string, Parcel>} */
    this.parcels = new Map();
    /** @type {Promise<void> | null} */
    this.flushing = null;
    this.told = 0;
  }

  /** Read what waited when the page was closed. */
  async begin() {
    const kept = (await this.me.storage.all("outbox")).filter(
      ({ person }) => person === this.me.address,
    );
    for (const entry of kept) {
      /** @type {Parcel} */
      const parcel = JSON.parse(text(await this.me.vault.open(entry, PURPOSE)));
      this.parcels.set(entry.id, parcel);
      this.#show(entry.id, parcel);
    }
    this.#tell();
  }

  /** How many have not been handed in. */
  get waiting() {
    const closed = [...this.parcels.values()].filter(({ isAccepted }) => !isAccepted);
    return closed.reduce((count, { digests }) => count + digests.length, 0);
  }

  /** Whether a statement waits here. @param {Bytes} digest */
  isWaiting(digest) {
    const wanted = hex(digest);
    const closed = [...this.parcels.values()].filter(({ isAccepted }) => !isAccepted);
    return closed.some(({ digests }) => digests.includes(wanted));
  }

  /**
   * Keep and hand in. Answers "accepted", or "signed" where it waits for the network; raises what
   * the node says where it refuses, and then nothing is kept.
   * @param {{digest: Bytes, calls: Handing[], letter?: any, isAnchored?: boolean}} given
   */
  handIn({ digest, calls, letter, isAnchored = true }) {
    return this.#handIn({
      digests: [hex(digest)],
      calls,
      letters: letter ? [letter] : [],
      isAccepted: false,
      isAnchored,
    });
  }

  /**
   * Many statements at once.
   * @param {{digest: Bytes, letter: any}[]} all
   * @param {(Handing | Handing[])[]} calls
   */
  handInMany(all, calls) {
    return this.#handIn({
      digests: all.map(({ digest }) => hex(digest)),
      calls,
      letters: all.map(({ letter }) => letter),
      isAccepted: false,
      isAnchored: true,
    });
  }

  /** @param {Parcel} parcel */
  async #handIn(parcel) {
    const id = hex(random(16));
    await this.#keep(id, parcel);
    try {
      await this.#send(id, parcel);
    } catch (error) {
      if (!isPassing(error)) {
        await this.#drop(id);
        throw error;
      }
      this.#tell();
    }
    this.#show(id, parcel);
    return parcel.isAccepted ? "accepted" : "signed";
  }

  /**
   * What was written here stands in the letterbox before the node sends it back.
   * @param {string} id
   * @param {Parcel} parcel
   */
  #show(id, { letters }) {
    for (const [place, letter] of letters.entries()) this.letterbox.add(`${id} ${place}`, letter);
  }

  /** Hand in what waits, and again what the node has lost. */
  flush() {
    this.flushing ??= this.#flush().finally(() => {
      this.flushing = null;
    });
    return this.flushing;
  }

  async #flush() {
    for (const [id, parcel] of [...this.parcels]) {
      try {
        if (parcel.isAccepted) await this.#look(id, parcel);
        else await this.#send(id, parcel);
      } catch (error) {
        if (error instanceof Offline) break;
        if (!(error instanceof ChartkeyError)) throw error;
        if (isPassing(error)) continue;
        await this.#drop(id);
        this.me.device.tell("refused", { digests: parcel.digests, error: asTold(error) });
      }
    }
    this.#tell();
  }

  /** @param {string} id @param {Parcel} parcel */
  async #send(id, parcel) {
    for (const call of parcel.calls) {
      if (!Array.isArray(call)) await this.#call(call);
      else await inTurns(call, AT_ONCE, (one) => this.#call(one));
    }
    parcel.isAccepted = true;
    if (parcel.isAnchored) await this.#keep(id, parcel);
    else await this.#drop(id);
    this.#tell();
  }

  /** @param {Handing} call */
  async #call({ method, path, body }) {
    const told = await this.me.node.send(method, path, body, { again: true });
    const refused = Array.isArray(told) ? told.find((one) => one.error) : null;
    if (refused) throw errorOf(refused, "The node");
  }

  /** @param {string} id @param {Parcel} parcel */
  async #look(id, parcel) {
    const last = /** @type {string} */ (parcel.digests.at(-1));
    const fate = await this.fates.of(unhex(last, 32));
    if (fate === null) await this.#send(id, parcel);
    else if (fate.state !== "accepted") await this.#drop(id);
  }

  /** @param {string} id @param {Parcel} parcel */
  async #keep(id, parcel) {
    this.parcels.set(id, parcel);
    const sealed = await this.me.vault.seal(utf8(JSON.stringify(parcel)), PURPOSE);
    await this.me.storage.put("outbox", { id, person: this.me.address, ...sealed });
  }

  /** @param {string} id */
  async #drop(id) {
    this.parcels.delete(id);
    await this.me.storage.remove("outbox", id);
  }

  #tell() {
    const count = this.waiting;
    if (count !== this.told) this.me.device.tell("waiting", { count });
    this.told = count;
  }
}

/** Whether a fault may pass by itself. @param {unknown} error */
export const isPassing = (error) => PASSING.some((kind) => error instanceof kind);

