// Owns who a person is on this device: the wallet, the vault, what the registry says of both, and
// the session key that signs accesses for some hours.

import { ZERO_ADDRESS, base64, equal, random } from "../core/bytes.js";
import { CATEGORIES } from "../core/categories.js";
import { LONGEST_SESSION } from "../core/audit.js";
import {
  categoryKeysDocument,
  documentHash,
  identityKeysDocument,
  readIdentityKeys,
} from "../core/documents.js";
import { ForeignVault } from "../core/errors.js";
import { newSessionKey, sessionKeyId, signAccess } from "../core/signatures.js";
import { statementFile } from "../core/statements.js";
import { keepSession } from "./unlocks.js";

/** @import { Bytes } from "../core/bytes.js" */

const DEADLINE = 3600;
/** Seconds for which a signed change of the registry may be handed in. */
export const CLOCKS_DIFFER = 60;
/**
 * Seconds by which chain and custodians may lag behind this device: what is signed holds at once.
 */
const RENEW = 60;
/** Seconds before its end at which a session key is replaced. */

/** @typedef {{type: string, message: any, signature: Bytes}} Signed */
/** @typedef {{privateKey: CryptoKey, publicKey: Bytes, signed: Signed}} SessionKey */

/** A person on this device. `address` is the permanent id; it stays when the wallet changes. */
export class Identity {
  /**
   * @param {import("./device.js").Device} device
   * @param {{address: string, wallet: import("./wallets.js").Signer,
   *   vault: import("./vault.js").Vault,
   *   kept: boolean, deployment: any, domains: any}} about
   */
  constructor(device, { address, wallet, vault, kept, deployment, domains }) {
    this.device = device;
    this.node = device.node;
    this.chain = device.chain;
    this.address = address;
    this.wallet = wallet;
    this.vault = vault;
    this.kept = kept;
    this.deployment = deployment;
    this.domains = domains;
    /** Where this person's things are kept: on disk, or on a shared workstation in memory. */
    this.storage = kept ? device.disk : device.memory;
    /** @type {Bytes} the identity keys document */
    this.document = new Uint8Array();
    /** @type {any[]} public keys of the custodians that this patient chose */
    this.custodians = [];
    this.threshold = 0;
    /** @type {SessionKey | null} */
    this.session = null;
    /** @type {Promise<SessionKey> | null} */
    this.beginning = null;
  }

  get isPatient() {
    return this.custodians.length > 0;
  }

  /** Seconds since 1970. */
  now() {
    return this.device.clock();
  }

  /**
   * Have the wallet sign a statement in its own domain.
   * @param {string} type
   * @param {any} message
   * @returns {Promise<Signed>}
   */
  async sign(type, message) {
    return { type, message, signature: await this.wallet.signTyped(type, message, this.domains) };
  }

  /** A statement file of something signed. @param {Signed} signed */
  file(signed) {
    return statementFile(signed, this.domains);
  }

  /** @param {Signed} signed @returns {Bytes} */
  digest(signed) {
    return this.domains.digest(signed.type, signed.message);
  }

  // keys

  /** Take a keys document for this person's own; raises ForeignVault. @param {Bytes} document */
  async useKeys(document) {
    const keys = await readIdentityKeys(document);
    if (!equal(keys.identity.id, this.vault.identity.public.id)) throw new ForeignVault();
    this.document = document;
    this.custodians = keys.custodians;
    this.threshold = keys.threshold;
  }

  /**
   * Make the document that this person registers.
   * @param {Bytes[]} custodians
   * @param {number} threshold
   */
  chooseKeys(custodians, threshold) {
    const identity = this.vault.identity.public.bytes;
    return this.useKeys(identityKeysDocument({ identity, custodians, threshold }));
  }

  /** Enter the registry without paying. */
  async enrolment() {
    return this.sign("Enrolment", {
      person: this.address,
      keysHash: await documentHash(this.document),
      recovery: ZERO_ADDRESS,
      nonce: 0n,
      deadline: this.now() + DEADLINE,
    });
  }

  /**
   * The public halves of all categories of one epoch, so that none stands out.
   * @param {number} epoch
   */
  async signCategoryKeys(epoch) {
    const pairs = await Promise.all(
      CATEGORIES.map(async (name) => {
        const key = await this.vault.category(name, epoch);
        return [name, key.public.bytes];
      }),
    );
    const document = categoryKeysDocument(epoch, Object.fromEntries(pairs));
    const keysHash = await documentHash(document);
    const message = { patient: this.address, epoch: BigInt(epoch), keysHash, salt: random(32) };
    const signed = await this.sign("CategoryKeys", message);
    return { statement: this.file(signed), document: base64(document) };
  }

  // accesses, signed without asking the wallet each time

  /**
   * The session key in use; the wallet signs for a new one once in twelve hours.
   * @returns {Promise<SessionKey>}
   */
  sessionKey() {
    const runs = this.session && Number(this.session.signed.message.expiresAt) > this.now() + RENEW;
    if (runs) return Promise.resolve(/** @type {SessionKey} */ (this.session));
    this.beginning ??= this.#beginSession().finally(() => {
      this.beginning = null;
    });
    return this.beginning;
  }

  async #beginSession() {
    const { privateKey, publicKey } = await newSessionKey();
    const notBefore = this.now() - CLOCKS_DIFFER;
    const signed = await this.sign("Session", {
      person: this.address,
      key: await sessionKeyId(publicKey),
      origin: this.device.origin,
      notBefore,
      expiresAt: notBefore + LONGEST_SESSION,
      salt: random(32),
    });
    this.session = { privateKey, publicKey, signed };
    await keepSession(this.storage, this.address, this.session);
    return this.session;
  }

  /** Sign an access with the session key. @param {any} message */
  async signAccess(message) {
    const { privateKey, publicKey, signed } = await this.sessionKey();
    const signature = await signAccess(privateKey, this.domains.digest("Access", message));
    return { access: { type: "Access", message, signature }, session: { signed, publicKey } };
  }
}
