// Owns the giving of permissions: what is to be signed, signing it once, and telling what was
// given.

import { ZERO32, base64, equal, hex, random } from "../core/bytes.js";
import { requireCategory } from "../core/categories.js";
import { freshNonce, maskOf, wordOf } from "../core/consent.js";
import { sealEnvelope } from "../core/envelopes.js";
import { grantLetter } from "../core/letters.js";
import { address as parseAddress } from "../core/signatures.js";
import { ADD, VIEW } from "../core/statements.js";
import { DraftGone, NotHere, unlessAway } from "./errors.js";
import { CLOCKS_DIFFER } from "./identity.js";

/** @import { Bytes } from "../core/bytes.js" */

const TREATMENT = "TREAT";

/** @typedef {import("./letterbox.js").GrantFile} GrantFile */
/** @typedef {import("./letterbox.js").RecordFile} RecordFile */
/** @typedef {{keys: Bytes[], halfA: Bytes | null}} Secrets */
/**
 * @typedef {{message: any, record: RecordFile | null, identity: any, secrets: Secrets,
 *   done: Promise<any> | null}} Draft
 */

/** A person who gives permissions. */
export class Consent {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{people: import("./people.js").People, letterbox: import("./letterbox.js").Letterbox,
   *   fates: import("./fates.js").Fates, outbox: import("./outbox.js").Outbox,
   *   writing: import("./writing.js").Writing, sheets: import("./sheets.js").Sheets,
   *   epochs: import("./epochs.js").Epochs, standing: import("./standing.js").Standing,
   *   seek: (digest: string) => Promise<{file: RecordFile}>}} parts
   */
  constructor(me, { people, letterbox, fates, outbox, writing, sheets, epochs, standing, seek }) {
    this.me = me;
    this.people = people;
    this.letterbox = letterbox;
    this.fates = fates;
    this.outbox = outbox;
    this.writing = writing;
    this.sheets = sheets;
    this.epochs = epochs;
    this.standing = standing;
    this.seek = seek;
    /** @type {Map<string, Draft>} */
    this.drafts = new Map();
  }

  // granting

  /**
   * What is to be signed, and in plain parts what it says; nothing is signed.
   * @param {{viewer: string, category?: string, record?: string, purpose?: string,
   *   rights?: {view?: boolean, add?: boolean}, expiresAt: number}} asked
   */
  async prepare({ viewer, category = "", record = "", purpose = TREATMENT, rights, expiresAt }) {
    await this.epochs.catchUp();
    const file = record ? (await this.seek(record)).file : null;
    const wanted = rights ?? { view: true, add: false };
    const whom = parseAddress(viewer);
    const { identity } = await this.people.keysOf(whom); // raises NotEnrolled
    const message = {
      patient: this.me.address,
      viewer: whom,
      category: requireCategory(file ? file.signed.message.category : category),
      record: file ? file.digest : ZERO32,
      purpose,
      rights: (wanted.view ? VIEW : 0) | (wanted.add ? ADD : 0),
      notBefore: this.me.now() - CLOCKS_DIFFER,
      expiresAt: Math.floor(expiresAt),
      nonce: await this.#freshNonce(),
      salt: random(32),
    };
    const summary = {
      patient: await this.people.reference(this.me.address),
      viewer: await this.people.reference(whom),
      category: message.category,
      record: file ? { digest: record, title: file.title } : null,
      purpose,
      rights: { view: Boolean(wanted.view), add: Boolean(wanted.add) },
      notBefore: message.notBefore,
      expiresAt: message.expiresAt,
    };
    const secrets = await this.#secretsFor(message, file);
    const draft = hex(random(16));
    this.drafts.set(draft, { message, record: file, identity, secrets, done: null });
    return { draft, typedData: this.me.domains.typedData("Grant", message), summary };
  }

  /**
   * A nonce that holds now: one whose bit was revoked already would make a permission that is none.
   */
  async #freshNonce() {
    const view = await this.me.chain.view();
    const [tag, used] = await Promise.all([view.tag(this.me.address), this.#used()]);
    for (;;) {
      const nonce = freshNonce(tag, used);
      const bits = await view.revokedBits(this.me.address, wordOf(nonce));
      if (!(bits & maskOf(nonce))) return nonce;
      used.push(nonce);
    }
  }

  /**
   * The nonces of grants that were given or are about to be, in order.
   * @returns {Promise<bigint[]>}
   */
  async #used() {
    const given = (await this.letterbox.grantsGiven()).map(({ signed }) => signed.message.nonce);
    return [...given, ...[...this.drafts.values()].map(({ message }) => message.nonce)];
  }

  /**
   * Sign a draft and hand it in, once however often it is asked for.
   * @param {string} id
   * @returns {Promise<{digest: string, state: string}>}
   */
  commit(id) {
    const draft = this.drafts.get(id);
    if (!draft) return Promise.reject(new DraftGone());
    draft.done ??= this.#give(draft).catch((error) => {
      draft.done = null; // the person may try again
      throw error;
    });
    return draft.done;
  }

  /** @param {string} id */
  drop(id) {
    if (!this.drafts.get(id)?.done) this.drafts.delete(id);
  }

  /**
   * The keys that go along: the category's, or the record's half A; none for the right to add
   * alone.
   * @param {any} message
   * @param {RecordFile | null} record
   */
  async #secretsFor(message, record) {
    const viewing = (message.rights & VIEW) !== 0;
    const keys = viewing && !record ? await this.epochs.categorySeeds(message.category) : [];
    return { keys, halfA: viewing && record ? await this.#halfA(record) : null };
  }

  /** @param {Draft} draft */
  async #give(draft) {
    const { message, record, identity } = draft;
    // they may have changed since the draft was made; without the network those of then will do
    const { keys, halfA } = await unlessAway(this.#secretsFor(message, record), draft.secrets);
    const signed = await this.me.sign("Grant", message);
    const digest = this.me.digest(signed);
    const file = { digest, signed, keys, halfA, record, membership: null };
    const letter = grantLetter(file, this.me.domains);
    const body = {
      statement: this.me.file(signed),
      envelope: base64(await sealEnvelope(letter, [identity, this.me.vault.identity.public])),
      parties: [message.viewer, this.me.address],
    };
    const calls = [{ method: "POST", path: "/api/statements", body }];
    const state = await this.outbox.handIn({ digest, calls, letter });
    return { digest: hex(digest), state };
  }

  /** @param {RecordFile} record */
  async #halfA(record) {
    const halves = await this.writing.halvesOf(record, await this.sheets.of(record));
    return halves.a;
  }

  // telling

  /** A grant as pages see it. @param {GrantFile} file */
  async tell(file) {
    const { message } = file.signed;
    const { patient, viewer, category, record, purpose, rights, notBefore, expiresAt } = message;
    const isTeam = viewer !== this.me.address && patient !== this.me.address;
    const [whose, whom, fate, standing] = await Promise.all([
      this.people.reference(patient),
      this.people.reference(viewer),
      this.fates.told(file.digest, this.outbox.isWaiting(file.digest)),
      this.standing.of(file),
    ]);
    const title = file.record?.title ?? "";
    return {
      digest: hex(file.digest),
      patient: whose,
      viewer: whom,
      organization: isTeam ? whom : null,
      category,
      record: equal(record, ZERO32) ? null : { digest: hex(record), title },
      purpose,
      rights: { view: (rights & VIEW) !== 0, add: (rights & ADD) !== 0 },
      notBefore,
      expiresAt,
      ...fate,
      standing,
    };
  }

  /**
   * Grants that this patient gave, newest first; those that only welcomed one record on demand.
   * @param {boolean} all
   */
  async given(all) {
    const given = await this.letterbox.grantsGiven();
    const shown = given.filter(({ signed: { message } }) => {
      return all || message.rights & VIEW || equal(message.record, ZERO32);
    });
    const told = await Promise.all(shown.map((file) => this.tell(file)));
    return told.sort((a, b) => b.notBefore - a.notBefore);
  }

  /** @param {string} [patient] */
  async held(patient) {
    const held = await this.letterbox.grantsHeld(patient);
    const told = await Promise.all(held.map((file) => this.tell(file)));
    return told.sort((a, b) => b.notBefore - a.notBefore);
  }

  /** @param {string} digest @returns {Promise<GrantFile>} */
  async find(digest) {
    const found = (await this.letterbox.grants()).find((file) => hex(file.digest) === digest);
    if (!found) throw new NotHere("", { what: "permission" });
    return found;
  }
}
