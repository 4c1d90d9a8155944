// Owns statements and signatures in JavaScript (docs/formats.md, sections 2 and 3), on ethers.

import { webcrypto } from "node:crypto";
import { Signature, SigningKey, TypedDataEncoder, Wallet } from "ethers";
import { computeAddress, getAddress, keccak256, verifyTypedData } from "ethers";
import { hex, join, parseObject, require, requireMembers, sha256, unhex, utf8 } from "./bytes.mjs";

const { subtle } = webcrypto;
const DOMAIN =
  "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/** The type strings, as docs/formats.md lists them. */
export const TYPE_STRINGS = [
  "Enrolment(address person,bytes32 keysHash,address recovery,uint256 nonce,uint256 deadline)",
  "Rotation(address person,address newKey,uint256 nonce,uint256 deadline)",
  "KeysChange(address person,bytes32 keysHash,uint256 nonce,uint256 deadline)",
  "RecoveryChange(address person,address recovery,uint256 nonce,uint256 deadline)",
  "Recovery(address person,address newKey,uint256 nonce,uint256 deadline)",
  "Representation(address person,address representative,uint64 expiresAt,uint256 nonce,uint256 deadline)",
  "Membership(address organization,address member,uint64 notBefore,uint64 expiresAt,bytes32 salt)",
  "MembershipEnd(address organization,bytes32 membership)",
  "CategoryKeys(address patient,uint64 epoch,bytes32 keysHash,bytes32 salt)",
  "Record(address patient,address author,string category,bytes32 contentRoot,bytes32 sealedHash,bytes32 supersedes,uint64 issuedAt,bytes32 salt)",
  "Sheet(bytes32 record,uint64 version,bytes32 sheetHash,bytes32 salt)",
  "Retraction(address person,bytes32 record)",
  "Grant(address patient,address viewer,string category,bytes32 record,string purpose,uint8 rights,uint64 notBefore,uint64 expiresAt,uint256 nonce,bytes32 salt)",
  "Revocation(address patient,uint256 word,uint256 mask)",
  "RevocationOfAll(address patient,uint64 tag,uint64 newTag)",
  "Access(address viewer,bytes32 grant,bytes32 records,string purpose,uint64 at,bytes32 salt)",
  "Session(address person,bytes32 key,string origin,uint64 notBefore,uint64 expiresAt,bytes32 salt)",
];

/** @type {Record<string, {name: string, type: string}[]>} */
const TYPES = Object.fromEntries(TYPE_STRINGS.map(fieldsOf));

/** @param {string} typeString @returns {[string, {name: string, type: string}[]]} */
function fieldsOf(typeString) {
  const [, name, inner] = /^(\w+)\((.*)\)$/.exec(typeString);
  return [name, inner.split(",").map((field) => {
    const [type, label] = field.split(" ");
    return { name: label, type };
  })];
}

const DOMAIN_FIELDS = fieldsOf(DOMAIN)[1];

/** @param {string} type */
const only = (type) => {
  require(Object.hasOwn(TYPES, type), "an unknown statement");
  return { [type]: TYPES[type] };
};

/** Digest and its parts by ethers, and once more by hand. @param {string} type */
export function digest(type, domain, message) {
  const byHand = digestByHand(type, domain, message);
  const byEthers = TypedDataEncoder.hash(domain, only(type), message);
  require(byEthers === byHand.digest, "ethers disagrees with docs/formats.md");
  return { ...byHand, ethersType: TypedDataEncoder.from(only(type)).encodeType(type) };
}

function digestByHand(type, domain, message) {
  const typeString = TYPE_STRINGS.find((text) => text.startsWith(`${type}(`));
  const typeHash = keccak256(utf8(typeString));
  const fields = TYPES[type].map((field) => word(field.type, message[field.name]));
  const struct = keccak256(join(unhex(typeHash), ...fields));
  const separator = keccak256(
    join(
      unhex(keccak256(utf8(DOMAIN))),
      word("string", domain.name),
      word("string", domain.version),
      word("uint256", domain.chainId),
      word("address", domain.verifyingContract),
    ),
  );
  const whole = keccak256(join(new Uint8Array([0x19, 1]), unhex(separator), unhex(struct)));
  return { typeString, typeHash, separator, digest: whole };
}

function word(type, value) {
  if (type === "bytes32") return unhex(value, 32);
  if (type === "string") return unhex(keccak256(utf8(value)));
  if (type === "address") return join(new Uint8Array(12), unhex(getAddress(value)));
  const bits = BigInt(type.slice(4));
  const number = BigInt(value);
  require(number >= 0n && number < 1n << bits, `a number does not fit ${type}`);
  return unhex("0x" + number.toString(16).padStart(64, "0"));
}

