// Owns what opened the own letters before, kept sealed on this device: at the next sign-in a letter
// opens without each of its slots being tried. Who has the identity key could open them anyway, and
// what the node has erased this does not bring back: letters themselves are not kept.

import { hex, join, unhex } from "../core/bytes.js";
import { ChartkeyError } from "../core/errors.js";

/** @import { Bytes } from "../core/bytes.js" */

const PURPOSE = "chartkey/letter-secrets/1";
const [MARK, SECRET] = [32, 32];
const MOST = 20_000;

/** @param {string} person */
export const secretsId = (person) => `${PURPOSE} ${person}`;

/** Secrets of letters, by the SHA-256 of the envelope. */
export class LetterSecrets {
  /** @param {import("./identity.js").Identity} me */
  constructor(me) {
    this.me = me;
    /** @type {Map<string, Bytes>} */
    this.known = new Map();
    this.isNew = false;
    /** @type {Promise<void> | null} */
    this.loading = null;
  }

  /** What this device kept, once; without it letters only take longer. */
  load() {
    this.loading ??= orNothing(async () => {
      const kept = await this.me.storage.get("sealed", secretsId(this.me.address));
      const all = kept ? await this.me.vault.open(kept, PURPOSE) : new Uint8Array();
      for (let at = 0; at < all.length; at += MARK + SECRET) {
        const mark = hex(all.subarray(at, at + MARK));
        this.known.set(mark, all.slice(at + MARK, at + MARK + SECRET));
      }
    });
    return this.loading;
  }

  /** @param {string} mark */
  get(mark) {
    return this.known.get(mark);
  }

  /** @param {string} mark @param {Bytes} secret */
  add(mark, secret) {
    this.known.set(mark, secret);
    this.isNew = true;
  }

  /** Keep what was added since. On a shared workstation nothing is kept. */
  async save() {
    if (!this.isNew || !this.me.kept) return;
    this.isNew = false;
    await orNothing(async () => {
      const newest = [...this.known].slice(-MOST);
      const all = join(...newest.flatMap(([mark, secret]) => [unhex(mark, MARK), secret]));
      const sealed = await this.me.vault.seal(all, PURPOSE);
      await this.me.storage.put("sealed", { id: secretsId(this.me.address), ...sealed });
    });
  }
}

/** Storage that refuses, or another vault's entry, is no harm here. @param {() => Promise<void>} work */
async function orNothing(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ChartkeyError)) throw error;
  }
}
