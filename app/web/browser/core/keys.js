// Owns X-Wing keys and one-message sealing with HPKE (docs/formats.md, section 5), on @hpke.

import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { hkdf, join, random, sha256, uint, utf8 } from "./bytes.js";
import { MalformedSeal, SlotNotOpened } from "./errors.js";
import { KeepingXWing } from "./xwing.js";

/** @import { Bytes } from "./bytes.js" */

/**
 * @typedef {object} PublicKey
 * @property {Bytes} bytes 1,216 bytes
 * @property {Bytes} id the SHA-256 of them
 * @property {(plaintext: Bytes, info: Bytes) => Promise<Bytes>} seal
 * @property {(length: number) => Promise<Bytes>} noise what looks like a sealing, and holds nothing
 */
/**
 * @typedef {object} PrivateKey
 * @property {Bytes} seed 32 bytes
 * @property {PublicKey} public
 * @property {Bytes} id the id of the public half
 * @property {(sealed: Bytes, info: Bytes) => Promise<Bytes>} open raises SlotNotOpened
 */

const kem = new KeepingXWing();
const suite = new CipherSuite({
  kem,
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});
export const PUBLIC_KEY = 1216;
export const ENCAPSULATION = 1120;
/** What sealing adds to a plaintext. */
export const OVERHEAD = ENCAPSULATION + 16;

/** A key's own bytes, not a view of larger ones. @param {Bytes} bytes */
const own = (bytes) => bytes.slice().buffer;

/** @param {Bytes} bytes @returns {Promise<PublicKey>} */
export async function publicKey(bytes) {
  if (bytes.length !== PUBLIC_KEY) {
    throw new MalformedSeal("it has {given} bytes", { given: bytes.length, kind: "public key" });
  }
  const recipientPublicKey = await kem.deserializePublicKey(own(bytes));
  return {
    bytes,
    id: await sha256(bytes),
    async seal(plaintext, info) {
      try {
        const asked = { recipientPublicKey, info: own(info) };
        const { enc, ct } = await suite.seal(asked, own(plaintext));
        return join(new Uint8Array(enc), new Uint8Array(ct));
      } catch {
        throw new MalformedSeal("it is not a valid key", { kind: "public key" });
      }
    },
    async noise(length) {
      // a real encapsulation whose secret is thrown away; AES-GCM under it would look random too
      const { enc } = await kem.encap({ recipientPublicKey });
      return join(new Uint8Array(enc), random(length + 16));
    },
  };
}

/** @param {Bytes} seed @returns {Promise<PrivateKey>} */
export async function privateKey(seed) {
  if (seed.length !== 32) {
    throw new MalformedSeal("it has {given} bytes", { given: seed.length, kind: "private key" });
  }
  const pair = await kem.generateKeyPairDerand(seed.slice());
  const half = await publicKey(
    new Uint8Array(await kem.serializePublicKey(pair.publicKey)),
  );
  return {
    seed,
    public: half,
    id: half.id,
    async open(sealed, info) {
      if (sealed.length < OVERHEAD) throw new SlotNotOpened();
      const enc = own(sealed.subarray(0, ENCAPSULATION));
      try {
        const asked = { recipientKey: pair.privateKey, enc, info: own(info) };
        return new Uint8Array(await suite.open(asked, own(sealed.subarray(ENCAPSULATION))));
      } catch {
        throw new SlotNotOpened();
      }
    },
  };
}

/** @param {Bytes} seed a vault's */
export const identitySeed = (seed) => hkdf(seed, utf8("chartkey/identity/1"));

/** @param {Bytes} seed a vault's @param {string} category @param {number | bigint} epoch */
export const categorySeed = (seed, category, epoch) =>
  hkdf(seed, join(utf8("chartkey/category/1"), uint(epoch, 8), utf8(category)));

/** The key to which others seal what is for this person. @param {Bytes} seed a vault's */
export const identityKey = async (seed) => privateKey(await identitySeed(seed));

/**
 * A patient's key of one category in one epoch.
 * @param {Bytes} seed a vault's @param {string} category @param {number | bigint} epoch
 */
export const categoryKey = async (seed, category, epoch) =>
  privateKey(await categorySeed(seed, category, epoch));
