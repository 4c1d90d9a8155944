// Owns which records there are: a person's own chart, what others share, and what a person wrote.

import { ZERO32, equal, hex } from "../core/bytes.js";
import { ChartkeyError, ForeignSignature } from "../core/errors.js";
import { ROLES, RECORD_REFUSAL, currentVersions, isWelcome, refusal } from "../core/records.js";
import { RECORDS, VIEW } from "../core/statements.js";
import { wordOfRole } from "./chain.js";
import { NotHere, Offline, unlessAway } from "./errors.js";
import { Mailbag } from "./mailbag.js";

/** @typedef {import("./letterbox.js").RecordFile} RecordFile */
/** @typedef {import("./letterbox.js").GrantFile} GrantFile */
/**
 * @typedef {{file: RecordFile, grant: GrantFile | null, isOld: boolean,
 *   supersededBy: string}} Listed
 */

/** Charts, as this person sees them. */
export class Charting {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{people: import("./people.js").People, letterbox: import("./letterbox.js").Letterbox,
   *   fates: import("./fates.js").Fates, outbox: import("./outbox.js").Outbox,
   *   standing: import("./standing.js").Standing}} parts
   */
  constructor(me, { people, letterbox, fates, outbox, standing }) {
    this.me = me;
    this.people = people;
    this.letterbox = letterbox;
    this.fates = fates;
    this.outbox = outbox;
    this.standing = standing;
    /** @type {Map<string, Mailbag>} */
    this.bags = new Map();
    /** Every record that was listed, by digest. @type {Map<string, Listed>} */
    this.listed = new Map();
    /** @type {Map<string, number>} */
    this.roles = new Map();
    /** Digests whose bodies are in memory. @type {Set<string>} */
    this.open = new Set();
    /** Digests of records that this device had erased just now. @type {Set<string>} */
    this.erased = new Set();
  }

  // finding

  /** The own chart, newest first. @param {boolean} history */
  async own(history) {
    const files = await this.letterbox.recordsOf(this.me.address);
    const given = await this.#given();
    const welcome = files.filter(({ signed, digest }) => isWelcome(signed.message, digest, given));
    return this.#list(welcome.map((file) => ({ file, grant: null })), history);
  }

  /** Records of others that wait until they are welcome. */
  async addressed() {
    const files = await this.letterbox.recordsOf(this.me.address);
    const given = await this.#given();
    const others = files.filter(({ signed, digest }) => !isWelcome(signed.message, digest, given));
    return this.#list(others.map((file) => ({ file, grant: null })), false);
  }

  /** What this person wrote, in charts of all patients. */
  async notes() {
    const files = await this.letterbox.ownRecords();
    const others = files.filter(({ signed }) => signed.message.patient !== this.me.address);
    return this.#list(others.map((file) => ({ file, grant: null })), false);
  }

  /**
   * What the grants held (or one of them) show of a patient's chart.
   * @param {string} patient
   * @param {string} [grant]
   * @param {boolean} [history]
   */
  async shared(patient, grant = "", history = false) {
    const held = (await this.letterbox.grantsHeld(patient)).filter(
      ({ digest }) => !grant || hex(digest) === grant,
    );
    if (grant && !held.length) throw new NotHere("", { what: "permission" });
    const standing = await this.#standing(held);
    const all = await Promise.all(standing.map((one) => this.#shownBy(one, standing)));
    /** @type {Map<string, {file: RecordFile, grant: GrantFile}>} */
    const found = new Map();
    for (const one of all.flat()) {
      const mark = hex(one.file.digest);
      if (!found.has(mark)) found.set(mark, one);
    }
    const shown = await Promise.all(
      [...found.values()].map(async (one) => ((await this.#mayBeAuthentic(one.file)) ? [one] : [])),
    );
    return this.#list(shown.flat(), history);
  }

  /** Grants under which records can be seen now. @param {GrantFile[]} held */
  async #standing(held) {
    const viewing = held.filter(({ signed }) => signed.message.rights & VIEW);
    const standing = await Promise.all(viewing.map((one) => this.standing.of(one)));
    return viewing.filter((_, i) => standing[i] === "running");
  }

  /** @param {GrantFile} grant @param {GrantFile[]} all */
  async #shownBy(grant, all) {
    if (grant.record) return [{ file: grant.record, grant }];
    const { patient, category } = grant.signed.message;
    const letters = await this.#lettersOf(patient, all);
    const files = await this.letterbox.recordsOf(patient, letters);
    return files
      .filter(({ signed }) => signed.message.category === category)
      .map((file) => ({ file, grant }));
  }

  /**
   * A patient's letters that the category keys at hand open.
   * @param {string} patient
   * @param {GrantFile[]} grants
   */
  async #lettersOf(patient, grants) {
    const bag = this.bags.get(patient) ?? new Mailbag((after) => this.#page(patient, after));
    this.bags.set(patient, bag);
    const seeds = new Map(grants.flatMap(({ keys }) => keys).map((seed) => [hex(seed), seed]));
    const newestFirst = [...seeds.values()].reverse();
    const keys = await Promise.all(newestFirst.map((seed) => this.letterbox.keyPair(seed)));
    try {
      await bag.fetch(keys);
    } catch (error) {
      if (!(error instanceof Offline) || !bag.after) throw error; // what came before is still there
    }
    return bag.letters;
  }

  /**
   * A page of a patient's letters, by whichever grant the node takes.
   * @param {string} patient
   * @param {number} after
   */
  async #page(patient, after) {
    const standing = await this.#standing(await this.letterbox.grantsHeld(patient));
    /** @type {unknown} */
    let reason = new NotHere("", { what: "permission" });
    for (const { signed, membership } of standing) {
      const body = {
        patient,
        grant: this.me.file(signed),
        ...(membership && { membership: this.me.file(membership) }),
        after,
      };
      try {
        return await this.me.node.post("/api/charts", body, { again: true });
      } catch (error) {
        if (!(error instanceof ChartkeyError)) throw error;
        reason = error; // another grant may serve
      }
    }
    throw reason;
  }

  async #given() {
    return (await this.letterbox.grantsGiven()).map(({ signed }) => signed.message);
  }

  /** A record that was listed before. @param {string} digest @returns {Listed} */
  find(digest) {
    const found = this.listed.get(digest);
    if (!found) throw new NotHere("", { what: "record" });
    return found;
  }

  /** A record that waits to be welcome. @param {string} digest */
  async seekAddressed(digest) {
    if (!this.listed.has(digest)) await this.addressed();
    return this.find(digest);
  }

  /** A record by its digest, looked for everywhere; raises NotHere. @param {string} digest */
  async seek(digest) {
    return (await this.seekAny(digest)) ?? this.find(digest);
  }

  /**
   * The same; null where there is none.
   * @param {string} digest
   * @returns {Promise<Listed | null>}
   */
  async seekAny(digest) {
    if (!this.listed.has(digest)) {
      await this.own(true);
      if (!this.listed.has(digest)) await this.notes();
      const held = this.listed.has(digest) ? [] : await this.letterbox.grantsHeld();
      for (const patient of new Set(held.map(({ signed }) => signed.message.patient))) {
        if (!this.listed.has(digest)) await this.shared(patient);
      }
    }
    return this.listed.get(digest) ?? null;
  }

  // authenticity

  /**
   * In which role the author wrote it: null while it is not anchored, or nobody can be asked;
   * false where it is not authentic.
   * @param {RecordFile} file
   * @returns {Promise<number | false | null>}
   */
  async roleOf(file) {
    const mark = hex(file.digest);
    const known = this.roles.get(mark);
    return known !== undefined ? known : unlessAway(this.#roleNow(file, mark), null);
  }

  /** @param {RecordFile} file @param {string} mark @returns {Promise<number | false | null>} */
  async #roleNow(file, mark) {
    const anchor = await this.fates.anchorOf(file.digest, RECORDS);
    if (!anchor) return null;
    const view = await this.me.chain.view();
    const { reason, role } = await refusal(file.signed, anchor.proof, {
      domains: this.me.domains,
      view,
    });
    if (reason === RECORD_REFUSAL.NOT_ANCHORED) return null;
    if (reason !== RECORD_REFUSAL.NONE) return false;
    this.roles.set(mark, role); // credentials are never backdated: it stays so
    return role;
  }

  /** What a viewer is shown: authentic, or about to be. @param {RecordFile} file */
  async #mayBeAuthentic(file) {
    const role = await this.roleOf(file);
    if (role !== null) return role !== false;
    const { author, patient } = file.signed.message;
    if (author === patient || this.listed.has(hex(file.digest))) return true;
    const view = await this.me.chain.view();
    const held = await unlessAway(view.credentialRole(author, view.time), ROLES.NONE);
    return held !== ROLES.NONE;
  }

  /** Raise unless the file's author signed it. @param {RecordFile} file */
  async requireSigned(file) {
    const isSigned = await this.letterbox.isSignedBy(file.signed, file.signed.message.author);
    if (!isSigned) throw new ForeignSignature();
  }

  // telling

  /** @param {{file: RecordFile, grant: GrantFile | null}[]} found @param {boolean} history */
  async #list(found, history) {
    const retracted = await Promise.all(found.map(({ file }) => this.retractedBy(file)));
    const standing = found.filter((_, i) => !retracted[i]);
    const messages = new Map(standing.map(({ file }) => [hex(file.digest), file.signed.message]));
    const current = currentVersions(messages);
    /** @type {Map<string, string>} */
    const replaced = new Map();
    for (const { file } of standing) {
      const { supersedes } = file.signed.message;
      const older = hex(supersedes);
      if (!equal(supersedes, ZERO32) && messages.has(older) && !current.has(older)) {
        replaced.set(older, hex(file.digest));
      }
    }
    const told = await Promise.all(
      found.map(async ({ file, grant }, i) => {
        const mark = hex(file.digest);
        const supersededBy = replaced.get(mark) ?? "";
        const isOld = supersededBy !== "";
        this.listed.set(mark, { file, grant, isOld, supersededBy });
        return history || (!isOld && !retracted[i]) ? [await this.tell(mark, retracted[i])] : [];
      }),
    );
    return told.flat().sort((a, b) => b.issuedAt - a.issuedAt);
  }

  /**
   * Who took a record back: its author ("entered in error"), its patient ("no longer shared").
   * @param {RecordFile} file
   * @returns {Promise<"" | "author" | "patient">}
   */
  async retractedBy({ signed, digest }) {
    const { author, patient } = signed.message;
    if (this.erased.has(hex(digest))) return "patient";
    const view = await this.me.chain.view();
    // what was never asked is not known to be retracted: what is open stays readable meanwhile
    const [byPatient, byAuthor] = await Promise.all(
      [patient, author].map((person) => unlessAway(view.retractedAt(person, digest), 0)),
    );
    if (byPatient) return "patient";
    return byAuthor ? "author" : "";
  }

  /** A record as pages see it. @param {string} digest @param {string} [retracted] */
  async tell(digest, retracted = "") {
    const { file, grant, isOld, supersededBy } = this.find(digest);
    const { patient, author, category, issuedAt, supersedes } = file.signed.message;
    const [whose, who, fate, role] = await Promise.all([
      this.people.reference(patient),
      this.people.reference(author),
      this.fates.told(file.digest, this.outbox.isWaiting(file.digest)),
      this.roleOf(file),
    ]);
    const mine = author === this.me.address;
    return {
      digest,
      patient: whose,
      author: who,
      title: file.title,
      category,
      content: file.content,
      mediaType: file.mediaType,
      size: file.size,
      issuedAt,
      occurred: file.occurred ?? "",
      ...fate,
      supersedes: equal(supersedes, ZERO32) ? "" : hex(supersedes),
      supersededBy,
      isOld,
      mine,
      editable: mine && !isOld && !retracted,
      authentic: role === null ? null : role !== false,
      role: typeof role === "number" ? wordOfRole(role).replace("none", "patient") : "",
      retracted,
      open: this.open.has(digest),
      grant: grant ? hex(grant.digest) : "",
    };
  }
}
