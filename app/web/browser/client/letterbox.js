// Owns a person's letterbox: what was sent, and believed only after its signer was found to speak
// for the person that it names.

import { equal, hex } from "../core/bytes.js";
import { recordsRoot, requireSigned } from "../core/audit.js";
import { revokes, speaksOrAccepts } from "../core/consent.js";
import { ChartkeyError, MalformedSignature, MalleableSignature } from "../core/errors.js";
import { privateKey } from "../core/keys.js";
import {
  readAll,
  readGrant,
  readMembership,
  readOpening,
  readRecord,
  readRequest,
  readRevocation,
} from "../core/letters.js";
import { recover } from "../core/signatures.js";
import { TYPES } from "../core/statements.js";
import { Mailbag } from "./mailbag.js";
import { LetterSecrets } from "./letter_secrets.js";

/** @import { Bytes } from "../core/bytes.js" */

/** @typedef {import("./identity.js").Signed} Signed */
/** @typedef {import("../core/letters.js").RecordFile} RecordFile */
/** @typedef {import("../core/letters.js").GrantFile} GrantFile */
/** @typedef {import("../core/letters.js").Opening} Opening */

/** A person who reads what others sent. */
export class Letterbox {
  /** @param {import("./identity.js").Identity} me @param {import("./fates.js").Fates} fates */
  constructor(me, fates) {
    this.me = me;
    this.fates = fates;
    const page = (/** @type {number} */ after) => me.node.get(`/api/envelopes?after=${after}`);
    this.own = new Mailbag(page, new LetterSecrets(me));
    /** @type {Set<string>} */
    this.believed = new Set();
    /** @type {Map<string, Promise<any>>} */
    this.keyPairs = new Map();
    /** Readers' findings so far, by reader. @type {Map<Function, {read: number, found: any[]}>} */
    this.found = new Map();
  }

  /** Fetch new letters; answers how many came. @param {(told: any) => void} [progress] */
  async fetch(progress) {
    return (await this.own.fetch([this.me.vault.identity], progress)).length;
  }

  /**
   * A letter that this device wrote just now: it stands there before the node sends it back.
   * @param {string} mark
   * @param {any} contents
   */
  add(mark, contents) {
    this.own.add(mark, contents);
  }

