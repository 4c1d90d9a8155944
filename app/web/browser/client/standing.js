// Owns whether a permission holds now, as far as this device can tell.

import { maskOf, tagOf, wordOf } from "../core/consent.js";

/** @typedef {import("./letterbox.js").GrantFile} GrantFile */
/** @typedef {"running" | "ended" | "taken back" | "not yet"} Word */

/** What the contracts, and this patient's own revocations, say of grants. */
export class Standing {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {import("./letterbox.js").Letterbox} letterbox
   */
  constructor(me, letterbox) {
    this.me = me;
    this.letterbox = letterbox;
  }

  /** Whether a grant runs. @param {GrantFile} file @returns {Promise<Word>} */
  async of({ signed, membership }) {
    const { message } = signed;
    const view = await this.me.chain.view();
    const [tag, bits] = await Promise.all([
      view.tag(message.patient),
      view.revokedBits(message.patient, wordOf(message.nonce)),
    ]);
    const isReplaced = tag !== tagOf(message.nonce);
    if (isReplaced || bits & maskOf(message.nonce)) return "taken back";
    const isMine = message.patient === this.me.address;
    if (isMine && (await this.letterbox.hasTakenBack(message))) return "taken back";
    const now = this.me.now();
    if (now >= message.expiresAt) return "ended";
    if (now < message.notBefore) return "not yet";
    if (!membership || message.viewer === this.me.address) return "running";
    return this.letterbox.standingOf(membership);
  }
}
