// Owns the taking back of permissions: custodians refuse at once, and fresh keys follow.

import { base64, hex, random, readUint } from "../core/bytes.js";
import { maskOf, revokes, wordOf } from "../core/consent.js";
import { writeRevocation } from "../core/custody.js";
import { sealEnvelope } from "../core/envelopes.js";
import { ChartkeyError } from "../core/errors.js";
import { revocationLetter } from "../core/letters.js";

/** @typedef {import("./identity.js").Signed} Signed */

/** A patient who takes permissions back. */
export class TakingBack {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{letterbox: import("./letterbox.js").Letterbox, fates: import("./fates.js").Fates,
   *   outbox: import("./outbox.js").Outbox, consent: import("./consent.js").Consent,
   *   epochs: import("./epochs.js").Epochs,
   *   custodians: import("./custodians.js").Custodian[]}} parts
   */
  constructor(me, { letterbox, fates, outbox, consent, epochs, custodians }) {
    this.me = me;
    this.letterbox = letterbox;
    this.fates = fates;
    this.outbox = outbox;
    this.consent = consent;
    this.epochs = epochs;
    this.custodians = custodians;
    /**
     * What is under way: a second press gets the first one's answer.
     * @type {Map<string, Promise<any>>}
     */
    this.underWay = new Map();
  }

  /** What takes one grant back. @param {string} digest */
  async revocationOf(digest) {
    const { nonce } = (await this.consent.find(digest)).signed.message;
    const message = { patient: this.me.address, word: wordOf(nonce), mask: maskOf(nonce) };
    return { type: "Revocation", message };
  }

  /** What takes everything back that was ever signed, known or not. */
  async revocationOfAll() {
    const tag = await (await this.me.chain.view()).tag(this.me.address);
    const message = { patient: this.me.address, tag, newTag: readUint(random(8)) };
    return { type: "RevocationOfAll", message };
  }

  /**
   * Take one grant back; custodians refuse at once, and the category keys move on.
   * @param {string} digest
   */
  async revoke(digest) {
    const { message } = (await this.consent.find(digest)).signed;
    const known = (await this.letterbox.revocations()).find((signed) => revokes(signed, message));
    if (known) return { digest: hex(this.me.digest(known)), state: "accepted", faults: [] };
    return this.#once(digest, () => this.revocationOf(digest));
  }

  /** Take everything back. */
  revokeAll() {
    return this.#once("all", () => this.revocationOfAll());
  }

  /** @param {string} key @param {() => Promise<{type: string, message: any}>} make */
  #once(key, make) {
    const begun = this.underWay.get(key) ?? make().then((made) => this.#takeBack(made));
    this.underWay.set(key, begun);
    begun.catch(() => {}).finally(() => this.underWay.delete(key)); // the caller hears of failures
    return begun;
  }

  /**
   * Hand a revocation in, tell the custodians, and keep a copy, so that no device forgets it.
   * @param {{type: string, message: any}} made
   */
  async #takeBack({ type, message }) {
    const signed = await this.me.sign(type, message);
    const digest = this.me.digest(signed);
    const letter = revocationLetter(signed, this.me.domains);
    const copy = await sealEnvelope(letter, [this.me.vault.identity.public]);
    const delivery = { person: this.me.address, digest: hex(digest), envelope: base64(copy) };
    const calls = [
      { method: "POST", path: "/api/statements", body: { statement: this.me.file(signed) } },
      { method: "POST", path: "/api/deliveries", body: delivery },
    ];
    await this.epochs.setDue({ hash: "" });
    const [state, faults] = await Promise.all([
      this.outbox.handIn({ digest, calls, letter }),
      this.#tellCustodians(signed),
    ]);
    this.me.chain.isStale = true;
    this.fates.renew();
    await this.epochs.catchUpLater();
    return { digest: hex(digest), state, faults };
  }

  /**
   * The node tells them too; this way they hear of it even where it does not.
   * @param {Signed} signed
   */
  async #tellCustodians(signed) {
    const outcomes = await Promise.allSettled(
      this.custodians.map((custodian) => custodian.hear(writeRevocation(signed))),
    );
    return outcomes.flatMap((outcome, i) => {
      if (outcome.status === "fulfilled") return [];
      if (!(outcome.reason instanceof ChartkeyError)) throw outcome.reason;
      return [{ custodian: this.custodians[i].name, error: outcome.reason.asJson() }];
    });
  }
}
