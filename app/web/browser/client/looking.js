// Owns who looked: every opening of the own chart, as viewers handed it in and as custodians logged
// it.

import { ZERO32, equal, hex, random, unhex } from "../core/bytes.js";
import { inquiry, recordsRoot, requireSigned } from "../core/audit.js";
import { isSessionSignature, recover } from "../core/signatures.js";
import { writeInquiry } from "../core/custody.js";
import { openEnvelope } from "../core/envelopes.js";
import { ChartkeyError } from "../core/errors.js";
import { AUDIT } from "../core/statements.js";
import { wordOfRole } from "./chain.js";
import { fails, holds, told, toldOf } from "./told.js";
import { NotHere } from "./errors.js";

/** @import { Bytes } from "../core/bytes.js" */

const DEADLINE = 3600;
/** Seconds after which an opening that nobody anchored is called missing. */

/** @typedef {import("./letterbox.js").Opening} Opening */
/** @typedef {{opening: Opening, reportedBy: Set<string>, isTold: boolean}} Seen */

/** What a patient learns of openings. */
export class Looking {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{people: import("./people.js").People, letterbox: import("./letterbox.js").Letterbox,
   *   fates: import("./fates.js").Fates, charting: import("./charting.js").Charting,
   *   custodians: import("./custodians.js").Custodian[]}} parts
   */
  constructor(me, { people, letterbox, fates, charting, custodians }) {
    this.me = me;
    this.people = people;
    this.letterbox = letterbox;
    this.fates = fates;
    this.charting = charting;
    this.custodians = custodians;
    /** @type {Map<string, Seen>} */
    this.seen = new Map();
    /** How far each custodian's log was read. @type {Map<string, number>} */
    this.read = new Map();
    /** @type {any[]} */
    this.faults = [];
  }

  /** Every opening of this chart that its viewer signed, newest first, and who did not report. */
  async openings() {
    const letters = this.letterbox.openingsTold();
    for (const opening of letters) this.#note(opening).isTold = true;
    await this.#ask();
    await this.charting.own(true); // titles
    const all = [...this.seen.values()];
    const made = await Promise.all(all.map(({ opening }) => this.letterbox.wasMade(opening)));
    const told = await Promise.all(all.filter((_, i) => made[i]).map((seen) => this.#tell(seen)));
    return { openings: told.sort((a, b) => b.at - a.at), faults: this.faults };
  }

  /** @param {Opening} opening */
  #note(opening) {
    const mark = hex(opening.digest);
    const known = this.seen.get(mark) ?? { opening, reportedBy: new Set(), isTold: false };
    this.seen.set(mark, known);
    return known;
  }

  /** One that does not answer hides nothing: the others report too, and it is named. */
  async #ask() {
    this.faults = [];
    await Promise.all(
      this.custodians.map(async (custodian) => {
        try {
          await this.#read(custodian);
        } catch (error) {
          if (!(error instanceof ChartkeyError)) throw error;
          this.faults.push({ custodian: custodian.name, error: error.asJson() });
        }
      }),
    );
  }

  /** @param {import("./custodians.js").Custodian} custodian */
  async #read(custodian) {
    const { ids, name } = await custodian.described();
    const asked = { patient: this.me.address, custodian: unhex(ids[0], 32), at: this.me.now() };
    const { access, session } = await this.me.signAccess(inquiry({ ...asked, salt: random(32) }));
    /** @type {number | null} */
    let after = 0;
    while (after !== null) {
      const page = await custodian.entries(writeInquiry(access, session, after));
      for (const opening of this.letterbox.openingsIn(await this.#opened(page.entries))) {
        this.#note(opening).reportedBy.add(name);
      }
      if (page.after !== null && page.after <= after) break; // it leads nowhere
      after = page.after;
    }
  }

  /** @param {Bytes[]} entries */
  async #opened(entries) {
    const letters = [];
    for (const entry of entries) {
      try {
        letters.push(await openEnvelope(entry, [this.me.vault.identity]));
      } catch (error) {
        if (!(error instanceof ChartkeyError)) throw error; // noise
      }
    }
    return letters;
  }

  /** @param {Seen} seen */
  async #tell({ opening, reportedBy, isTold }) {
    const { viewer, purpose, at } = opening.signed.message;
    const [who, fate, anchor, organization] = await Promise.all([
      this.people.reference(viewer),
      this.fates.told(opening.digest),
      this.fates.anchorOf(opening.digest, AUDIT),
      this.#organizationOf(opening),
    ]);
    const isLate = this.me.now() - at > DEADLINE;
    return {
      digest: hex(opening.digest),
      viewer: who,
      organization,
      records: opening.records.map((digest) => this.#named(hex(digest))),
      purpose,
      at,
      reportedBy: [...reportedBy].sort(),
      told: isTold,
      ...fate,
      anchoredAt: anchor ? anchor.at : null,
      verdict: anchor ? "anchored" : isLate ? "missing" : "waiting",
    };
  }

  /** Through whose grant a member opened. @param {Opening} opening */
  async #organizationOf({ signed }) {
    const { grant, viewer } = signed.message;
    const given = (await this.letterbox.grantsGiven()).find(({ digest }) => equal(digest, grant));
    if (!given || given.signed.message.viewer === viewer) return null;
    return this.people.reference(given.signed.message.viewer);
  }

  /** @param {string} digest */
  #named(digest) {
    const file = this.charting.listed.get(digest)?.file;
    return { digest, title: file?.title ?? "", category: file?.signed.message.category ?? "" };
  }

  /** One opening, step by step. @param {string} digest */
  async verify(digest) {
    if (!this.seen.has(digest)) await this.openings();
    const seen = this.seen.get(digest);
    if (!seen) throw new NotHere("", { what: "opening" });
    const { opening } = seen;
    const { viewer, grant, at, records } = opening.signed.message;
    const steps = [...(await this.#signatureSteps(opening))];
    const isSame = opening.records.length > 0 && equal(records, recordsRoot(opening.records));
    steps.push(
      isSame
        ? holds(told("It names exactly these records."))
        : fails(told("It names other records than these.")),
    );
    const anchor = await this.fates.anchorOf(opening.digest, AUDIT);
    steps.push(
      anchor
        ? holds(told("It is written down for good since {time}.", { time: stamp(anchor.at) }))
        : fails(told("It is not written down for good yet.")),
    );
    steps.push(await this.#permissionStep(grant, viewer, at));
    steps.push(await this.#credentialStep(viewer, at));
    const count = seen.reportedBy.size;
    const all = this.custodians.length;
    steps.push(
      count
        ? holds(told("{count} of {all} custodians report it.", { count, all }))
        : fails(told("No custodian reports it.")),
    );
    return { ok: steps.every((step) => step.ok), steps };
  }

  /** @param {Opening} opening */
  async #signatureSteps({ digest, signed, session }) {
    const { viewer, at } = signed.message;
    const view = await this.me.chain.view();
    const judging = { domains: this.me.domains, view, at, clock: at };
    if (!session) {
      const ok = await view.speaksFor(viewer, recover(digest, signed.signature), at);
      return [
        ok ? holds(told("The viewer's wallet signed it.")) : fails(told("Somebody else signed it.")),
      ];
    }
    const isSigned = await isSessionSignature(session.publicKey, digest, signed.signature);
    let allowed = holds(told("The viewer's wallet allowed that key at that time."));
    try {
      await requireSigned(signed, session, judging);
    } catch (error) {
      if (!(error instanceof ChartkeyError)) throw error;
      allowed = fails(toldOf(error));
    }
    return [
      isSigned
        ? holds(told("A key of the viewer's browser signed it."))
        : fails(told("Another key signed it.")),
      allowed,
    ];
  }

  /** @param {Bytes} grant @param {string} viewer @param {number} at */
  async #permissionStep(grant, viewer, at) {
    if (equal(grant, ZERO32)) {
      return holds(
        told("They opened what they had written themselves: that needs no permission."),
      );
    }
    const given = (await this.letterbox.grantsGiven()).find(({ digest }) => equal(digest, grant));
    if (!given) return fails(told("You know no such permission."));
    const { notBefore, expiresAt, viewer: allowed } = given.signed.message;
    const ran = notBefore <= at && at < expiresAt;
    if (allowed === viewer) {
      return ran
        ? holds(told("You had given them a permission that ran at that time."))
        : fails(told("The permission to them did not run at that time."));
    }
    return ran
      ? holds(told("You had given their organization a permission that ran at that time."))
      : fails(told("The permission to their organization did not run at that time."));
  }

  /** @param {string} viewer @param {number} at */
  async #credentialStep(viewer, at) {
    const view = await this.me.chain.view();
    const role = await view.credentialRole(viewer, at);
    const kind = wordOfRole(role);
    return holds(
      role
        ? told("A registrar had certified them at that time ({kind}).", { kind })
        : told("They held no professional credential of their own at that time."),
    );
  }
}

/** A time in plain figures. @param {number} seconds */
export const stamp = (seconds) =>
  `${new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
