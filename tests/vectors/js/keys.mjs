// Owns X-Wing keys and HPKE in JavaScript (docs/formats.md, section 5), on @hpke.

import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import { Refused, hkdf, join, require, sha256, uint, utf8 } from "./bytes.mjs";

const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
export const ENCAPSULATION = 1120;
export const OVERHEAD = ENCAPSULATION + 16;

/** @param {Uint8Array} seed @returns {Promise<Uint8Array>} */
export async function publicKey(seed) {
  require(seed.length === 32, "a private key is a seed of 32 bytes");
  const pair = await suite.kem.generateKeyPairDerand(Uint8Array.from(seed));
  return new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
}

/** What the library's deriveKeyPair makes of the same bytes: *not* our key. */
export async function derivedPublicKey(ikm) {
  const pair = await suite.kem.deriveKeyPair(Uint8Array.from(ikm).buffer);
  return new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
}

/** @param {Uint8Array} key */
export const keyId = (key) => sha256(key);

/** @param {Uint8Array} key @param {Uint8Array} plaintext @param {Uint8Array} info */
export async function seal(key, plaintext, info) {
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(Uint8Array.from(key).buffer);
    const { enc, ct } = await suite.seal({ recipientPublicKey, info: Uint8Array.from(info).buffer }, Uint8Array.from(plaintext).buffer);
    return join(new Uint8Array(enc), new Uint8Array(ct));
  } catch {
    throw new Refused("not a public key");
  }
}

/** @param {Uint8Array} seed @param {Uint8Array} sealed @param {Uint8Array} info */
export async function open(seed, sealed, info) {
  require(sealed.length >= OVERHEAD, "too short to be sealed");
  try {
    const recipientKey = await suite.kem.importKey("raw", Uint8Array.from(seed), false);
    const enc = sealed.slice(0, ENCAPSULATION).buffer;
    const opened = await suite.open(
      { recipientKey, enc, info: Uint8Array.from(info).buffer },
      sealed.slice(ENCAPSULATION).buffer,
    );
    return new Uint8Array(opened);
  } catch {
    throw new Refused("altered, or sealed for something else");
  }
}

/** @param {Uint8Array} seed */
export const identitySeed = (seed) => hkdf(seed, utf8("chartkey/identity/1"));

/** @param {Uint8Array} seed @param {string} category @param {number | bigint} epoch */
export const categorySeed = (seed, category, epoch) =>
  hkdf(seed, join(utf8("chartkey/category/1"), uint(epoch, 8), utf8(category)));
