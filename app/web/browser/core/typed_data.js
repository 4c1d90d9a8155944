// Owns EIP-712 in the browser: types, messages and digests of statements (formats.md, section 2).

import { hasMembers, hex, join, unhex, utf8 } from "./bytes.js";
import { MalformedStatement, UnknownStatement } from "./errors.js";
import { address } from "./signatures.js";
import { keccak } from "./trees.js";

/** @import { Bytes } from "./bytes.js" */

/** @typedef {{name: string, type: string}} Field */
/** @typedef {{judge: string, text: string, hash: Bytes, fields: Field[]}} Type */
/** @typedef {{name: string, version: string, chainId: number, verifyingContract: string}} Domain */
/** @typedef {Record<string, any>} Message field values by their EIP-712 names */
/** @typedef {{type: string, message: Message, signature: Bytes}} Signed */
/** @typedef {{root: Bytes, path: Bytes[]}} Proof */
/** @typedef {{signed: Signed, publicKey: Bytes}} OpenSession a Session with its P-256 point */
/**
 * @typedef {{chainId: number, contracts: {people: string, records: string, consent: string, audit:
 * string}}} Deployment
 */

export const PEOPLE = "PeopleRegistry";
export const RECORDS = "RecordRegistry";
export const CONSENT = "ConsentRegistry";
export const AUDIT = "AuditTrail";
/** The contracts that keep a book of anchors. */
export const BOOKS = [RECORDS, CONSENT, AUDIT];

export const VIEW = 1;
export const ADD = 2;

const JUDGED = {
  [PEOPLE]: [
    "Enrolment(address person,bytes32 keysHash,address recovery,uint256 nonce,uint256 deadline)",
    "Rotation(address person,address newKey,uint256 nonce,uint256 deadline)",
    "KeysChange(address person,bytes32 keysHash,uint256 nonce,uint256 deadline)",
    "RecoveryChange(address person,address recovery,uint256 nonce,uint256 deadline)",
    "Recovery(address person,address newKey,uint256 nonce,uint256 deadline)",
    "Representation(address person,address representative,uint64 expiresAt,uint256 nonce," +
      "uint256 deadline)",
    "Membership(address organization,address member,uint64 notBefore,uint64 expiresAt," +
      "bytes32 salt)",
    "MembershipEnd(address organization,bytes32 membership)",
    "CategoryKeys(address patient,uint64 epoch,bytes32 keysHash,bytes32 salt)",
    "Introduction(address registrar,address person,string name,uint64 issuedAt,bytes32 salt)",
  ],
  [RECORDS]: [
    "Record(address patient,address author,string category,bytes32 contentRoot," +
      "bytes32 sealedHash,bytes32 supersedes,uint64 issuedAt,bytes32 salt)",
    "Sheet(bytes32 record,uint64 version,bytes32 sheetHash,bytes32 salt)",
    "Retraction(address person,bytes32 record)",
  ],
  [CONSENT]: [
    "Grant(address patient,address viewer,string category,bytes32 record,string purpose," +
      "uint8 rights,uint64 notBefore,uint64 expiresAt,uint256 nonce,bytes32 salt)",
    "Request(address patient,address viewer,string category,string purpose,uint8 rights," +
      "uint64 expiresAt,string reason,uint64 at,bytes32 salt)",
    "Revocation(address patient,uint256 word,uint256 mask)",
    "RevocationOfAll(address patient,uint64 tag,uint64 newTag)",
  ],
  [AUDIT]: [
    "Access(address viewer,bytes32 grant,bytes32 records,string purpose,uint64 at,bytes32 salt)",
    "Session(address person,bytes32 key,string origin,uint64 notBefore,uint64 expiresAt," +
      "bytes32 salt)",
  ],
};

/** Fields that hold seconds since 1970: numbers here, and not bigints as other large integers. */
const TIMES = new Set(["notBefore", "expiresAt", "issuedAt", "at", "deadline"]);

/** @param {string} text @returns {Field[]} */
const fieldsOf = (text) =>
  text.slice(text.indexOf("(") + 1, -1).split(",").map((field) => {
    const [type, name] = field.split(" ");
    return { name, type };
  });

/** Every type that a person can sign. @type {Record<string, Type>} */
export const TYPES = Object.fromEntries(
  Object.entries(JUDGED).flatMap(([judge, texts]) =>
    texts.map((text) => [
      text.slice(0, text.indexOf("(")),
      { judge, text, hash: keccak(utf8(text)), fields: fieldsOf(text) },
    ]),
  ),
);
export const TYPE_STRINGS = Object.values(TYPES).map((type) => type.text);

const DOMAIN_TEXT =
  "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const DOMAIN_HASH = keccak(utf8(DOMAIN_TEXT));
export const DOMAIN_FIELDS = fieldsOf(DOMAIN_TEXT);
export const NAME = "Chartkey";
export const VERSION = "1";

/** @param {string} name @returns {Type} */
export function typeOf(name) {
  if (typeof name !== "string" || !Object.hasOwn(TYPES, name)) throw new UnknownStatement();
  return TYPES[name];
}

// integers

/**
 * A whole number of any form that a message may have it in.
 * @param {unknown} value @returns {bigint}
 */
