// Owns the recovery phrase and the locks in JavaScript (docs/formats.md, section 13), on ethers.

import { Mnemonic, Wallet, scryptSync } from "ethers";
import { Refused, canonical, gcm, hex, hkdf, join, require, requireMembers, unhex, utf8 } from "./bytes.mjs";

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

async function unwrap(lock, key) {
  const seed = await (await gcm(key)).open(unhex(lock.nonce, 12), unhex(lock.sealed), bound(lock));
  require(seed.length === 32, "not a seed");
  return seed;
}

async function wrap(lock, key, seed) {
  const sealed = await (await gcm(key)).seal(unhex(lock.nonce, 12), seed, bound(lock));
  return { ...lock, sealed: hex(sealed) };
}

const stretch = (lock, passphrase) =>
  unhex(scryptSync(utf8(passphrase.normalize("NFKC")), unhex(lock.salt), lock.n, lock.r, lock.p, 32));

/** @param {any} lock @param {string} passphrase */
export function openWithPassphrase(lock, passphrase) {
  require(lock.lock === "passphrase/1", "another lock");
  requireMembers(lock, ["lock", "salt", "nonce", "n", "r", "p", "sealed"]);
  const { n, r, p } = lock;
  require([n, r, p].every(Number.isInteger), "its cost is no number");
  require(n > 1 && n <= 2 ** 20 && Number.isInteger(Math.log2(n)), "n is out of bounds");
  require(r > 0 && r <= 8 && p > 0 && p <= 4, "r or p is out of bounds");
  return unwrap(lock, stretch(lock, passphrase));
}

/** @param {Uint8Array} seed @param {any} lock all but `sealed` @param {string} passphrase */
export const lockWithPassphrase = (seed, lock, passphrase) => wrap(lock, stretch(lock, passphrase), seed);

function walletKey(lock, signature, deviceSecret) {
  require(signature.length === 65 && deviceSecret.length === 32, "not a signature or secret");
  return hkdf(join(signature, deviceSecret, unhex(lock.salt)), utf8("chartkey/lock/wallet/1"));
}

/** The text of section 13.3. */
export const walletMessage = ({ origin, address, salt, chainId, at }) =>
  [
    `${origin.split("://").at(-1)} wants you to sign in with your Ethereum account:`,
    address,
    "",
    "Open my Chartkey vault on this device. Sign this only on the site named above.",
    "",
    `URI: ${origin}`,
    "Version: 1",
    `Chain ID: ${chainId}`,
    `Nonce: ${salt.slice(2)}`,
    `Issued At: ${at}`,
  ].join("\n");

/** @param {any} lock @param {string} privateKey the wallet's @param {Uint8Array} deviceSecret */
export async function openWithWallet(lock, privateKey, deviceSecret) {
  require(lock.lock === "wallet/1", "another lock");
  requireMembers(lock, ["lock", "salt", "nonce", "message", "sealed"]);
  const signature = unhex(new Wallet(privateKey).signMessageSync(lock.message), 65);
  return { seed: await unwrap(lock, await walletKey(lock, signature, deviceSecret)), signature };
}

/** @param {Uint8Array} seed @param {any} lock all but `sealed` */
export async function lockWithWallet(seed, lock, privateKey, deviceSecret) {
  const signature = unhex(new Wallet(privateKey).signMessageSync(lock.message), 65);
  return wrap(lock, await walletKey(lock, signature, deviceSecret), seed);
}
