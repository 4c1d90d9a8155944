// Owns the making of a record: the body sealed and brought to the node, its statement, its key
// sheet.

import { ZERO32, base64, equal, hex, join, random, sha256, text, utf8 } from "../core/bytes.js";
import { contentSecret, contextOf, newHalves, piecesOf } from "../core/bodies.js";
import { sealBody, sealStream } from "../core/bodies.js";
import { requireCategory } from "../core/categories.js";
import { contentOf, contentRoot } from "../core/content.js";
import { sealEnvelope } from "../core/envelopes.js";
import { recordLetter } from "../core/letters.js";
import { KIND, openSlot, writeSheet } from "../core/sheets.js";
import { SEALED, hasFiles, readFile, removeFile, writeFile } from "./files.js";
import { NotHere } from "./errors.js";
import { uploadBody } from "./uploads.js";

/** @import { Bytes } from "../core/bytes.js" */

const SMALL = 8 << 20;
/** Bytes up to which a body is sealed in memory. */
const PURPOSE = "chartkey/upload/1";

/**
 * @typedef {object} Draft what a record is to be
 * @property {string} patient
 * @property {string} category
 * @property {string} title
 * @property {string} mediaType
 * @property {Blob | Bytes} source
 * @property {Bytes} [supersedes]
 * @property {string} [occurred] when what it tells of happened, as FHIR writes times
 * @property {any} [keys] whom to seal to, where it was asked for before
 */
/**
 * @typedef {object} SealedBody
 * @property {{a: Bytes, b: Bytes}} halves
 * @property {Bytes} contentRoot
 * @property {Bytes} sealedHash
 * @property {string} content
 * @property {number} size
 */
/** @typedef {{progress: (told: any) => void, signal?: AbortSignal}} Call */
/** @typedef {import("./letterbox.js").RecordFile} RecordFile */
/** @typedef {import("./outbox.js").Handing} Handing */

/** A person who writes records. */
export class Writing {
  /** @param {import("./identity.js").Identity} me @param {import("./people.js").People} people */
  constructor(me, people) {
    this.me = me;
    this.people = people;
  }

  /**
   * Seal a body, bring it to the node and sign its record: what is left is to hand it in.
   * @param {Draft} draft @param {Call} call
   * @returns {Promise<{file: RecordFile, calls: Handing[], submission: any, letter: any}>}
   */
  async write(draft, call) {
    requireCategory(draft.category);
    const size = draft.source instanceof Uint8Array ? draft.source.length : draft.source.size;
    if (size > SMALL && hasFiles()) return this.#writeLarge(draft, call);
    const source =
      draft.source instanceof Uint8Array
        ? draft.source
        : new Uint8Array(await draft.source.arrayBuffer());
    const { sealing, body } = await this.#prepare({ ...draft, source }, call);
    const sealed = await sealBody(source, sealing);
    const whole = { ...body, sealedHash: await sha256(sealed) };
    const address = await uploadBody(this.me.node, sealed, {
      progress: (done) => call.progress({ step: "upload", done, total: sealed.length }),
      signal: call.signal,
    });
    return this.#sign(draft, whole, address);
  }

