// Owns one device: the line to the node, what is kept here, who is signed in, and what news does.

import { domainsOf } from "../core/statements.js";
import { Chain } from "./chain.js";
import { SignInNeeded } from "./errors.js";
import { Fates } from "./fates.js";
import { OPENED, SEALED, hasFiles, sweep } from "./files.js";
import { Live } from "./live.js";
import { Node } from "./node.js";
import { isPassing } from "./outbox.js";
import { DiskStorage, MemoryStorage } from "./storage.js";

const CHANNEL = "chartkey";
const PROBE = 4000;
/** Milliseconds between two looks whether a node that was away is back. */

const WATCH = 5000;
/** Milliseconds between two looks whether the session has ended. */

/** @typedef {{person: string, signer: string, expiresAt: number, idleSeconds: number}} Session */

/** This browser, as far as Chartkey goes. */
export class Device {
  /**
   * @param {{origin: string, tell: (event: string, told: any) => void,
   *   ask: (question: any) => Promise<any>}} page
   */
  constructor({ origin, tell, ask }) {
    this.origin = origin;
    this.page = tell;
    this.ask = ask;
    this.disk = new DiskStorage();
    this.memory = new MemoryStorage();
    this.node = new Node((event) => this.#network(event));
    this.chain = new Chain(this.node);
    this.fates = new Fates(this.node, this.chain);
    this.live = new Live((event, told) => void this.#hear(event, told));
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.probing = undefined;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.watching = undefined;
    globalThis.addEventListener("online", () => void this.#probe());
    this.others = new BroadcastChannel(CHANNEL);
    this.others.onmessage = ({ data }) => void this.#hearOtherTab(data);
    /** @type {import("./person.js").Person | null} */
    this.present = null;
    /** @type {Session | null} */
    this.session = null;
    /** @type {Promise<{deployment: any, domains: any}> | null} */
    this.asking = null;
    /** A wallet that was imported in this tab, and an enrolment that was begun. */
    this.imported = /** @type {import("./wallets.js").OwnWallet | null} */ (null);
    this.begun = /** @type {any} */ (null);
  }

  /** Seconds since 1970. */
  clock() {
    return Math.floor(Date.now() / 1000);
  }

  /** @param {string} event @param {any} [told] */
  tell(event, told = {}) {
    this.page(event, told);
  }

  /** What this node serves. */
  deployment() {
    this.asking ??= this.#askDeployment().catch((error) => {
      this.asking = null;
      throw error;
    });
    return this.asking;
  }

  async #askDeployment() {
    const deployment = await this.node.get("/api/deployment");
    return { deployment, domains: domainsOf(deployment) };
  }

  /** Who is signed in; raises SignInNeeded. */
  get person() {
    if (!this.present) throw new SignInNeeded();
    return this.present;
  }

  /** Where an account's things are kept. @param {boolean} kept */
  storageOf(kept) {
    return kept ? this.disk : this.memory;
  }

  // coming and going

  /**
   * Somebody is signed in from now on.
   * @param {import("./person.js").Person} person
   * @param {Session} session
   */
  enter(person, session) {
    this.present = person;
    this.session = session;
    this.live.start();
    this.others.postMessage({ entered: person.me.address });
    this.#watch();
  }

  /**
   * A session ends on the screen when it ends at the node, also where nobody asks the node any more,
   * and where the device slept meanwhile.
   */
  #watch() {
    clearInterval(this.watching);
    this.watching = setInterval(() => {
      const { session, node } = this;
      if (!session) return;
      const idle = (Date.now() - node.answeredAt) / 1000;
      const isOver = this.clock() >= session.expiresAt || idle >= session.idleSeconds;
      if (isOver && !node.isAway) void this.leave("ended");
    }, WATCH);
  }

  /**
   * Forget who is signed in, and what was open; without a reason, since somebody else comes.
   * @param {string} [why]
   */
  async leave(why = "") {
    const left = this.present;
    clearInterval(this.watching);
    this.present = null;
    this.session = null;
    if (why) this.node.token = "";
    if (why) this.live.start(); // blocks are still told
    if (!left) return;
    left.me.vault.close();
    if (why) this.tell("locked", { why });
    if (why === "ended") await this.disk.remove("unlocks", left.me.address);
    await this.tidy();
  }

  /** Wipe opened files, and sealed ones that no upload waits for. */
  async tidy() {
    if (!hasFiles()) return;
    await sweep(OPENED);
    const waiting = [...(await this.disk.all("uploads")), ...(await this.memory.all("uploads"))];
    await sweep(SEALED, new Set(waiting.map(({ id }) => id)));
  }

  // news

  /** @param {string} event */
  #network(event) {
    if (event === "ended") {
      void this.leave("ended");
      return;
    }
    this.tell(event);
    clearTimeout(this.probing);
    if (event === "online") void this.#catchUp();
    else this.probing = setTimeout(() => void this.#probe(), PROBE);
  }

  /** Look whether the node is back; any answer says so. */
  async #probe() {
    clearTimeout(this.probing);
    if (!this.node.isAway) return;
    try {
      await this.node.get("/api/deployment");
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.probing = setTimeout(() => void this.#probe(), PROBE);
    }
  }

  async #catchUp() {
    try {
      await this.present?.sync();
    } catch (error) {
      // it is tried at the network's next return, and when the person signs in again
      if (!isPassing(error) && !(error instanceof SignInNeeded)) throw error;
    }
  }

  /** @param {string} event @param {any} told */
  async #hear(event, told) {
    if (event === "listening" || event === "deaf") {
      this.chain.isLive = event === "listening";
      this.chain.isStale = true;
      if (event === "listening") await this.#catchUp();
      return;
    }
    if (event === "block") this.chain.hear(told.number);
    else this.chain.isStale = true;
    if (event === "anchored" || event === "consent") {
      this.present?.fates.renew();
      this.fates.renew();
    }
    if (event !== "letters") this.tell(event, told);
    if (event === "letters" || event === "consent") await this.#catchUp();
  }

  /** One browser has one session: what another tab does happens here too. @param {any} told */
  async #hearOtherTab({ entered, left }) {
    const own = this.present?.me.address;
    if (!own) return;
    if (left || (entered && entered !== own)) await this.leave("other tab");
    else if (entered) await this.#renewToken();
  }

  /** The same person signed in anew in another tab: this tab's token is no longer the session's. */
  async #renewToken() {
    try {
      this.node.token = (await this.node.get("/api/session")).token;
    } catch (error) {
      if (!isPassing(error) && !(error instanceof SignInNeeded)) throw error;
    }
  }
}
