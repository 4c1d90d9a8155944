// Owns the recovery phrase and the locks in JavaScript (docs/formats.md, section 13), on ethers.

import { Mnemonic, Wallet, scryptSync } from "ethers";
import { Refused, canonical, equal, gcm, hex, hkdf, join, require, requireMembers, unhex, utf8 } from "./bytes.mjs";

/** @param {Uint8Array} seed */
export const phrase = (seed) => Mnemonic.fromEntropy(seed).phrase;

/** @param {string} text */
export function seedOfPhrase(text) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word);
  require(words.length === 24, "not 24 words");
  try {
    return unhex(Mnemonic.fromPhrase(words.join(" ")).entropy, 32);
  } catch {
    throw new Refused("not a recovery phrase");
  }
}

const bound = (lock) => utf8(canonical(Object.fromEntries(Object.entries(lock).filter(([name]) => name !== "sealed"))));

/** Key and commitment, 64 bytes, open the lock or do not fit. */
async function unwrap(lock, okm) {
  const commitment = unhex(lock.commitment, 32);
  require(equal(commitment, okm.slice(32)), "its key is not the one it commits to");
  const cipher = await gcm(okm.slice(0, 32));
  const seed = await cipher.open(unhex(lock.nonce, 12), unhex(lock.sealed), bound(lock));
  require(seed.length === 32, "not a seed");
  return seed;
}

async function wrap(lock, okm, seed) {
  const whole = { ...lock, commitment: hex(okm.slice(32)) };
  const cipher = await gcm(okm.slice(0, 32));
  return { ...whole, sealed: hex(await cipher.seal(unhex(lock.nonce, 12), seed, bound(whole))) };
}

const stretch = (lock, passphrase) =>
  unhex(scryptSync(utf8(passphrase.normalize("NFKC")), unhex(lock.salt, 16), lock.n, lock.r, lock.p, 64));

/** @param {any} lock @param {string} passphrase */
export function openWithPassphrase(lock, passphrase) {
  require(lock.lock === "passphrase/1", "another lock");
  requireMembers(lock, ["lock", "salt", "n", "r", "p", "commitment", "nonce", "sealed"]);
  const { n, r, p } = lock;
  require([n, r, p].every(Number.isInteger), "its cost is no number");
  require(n > 1 && n <= 2 ** 18 && Number.isInteger(Math.log2(n)), "n is out of bounds");
  require(r > 0 && r <= 8 && p > 0 && p <= 4, "r or p is out of bounds");
  return unwrap(lock, stretch(lock, passphrase));
}

/** @param {Uint8Array} seed @param {any} lock all but `commitment` and `sealed` @param {string} passphrase */
export const lockWithPassphrase = (seed, lock, passphrase) => wrap(lock, stretch(lock, passphrase), seed);

function walletKey(lock, signature, deviceSecret) {
  require(signature.length === 65 && deviceSecret.length === 32, "not a signature or secret");
  const secret = join(signature.slice(0, 64), deviceSecret, unhex(lock.salt, 16));
  return hkdf(secret, utf8("chartkey/lock/wallet/1"), 64);
}

/** The text of section 13.3. */
export const walletMessage = ({ origin, address, salt, chainId, at }) =>
  [
    `${origin.replace(/^.*?:\/\//, "")} wants you to sign in with your Ethereum account:`,
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

/** What the wallet must sign to open this lock on a page of this origin. @param {any} lock @param {string} origin */
export function lockMessage(lock, origin) {
  require(lock.lock === "wallet/1", "another lock");
  requireMembers(lock, ["lock", "origin", "address", "chainId", "at", "salt", "commitment", "nonce", "sealed"]);
  const texts = [lock.origin, lock.address, lock.at];
  require(texts.every((text) => typeof text === "string"), "a part is no text");
  require(Number.isSafeInteger(lock.chainId), "its chain is no number");
  unhex(lock.salt, 16);
  require(lock.origin === origin, "made for another origin");
  return walletMessage(lock);
}

/** @param {any} lock @param {string} privateKey the wallet's @param {Uint8Array} deviceSecret @param {string} origin */
export async function openWithWallet(lock, privateKey, deviceSecret, origin) {
  const signature = unhex(new Wallet(privateKey).signMessageSync(lockMessage(lock, origin)), 65);
  return { seed: await unwrap(lock, await walletKey(lock, signature, deviceSecret)), signature };
}

/** @param {Uint8Array} seed @param {any} lock all but `commitment` and `sealed` */
export async function lockWithWallet(seed, lock, privateKey, deviceSecret) {
  const signature = unhex(new Wallet(privateKey).signMessageSync(walletMessage(lock)), 65);
  return wrap(lock, await walletKey(lock, signature, deviceSecret), seed);
}