  /**
   * Halves and content root; a large file is hashed in a first pass.
   * @param {Draft} draft
   * @param {Call} call
   */
  async #prepare(draft, call) {
    const halves = newHalves();
    const total = draft.source instanceof Uint8Array ? draft.source.length : draft.source.size;
    const { kind, elements, size } = await contentOf(draft.source, (/** @type {number} */ done) => {
      call.signal?.throwIfAborted();
      call.progress({ step: "hash", done, total });
    });
    const root = contentRoot(elements, await contentSecret(halves));
    const bound = { ...draft, author: this.me.address, contentRoot: root };
    const sealing = { halves, context: contextOf(bound, this.me.domains) };
    return { sealing, body: { halves, contentRoot: root, content: kind, size } };
  }

  // large files: sealed into the private file system, from where the upload may go on another day

  /** @param {Draft} draft @param {Call} call */
  async #writeLarge(draft, call) {
    const source = /** @type {Blob} */ (draft.source);
    const { sealing, body } = await this.#prepare(draft, call);
    const stream = await sealStream(piecesOf(source), sealing);
    const id = hex(random(16)).slice(2);
    await writeFile(SEALED, id, stream, (done) => {
      call.signal?.throwIfAborted();
      call.progress({ step: "seal", done: Math.min(done, source.size), total: source.size });
    });
    const { source: _, keys: __, ...about } = draft;
    const begun = { about, body: { ...body, sealedHash: stream.sealedHash }, upload: undefined };
    await this.#keep(id, begun);
    return this.#goOn(id, begun, call);
  }

  /** @param {string} id @param {any} begun @param {Call} call */
  async #goOn(id, begun, call) {
    const sealed = await readFile(SEALED, id);
    if (!sealed) throw new NotHere("", { what: "upload" });
    const address = await uploadBody(this.me.node, sealed, {
      upload: begun.upload,
      keep: (upload) => this.#keep(id, { ...begun, upload }),
      progress: (done) => call.progress({ step: "upload", done, total: sealed.size }),
      signal: call.signal,
    });
    const made = await this.#sign(begun.about, begun.body, address);
    return { ...made, finished: () => this.drop(id) };
  }

  /** Uploads that were interrupted on this device. */
  async uploads() {
    const entries = await this.me.storage.all("uploads");
    const own = entries.filter(({ person }) => person === this.me.address);
    return Promise.all(
      own.map(async (entry) => ({ id: entry.id, ...(await this.#opened(entry)) })),
    );
  }

  /** Go on with one. @param {string} id @param {Call} call */
  async resume(id, call) {
    const entry = await this.me.storage.get("uploads", id);
    if (!entry) throw new NotHere("", { what: "upload" });
    return this.#goOn(id, await this.#opened(entry), call);
  }

  /** Forget one. @param {string} id */
  async drop(id) {
    await this.me.storage.remove("uploads", id);
    await removeFile(SEALED, id);
  }

  /** @param {string} id @param {any} begun */
  async #keep(id, begun) {
    const written = JSON.stringify(begun, (_, value) =>
      value instanceof Uint8Array ? { bytes: hex(value) } : value,
    );
    const sealed = await this.me.vault.seal(utf8(written), PURPOSE);
    await this.me.storage.put("uploads", { id, person: this.me.address, ...sealed });
  }

  /** @param {any} entry */
  async #opened(entry) {
    const written = text(await this.me.vault.open(entry, PURPOSE));
    return JSON.parse(written, (_, value) =>
      value && typeof value.bytes === "string" && Object.keys(value).length === 1
        ? join(Uint8Array.from(value.bytes.slice(2).match(/../g) ?? [], (two) => parseInt(two, 16)))
        : value,
    );
  }

  // statements

  /** Whom records for a patient are sealed to. @param {string} patient */
  async keysFor(patient) {
    const [patientKeys, keys] = await Promise.all([
      this.people.keysOf(patient),
      this.people.categoryKeysOf(patient),
    ]);
    return { patientKeys, keys };
  }

  /** @param {Omit<Draft, "source">} draft @param {SealedBody} body @param {string} address */
  async #sign(draft, body, address) {
    const { me } = this;
    const { patient, category, title, mediaType, supersedes = ZERO32, occurred = "" } = draft;
    const { patientKeys, keys } = draft.keys ?? (await this.keysFor(patient));
    const signed = await me.sign("Record", {
      patient,
      author: me.address,
      category,
      contentRoot: body.contentRoot,
      sealedHash: body.sealedHash,
      supersedes,
      issuedAt: me.now(),
      salt: random(32),
    });
    const digest = me.digest(signed);
    const about = { address, content: body.content, mediaType, size: body.size, title, occurred };
    const file = { digest, signed, ...about };
    const to = {
      category: keys.keys[category],
      epoch: BigInt(keys.epoch),
      patient: patientKeys.identity,
      custodians: patientKeys.custodians,
      threshold: patientKeys.threshold,
      authors: patient === me.address ? [] : [me.vault.identity.public],
    };
    const sheet = await this.sheetCall(file, 0n, body.halves, to);
    const letter = recordLetter(file, me.domains);
    const parties = distinctKeys([to.patient, to.category, ...to.authors]);
    const submission = {
      statement: me.file(signed),
      envelope: base64(await sealEnvelope(letter, parties)),
      parties: [...new Set([patient, me.address])],
      body: address,
    };
    const record = { method: "POST", path: "/api/statements", body: submission };
    return { file, calls: [sheet, record], submission, letter };
  }

  /**
   * A key sheet's way to the node; the sheet comes first: a record that was accepted can be opened.
   * @param {RecordFile} file
   * @param {bigint} version
   * @param {{a: Bytes, b: Bytes}} halves
   * @param {any} to
   * @returns {Promise<Handing>}
   */
  async sheetCall(file, version, halves, to) {
    const sheet = await writeSheet({ record: file.digest, version, halves, to });
    const named = { record: file.digest, version, sheetHash: await sha256(sheet) };
    const signed = await this.me.sign("Sheet", { ...named, salt: random(32) });
    const body = {
      statement: this.me.file(signed),
      sheet: base64(sheet),
      record: this.me.file(file.signed),
    };
    return { method: "POST", path: "/api/sheets", body };
  }

  /**
   * Both halves of an own chart's record, without any custodian.
   * @param {RecordFile} file
   * @param {any} sheet
   */
  async halvesOf(file, sheet) {
    const { category } = file.signed.message;
    const key = await this.me.vault.category(category, Number(sheet.epoch));
    const [a, b] = await Promise.all([
      openSlot(sheet, KIND.category, key),
      openSlot(sheet, KIND.patient, this.me.vault.identity),
    ]);
    return { a, b };
  }
}

/** @param {any[]} keys public ones */
function distinctKeys(keys) {
  return keys.filter((key, i) => keys.findIndex((other) => equal(other.id, key.id)) === i);
}
