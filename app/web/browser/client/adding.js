// Owns what a person puts into charts: records, whole bundles, corrections; and takes out again.

import { hex, unhex, utf8 } from "../core/bytes.js";
import { split } from "../core/bundles.js";
import { InvalidBundle } from "../core/errors.js";
import { inTurns } from "./turns.js";

/** @import { Bytes } from "../core/bytes.js" */

const FHIR = "application/fhir+json";
const AT_ONCE = 4;
const BATCH = 50;
const DAY = 24 * 3600;
/** For which the right to add a welcomed record runs: what was added while it ran stays. */

/** @typedef {{progress: (told: any) => void, signal?: AbortSignal}} Call */

/** A person who adds to charts. */
export class Adding {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{charting: import("./charting.js").Charting, writing: import("./writing.js").Writing,
   *   outbox: import("./outbox.js").Outbox, consent: import("./consent.js").Consent,
   *   fates: import("./fates.js").Fates}} parts
   */
  constructor(me, { charting, writing, outbox, consent, fates }) {
    this.me = me;
    this.charting = charting;
    this.writing = writing;
    this.outbox = outbox;
    this.consent = consent;
    this.fates = fates;
  }

  /** @param {any} asked @param {Call} call */
  async add(asked, call) {
    const { patient, category, title = "", mediaType, supersedes, occurred } = asked;
    const { file, json, text } = asked;
    const source = sourceOf({ file, json, text });
    const type = mediaType || (file ? file.type : "") || (json ? FHIR : "text/plain");
    const made = await this.writing.write(
      {
        patient: patient || this.me.address,
        category,
        title: title || file?.name || "",
        mediaType: type,
        source,
        supersedes: supersedes ? unhex(supersedes, 32) : undefined,
        occurred: occurred ?? "",
      },
      call,
    );
    return this.#handIn(made, call);
  }

  /** @param {any} made @param {Call} call */
  async #handIn({ file, calls, letter, finished }, call) {
    call.progress({ step: "sign", done: 1, total: 1 });
    const state = await this.outbox.handIn({ digest: file.digest, calls, letter });
    await finished?.();
    return { digest: hex(file.digest), state };
  }

  /**
   * A new version of an own record; the old one stays and stays provable.
   * @param {any} asked
   * @param {Call} call
   */
  async correct({ digest, title, mediaType, occurred, ...body }, call) {
    const older = (await this.charting.seek(digest)).file;
    const { patient, category } = older.signed.message;
    const about = { patient, category, supersedes: digest, occurred: occurred ?? older.occurred };
    const named = { title: title ?? older.title, mediaType: mediaType ?? older.mediaType };
    return this.add({ ...about, ...named, ...body }, call);
  }

  /**
   * A FHIR bundle, cut into records of one encounter and category each.
   * @param {{file: Blob}} asked
   * @param {Call} call
   */
  async importBundle({ file }, call) {
    const { signal, progress } = call;
    progress({ step: "read", done: 0, total: file.size });
    const { records } = split(new Uint8Array(await file.arrayBuffer()));
    if (!records.length) throw new InvalidBundle("This bundle holds nothing that can be imported.");
    const keys = await this.writing.keysFor(this.me.address);
    /** @type {Record<string, number>} */
    const categories = {};
    let done = 0;
    for (let at = 0; at < records.length; at += BATCH) {
      /** @type {any[]} */
      const made = [];
      await inTurns(records.slice(at, at + BATCH), AT_ONCE, async (record) => {
        signal?.throwIfAborted();
        const { category, title, mediaType, body: source, issued } = record;
        const about = { patient: this.me.address, category, title, mediaType, keys };
        const draft = { ...about, source, occurred: issued ?? "" };
        made.push(await this.writing.write(draft, { signal, progress: () => {} }));
        done += 1;
        categories[category] = (categories[category] ?? 0) + 1;
        progress({ step: "seal", done, total: records.length });
      });
      await this.#handInMany(made);
    }
    progress({ step: "sign", done: records.length, total: records.length });
    return { count: records.length, categories, leftOut: 0 };
  }

  /** @param {any[]} made */
  async #handInMany(made) {
    const sheets = made.map(({ calls }) => calls[0]);
    const body = made.map(({ submission }) => submission);
    const together = { method: "POST", path: "/api/statements", body };
    await this.outbox.handInMany(
      made.map(({ file, letter }) => ({ digest: file.digest, letter })),
      [sheets, together],
    );
  }

  /**
   * Take a record that somebody addressed to this patient into the chart.
   * @param {string} digest
   */
  async welcome(digest) {
    const { file } = await this.charting.seekAddressed(digest);
    const { draft } = await this.consent.prepare({
      viewer: file.signed.message.author,
      record: digest,
      rights: { add: true },
      expiresAt: this.me.now() + DAY,
    });
    return this.consent.commit(draft);
  }

  /**
   * Entered in error (as its author) or no longer shared (as its patient).
   * @param {string} digest
   */
  async retract(digest) {
    const { file } = await this.charting.seek(digest);
    const message = { person: this.me.address, record: file.digest };
    const signed = await this.me.sign("Retraction", message);
    const calls = [
      { method: "POST", path: "/api/statements", body: { statement: this.me.file(signed) } },
    ];
    const state = await this.outbox.handIn({ digest: this.me.digest(signed), calls });
    return { state };
  }

  /**
   * Retract a record of the own chart and have the node delete what it keeps of it.
   * @param {string} digest
   */
  async erase(digest) {
    const { file } = await this.charting.seek(digest);
    const message = { person: this.me.address, record: file.digest };
    const signed = await this.me.sign("Retraction", message);
    const body = { record: this.me.file(file.signed), retraction: this.me.file(signed) };
    const told = await this.me.node.post("/api/erasures", body, { again: true });
    this.me.chain.isStale = true;
    this.charting.erased.add(digest);
    return told;
  }

  /** Go on with an upload that was interrupted. @param {string} id @param {Call} call */
  async resume(id, call) {
    return this.#handIn(await this.writing.resume(id, call), call);
  }
}

/** @param {{file?: Blob, json?: any, text?: string}} given @returns {Blob | Bytes} */
function sourceOf({ file, json, text }) {
  if (file) return file;
  return utf8(text ?? JSON.stringify(json));
}
