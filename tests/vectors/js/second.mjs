// Owns what other libraries say of the same inputs, so that the browser's core is not its own judge.

import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";
import { TypedDataEncoder, Wallet, verifyTypedData } from "ethers";
import { CipherSuite, Aes256Gcm, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import { hex, unhex } from "../../../app/web/browser/core/bytes.js";
import { TYPES } from "../../../app/web/browser/core/statements.js";

/** @param {string} type */
const only = (type) => ({ [type]: TYPES[type].fields });

/** ethers' digest and type string. */
export const typed = (type, domain, message) => ({
  digest: TypedDataEncoder.hash(domain, only(type), message),
  text: TypedDataEncoder.from(only(type)).encodeType(type),
});

/** @param {string} privateKey */
export const sign = (privateKey, type, domain, message) =>
  new Wallet(privateKey).signTypedData(domain, only(type), message);

export const signer = (type, domain, message, signature) =>
  verifyTypedData(domain, only(type), message, signature);

/** What a wallet makes of `personal_sign`. @param {string} privateKey @param {string} message */
export const signText = (privateKey, message) =>
  unhex(new Wallet(privateKey).signMessageSync(message), 65);

/** OpenZeppelin's tree. @param {Uint8Array[]} digests */
export const treeOf = (digests) => SimpleMerkleTree.of(digests.map(hex));

const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** What the library's deriveKeyPair makes of the same bytes: *not* our key. */
export async function derivedPublicKey(ikm) {
  const pair = await suite.kem.deriveKeyPair(Uint8Array.from(ikm).buffer);
  return new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
}

/** The library alone opens what was sealed. */
export async function open(seed, sealed, info) {
  const recipientKey = await suite.kem.importKey("raw", Uint8Array.from(seed), false);
  const [enc, text] = [sealed.slice(0, 1120).buffer, sealed.slice(1120).buffer];
  return new Uint8Array(await suite.open({ recipientKey, enc, info: info.slice().buffer }, text));
}
