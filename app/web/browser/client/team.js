// Owns an organization's team: who is a member, and what was shared with the organization handed
// on.

import { base64, hex, random, sha256, utf8 } from "../core/bytes.js";
import { sealEnvelope } from "../core/envelopes.js";
import { membershipLetter } from "../core/letters.js";
import { address as parseAddress } from "../core/signatures.js";
import { NotHere } from "./errors.js";
import { CLOCKS_DIFFER } from "./identity.js";

/** @import { Bytes } from "../core/bytes.js" */

const HANDED = "chartkey/handed/1";

/** An organization, and people in one. */
export class Team {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{people: import("./people.js").People, letterbox: import("./letterbox.js").Letterbox,
   *   outbox: import("./outbox.js").Outbox, epochs: import("./epochs.js").Epochs}} parts
   */
  constructor(me, { people, letterbox, outbox, epochs }) {
    this.me = me;
    this.people = people;
    this.letterbox = letterbox;
    this.outbox = outbox;
    this.epochs = epochs;
    /**
     * What was handed on from this device: doing it again would do no harm.
     * @type {Set<string> | null}
     */
    this.handed = null;
    /** Memberships that were ended here just now. @type {Set<string>} */
    this.ended = new Set();
  }

  /** The memberships that this organization gave, newest first. */
  async members() {
    const all = await this.letterbox.memberships();
    const told = await Promise.all(
      all.map(async (signed) => {
        const { member, notBefore, expiresAt } = signed.message;
        return {
          digest: hex(this.me.digest(signed)),
          member: await this.people.reference(member),
          notBefore,
          expiresAt,
          standing: await this.#standingOf(signed),
        };
      }),
    );
    return told.sort((a, b) => b.notBefore - a.notBefore);
  }

  /** @param {import("./identity.js").Signed} signed */
  async #standingOf(signed) {
    if (this.ended.has(hex(this.me.digest(signed)))) return "ended";
    return this.letterbox.standingOf(signed);
  }

  /**
   * Let a member act under this organization's grants until a time, and hand those on.
   * @param {{member: string, expiresAt: number}} asked
   */
  async add({ member, expiresAt }) {
    const message = {
      organization: this.me.address,
      member: parseAddress(member),
      notBefore: this.me.now() - CLOCKS_DIFFER,
      expiresAt: Math.floor(expiresAt),
      salt: random(32),
    };
    await this.people.keysOf(message.member); // raises NotEnrolled
    const signed = await this.me.sign("Membership", message);
    const digest = this.me.digest(signed);
    const letter = membershipLetter(signed, this.me.domains);
    const envelope = base64(await sealEnvelope(letter, [this.me.vault.identity.public]));
    const body = { person: this.me.address, digest: hex(digest), envelope };
    const calls = [{ method: "POST", path: "/api/deliveries", body }];
    await this.outbox.handIn({ digest, calls, letter, isAnchored: false });
    await this.passOn();
    return { digest: hex(digest) };
  }

  /** Hand what this organization was given, with the newest keys, on to its members. */
  async passOn() {
    const memberships = await this.letterbox.memberships();
    if (!memberships.length) return;
    const standing = await Promise.all(memberships.map((signed) => this.#standingOf(signed)));
    const running = memberships.filter((_, i) => standing[i] === "running");
    const held = (await this.letterbox.grantsHeld()).filter(
      ({ signed }) => signed.message.viewer === this.me.address,
    );
    const handed = await this.#handedOn();
    for (const file of held) {
      for (const membership of running) {
        const mark = await markOf(file, this.me.digest(membership));
        if (handed.has(mark)) continue;
        await this.epochs.handOver({ ...file, membership }, membership.message.member);
        handed.add(mark);
      }
    }
    const id = `${HANDED} ${this.me.address}`;
    await this.me.storage.put("sealed", { id, marks: [...handed] });
  }

  async #handedOn() {
    const kept = await this.me.storage.get("sealed", `${HANDED} ${this.me.address}`);
    this.handed ??= new Set(kept?.marks ?? []);
    return this.handed;
  }

  /** End a membership before its time. @param {string} digest */
  async end(digest) {
    const all = await this.letterbox.memberships();
    const found = all.find((signed) => hex(this.me.digest(signed)) === digest);
    if (!found) throw new NotHere("", { what: "membership" });
    const message = { organization: this.me.address, membership: this.me.digest(found) };
    const signed = await this.me.sign("MembershipEnd", message);
    const body = { statement: this.me.file(signed) };
    const calls = [{ method: "POST", path: "/api/statements", body }];
    const state = await this.outbox.handIn({ digest: this.me.digest(signed), calls });
    this.ended.add(digest);
    return { state };
  }

  /** Whose member this person is, as far as grants were handed on. */
  async organizations() {
    const held = await this.letterbox.grantsHeld();
    /** @type {Map<string, import("./identity.js").Signed>} */
    const found = new Map();
    for (const { membership } of held) {
      if (!membership) continue;
      const { organization, expiresAt } = membership.message;
      const known = found.get(organization);
      if (!known || known.message.expiresAt < expiresAt) found.set(organization, membership);
    }
    return Promise.all(
      [...found.values()].map(async (membership) => ({
        organization: await this.people.reference(membership.message.organization),
        expiresAt: membership.message.expiresAt,
        standing: await this.letterbox.standingOf(membership),
      })),
    );
  }
}

/**
 * What a member has been handed: the grant with these keys, under this membership.
 * @param {import("./letterbox.js").GrantFile} file
 * @param {Bytes} membership
 */
async function markOf(file, membership) {
  const parts = [hex(file.digest), hex(membership), ...file.keys.map(hex).sort()];
  return hex(await sha256(utf8(parts.join(" ")))).slice(0, 34);
}
