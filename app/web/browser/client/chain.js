// Owns what the chain says, asked through the node: questions of one moment travel together.
//
// Answers hold for the block at which they were given and are asked anew after the next one, but
// for those that no later block can change. While the node is away the last answers stand, so that
// what is open stays readable. Custodians ask the chain themselves: nothing here opens anything.

import { hex, unhex } from "../core/bytes.js";
import { ROLES } from "../core/records.js";
import { Offline, UnreadableAnswer } from "./errors.js";
import { AskedTogether } from "./asked_together.js";

/** @import { Bytes } from "../core/bytes.js" */

const MOST = 200;
const FRESH = 3000;
/** Milliseconds for which a block is taken for the newest while no live feed tells otherwise. */

const NOTHING = ["tag", "0x0000000000000000000000000000000000000000"];
/** What is asked where only the block's number and time are wanted. */

/** What the four contracts say at the newest block. */
export class Chain {
  /** @param {import("./node.js").Node} node */
  constructor(node) {
    this.node = node;
    this.block = 0;
    this.blockTime = 0;
    this.isLive = false;
    /** @type {Map<string, Promise<any>>} */
    this.answers = new Map();
    /** @type {Map<string, any>} */
    this.lasting = new Map();
    /** What was answered last, whenever that was. @type {Map<string, any>} */
    this.last = new Map();
    /** @type {AskedTogether<any[], any>} */
    this.line = new AskedTogether(MOST, (questions) => this.#askAll(questions));
    this.askedAt = 0;
    this.isStale = true;
  }

  /** A block was announced. @param {number} number */
  hear(number) {
    if (number > this.block) this.isStale = true;
  }

  /** The next view is of the newest block, whatever was announced. */
  forget() {
    this.isStale = true;
  }

  /** A view at the newest block, whose time is known. */
  async view() {
    const isOld = !this.isLive && Date.now() - this.askedAt > FRESH;
    if (this.isStale || isOld || !this.blockTime) {
      this.answers.clear();
      await this.ask(NOTHING);
    }
    return new View(this, this.blockTime);
  }

  /** The answer to one question. @param {any[]} question @returns {Promise<any>} */
  ask(question) {
    const key = JSON.stringify(question);
    if (this.lasting.has(key)) return Promise.resolve(this.lasting.get(key));
    const known = this.answers.get(key);
    if (known) return known;
    const answer = this.line.ask(question).catch((error) => {
      this.answers.delete(key);
      if (error instanceof Offline && this.last.has(key)) return this.last.get(key);
      throw error;
    });
    this.answers.set(key, answer);
    return answer;
  }

  /** @param {any[][]} questions @returns {Promise<any[]>} */
  async #askAll(questions) {
    const told = await this.node.post("/api/chain", { questions }, { again: true });
    if (told.answers?.length !== questions.length) throw new UnreadableAnswer();
    this.#notice(told);
    for (const [i, question] of questions.entries()) this.#keep(question, told.answers[i]);
    return told.answers;
  }

  /** @param {{number: number, time: number}} told */
  #notice({ number, time }) {
    this.block = number;
    this.blockTime = time;
    this.askedAt = Date.now();
    this.isStale = false;
  }

  /**
   * Intervals are only ever appended to, and what was anchored or ended stays so.
   * @param {any[]} question
   * @param {any} answer
   */
  #keep(question, answer) {
    const [name, , , at] = question;
    this.last.set(JSON.stringify(question), answer);
    const isPast = typeof at === "number" && at < this.blockTime;
    const isAppended = ["speaks_for", "holds_credential"].includes(name) && isPast;
    const isDone = ["anchored_at", "membership_ended_at", "retracted_at"].includes(name) && answer;
    if (isAppended || isDone) this.lasting.set(JSON.stringify(question), answer);
  }
}

/** The ChainView of core's rules: one block, as far as its time goes. */
export class View {
  /** @param {Chain} chain @param {number} time */
  constructor(chain, time) {
    this.chain = chain;
    this.time = time;
  }

  /** @param {string} judge @param {Bytes} root @returns {Promise<number>} */
  anchoredAt(judge, root) {
    return this.chain.ask(["anchored_at", judge, hex(root)]);
  }

  /** @param {string} judge @param {Bytes} root @returns {Promise<number | null>} */
  anchoredBlock(judge, root) {
    return this.chain.ask(["anchored_block", judge, hex(root)]);
  }

  /**
   * @param {string} person
   * @param {string} signer
   * @param {number} at
   * @returns {Promise<boolean>}
   */
  speaksFor(person, signer, at) {
    return this.chain.ask(["speaks_for", person, signer, at]);
  }

  /** @param {string} person @returns {Promise<string>} */
  keyOf(person) {
    return this.chain.ask(["key_of", person]);
  }

  /** @param {string} person @returns {Promise<bigint>} */
  async nonceOf(person) {
    return BigInt(await this.chain.ask(["nonce_of", person]));
  }

  /** @param {string} person @returns {Promise<Bytes>} */
  async keysHash(person) {
    return unhex(await this.chain.ask(["keys_hash", person]), 32);
  }

  /** @param {string} person @param {number} at @returns {Promise<number>} */
  credentialRole(person, at) {
    return this.chain.ask(["credential_role", person, at]);
  }

  /** @param {string} person @param {number} role @param {number} at @returns {Promise<boolean>} */
  holdsCredential(person, role, at) {
    return this.chain.ask(["holds_credential", person, role, at]);
  }

  /**
   * Bit r stands for role r.
   * @param {string} person
   * @param {number} at
   * @returns {Promise<number>}
   */
  async rolesOf(person, at) {
    /** @type {string[]} */
    const words = await this.chain.ask(["roles_of", person, at]);
    return words.reduce((bits, word) => bits | (1 << roleOf(word)), 0);
  }

  /**
   * @param {string} registrar
   * @param {number} role
   * @param {number} at
   * @returns {Promise<boolean>}
   */
  isRegistrar(registrar, role, at) {
    return this.chain.ask(["is_registrar", registrar, role, at]);
  }

  /** @param {string} organization @param {Bytes} membership @returns {Promise<number>} */
  membershipEndedAt(organization, membership) {
    return this.chain.ask(["membership_ended_at", organization, hex(membership)]);
  }

  /** @param {string} patient @returns {Promise<bigint>} */
  async tag(patient) {
    return BigInt(await this.chain.ask(["tag", patient]));
  }

  /** @param {string} patient @param {bigint} word @returns {Promise<bigint>} */
  async revokedBits(patient, word) {
    return BigInt(await this.chain.ask(["revoked_bits", patient, word.toString()]));
  }

  /** @param {string} person @param {Bytes} record @returns {Promise<number>} */
  retractedAt(person, record) {
    return this.chain.ask(["retracted_at", person, hex(record)]);
  }

  /**
   * @param {string} account
   * @param {Bytes} digest
   * @param {Bytes} signature
   * @returns {Promise<boolean>}
   */
  accepts(account, digest, signature) {
    return this.chain.ask(["accepts", account, hex(digest), hex(signature)]);
  }
}

/** The number of a role. @param {string} word as `practitioner` */
export function roleOf(word) {
  const found = Object.entries(ROLES).find(([name]) => name.toLowerCase() === word.toLowerCase());
  if (!found) throw new UnreadableAnswer();
  return found[1];
}

/** A role's word. @param {number} role */
export const wordOfRole = (role) =>
  Object.entries(ROLES).find(([, number]) => number === role)?.[0].toLowerCase() ?? "";
