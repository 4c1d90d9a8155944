// Owns the putting together of a signed-in person: which part leans on which, and what news does.

import { Adding } from "./adding.js";
import { Charting } from "./charting.js";
import { Consent } from "./consent.js";
import { Custodian } from "./custodians.js";
import { Epochs } from "./epochs.js";
import { Offline } from "./errors.js";
import { Fates } from "./fates.js";
import { Letterbox } from "./letterbox.js";
import { Looking } from "./looking.js";
import { Opening } from "./opening.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Reading } from "./reading.js";
import { Registrar } from "./registrar.js";
import { Requests } from "./requests.js";
import { Sheets } from "./sheets.js";
import { Standing } from "./standing.js";
import { TakingBack } from "./taking_back.js";
import { Team } from "./team.js";
import { Transactions } from "./transactions.js";
import { Writing } from "./writing.js";

/** Everything that one signed-in person can do on this device. */
export class Person {
  /** @param {import("./identity.js").Identity} me */
  constructor(me) {
    this.me = me;
    const custodians = me.deployment.custodians.map(
      (/** @type {{url: string}} */ { url }) => new Custodian(url),
    );
    const fates = new Fates(me.node, me.chain);
    const letterbox = new Letterbox(me, fates);
    const people = new People(me);
    const outbox = new Outbox(me, letterbox, fates);
    const writing = new Writing(me, people);
    const sheets = new Sheets(me, letterbox);
    const standing = new Standing(me, letterbox);
    const epochs = new Epochs(me, { people, letterbox, outbox, standing });
    const kept = { people, letterbox, fates, outbox, custodians, writing, sheets };
    const base = { ...kept, epochs, standing };
    const charting = new Charting(me, base);
    const seek = (/** @type {string} */ digest) => charting.seek(digest);
    const consent = new Consent(me, { ...base, seek });
    const all = { ...base, charting, consent, reading: new Reading(me, base) };
    const takingBack = new TakingBack(me, all);
    const transactions = new Transactions(me, { ...all, takingBack });

    this.custodians = custodians;
    this.fates = fates;
    this.letterbox = letterbox;
    this.people = people;
    this.outbox = outbox;
    this.writing = writing;
    this.consent = consent;
    this.charting = charting;
    this.transactions = transactions;
    this.takingBack = takingBack;
    this.epochs = epochs;
    this.opening = new Opening(me, all);
    this.adding = new Adding(me, all);
    this.looking = new Looking(me, all);
    this.requests = new Requests(me, all);
    this.team = new Team(me, all);
    this.registrar = new Registrar(me, { people, transactions });
    /** @type {Promise<number>} */
    this.syncing = Promise.resolve(0);
    /** @type {any} what the node says of this person, as of the last look */
    this.standing = null;
  }

  /** Read what waited here, and what came meanwhile. @param {(told: any) => void} [progress] */
  async begin(progress) {
    await this.outbox.begin();
    await this.epochs.begin();
    await this.letterbox.fetch(progress);
    await this.settle();
  }

  /**
   * What is done when letters came or the network is back; answers how many came.
   * @returns {Promise<number>}
   */
  sync() {
    const after = this.syncing.catch(() => 0); // what came during one is fetched by the next
    this.syncing = after.then(() => this.#sync());
    return this.syncing;
  }

  async #sync() {
    const came = await this.letterbox.fetch();
    await this.settle();
    if (came) this.me.device.tell("letters", { new: came });
    return came;
  }

  /** Hand in what waits, hand out fresh keys that are due, hand on what a team is to see. */
  async settle() {
    await this.outbox.flush();
    const asksUnbidden = this.me.wallet.kind === "browser";
    if (!asksUnbidden) await this.epochs.catchUpLater();
    if (this.letterbox.hasMembers()) await this.team.passOn();
  }

  /** What the node says of this person now. */
  async look() {
    try {
      this.standing = await this.me.node.get("/api/me");
    } catch (error) {
      if (!(error instanceof Offline) || !this.standing) throw error; // then the last word stands
    }
    return this.standing;
  }
}
