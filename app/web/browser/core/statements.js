// Owns the statement file: typed data, a signature, and its proof (docs/formats.md, section 2.1).

import { hasMembers, hex, unhex } from "./bytes.js";
import { MalformedSeal, MalformedStatement } from "./errors.js";
import { WrongChain, WrongContract, WrongVersion } from "./errors.js";
import { address } from "./signatures.js";
import { DOMAIN_FIELDS, NAME, VERSION, digest, messageOf } from "./typed_data.js";
import { typeOf, typedData, whole } from "./typed_data.js";

export * from "./signatures.js";
export * from "./typed_data.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { Domain, Field, Proof, Signed } from "./typed_data.js" */

/** @typedef {Signed & {digest: Bytes, root?: Bytes, proof?: Bytes[]}} StatementFile */
/** @typedef {{judging: (type: string) => Domain}} Judges what tells where a type is signed */

export const LONGEST_PROOF = 64;

/**
 * A statement as it is sent, put into envelopes and verified.
 * @param {Signed} signed @param {Judges} domains @param {Proof} [proof]
 */
export function statementFile({ type, message, signature }, domains, proof) {
  return {
    chartkey: "statement/1",
    typedData: typedData(type, domains.judging(type), message),
    signature: hex(signature),
    ...(proof && { root: hex(proof.root), proof: proof.path.map(hex) }),
  };
}

/**
 * Read a statement file that was made for this deployment; who signed it is not looked at.
 * @param {any} document @param {Judges} domains @returns {StatementFile}
 */
export function readStatementFile(document, domains) {
  if (document?.chartkey !== "statement/1") {
    throw new MalformedStatement("it is not a Chartkey statement file, version 1");
  }
  const { primaryType: type, types, domain, message: fields } = document.typedData ?? {};
  if (![types, domain, fields].every((part) => part !== null && typeof part === "object")) {
    throw new MalformedStatement("it is not EIP-712 typed data");
  }
  const given = readDomain(domain);
  const expected = typeOf(type).fields;
  const declared = hasMembers(types, ["EIP712Domain", type]);
  if (!declared || !isList(types[type], expected) || !isList(types.EIP712Domain, DOMAIN_FIELDS)) {
    throw new MalformedStatement("its {type} differs from Chartkey's", { type });
  }
  const message = messageOf(type, fields);
  const own = domains.judging(type);
  requireOwn(given, own);
  const signature = unhex(document.signature);
  const file = { type, message, signature, digest: digest(type, own, message) };
  return document.root === undefined ? file : { ...file, ...readProof(document) };
}

/**
 * A statement file of one of these types.
 * @param {any} document @param {string[]} types @param {Judges} domains
 */
export function readStatement(document, types, domains) {
  const file = readStatementFile(document, domains);
  if (!types.includes(file.type)) {
    throw new MalformedSeal("it holds another statement", { kind: "letter" });
  }
  return file;
}

/** @param {any} domain @returns {Domain} */
function readDomain(domain) {
  if (!hasMembers(domain, DOMAIN_FIELDS.map((field) => field.name))) {
    throw new MalformedStatement("its domain has other fields than Chartkey's");
  }
  if (domain.name !== NAME || domain.version !== VERSION) throw new WrongVersion();
  return {
    name: NAME,
    version: VERSION,
    chainId: readChainId(domain.chainId),
    verifyingContract: address(domain.verifyingContract),
  };
}

/** @param {unknown} value */
function readChainId(value) {
  let number = -1n;
  try {
    number = whole(value);
  } catch {
    // what is no number is another chain
  }
  if (number < 0n || number >= 1n << 64n) {
    throw new WrongChain("", { given: "no number", expected: "one of 64 bits" });
  }
  return Number(number);
}

/** @param {Domain} given @param {Domain} own */
function requireOwn(given, own) {
  if (given.chainId !== own.chainId) {
    throw new WrongChain("", { given: given.chainId, expected: own.chainId });
  }
  if (given.verifyingContract !== own.verifyingContract) {
    const expected = own.verifyingContract;
    throw new WrongContract("", { given: given.verifyingContract, expected });
  }
}

/** @param {any} given @param {Field[]} expected */
function isList(given, expected) {
  return (
    Array.isArray(given) &&
    given.length === expected.length &&
    given.every((field, i) => {
      const { name, type } = expected[i];
      return hasMembers(field, ["name", "type"]) && field.name === name && field.type === type;
    })
  );
}

/** @param {any} document @returns {{root: Bytes, proof: Bytes[]}} */
function readProof({ root, proof }) {
  if (!Array.isArray(proof) || proof.length > LONGEST_PROOF) {
    throw new MalformedStatement("its proof is not a list of at most 64 steps");
  }
  return { root: unhex(root, 32), proof: proof.map((step) => unhex(step, 32)) };
}
