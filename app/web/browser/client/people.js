// Owns other people as this person knows them: their names, their roles, and the keys to seal to.
//
// A name comes from the person's own address book, or from an introduction that a registrar of one
// of the other's roles signed; never from what the other side typed.

import { ZERO32, ZERO_ADDRESS, base64, equal, hex, unbase64 } from "../core/bytes.js";
import { documentHash, readCategoryKeys, readIdentityKeys } from "../core/documents.js";
import { openEnvelope, sealEnvelope } from "../core/envelopes.js";
import {
  ChartkeyError,
  ForeignSignature,
  NotStored,
  SheetSubstituted,
  StoreAltered,
} from "../core/errors.js";
import { requireIntroduction } from "../core/people.js";
import { address as parseAddress, recover } from "../core/signatures.js";
import { readStatementFile } from "../core/statements.js";
import { NotEnrolled, Offline, unlessAway } from "./errors.js";

/** @import { Bytes } from "../core/bytes.js" */

const LASTS = 60_000;
/** Milliseconds for which what the node tells of somebody is taken for new. */
const MOST_FOUND = 20;

/**
 * @typedef {{address: string, name: string, roles: string[], source: "book" | "introduction" | "",
 *   me: boolean}} Reference
 */

/** Other people. */
export class People {
  /** @param {import("./identity.js").Identity} me */
  constructor(me) {
    this.me = me;
    /** @type {Map<string, {at: number, told: Promise<any>}>} */
    this.told = new Map();
    /** What the node told last, whenever that was. @type {Map<string, any>} */
    this.last = new Map();
    /** @type {Map<string, Promise<any>>} */
    this.documents = new Map();
    /** @type {Map<string, string> | null} */
    this.names = null;
  }

  // names

  /** @param {string} person @returns {Promise<Reference>} */
  async reference(person) {
    const address = parseAddress(person);
    const me = address === this.me.address;
    const name = (await this.#book()).get(address) ?? "";
    const told = await unlessAway(this.#tell(address), null);
    if (!told) return { address, name, roles: [], source: name ? "book" : "", me };
    if (name) return { address, name, roles: told.roles, source: "book", me };
    const introduced = await this.#introduced(address, told.introduction);
    const source = introduced ? "introduction" : "";
    return { address, name: introduced, roles: told.roles, source, me };
  }

  /** @param {string} address @param {any} introduction */
  async #introduced(address, introduction) {
    if (!introduction) return "";
    try {
      const signed = readStatementFile(introduction, this.me.domains);
      const view = await this.me.chain.view();
      const message = await requireIntroduction(signed, { domains: this.me.domains, view });
      return message.person === address ? message.name : "";
    } catch (error) {
      if (error instanceof ChartkeyError) return ""; // an unnamed address
      throw error;
    }
  }

  /** Whom a text may mean. @param {string} text */
  async find(text) {
    const wanted = text.trim();
    const written = /^(?:ethereum:)?(0x[0-9a-fA-F]{40})(?:@\d+)?$/.exec(wanted);
    if (written) return [await this.reference(written[1])];
    const needle = wanted.toLocaleLowerCase();
    if (!needle) return this.book();
    const own = (await this.book()).filter(({ name }) => name.toLocaleLowerCase().includes(needle));
    let others = needle.length < 2 ? [] : await this.#introducedLike(wanted);
    if (others.some(({ name }) => !name)) {
      this.me.chain.forget(); // a credential of a block that this device has not heard of yet
      others = await this.#introducedLike(wanted);
    }
    const known = new Set(own.map(({ address }) => address));
    return [...own, ...others.filter(({ address, name }) => name && !known.has(address))];
  }

  /** @param {string} text */
  async #introducedLike(text) {
    const found = await this.me.node.get(`/api/people?name=${encodeURIComponent(text)}`);
    return Promise.all(
      found.slice(0, MOST_FOUND).map((/** @type {any} */ one) => this.reference(one.person)),
    );
  }

