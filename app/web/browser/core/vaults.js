// Owns the recovery phrase, the locks of a vault, and what its seed gives (formats.md, section 13).

import { LangEn, Mnemonic } from "ethers";
import { scrypt } from "hash-wasm";
import { canonical, equal, gcm, hasMembers, hex, hexPart, hkdf, join } from "./bytes.js";
import { random, sha256, utf8 } from "./bytes.js";
import { InvalidPhrase, MalformedSeal, MalformedStatement } from "./errors.js";
import { UnknownVersion, WrongLock } from "./errors.js";
import { address as checked, isSigningKey } from "./signatures.js";

/** @import { Bytes } from "./bytes.js" */
/** @typedef {{salt: Bytes, n: number, r: number, p: number}} Cost */
/** @typedef {Record<string, any>} Lock */
/**
 * @typedef {{origin: string, address: string, salt: string, chainId: number, at: string}}
 * WalletParts
 */

const KIND = "vault lock";
const SCRYPT = { n: 1 << 17, r: 8, p: 1 };
/** A lock that asks for more is refused: whoever keeps it could otherwise exhaust the device. */
const SCRYPT_N_MOST = 1 << 18;
const PASSPHRASE = ["lock", "salt", "n", "r", "p", "commitment", "nonce", "sealed"];
const WALLET = ["origin", "address", "chainId", "at", "salt"];
const ORIGIN = /^https?:\/\/[\x21-\x7e]{1,255}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;
const NAME = /^[a-z0-9._-]{3,40}$/;

// the phrase

/** 24 English words (BIP-39) whose entropy is the seed itself. @param {Bytes} seed */
export const phrase = (seed) => Mnemonic.fromEntropy(seed).phrase;

/** @param {string} written @returns {Bytes} */
export function seedOfPhrase(written) {
  const words = written.toLowerCase().split(/\s+/).filter((word) => word);
  if (words.length !== 24) {
    throw new InvalidPhrase("it has {given} words instead of 24", { given: words.length });
  }
  const english = LangEn.wordlist();
  const unknown = words.flatMap((word, i) => (english.getWordIndex(word) < 0 ? [i + 1] : []));
  if (unknown.length) {
    throw new InvalidPhrase("word {places} is not in the list", { places: unknown.join(", ") });
  }
  if (!Mnemonic.isValidMnemonic(words.join(" "))) {
    throw new InvalidPhrase("its check does not fit: a word is wrong or out of order");
  }
  return hexPart(Mnemonic.fromPhrase(words.join(" ")).entropy, "vault", 32);
}

// what the seed gives besides X-Wing keys

/**
 * The secp256k1 key of a person without a wallet of their own.
 * @param {Bytes} seed @returns {Promise<Bytes>}
 */
export async function ownWalletKey(seed) {
  const info = utf8("chartkey/wallet/1");
  let key = await hkdf(seed, info);
  for (let again = 1; !isSigningKey(key); again += 1) {
    key = await hkdf(seed, join(info, new Uint8Array([again])));
  }
  return key;
}

/** The normal form of a sign-in name. @param {string} written */
export function signInName(written) {
  const name = written.normalize("NFKC").trim().toLowerCase();
  if (!NAME.test(name)) {
    throw new MalformedStatement("a sign-in name has 3 to 40 of the signs a–z 0–9 . - _");
  }
  return name;
}

/**
 * What a second device shows a node to be handed the locked vault: who does not know the passphrase
 * cannot make it, and the node learns nothing that opens the vault.
 * @param {string} name @param {string} passphrase @returns {Promise<Bytes>}
 */
export async function ticketOf(name, passphrase) {
  const salt = await sha256(join(utf8("chartkey/ticket/1"), utf8(signInName(name))));
  return stretch(passphrase, { ...SCRYPT, salt }, 32);
}

// locks

/** @param {string} passphrase @param {Cost} cost @param {number} size @returns {Promise<Bytes>} */
async function stretch(passphrase, { salt, n, r, p }, size) {
  const normal = passphrase.normalize("NFKC"); // an accent typed on another keyboard is the same
  if (!normal.isWellFormed()) throw new WrongLock();
  const okm = await scrypt({
    password: utf8(normal),
    salt,
    costFactor: n,
    blockSize: r,
    parallelism: p,
    hashLength: size,
    outputType: "binary",
  });
  return join(okm);
}

/** What a lock's seal authenticates: all but the sealed bytes. @param {Lock} lock */
const bound = ({ sealed: _, ...rest }) => utf8(canonical(rest));

/**
 * @param {Lock} lock @param {Bytes} okm key and commitment @param {Bytes} seed @param {Bytes} nonce
 */
async function wrap(lock, okm, seed, nonce) {
  if (seed.length !== 32) {
    throw new MalformedSeal("its seed has {given} bytes", { given: seed.length, kind: "vault" });
  }
  const whole = { ...lock, commitment: hex(okm.slice(32)), nonce: hex(nonce) };
  const cipher = await gcm(okm.slice(0, 32));
  return { ...whole, sealed: hex(await cipher.seal(nonce, seed, bound(whole))) };
}

/** @param {Lock} lock @param {Bytes} okm @returns {Promise<Bytes>} */
async function unwrap(lock, okm) {
  const sealed = hexPart(lock.sealed, KIND);
  if (!equal(hexPart(lock.commitment, KIND, 32), okm.slice(32))) throw new WrongLock();
  const cipher = await gcm(okm.slice(0, 32));
  const seed = await cipher.open(hexPart(lock.nonce, KIND, 12), sealed, bound(lock));
  if (seed === null) throw new WrongLock();
  if (seed.length !== 32) {
    throw new MalformedSeal("its seed has {given} bytes", { given: seed.length, kind: "vault" });
  }
  return seed;
}

