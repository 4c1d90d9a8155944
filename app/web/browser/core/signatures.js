// Owns who signed a digest (secp256k1), and the P-256 keys of sessions (formats.md, section 3).

import { Signature, SigningKey } from "ethers";
import { hex, readUint, sha256, unhex, utf8 } from "./bytes.js";
import { MalformedSignature, MalformedStatement, MalleableSignature } from "./errors.js";
import { keccak } from "./trees.js";

/** @import { Bytes } from "./bytes.js" */

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const ORDER = 2n * HALF_ORDER + 1n;
const MOST_KEPT = 4096;

/** The ERC-55 form of 20 bytes. @param {Bytes} raw */
function checksummed(raw) {
  const letters = hex(raw).slice(2);
  const marks = hex(keccak(utf8(letters))).slice(2);
  return "0x" + [...letters].map((c, i) => (marks[i] > "7" ? c.toUpperCase() : c)).join("");
}

/** @type {Map<string, string>} */
const addresses = new Map();

/**
 * The ERC-55 form of an address; one in mixed case must have the right one.
 * @param {unknown} written
 */
export function address(written) {
  const known = typeof written === "string" ? addresses.get(written) : undefined;
  if (known !== undefined) return known;
  const found = checksummed(unhex(written, 20));
  const body = /** @type {string} */ (written).slice(2);
  if (![body.toLowerCase(), body.toUpperCase(), found.slice(2)].includes(body)) {
    throw new MalformedStatement("an address has a wrong checksum: one of its letters is off");
  }
  remember(addresses, /** @type {string} */ (written), found);
  return found;
}

/** @template V @param {Map<string, V>} kept @param {string} name @param {V} value */
function remember(kept, name, value) {
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(name, value);
}

/** @type {Map<string, string>} */
const recovered = new Map();

/**
 * The address that signed 32 bytes: r ‖ s ‖ v, with v 27 or 28 and s in the lower half (EIP-2).
 * @param {Bytes} digest @param {Bytes} signature
 */
export function recover(digest, signature) {
  if (signature.length !== 65 || (signature[64] !== 27 && signature[64] !== 28)) {
    throw new MalformedSignature();
  }
  if (readUint(signature.subarray(32, 64)) > HALF_ORDER) throw new MalleableSignature();
  const asked = hex(digest) + hex(signature);
  let signer = recovered.get(asked);
  if (signer === undefined) {
    signer = addressOfPoint(recoveredPoint(digest, signature));
    remember(recovered, asked, signer);
  }
  return signer;
}

/** @param {Bytes} digest @param {Bytes} signature */
function recoveredPoint(digest, signature) {
  try {
    return unhex(SigningKey.recoverPublicKey(digest, Signature.from(hex(signature))), 65);
  } catch {
    throw new MalformedSignature();
  }
}

/** @param {Bytes} point uncompressed */
const addressOfPoint = (point) => checksummed(keccak(point.subarray(1)).slice(12));

/** Whether 32 bytes are a secp256k1 private key. @param {Bytes} key */
export function isSigningKey(key) {
  const scalar = readUint(key);
  return key.length === 32 && scalar > 0n && scalar < ORDER;
}

/** @param {Bytes} privateKey */
export const addressOf = (privateKey) =>
  addressOfPoint(unhex(SigningKey.computePublicKey(privateKey, false), 65));

/**
 * r ‖ s ‖ v of an own key over 32 bytes (RFC 6979).
 * @param {Bytes} privateKey @param {Bytes} digest
 */
export const signDigest = (privateKey, digest) =>
  unhex(new SigningKey(privateKey).sign(digest).serialized, 65);

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const ECDSA = { name: "ECDSA", hash: "SHA-256" };

/** A fresh key that this browser can use and nobody can read. */
export async function newSessionKey() {
  const pair = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { privateKey: pair.privateKey, publicKey: point };
}

/** The `key` of a Session: SHA-256 of the uncompressed point. @param {Bytes} publicKey */
export const sessionKeyId = (publicKey) => sha256(publicKey);

/** r ‖ s of a session key over a digest. @param {CryptoKey} key @param {Bytes} digest */
export const signAccess = async (key, digest) =>
  new Uint8Array(await crypto.subtle.sign(ECDSA, key, digest));

/**
 * Whether a session key signed the digest.
 * @param {Bytes} publicKey @param {Bytes} digest @param {Bytes} signature
 */
export async function isSessionSignature(publicKey, digest, signature) {
  if (publicKey.length !== 65 || publicKey[0] !== 4 || signature.length !== 64) return false;
  let key;
  try {
    key = await crypto.subtle.importKey("raw", publicKey, P256, false, ["verify"]);
  } catch (failure) {
    if (failure instanceof DOMException) return false; // no point of the curve
    throw failure;
  }
  return crypto.subtle.verify(ECDSA, key, signature, digest);
}