  async #book() {
    this.names ??= new Map(
      ((await readShelf(this.me, "address-book"))?.people ?? []).map((/** @type {any} */ one) => [
        one.address,
        one.name,
      ]),
    );
    return this.names;
  }

  /** The own address book, by name. */
  async book() {
    const names = await this.#book();
    const all = await Promise.all([...names.keys()].map((address) => this.reference(address)));
    return all.sort((a, b) => a.name.localeCompare(b.name));
  }

  /**
   * Call somebody by a name of one's own; an empty one forgets it.
   * @param {string} person
   * @param {string} name
   */
  async remember(person, name) {
    this.names = null; // another device may have written since
    const names = await this.#book();
    const address = parseAddress(person);
    if (name.trim()) names.set(address, name.trim().slice(0, 200));
    else names.delete(address);
    const people = [...names].map(([one, called]) => ({ address: one, name: called }));
    await writeShelf(this.me, "address-book", { chartkey: "address-book/1", people });
    return this.reference(address);
  }

  // keys

  /**
   * The identity keys that the registry commits to, with their document; raises NotEnrolled.
   * @param {string} person
   */
  async keysOf(person) {
    if (person === this.me.address) {
      return { ...(await readIdentityKeys(this.me.document)), document: this.me.document };
    }
    const hash = await (await this.me.chain.view()).keysHash(person);
    if (equal(hash, ZERO32)) throw new NotEnrolled("", { person });
    const key = hex(hash);
    const known = this.documents.get(key) ?? this.#fetchKeys(hash);
    this.documents.set(key, known);
    known.catch(() => this.documents.delete(key));
    return known;
  }

  /** @param {Bytes} hash */
  async #fetchKeys(hash) {
    const document = await this.me.node.bytes(`/api/documents/${hex(hash)}`);
    if (!equal(await documentHash(document), hash)) {
      throw new StoreAltered("", { address: "a keys document" });
    }
    return { ...(await readIdentityKeys(document)), document };
  }

  /**
   * A patient's newest public category keys; raises ForeignSignature, SheetSubstituted, NotStored.
   * @param {string} patient
   */
  async categoryKeysOf(patient) {
    this.told.delete(patient);
    const { categoryKeys } = await this.#tell(patient);
    if (!categoryKeys) throw new NotStored("", { address: "the category keys of that person" });
    const signed = readStatementFile(categoryKeys.statement, this.me.domains);
    if (signed.type !== "CategoryKeys" || signed.message.patient !== patient) {
      throw new ForeignSignature();
    }
    await this.#requireSpeaker(patient, signed);
    const document = unbase64(categoryKeys.document);
    const keys = await readCategoryKeys(document);
    const { keysHash, epoch } = signed.message;
    if (!equal(await documentHash(document), keysHash) || BigInt(keys.epoch) !== epoch) {
      throw new SheetSubstituted();
    }
    return keys;
  }

  /** @param {string} person @param {any} signed */
  async #requireSpeaker(person, signed) {
    const signer = recover(signed.digest, signed.signature);
    if (person === this.me.address && signer === this.me.wallet.address) return;
    const view = await this.me.chain.view();
    if (!(await view.speaksFor(person, signer, view.time))) throw new ForeignSignature();
  }

  /** The roles that a person holds now. @param {string} person @returns {Promise<string[]>} */
  async rolesOf(person) {
    return person === ZERO_ADDRESS ? [] : (await this.#tell(person)).roles;
  }

  /** What the node tells of a person. @param {string} person @returns {Promise<any>} */
  #tell(person) {
    const known = this.told.get(person);
    if (known && Date.now() - known.at < LASTS) return known.told;
    const told = this.#ask(person);
    this.told.set(person, { at: Date.now(), told });
    told.catch(() => this.told.delete(person));
    return told;
  }

  /** @param {string} person */
  async #ask(person) {
    try {
      const told = await this.me.node.get(`/api/people/${person}`);
      this.last.set(person, told);
      return told;
    } catch (error) {
      const last = this.last.get(person);
      if (!(error instanceof Offline) || !last) throw error;
      this.told.delete(person);
      return last;
    }
  }

  /** Ask anew: somebody got a role or a name. */
  renew() {
    this.told.clear();
  }
}

// the shelf: what the node keeps sealed for this person's own devices

/**
 * @param {import("./identity.js").Identity} me
 * @param {"address-book" | "settings"} kind
 * @returns {Promise<any>}
 */
export async function readShelf(me, kind) {
  let told;
  try {
    told = await me.node.get(`/api/me/shelf/${kind}`);
  } catch (error) {
    if (error instanceof NotStored) return null;
    throw error;
  }
  return openEnvelope(unbase64(told.content), [me.vault.identity]);
}

/**
 * @param {import("./identity.js").Identity} me
 * @param {"address-book" | "settings"} kind
 * @param {any} contents
 */
export async function writeShelf(me, kind, contents) {
  const envelope = await sealEnvelope(contents, [me.vault.identity.public]);
  await me.node.put(`/api/me/shelf/${kind}`, { content: base64(envelope) });
}
