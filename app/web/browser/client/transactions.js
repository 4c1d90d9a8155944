// Owns transactions of a person's own wallet: anchoring and taking back without anybody's leave,
// and what registrars and the governor do.

import { Interface } from "ethers";
import { ZERO32, hex, join, sha256, uint, utf8 } from "../core/bytes.js";
import { TransactionFailed } from "../core/errors.js";
import { CONSENT, PEOPLE, RECORDS } from "../core/statements.js";
import { WalletTooLow } from "./errors.js";
import { pause } from "./node.js";

const FUNCTIONS = new Interface([
  "function anchor(bytes32 root, bytes32 manifest)",
  "function revoke(uint256 word, uint256 mask)",
  "function revokeFor(address patient, uint256 word, uint256 mask)",
  "function revokeAll(address patient, uint64 newTag)",
  "function credential(address person, uint8 role, uint64 notAfter)",
  "function withdrawCredential(address person, uint8 role)",
  "function appointRegistrar(address registrar, uint8 role, uint64 until)",
  "function dismissRegistrar(address registrar, uint8 role)",
]);
const LOOK_EVERY = 1500;

/** @typedef {{contract: string, calldata: string}} Call one call of one of the four contracts */

/** @param {string} contract @param {string} name @param {any[]} values @returns {Call} */
export const callOf = (contract, name, values) => ({
  contract,
  calldata: FUNCTIONS.encodeFunctionData(name, values),
});

/** A registry's call. @param {string} name @param {any[]} values */
export const peopleCall = (name, values) => callOf(PEOPLE, name, values);

/** Transactions of the own wallet. */
export class Transactions {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{consent: import("./consent.js").Consent,
   *   takingBack: import("./taking_back.js").TakingBack, epochs: import("./epochs.js").Epochs,
   *   charting: import("./charting.js").Charting}} parts
   */
  constructor(me, { consent, takingBack, epochs, charting }) {
    this.me = me;
    this.consent = consent;
    this.takingBack = takingBack;
    this.epochs = epochs;
    this.charting = charting;
  }

  // which calls

  /** Anchor one digest as a root of its own. @param {string} digest a grant's or a record's */
  async anchorCall(digest) {
    const { contract, bytes } = await this.#anchorable(digest);
    const entry = join(bytes, ZERO32); // its envelope is not told
    const manifest = await sha256(join(utf8("CKM"), uint(1, 1), uint(1, 4), entry));
    return callOf(contract, "anchor", [digest, hex(manifest)]);
  }

  /** @param {string} digest */
  async #anchorable(digest) {
    const record = await this.charting.seekAny(digest);
    if (record) return { contract: RECORDS, bytes: record.file.digest };
    return { contract: CONSENT, bytes: (await this.consent.find(digest)).digest };
  }

  /** Take a grant back. @param {string} digest */
  async revokeCall(digest) {
    const { message } = await this.takingBack.revocationOf(digest);
    const isFirst = this.me.wallet.address === this.me.address;
    return isFirst
      ? callOf(CONSENT, "revoke", [message.word, message.mask])
      : callOf(CONSENT, "revokeFor", [this.me.address, message.word, message.mask]);
  }

  /** Take everything back. */
  async revokeAllCall() {
    const { message } = await this.takingBack.revocationOfAll();
    return callOf(CONSENT, "revokeAll", [this.me.address, message.newTag]);
  }

  /** @param {"anchor" | "revoke" | "revokeAll"} what @param {string} digest */
  callFor(what, digest) {
    if (what === "anchor") return this.anchorCall(digest);
    return what === "revoke" ? this.revokeCall(digest) : this.revokeAllCall();
  }

  // sending

  /**
   * Take back by a transaction of the own wallet; fresh keys follow when it is in a block.
   * @param {Call} call
   */
  async takeBack(call) {
    const told = await this.send(call);
    await this.epochs.setDue(told);
    return told;
  }

  /** What a call will cost. @param {Call} call */
  async quote(call) {
    const told = await this.#quote(call);
    return {
      costWei: told.costWei,
      balanceWei: told.balance,
      enough: BigInt(told.balance) >= BigInt(told.costWei),
      address: this.me.wallet.address,
    };
  }

  /** @param {Call} call */
  #quote(call) {
    return this.me.node.post("/api/transactions/quote", { calls: [call] }, { again: true });
  }

  /** Sign and send a call; answers the transaction's hash. @param {Call} call */
  async send(call) {
    const told = await this.#quote(call);
    if (BigInt(told.balance) < BigInt(told.costWei)) throw new WalletTooLow();
    const contracts = /** @type {Record<string, string>} */ ({
      [PEOPLE]: this.me.deployment.contracts.people,
      [RECORDS]: this.me.deployment.contracts.records,
      [CONSENT]: this.me.deployment.contracts.consent,
    });
    const { gas, maxFeePerGas, maxPriorityFeePerGas, nonce, chainId } = told;
    const fees = { gas, maxFeePerGas, maxPriorityFeePerGas };
    const sending = { to: contracts[call.contract], data: call.calldata, ...fees, nonce, chainId };
    const hash = await this.me.wallet.send(sending, this.me.node);
    this.me.chain.isStale = true;
    return { hash };
  }

  /** What became of one. @param {string} hash */
  async state(hash) {
    const { state, block } = await this.me.node.get(`/api/transactions/${hash}`);
    const words = /** @type {Record<string, string>} */ ({ mined: "done", failed: "failed" });
    return { state: words[state] ?? "waiting", block };
  }

  /**
   * Wait until it is in a block; raises TransactionFailed.
   * @param {string} hash
   * @param {AbortSignal} [signal]
   */
  async wait(hash, signal) {
    for (;;) {
      const told = await this.state(hash);
      if (told.state === "failed") throw new TransactionFailed("it was refused in its block");
      if (told.state === "done") return told;
      await pause(LOOK_EVERY, signal);
    }
  }
}
