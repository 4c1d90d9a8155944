// Owns what registrars and the governor do: credentials, introductions, appointments.

import { hex, random } from "../core/bytes.js";
import { ChartkeyError } from "../core/errors.js";
import { address as parseAddress } from "../core/signatures.js";
import { roleOf, wordOfRole } from "./chain.js";
import { pause } from "./node.js";
import { peopleCall } from "./transactions.js";

const LONG = 2 ** 47;
/** Until when a registrar is appointed: further than anybody's clock. */
const INDEX_LAG = [1000, 2000, 3000, 5000, 8000];
/** Milliseconds between two looks whether the node's index has seen the credential. */

/** @typedef {{progress: (told: any) => void, signal?: AbortSignal}} Call */

/** A registrar, or the governor. */
export class Registrar {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{people: import("./people.js").People,
   *   transactions: import("./transactions.js").Transactions}} parts
   */
  constructor(me, { people, transactions }) {
    this.me = me;
    this.people = people;
    this.transactions = transactions;
  }

  /**
   * The call that stands behind a press of a button.
   * @param {{call: string, person: string, role: string, expiresAt?: number}} asked
   */
  callFor({ call, person, role, expiresAt = LONG }) {
    const whom = parseAddress(person);
    const number = roleOf(role);
    const until = Math.floor(expiresAt);
    if (call === "credential") return peopleCall("credential", [whom, number, until]);
    if (call === "withdraw") return peopleCall("withdrawCredential", [whom, number]);
    if (call === "appoint") return peopleCall("appointRegistrar", [whom, number, until]);
    return peopleCall("dismissRegistrar", [whom, number]);
  }

  /**
   * Give a credential and say what the person is called.
   * @param {{person: string, role: string, expiresAt: number, name: string}} asked
   * @param {Call} call
   */
  async credential({ person, role, expiresAt, name }, { progress, signal }) {
    progress({ step: "send", done: 0, total: 2 });
    const asked = { call: "credential", person, role, expiresAt };
    const { hash } = await this.transactions.send(this.callFor(asked));
    progress({ step: "wait", done: 1, total: 2 });
    await this.transactions.wait(hash, signal);
    const told = name ? await this.introduce({ person, name }, signal) : null;
    progress({ step: "introduce", done: 2, total: 2 });
    return { hash, introduction: told ? told.digest : "" };
  }

  /**
   * Say what a credentialed person is called.
   * @param {{person: string, name: string}} asked
   * @param {AbortSignal} [signal]
   */
  async introduce({ person, name }, signal) {
    const signed = await this.me.sign("Introduction", {
      registrar: this.me.address,
      person: parseAddress(person),
      name: name.trim().slice(0, 200),
      issuedAt: this.me.now(),
      salt: random(32),
    });
    const body = { statement: this.me.file(signed) };
    for (const wait of INDEX_LAG) {
      try {
        await this.me.node.put("/api/introductions", body, { signal });
        break;
      } catch (error) {
        const isEarly = error instanceof ChartkeyError && error.name === "NotYetCredentialed";
        if (!isEarly || wait === INDEX_LAG.at(-1)) throw error;
        await pause(wait, signal);
      }
    }
    this.people.renew();
    return { digest: hex(this.me.digest(signed)) };
  }

  /**
   * Any of the calls, until it is in a block.
   * @param {{call: string, person: string, role: string, expiresAt?: number}} asked
   * @param {Call} call
   */
  async send(asked, { progress, signal }) {
    progress({ step: "send", done: 0, total: 2 });
    const told = await this.transactions.send(this.callFor(asked));
    progress({ step: "wait", done: 1, total: 2 });
    await this.transactions.wait(told.hash, signal);
    this.people.renew();
    this.me.chain.isStale = true;
    return told;
  }

  /** Whom this registrar certified. */
  async credentials() {
    const rows = await this.me.node.get("/api/credentials");
    const told = await Promise.all(
      rows.map(async (/** @type {any} */ { person, role, notAfter, givenAt, standing }) => ({
        person: await this.people.reference(person),
        role: wordIn(role),
        givenAt,
        expiresAt: notAfter,
        standing: this.#standing(standing, notAfter),
      })),
    );
    return told.sort((a, b) => b.givenAt - a.givenAt);
  }

  /** Who was ever appointed. */
  async registrars() {
    const rows = await this.me.node.get("/api/registrars");
    const offices = rows.flatMap((/** @type {any} */ { registrar, roles }) =>
      roles.map((/** @type {any} */ one) => ({ registrar, ...one })),
    );
    return Promise.all(
      offices.map(async (/** @type {any} */ { registrar, role, until, standing }) => ({
        registrar: await this.people.reference(registrar),
        role: wordIn(role),
        until,
        standing: this.#standing(standing, until),
      })),
    );
  }

  /** @param {unknown} standing whether it holds still @param {number} until */
  #standing(standing, until) {
    if (standing === true || standing === "running") return "running";
    return until <= this.me.now() ? "ended" : "taken back";
  }
}

/** @param {string | number} role */
const wordIn = (role) => (typeof role === "number" ? wordOfRole(role) : role);