/** @param {Lock} lock @param {string} version @param {string[]} names */
function requireParts(lock, version, names) {
  if (lock === null || typeof lock !== "object" || Array.isArray(lock)) {
    throw new MalformedSeal("it is not a JSON object", { kind: KIND });
  }
  if (lock.lock !== version) {
    throw new UnknownVersion("", { kind: KIND, version: String(lock.lock).slice(0, 40) });
  }
  if (!hasMembers(lock, names)) throw new MalformedSeal("a part is missing", { kind: KIND });
}

/**
 * Seal the seed under a passphrase; what is not given is fresh, and costs what it should.
 * @param {Bytes} seed @param {string} passphrase
 * @param {Partial<Cost> & {nonce?: Bytes}} [given] @returns {Promise<Lock>}
 */
export async function lockWithPassphrase(seed, passphrase, given = {}) {
  const { nonce = random(12), salt = random(16), ...cost } = { ...SCRYPT, ...given };
  const { n, r, p } = cost;
  const okm = await stretch(passphrase, { salt, n, r, p }, 64);
  return wrap({ lock: "passphrase/1", salt: hex(salt), n, r, p }, okm, seed, nonce);
}

/** @param {Lock} lock @param {string} passphrase @returns {Promise<Bytes>} the seed */
export async function openWithPassphrase(lock, passphrase) {
  requireParts(lock, "passphrase/1", PASSPHRASE);
  const { n, r, p } = lock;
  const whole = [n, r, p].every((value) => Number.isSafeInteger(value));
  const sound = whole && n > 1 && n <= SCRYPT_N_MOST && (n & (n - 1)) === 0;
  if (!sound || r < 1 || r > 8 || p < 1 || p > 4) {
    throw new MalformedSeal("its scrypt cost is out of bounds", { kind: KIND });
  }
  const salt = hexPart(lock.salt, KIND, 16);
  return unwrap(lock, await stretch(passphrase, { salt, n, r, p }, 64));
}

/**
 * The text that a wallet signs to open its lock, shaped as in ERC-4361.
 * @param {WalletParts} parts
 */
export const walletMessage = ({ origin, address, salt, chainId, at }) =>
  [
    `${origin.slice(origin.indexOf("://") + 3)} wants you to sign in with your Ethereum account:`,
    address,
    "",
    "Open my Chartkey vault on this device. Sign this only on the site named above.",
    "",
    `URI: ${origin}`,
    "Version: 1",
    `Chain ID: ${chainId}`,
    `Nonce: ${salt.slice(2).toLowerCase()}`,
    `Issued At: ${at}`,
  ].join("\n");

/**
 * What the wallet must sign to open this lock on a page of this origin.
 * @param {Lock} lock @param {string} origin
 */
export function lockMessage(lock, origin) {
  requireWalletParts(lock);
  if (lock.origin !== origin) throw new WrongLock(); // it must not make a wallet sign in elsewhere
  hexPart(lock.salt, KIND, 16);
  return walletMessage(/** @type {WalletParts} */ (lock));
}

/** No part can carry a line of its own into the message. @param {Lock} lock */
function requireWalletParts(lock) {
  requireParts(lock, "wallet/1", ["lock", ...WALLET, "commitment", "nonce", "sealed"]);
  const { origin, address, chainId, at } = lock;
  const texts = [origin, address, at].every((part) => typeof part === "string");
  const sound = texts && ORIGIN.test(origin) && TIME.test(at) && isChecked(address);
  if (!sound || !Number.isSafeInteger(chainId) || chainId < 0) {
    throw new MalformedSeal("a part is of another kind", { kind: KIND });
  }
}

/** @param {string} address */
function isChecked(address) {
  try {
    return checked(address) === address;
  } catch (failure) {
    if (failure instanceof MalformedStatement) return false;
    throw failure;
  }
}

/** @param {Bytes} signature @param {Bytes} deviceSecret @param {Bytes} salt */
async function walletKey(signature, deviceSecret, salt) {
  if (signature.length !== 65 || deviceSecret.length !== 32) throw new WrongLock();
  // r ‖ s only: some wallets give v as 0 or 1, others as 27 or 28
  const secret = join(signature.slice(0, 64), deviceSecret, salt);
  return hkdf(secret, utf8("chartkey/lock/wallet/1"), 64);
}

/**
 * Seal under a wallet's signature of `walletMessage` together with a device's secret. A wallet that
 * signs the same text twice differently could never open the lock: WrongLock.
 * @param {Bytes} seed @param {WalletParts} parts @param {Bytes[]} signatures both of them
 * @param {Bytes} deviceSecret @param {Bytes} [nonce] @returns {Promise<Lock>}
 */
export async function lockWithWallet(seed, parts, signatures, deviceSecret, nonce = random(12)) {
  const [first, second] = signatures;
  if (signatures.length !== 2 || !equal(first, second)) throw new WrongLock();
  const { origin, address, chainId, at, salt } = parts;
  const okm = await walletKey(first, deviceSecret, hexPart(salt, KIND, 16));
  return wrap({ lock: "wallet/1", origin, address, chainId, at, salt }, okm, seed, nonce);
}

/**
 * @param {Lock} lock @param {Bytes} signature @param {Bytes} deviceSecret
 * @returns {Promise<Bytes>} the seed
 */
export async function openWithWallet(lock, signature, deviceSecret) {
  requireWalletParts(lock);
  const salt = hexPart(lock.salt, KIND, 16);
  return unwrap(lock, await walletKey(signature, deviceSecret, salt));
}
