// Owns a patient's category keys: those that grants hand over, and the fresh ones after a
// revocation.

import { base64, hex } from "../core/bytes.js";
import { sealEnvelope } from "../core/envelopes.js";
import { grantLetter } from "../core/letters.js";
import { WalletRefused } from "./errors.js";
import { isPassing } from "./outbox.js";

/** @import { Bytes } from "../core/bytes.js" */

const DUE = "chartkey/epoch-due/1";

/** @typedef {import("./letterbox.js").GrantFile} GrantFile */

/** Epochs of category keys. */
export class Epochs {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{people: import("./people.js").People, letterbox: import("./letterbox.js").Letterbox,
   *   outbox: import("./outbox.js").Outbox, standing: import("./standing.js").Standing}} parts
   */
  constructor(me, { people, letterbox, outbox, standing }) {
    this.me = me;
    this.people = people;
    this.letterbox = letterbox;
    this.outbox = outbox;
    this.standing = standing;
    /** @type {{hash: string} | null} */
    this.due = null;
    /** @type {Promise<void> | null} */
    this.moving = null;
  }

  /** Whether keys are still due from before the page was closed. */
  async begin() {
    this.due = (await this.me.storage.get("sealed", `${DUE} ${this.me.address}`)) ?? null;
  }

  /**
   * The category's keys of this and all earlier epochs: the chart as it stands.
   * @param {string} category
   * @returns {Promise<Bytes[]>}
   */
  async categorySeeds(category) {
    const { epoch } = await this.people.categoryKeysOf(this.me.address);
    const epochs = Array.from({ length: epoch + 1 }, (_, i) => i);
    const keys = await Promise.all(epochs.map((one) => this.me.vault.category(category, one)));
    return keys.map(({ seed }) => seed);
  }

  /**
   * The revocation is kept; fresh keys follow at the next use where chain or node are away, or the
   * wallet says no.
   */
  async catchUpLater() {
    try {
      await this.catchUp();
    } catch (error) {
      if (!isPassing(error) && !(error instanceof WalletRefused)) throw error;
    }
  }

  /** Move to fresh keys where that is due, once however often it is asked for. */
  catchUp() {
    this.moving ??= this.#catchUp().finally(() => {
      this.moving = null;
    });
    return this.moving;
  }

  async #catchUp() {
    if (!this.due || !this.me.isPatient || (await this.#isUnderWay(this.due.hash))) return;
    await this.startEpoch();
    await this.setDue(null);
  }

  /**
   * Whether an own transaction that takes back is not in a block yet: till then the grant seems to
   * stand.
   * @param {string} hash
   */
  async #isUnderWay(hash) {
    if (!hash) return false;
    const { state } = await this.me.node.get(`/api/transactions/${hash}`);
    return state === "waiting";
  }

  /**
   * Remember, over a reload too, that fresh keys are due: at once, or once a transaction is in a
   * block.
   * @param {{hash: string} | null} due
   */
  async setDue(due) {
    const id = `${DUE} ${this.me.address}`;
    this.due = due;
    if (due) await this.me.storage.put("sealed", { id, ...due });
    else await this.me.storage.remove("sealed", id);
  }

  /**
   * Move every category to fresh keys, and hand them to those whose grants still stand. All epochs'
   * keys go along, so that a viewer who missed an earlier letter misses nothing.
   */
  async startEpoch() {
    const { epoch } = await this.people.categoryKeysOf(this.me.address);
    const published = await this.me.signCategoryKeys(epoch + 1);
    await this.me.node.put("/api/me/category-keys", published);
    for (const file of await this.letterbox.grantsGiven()) {
      if (!file.keys.length) continue;
      const standing = await this.standing.of(file);
      if (standing !== "running" && standing !== "not yet") continue;
      const { category, viewer } = file.signed.message;
      await this.handOver({ ...file, keys: await this.categorySeeds(category) }, viewer);
    }
  }

  /** @param {GrantFile} file @param {string} person */
  async handOver(file, person) {
    const { identity } = await this.people.keysOf(person);
    const envelope = await sealEnvelope(grantLetter(file, this.me.domains), [identity]);
    const body = { person, digest: hex(file.digest), envelope: base64(envelope) };
    const calls = [{ method: "POST", path: "/api/deliveries", body }];
    await this.outbox.handIn({ digest: file.digest, calls, isAnchored: false });
  }
}