/** @param {string} privateKey */
export const sign = (privateKey, type, domain, message) =>
  new Wallet(privateKey).signTypedData(domain, only(type), message);

/** The signer, by ethers' own check of typed data and by our strict one. */
export function signer(type, domain, message, signature) {
  const strict = recover(digest(type, domain, message).digest, signature);
  const byEthers = verifyTypedData(domain, only(type), message, signature);
  require(strict === byEthers, "ethers recovers another signer");
  return strict;
}

/** Recover from 65 bytes with low s and v 27 or 28. @param {string} digestHex @param {string} signature */
export function recover(digestHex, signature) {
  const bytes = unhex(signature, 65);
  require(bytes[64] === 27 || bytes[64] === 28, "v is neither 27 nor 28");
  const half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
  require(BigInt(hex(bytes.slice(32, 64))) <= half, "high s");
  try {
    return computeAddress(SigningKey.recoverPublicKey(digestHex, Signature.from(signature)));
  } catch {
    require(false, "not a signature");
  }
}

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const ECDSA = { name: "ECDSA", hash: "SHA-256" };

/** A fresh session key, as a browser makes it, signing one digest. @param {string} digestHex */
export async function signWithSession(digestHex) {
  const pair = await subtle.generateKey(P256, false, ["sign", "verify"]);
  const point = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  const signature = await subtle.sign(ECDSA, pair.privateKey, unhex(digestHex, 32));
  const made = new Uint8Array(signature);
  return { publicKey: hex(point), keyId: hex(await sha256(point)), signature: hex(made) };
}

/** @param {string} publicKey @param {string} digestHex @param {string} signature */
export async function isSessionSignature(publicKey, digestHex, signature) {
  const point = unhex(publicKey);
  if (point.length !== 65 || point[0] !== 4 || unhex(signature).length !== 64) return false;
  let key;
  try {
    key = await subtle.importKey("raw", point, P256, false, ["verify"]);
  } catch {
    return false;
  }
  return subtle.verify(ECDSA, key, unhex(signature), unhex(digestHex, 32));
}

/** Read a statement file addressed to one contract; refuses what section 2.1 refuses. */
export function readStatementFile(text, contract) {
  const file = parseObject(utf8(text));
  require(file.chartkey === "statement/1", "not a statement file");
  const { primaryType: type, types, domain, message } = file.typedData ?? {};
  require(typeof type === "string" && types && domain && message, "not typed data");
  const expected = only(type)[type];
  requireMembers(types, ["EIP712Domain", type]);
  requireFields(types[type], expected);
  requireFields(types.EIP712Domain, DOMAIN_FIELDS);
  requireMembers(domain, ["name", "version", "chainId", "verifyingContract"]);
  require(domain.name === "Chartkey" && domain.version === "1", "another application");
  requireReadable("uint64", domain.chainId);
  require(BigInt(domain.chainId) === BigInt(contract.chainId), "another chain");
  requireAddress(domain.verifyingContract);
  require(getAddress(domain.verifyingContract) === contract.verifyingContract, "another contract");
  requireMembers(message, expected.map((field) => field.name));
  for (const field of expected) requireReadable(field.type, message[field.name]);
  const made = digest(type, domain, message).digest;
  return { type, digest: made, signer: recover(made, file.signature), ...readProof(file) };
}

function readProof({ root, proof }) {
  if (root === undefined) return { root: null, proof: null };
  require(Array.isArray(proof) && proof.length <= 64, "its proof is not a list of at most 64 steps");
  return { root: hex(unhex(root, 32)), proof: proof.map((step) => hex(unhex(step, 32))) };
}

function requireFields(given, expected) {
  require(Array.isArray(given) && given.length === expected.length, "another type");
  for (const [i, field] of given.entries()) {
    requireMembers(field, ["name", "type"]);
    require(field.name === expected[i].name && field.type === expected[i].type, "another type");
  }
}

function requireReadable(type, value) {
  if (!type.startsWith("uint")) {
    require(typeof value === "string", "a value is not text");
    if (type === "address") requireAddress(value);
    return;
  }
  const whole = typeof value === "string" && /^(0x[0-9a-fA-F]{1,64}|[0-9]{1,78})$/.test(value);
  require(whole || Number.isSafeInteger(value), "not a whole number");
}

function requireAddress(value) {
  require(typeof value === "string", "not an address");
  const body = value.slice(2);
  unhex(value, 20);
  const plain = body === body.toLowerCase() || body === body.toUpperCase();
  require(plain || getAddress(value.toLowerCase()) === value, "a wrong address checksum");
}