  /**
   * What a reader finds in the own letters; each letter is read once.
   * @template T
   * @param {(contents: any, domains: any) => T | null} reader
   * @returns {T[]}
   */
  #read(reader) {
    const known = this.found.get(reader) ?? { read: 0, found: [] };
    this.found.set(reader, known);
    const { letters } = this.own;
    known.found.push(...readAll(reader, letters.slice(known.read), this.me.domains));
    known.read = letters.length;
    return known.found;
  }

  /** A key pair of a seed that came in a letter. @param {Bytes} seed @returns {Promise<any>} */
  keyPair(seed) {
    const mark = hex(seed);
    const pair = this.keyPairs.get(mark) ?? privateKey(seed);
    this.keyPairs.set(mark, pair);
    return pair;
  }

  // believing

  /**
   * Whether it was signed by someone who spoke for the person: at its anchor, or now.
   * @param {Signed} signed
   * @param {string} person
   */
  async isSignedBy(signed, person) {
    const digest = this.me.digest(signed);
    const mark = `${person} ${hex(digest)} ${hex(signed.signature)}`;
    if (this.believed.has(mark)) return true;
    const isOwn = person === this.me.address && signerOf(digest, signed) === this.me.wallet.address;
    if (!isOwn && !(await this.#spoke(signed, digest, person))) return false;
    this.believed.add(mark);
    return true;
  }

  /** @param {Signed} signed @param {Bytes} digest @param {string} person */
  async #spoke(signed, digest, person) {
    const anchor = await this.fates.anchorOf(digest, TYPES[signed.type].judge);
    const view = await this.me.chain.view();
    const at = anchor ? anchor.at : view.time;
    if (signed.type === "Grant") return speaksOrAccepts(person, digest, signed.signature, at, view);
    const signer = signerOf(digest, signed);
    return signer !== "" && view.speaksFor(person, signer, at);
  }

  /**
   * Those of some things whose signer speaks for the person that they name.
   * @template T
   * @param {T[]} all
   * @param {(one: T) => [Signed, string]} who
   * @returns {Promise<T[]>}
   */
  async #genuine(all, who) {
    const sound = await Promise.all(all.map((one) => this.isSignedBy(...who(one))));
    return all.filter((_, i) => sound[i]);
  }

  // records

  /**
   * Records in letters whose authors signed them.
   * @param {string} patient
   * @param {any[]} [letters] the own ones unless given
   * @returns {Promise<RecordFile[]>}
   */
  async recordsOf(patient, letters) {
    const files = letters ? readAll(readRecord, letters, this.me.domains) : this.#read(readRecord);
    const theirs = files.filter(({ signed }) => signed.message.patient === patient);
    return this.#genuineRecords(theirs);
  }

  /** Records that this person wrote, of all patients. */
  async ownRecords() {
    const all = this.#read(readRecord);
    return this.#genuineRecords(
      all.filter(({ signed }) => signed.message.author === this.me.address),
    );
  }

  /** @param {RecordFile[]} files */
  #genuineRecords(files) {
    return this.#genuine(distinct(files), ({ signed }) => [signed, signed.message.author]);
  }

  // grants

  /**
   * Every grant given or held that its patient signed, with all the keys that came. Letters repeat
   * a grant to bring newer keys or another membership; of the rest the first word counts, since
   * whoever saw the grant could write another letter around it.
   * @returns {Promise<GrantFile[]>}
   */
  async grants() {
    const files = this.#read(readGrant);
    const genuine = await this.#genuine(files, ({ signed }) => [signed, signed.message.patient]);
    /** @type {Map<string, GrantFile>} */
    const found = new Map();
    for (const file of genuine) {
      const known = found.get(hex(file.digest)) ?? file;
      const keys = new Map([...known.keys, ...file.keys].map((seed) => [hex(seed), seed]));
      const membership = await this.#betterMembership(known, file);
      found.set(hex(file.digest), { ...known, keys: [...keys.values()], membership });
    }
    return [...found.values()];
  }

  /**
   * Of the memberships that came with a grant, one that runs, and the longest of those.
   * @param {...GrantFile} files
   */
  async #betterMembership(...files) {
    /** @type {Signed | null} */
    let best = null;
    let bestRank = [-1, 0];
    for (const { membership, signed } of files) {
      if (!membership) continue;
      const { member, organization, expiresAt } = membership.message;
      if (member !== this.me.address || organization !== signed.message.viewer) continue;
      if (!(await this.isSignedBy(membership, organization))) continue;
      const rank = [Number((await this.standingOf(membership)) === "running"), expiresAt];
      if (rank[0] > bestRank[0] || (rank[0] === bestRank[0] && rank[1] > bestRank[1])) {
        best = membership;
        bestRank = rank;
      }
    }
    return best;
  }

  /**
   * Whether a membership has begun, and neither run out nor been ended.
   * @param {Signed} membership
   * @returns {Promise<"running" | "ended" | "not yet">}
   */
  async standingOf(membership) {
    const { organization, notBefore, expiresAt } = membership.message;
    const now = this.me.now();
    if (now >= expiresAt) return "ended";
    const view = await this.me.chain.view();
    if (await view.membershipEndedAt(organization, this.me.digest(membership))) return "ended";
    return now < notBefore ? "not yet" : "running";
  }

  /** The grants that this patient signed, oldest first. */
  async grantsGiven() {
    return (await this.grants()).filter(({ signed }) => signed.message.patient === this.me.address);
  }

  /**
   * The grants that others gave to this person, or handed on to a member.
   * @param {string} [patient]
   */
  async grantsHeld(patient = "") {
    return (await this.grants()).filter(({ signed: { message } }) => {
      const isOther = message.patient !== this.me.address;
      return isOther && (patient === "" || message.patient === patient);
    });
  }

  /** This patient's signed revocations, mined or not. */
  async revocations() {
    const own = this.#read(readRevocation).filter(
      ({ message }) => message.patient === this.me.address,
    );
    return this.#genuine(own, (signed) => [signed, this.me.address]);
  }

  /** Whether this patient signed a revocation of the grant. @param {any} grant a Grant's message */
  async hasTakenBack(grant) {
    return (await this.revocations()).some((signed) => revokes(signed, grant));
  }

  // members, requests

  /** The memberships that this organization gave. */
  async memberships() {
    const own = this.#read(readMembership).filter(
      ({ message }) => message.organization === this.me.address,
    );
    const genuine = await this.#genuine(own, (signed) => [signed, this.me.address]);
    return [...new Map(genuine.map((signed) => [hex(this.me.digest(signed)), signed])).values()];
  }

  /** Whether there is anybody to hand things on to. */
  hasMembers() {
    return this.#read(readMembership).some(
      ({ message }) => message.organization === this.me.address,
    );
  }

  /** Requests in letters that their viewers signed, sent or received. */
  async requests() {
    return this.#genuine(distinct(this.#read(readRequest)), ({ signed }) => [
      signed,
      signed.message.viewer,
    ]);
  }

  // who looked

  /** Openings in the own letters. @returns {Opening[]} */
  openingsTold() {
    return distinct(this.#read(readOpening));
  }

  /**
   * Openings in other letters, as custodians tell them.
   * @param {any[]} letters
   * @returns {Opening[]}
   */
  openingsIn(letters) {
    return readAll(readOpening, letters, this.me.domains);
  }

  /**
   * Whether the viewer signed it then, and it names these very records.
   * @param {Opening} opening
   */
  async wasMade({ signed, session, records }) {
    const { at, records: root } = signed.message;
    if (!records.length || !equal(root, recordsRoot(records))) return false;
    const view = await this.me.chain.view();
    try {
      await requireSigned(signed, session, { domains: this.me.domains, view, at, clock: at });
    } catch (error) {
      if (!(error instanceof ChartkeyError)) throw error;
      return false;
    }
    return true;
  }
}

/** @template {{digest: Bytes}} T @param {T[]} files @returns {T[]} the first of each */
export function distinct(files) {
  /** @type {Map<string, T>} */
  const found = new Map();
  for (const file of files) {
    const mark = hex(file.digest);
    if (!found.has(mark)) found.set(mark, file);
  }
  return [...found.values()];
}

/**
 * Who signed; "" where a signature is none of a plain key.
 * @param {Bytes} digest
 * @param {Signed} signed
 */
function signerOf(digest, { signature }) {
  try {
    return recover(digest, signature);
  } catch (error) {
    if (error instanceof MalformedSignature || error instanceof MalleableSignature) return "";
    throw error;
  }
}
