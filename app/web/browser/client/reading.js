// Owns a person's opening of records: asking custodians with one signature, or as the patient
// nobody.

import { ZERO32, base64, equal, hex, random, unhex } from "../core/bytes.js";
import { MOST_RECORDS, accessLetter, recordsRoot } from "../core/audit.js";
import { HEADER, PieceReader, contextOf, openStream } from "../core/bodies.js";
import { writeOpening } from "../core/custody.js";
import { sealEnvelope } from "../core/envelopes.js";
import { NoSlot, OutsideGrant } from "../core/errors.js";
import { KIND, openSlot, slotOf } from "../core/sheets.js";
import { CONSENT } from "../core/statements.js";
import { Gathering } from "./custodians.js";

/** @import { Bytes } from "../core/bytes.js" */

const TREATMENT = "TREAT";

/** @typedef {import("./letterbox.js").RecordFile} RecordFile */
/** @typedef {import("./letterbox.js").GrantFile} GrantFile */
/**
 * @typedef {object} Opened
 * @property {RecordFile} file
 * @property {string} opening digest of the access, "" in the own chart
 * @property {() => AsyncGenerator<Bytes>} pieces the content as it verifies
 */

/** A person who opens records. */
export class Reading {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{people: import("./people.js").People, letterbox: import("./letterbox.js").Letterbox,
   *   fates: import("./fates.js").Fates, sheets: import("./sheets.js").Sheets,
   *   writing: import("./writing.js").Writing, outbox: import("./outbox.js").Outbox,
   *   custodians: import("./custodians.js").Custodian[]}} parts
   */
  constructor(me, { people, letterbox, fates, sheets, writing, outbox, custodians }) {
    this.me = me;
    this.people = people;
    this.letterbox = letterbox;
    this.fates = fates;
    this.sheets = sheets;
    this.writing = writing;
    this.outbox = outbox;
    this.custodians = custodians;
    /** Why custodians did not answer, the last time that they were asked. @type {any[]} */
    this.faults = [];
  }

  /**
   * Make ready to open records of one chart with one signature for each thousand: what comes back
   * opens one after the other, and one that fails keeps none of the others.
   * @param {RecordFile[]} files
   * @param {GrantFile | null} grant
   * @param {string} [purpose]
   * @param {AbortSignal} [signal]
   * @returns {Promise<{file: RecordFile, open: () => Promise<Opened>}[]>}
   */
  async openAll(files, grant, purpose, signal) {
    this.faults = [];
    if (files.every(({ signed }) => signed.message.patient === this.me.address)) {
      return files.map((file) => ({ file, open: () => this.#openOwn(file) }));
    }
    const ready = [];
    for (let at = 0; at < files.length; at += MOST_RECORDS) {
      const some = files.slice(at, at + MOST_RECORDS);
      ready.push(...(await this.#askCustodians(some, grant, purpose, signal)));
    }
    return ready;
  }

  /** @param {RecordFile} file @returns {Promise<Opened>} */
  async #openOwn(file) {
    const halves = await this.writing.halvesOf(file, await this.sheets.of(file));
    return { file, opening: "", pieces: () => this.#pieces(file, this.#body(file), halves) };
  }

  /**
   * @param {RecordFile[]} files
   * @param {GrantFile | null} grant
   * @param {string | undefined} purpose
   * @param {AbortSignal} [signal]
   */
  async #askCustodians(files, grant, purpose, signal) {
    /** @type {Map<string, any>} */
    const sheets = new Map();
    /** @type {Map<string, unknown>} */
    const missing = new Map();
    const settled = await Promise.allSettled(files.map((file) => this.sheets.of(file)));
    signal?.throwIfAborted();
    for (const [i, { digest }] of files.entries()) {
      const one = settled[i];
      if (one.status === "fulfilled") sheets.set(hex(digest), one.value);
      else missing.set(hex(digest), one.reason); // the others open without it
    }
    const found = files.filter(({ digest }) => sheets.has(hex(digest)));
    const failed = files
      .filter(({ digest }) => missing.has(hex(digest)))
      .map((file) => ({ file, open: () => Promise.reject(missing.get(hex(file.digest))) }));
    if (!found.length) return failed;

    const { me } = this;
    const anchor = grant ? await this.fates.anchorSoon(grant.digest, CONSENT, signal) : null;
    const { access, session } = await me.signAccess({
      viewer: me.address,
      grant: grant ? grant.digest : ZERO32,
      records: recordsRoot(found.map(({ digest }) => digest)),
      purpose: purpose || (grant ? grant.signed.message.purpose : TREATMENT),
      at: me.now(),
      salt: random(32),
    });
    const patientKeys = await this.people.keysOf(found[0].signed.message.patient);
    const about = { access, session, found, sheets, grant, anchor, patientKeys };
    const asked = this.#request(about);
    const digest = me.digest(access);
    const gathering = new Gathering({
      custodians: this.custodians,
      requestFor: async (custodian) => asked(await custodian.described()),
      thresholds: new Map([...sheets].map(([mark, sheet]) => [mark, sheet.threshold])),
      access: digest,
      key: me.vault.identity,
      signal,
    });
    await this.#requireAny(gathering, found);
    await this.#report({ access, session, found, patientKeys, digest });
    const opening = hex(digest);
    const ready = found.map((file) => ({
      file,
      open: async () => {
        const halfA = await this.#halfA(sheets.get(hex(file.digest)), grant);
        const source = this.#body(file);
        const header = await source.peek(HEADER);
        const context = contextOf(file.signed.message, me.domains);
        const halves = await gathering.halves(hex(file.digest), header, halfA, context);
        this.faults = gathering.faults;
        return { file, opening, pieces: () => this.#pieces(file, source, halves) };
      },
    }));
    return [...ready, ...failed];
  }

  /**
   * Raise unless the custodians open one of the records at least.
   * @param {Gathering} gathering
   * @param {RecordFile[]} found
   */
  async #requireAny(gathering, found) {
    const waits = found.map(({ digest }) => gathering.requireEnough(hex(digest)));
    try {
      await Promise.any(waits);
    } catch (error) {
      throw error instanceof AggregateError ? error.errors[0] : error;
    } finally {
      this.faults = gathering.faults;
    }
  }

  /**
   * The request to each custodian: the same but for the shares that are its own.
   * @param {any} about
   * @returns {(described: any) => any}
   */
  #request({ access, session, found, sheets, grant, anchor, patientKeys }) {
    const common = {
      access,
      session,
      grant: grant ? grant.signed : null,
      proof: anchor ? anchor.proof : null,
      membership: grant ? grant.membership : null,
      viewerKeys: this.me.document,
      patientKeys: patientKeys.document,
    };
    return (described) => {
      const records = found.map((/** @type {RecordFile} */ file) => {
        const sheet = sheets.get(hex(file.digest));
        const share = shareFor(sheet, described.ids);
        return { record: file.signed.message, epoch: sheet.epoch, share };
      });
      const hasShare = records.some((/** @type {any} */ { share }) => share !== null);
      return hasShare ? writeOpening({ ...common, records }, this.me.domains) : null;
    };
  }

  /** @param {any} sheet @param {GrantFile | null} grant @returns {Promise<Bytes>} */
  async #halfA(sheet, grant) {
    if (!grant) return openSlot(sheet, KIND.author, this.me.vault.identity);
    if (grant.halfA) return grant.halfA;
    for (const seed of grant.keys) {
      const key = await this.letterbox.keyPair(seed);
      try {
        return await openSlot(sheet, KIND.category, key);
      } catch (error) {
        if (!(error instanceof NoSlot)) throw error; // it is another epoch's
      }
    }
    throw new OutsideGrant();
  }

  /**
   * Leave the opening with the patient and hand its digest in to be anchored.
   * @param {any} about
   */
  async #report({ access, session, found, patientKeys, digest }) {
    const { me } = this;
    const digests = found.map((/** @type {RecordFile} */ file) => file.digest);
    const letter = accessLetter(access, session, digests, me.domains);
    const body = {
      statement: me.file(access),
      envelope: base64(await sealEnvelope(letter, [patientKeys.identity])),
      parties: [found[0].signed.message.patient],
      session: { statement: me.file(session.signed), publicKey: hex(session.publicKey) },
    };
    const calls = [{ method: "POST", path: "/api/statements", body }];
    await this.outbox.handIn({ digest, calls });
  }

  /** @param {RecordFile} file */
  #body(file) {
    return new PieceReader(this.me.node.pieces(`/api/bodies/${encodeURIComponent(file.address)}`));
  }

  /**
   * @param {RecordFile} file
   * @param {any} source
   * @param {any} halves
   * @returns {AsyncGenerator<Bytes>}
   */
  #pieces(file, source, halves) {
    const context = contextOf(file.signed.message, this.me.domains);
    const { sealedHash } = file.signed.message;
    return openStream(source, { halves, context, content: file.content, sealedHash });
  }
}

/**
 * A custodian's slot in a sheet, null where it is not among those that the patient chose.
 * @param {any} sheet
 * @param {string[]} ids
 */
function shareFor(sheet, ids) {
  const own = sheet.slots.find(
    (/** @type {any} */ slot) =>
      slot.kind === KIND.share && ids.some((id) => equal(slot.recipient, unhex(id, 32))),
  );
  return own ? slotOf(sheet, KIND.share, own.recipient) : null;
}