export function whole(value) {
  if (typeof value === "bigint") return value;
  if (typeof value === "string" && /^(0x[0-9a-fA-F]{1,64}|[0-9]{1,78})$/.test(value)) {
    return BigInt(value);
  }
  // a larger one must be text: JavaScript would read another number
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  throw new MalformedStatement("a value is not a whole number, or a large one that is not text");
}

/** @param {unknown} value @param {string} type as `uint64` */
function fitting(value, type) {
  const number = whole(value);
  if (number < 0n || number >= 1n << BigInt(type.slice(4))) {
    throw new MalformedStatement("a value does not fit {type}", { type });
  }
  return number;
}

/** @param {bigint} number */
const word = (number) => unhex("0x" + number.toString(16).padStart(64, "0"));

// messages

/** One field's value in its normal form. @param {Field} field @param {unknown} value */
function normal({ name, type }, value) {
  if (type === "address") return address(value);
  if (type === "bytes32") {
    if (!(value instanceof Uint8Array)) return unhex(value, 32);
    if (value.length !== 32) throw new MalformedStatement("a value is not 32 bytes");
    return value;
  }
  if (type === "string") {
    utf8(/** @type {string} */ (value));
    return value;
  }
  const number = fitting(value, type);
  const isPlain = type === "uint8" || (TIMES.has(name) && number <= Number.MAX_SAFE_INTEGER);
  return isPlain ? Number(number) : number; // a time that no clock reaches stays exact
}

/**
 * A message with its values in normal form: ERC-55 text, bytes, numbers for uint8 and times,
 * bigints for other integers. @param {string} type @param {any} document @returns {Message}
 */
export function messageOf(type, document) {
  const { fields } = typeOf(type);
  if (!hasMembers(document, fields.map((field) => field.name))) {
    throw new MalformedStatement("a {type} has other fields than these", { type });
  }
  return Object.fromEntries(
    fields.map((field) => [field.name, normal(field, document[field.name])]),
  );
}

/**
 * A message as wallets expect it: what may pass 2^53 is text.
 * @param {string} type @param {Message} message
 */
export function messageJson(type, message) {
  const sound = messageOf(type, message);
  return Object.fromEntries(
    typeOf(type).fields.map((field) => {
      const value = sound[field.name];
      if (value instanceof Uint8Array) return [field.name, hex(value)];
      const isLarge = field.type.startsWith("uint") && field.type !== "uint8";
      return [field.name, isLarge ? String(value) : value];
    }),
  );
}

/** @param {Field} field @param {any} value in normal form @returns {Bytes} */
function encoded({ type }, value) {
  if (type === "address") return join(new Uint8Array(12), unhex(value, 20));
  if (type === "bytes32") return value;
  if (type === "string") return keccak(utf8(value));
  return word(BigInt(value));
}

/** @type {WeakMap<Domain, Bytes>} */
const separators = new WeakMap();

/** @param {Domain} domain @returns {Bytes} */
export function separatorOf(domain) {
  let separator = separators.get(domain);
  if (separator === undefined) {
    const texts = [domain.name, domain.version].map((value) => keccak(utf8(value)));
    const contract = join(new Uint8Array(12), unhex(domain.verifyingContract, 20));
    separator = keccak(join(DOMAIN_HASH, ...texts, word(whole(domain.chainId)), contract));
    separators.set(domain, separator);
  }
  return separator;
}

/**
 * The 32 bytes that are signed, anchored and proven.
 * @param {string} type @param {Domain} domain @param {Message} message
 */
export function digest(type, domain, message) {
  const { fields, hash } = typeOf(type);
  const sound = messageOf(type, message);
  const struct = keccak(join(hash, ...fields.map((field) => encoded(field, sound[field.name]))));
  return keccak(join(new Uint8Array([0x19, 1]), separatorOf(domain), struct));
}

/**
 * The argument of eth_signTypedData_v4.
 * @param {string} type @param {Domain} domain @param {Message} message
 */
export function typedData(type, domain, message) {
  return {
    types: { EIP712Domain: DOMAIN_FIELDS, [type]: typeOf(type).fields },
    primaryType: type,
    domain: { ...domain },
    message: messageJson(type, message),
  };
}

/** The four contracts of one deployment, as the domains of the statements that they judge. */
export class Domains {
  /** @param {Deployment} deployment */
  constructor({ chainId, contracts }) {
    /** @param {string} contract @returns {Domain} */
    const domain = (contract) => ({
      name: NAME,
      version: VERSION,
      chainId,
      verifyingContract: address(contract),
    });
    this.chainId = chainId;
    this.people = domain(contracts.people);
    this.records = domain(contracts.records);
    this.consent = domain(contracts.consent);
    this.audit = domain(contracts.audit);
    /** @type {Record<string, Domain>} */
    this.byJudge = {
      [PEOPLE]: this.people,
      [RECORDS]: this.records,
      [CONSENT]: this.consent,
      [AUDIT]: this.audit,
    };
  }

  /** The domain in which a type is signed. @param {string} type */
  judging(type) {
    return this.byJudge[typeOf(type).judge];
  }

  /** @param {string} type @param {Message} message */
  digest(type, message) {
    return digest(type, this.judging(type), message);
  }

  /** @param {string} type @param {Message} message */
  typedData(type, message) {
    return typedData(type, this.judging(type), message);
  }
}

/** @param {Deployment} deployment */
export const domainsOf = (deployment) => new Domains(deployment);
