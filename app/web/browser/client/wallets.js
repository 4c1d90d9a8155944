// Owns wallets: a person's own, whose key lives here in the worker, and one of the browser, which
// the page asks on our behalf. What either signs is checked before it is used.

import { Transaction, Wallet, hashMessage, isError } from "ethers";
import { equal, hex, unhex, utf8 } from "../core/bytes.js";
import { addressOf, recover, signDigest } from "../core/signatures.js";
import { ownWalletKey } from "../core/vaults.js";
import { NoOwnWallet, NoWalletFile, OtherAccount, WalletFileShut, WalletRefused } from "./errors.js";

/** @import { Bytes } from "../core/bytes.js" */

/**
 * @typedef {object} Signer
 * @property {"own" | "browser" | "imported"} kind
 * @property {string} address
 * @property {(type: string, message: any, domains: any) => Promise<Bytes>} signTyped
 * @property {(text: string, why: string) => Promise<string>} signText
 * @property {(transaction: Sending, node: import("./node.js").Node) => Promise<string>} send
 */
/**
 * @typedef {{to: string, data: string, gas: string, maxFeePerGas: string,
 *   maxPriorityFeePerGas: string, nonce: number, chainId: number}} Sending
 */

/** A wallet of Chartkey's own. @implements {Signer} */
export class OwnWallet {
  #key;

  /** @param {Bytes} key @param {"own" | "imported"} kind */
  constructor(key, kind = "own") {
    this.#key = key;
    this.kind = kind;
    this.address = addressOf(key);
  }

  /** The wallet that comes with a vault. @param {Bytes} seed */
  static async of(seed) {
    return new OwnWallet(await ownWalletKey(seed));
  }

  /** From a standard keystore file. @param {string} json @param {string} passphrase */
  static async ofKeystore(json, passphrase) {
    let wallet;
    try {
      wallet = await Wallet.fromEncryptedJson(json, passphrase.normalize("NFKC"));
    } catch (error) {
      const isShut = isError(error, "INVALID_ARGUMENT") && error.argument === "password";
      throw isShut ? new WalletFileShut() : new NoWalletFile();
    }
    return new OwnWallet(unhex(wallet.privateKey, 32), "imported");
  }

  /**
   * The key, sealed to the person's own devices.
   * @param {import("./vault.js").Vault} vault
   * @param {string} purpose
   */
  sealed(vault, purpose) {
    return vault.seal(this.#key, purpose);
  }

  /** @param {string} type @param {any} message @param {any} domains */
  async signTyped(type, message, domains) {
    return signDigest(this.#key, domains.digest(type, message));
  }

  /** @param {string} text */
  async signText(text) {
    return hex(signDigest(this.#key, unhex(hashMessage(text), 32)));
  }

  /**
   * Sign and hand in; answers the hash.
   * @param {Sending} sending
   * @param {import("./node.js").Node} node
   */
  async send({ to, data, gas, maxFeePerGas, maxPriorityFeePerGas, nonce, chainId }, node) {
    const fees = { maxFeePerGas, maxPriorityFeePerGas, gasLimit: gas };
    const transaction = Transaction.from({ type: 2, to, data, nonce, chainId, value: 0, ...fees });
    transaction.signature = hex(signDigest(this.#key, unhex(transaction.unsignedHash, 32)));
    return (await node.post("/api/transactions", { raw: transaction.serialized })).hash;
  }

  /** The standard keystore file (Web3 Secret Storage). @param {string} passphrase */
  keystore(passphrase) {
    return new Wallet(hex(this.#key)).encrypt(passphrase.normalize("NFKC"));
  }
}

/** A wallet of the browser (EIP-1193), asked through the page. @implements {Signer} */
export class BrowserWallet {
  /** @type {"browser"} */
  kind = "browser";

  /** @param {string} address @param {(question: any) => Promise<any>} ask */
  constructor(address, ask) {
    this.address = address;
    this.ask = ask;
  }

  /** @param {string} type @param {any} message @param {any} domains */
  async signTyped(type, message, domains) {
    const typedData = domains.typedData(type, message);
    const { address } = this;
    const signature = normal(await this.ask({ kind: "signTypedData", address, typedData, type }));
    this.#requireOwn(recover(domains.digest(type, message), signature));
    return signature;
  }

  /** @param {string} text @param {string} why */
  async signText(text, why) {
    return `${await this.ask({ kind: "signText", address: this.address, text, why })}`;
  }

  /** @param {Sending} sending */
  async send({ to, data, chainId }) {
    const transaction = { from: this.address, to, data, chainId: `0x${chainId.toString(16)}` };
    return `${await this.ask({ kind: "sendTransaction", address: this.address, transaction })}`;
  }

  /** @returns {never} */
  keystore() {
    throw new NoOwnWallet();
  }

  /** The account in use may have changed since. @param {string} given */
  #requireOwn(given) {
    if (given !== this.address) throw new OtherAccount("", { given, expected: this.address });
  }
}

/** Some wallets end a signature in 0 or 1 where others write 27 or 28. @param {unknown} text */
function normal(text) {
  let signature;
  try {
    signature = unhex(/** @type {string} */ (text), 65);
  } catch {
    throw new WalletRefused("", { code: 0 });
  }
  if (signature[64] < 27) signature[64] += 27;
  return signature;
}

/**
 * What a node gives to sign in must be for this site and address, and no statement.
 * @param {string} message
 * @param {string} origin
 * @param {string} address
 */
export function requireSignIn(message, origin, address) {
  const lines = `${message}`.split("\n");
  const { host } = new URL(origin);
  const isOurs =
    lines[0] === `${host} wants you to sign in with your Ethereum account:` &&
    equal(utf8(lines[1] ?? ""), utf8(address)) &&
    lines.includes(`URI: ${origin}`);
  if (!isOurs) throw new WalletRefused("", { code: 0 });
}
