// Owns requests: a viewer asks a patient for a permission; the patient gives it or declines.

import { base64, hex, random } from "../core/bytes.js";
import { requireCategory } from "../core/categories.js";
import { PURPOSES } from "../core/consent.js";
import { sealEnvelope } from "../core/envelopes.js";
import { requestLetter } from "../core/letters.js";
import { address as parseAddress } from "../core/signatures.js";
import { ADD, VIEW } from "../core/statements.js";
import { MalformedStatement } from "../core/errors.js";
import { NotHere } from "./errors.js";
import { readShelf, writeShelf } from "./people.js";

/** @import { Bytes } from "../core/bytes.js" */

const LONGEST = 500;

/** Requests, sent and received. */
export class Requests {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{people: import("./people.js").People, letterbox: import("./letterbox.js").Letterbox,
   *   outbox: import("./outbox.js").Outbox, consent: import("./consent.js").Consent}} parts
   */
  constructor(me, { people, letterbox, outbox, consent }) {
    this.me = me;
    this.people = people;
    this.letterbox = letterbox;
    this.outbox = outbox;
    this.consent = consent;
    /** @type {Set<string> | null} */
    this.declined = null;
  }

  /**
   * Ask a patient.
   * @param {{patient: string, category: string, purpose?: string, rights?: {view?: boolean,
   *   add?: boolean}, expiresAt: number, reason?: string}} asked
   */
  async ask({ patient, category, purpose = "TREAT", rights, expiresAt, reason = "" }) {
    const wanted = rights ?? { view: true, add: false };
    if (!PURPOSES.includes(purpose)) throw new MalformedStatement("it has no such purpose");
    const message = {
      patient: parseAddress(patient),
      viewer: this.me.address,
      category: requireCategory(category),
      purpose,
      rights: (wanted.view ? VIEW : 0) | (wanted.add ? ADD : 0),
      expiresAt: Math.floor(expiresAt),
      reason: [...reason].slice(0, LONGEST).join(""),
      at: this.me.now(),
      salt: random(32),
    };
    const { identity } = await this.people.keysOf(message.patient);
    const signed = await this.me.sign("Request", message);
    const digest = this.me.digest(signed);
    const letter = requestLetter(signed, this.me.domains);
    const envelope = base64(await sealEnvelope(letter, [identity, this.me.vault.identity.public]));
    const calls = [...new Set([message.patient, this.me.address])].map((person) => ({
      method: "POST",
      path: "/api/deliveries",
      body: { person, digest: hex(digest), envelope },
    }));
    await this.outbox.handIn({ digest, calls, letter, isAnchored: false });
    return { digest: hex(digest) };
  }

  /** Those that came. */
  async received() {
    const all = (await this.letterbox.requests()).filter(
      ({ signed }) => signed.message.patient === this.me.address,
    );
    return this.#tellAll(all);
  }

  /** Those that this person sent. */
  async sent() {
    const all = (await this.letterbox.requests()).filter(
      ({ signed }) => signed.message.viewer === this.me.address,
    );
    return this.#tellAll(all);
  }

  /**
   * Give what was asked for (a draft to sign), or decline.
   * @param {{digest: string, yes: boolean}} asked
   */
  async answer({ digest, yes }) {
    const all = await this.letterbox.requests();
    const found = all.find((one) => hex(one.digest) === digest);
    if (!found) throw new NotHere("", { what: "request" });
    if (!yes) {
      await this.#decline(digest);
      return { declined: true };
    }
    const { viewer, category, purpose, rights, expiresAt } = found.signed.message;
    const given = { view: (rights & VIEW) !== 0, add: (rights & ADD) !== 0 };
    return this.consent.prepare({ viewer, category, purpose, rights: given, expiresAt });
  }

  async #settings() {
    return (await readShelf(this.me, "settings")) ?? { chartkey: "settings/1" };
  }

  async #declinedOnes() {
    this.declined ??= new Set((await this.#settings()).declined ?? []);
    return this.declined;
  }

  /** @param {string} digest */
  async #decline(digest) {
    const settings = await this.#settings();
    const declined = [...new Set([...(settings.declined ?? []), digest])].slice(-500);
    await writeShelf(this.me, "settings", { ...settings, declined });
    this.declined = new Set(declined);
  }

  /** @param {{digest: Bytes, signed: import("./identity.js").Signed}[]} all */
  async #tellAll(all) {
    const declined = await this.#declinedOnes();
    const grants = (await this.letterbox.grants()).map(({ signed }) => signed.message);
    const told = await Promise.all(
      all.map(async ({ digest, signed: { message } }) => {
        const { patient, viewer, category, purpose, rights, expiresAt, reason, at } = message;
        const isGiven = grants.some((grant) => answers(grant, message));
        const answer = isGiven ? "given" : declined.has(hex(digest)) ? "declined" : "";
        return {
          digest: hex(digest),
          patient: await this.people.reference(patient),
          viewer: await this.people.reference(viewer),
          category,
          purpose,
          rights: { view: (rights & VIEW) !== 0, add: (rights & ADD) !== 0 },
          expiresAt,
          reason,
          at,
          answer,
        };
      }),
    );
    return told.sort((a, b) => b.at - a.at);
  }
}

/** Whether a grant gives what was asked for. @param {any} grant @param {any} request */
function answers(grant, request) {
  const names = ["patient", "viewer", "category", "purpose"];
  const isSame = names.every((name) => grant[name] === request[name]);
  const isEnough = (grant.rights & request.rights) === request.rights;
  return isSame && isEnough && grant.notBefore >= request.at - 600;
}
