// Owns what an opened envelope may hold (docs/formats.md, section 11.1): written, and read.
//
// Reading believes nothing: who signed is checked by the letterbox. What is malformed is passed
// over, so that nothing a stranger sends keeps a person from reading the rest.

import { hex, hexPart } from "./bytes.js";
import { ChartkeyError, MalformedSeal } from "./errors.js";
import { readStatement, statementFile } from "./statements.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { Domains, OpenSession, Signed } from "./typed_data.js" */

/**
 * A record statement with what its readers need to find and read the body.
 * @typedef {object} RecordFile
 * @property {Bytes} digest
 * @property {Signed} signed
 * @property {string} address of the sealed body
 * @property {string} content `json/1` or `opaque/1`
 * @property {string} mediaType
 * @property {number} size
 * @property {string} title
 * @property {string} [occurred] when what it tells of took place, as FHIR writes it
 */
/**
 * A grant with what came with it: category keys (seeds), or one record and its half A.
 * @typedef {object} GrantFile
 * @property {Bytes} digest
 * @property {Signed} signed
 * @property {Bytes[]} keys
 * @property {Bytes | null} halfA null or empty for the right to add alone
 * @property {RecordFile | null} record
 * @property {Signed | null} membership
 */
/**
 * @typedef {{digest: Bytes, signed: Signed, records: Bytes[], session: OpenSession | null}} Opening
 */
/** @typedef {{digest: Bytes, signed: Signed}} SignedFile */
/** @typedef {Record<string, any>} Letter */

const KIND = "letter";

// writing

/** @param {RecordFile} file @param {Domains} domains @returns {Letter} */
export const recordLetter = (file, domains) => ({
  record: statementFile(file.signed, domains),
  body: file.address,
  content: file.content,
  mediaType: file.mediaType,
  size: file.size,
  title: file.title,
  ...(file.occurred && { occurred: file.occurred }),
});

/** @param {GrantFile} file @param {Domains} domains @returns {Letter} */
export const grantLetter = (file, domains) => ({
  grant: statementFile(file.signed, domains),
  keys: file.keys.map(hex),
  ...(file.record && {
    halfA: hex(file.halfA ?? new Uint8Array(0)),
    about: recordLetter(file.record, domains),
  }),
  ...(file.membership && { membership: statementFile(file.membership, domains) }),
});

/**
 * The copy that an organization keeps.
 * @param {Signed} signed @param {Domains} domains @returns {Letter}
 */
export const membershipLetter = (signed, domains) => ({ member: statementFile(signed, domains) });

/**
 * The copy that a patient keeps.
 * @param {Signed} signed @param {Domains} domains @returns {Letter}
 */
export const revocationLetter = (signed, domains) => ({
  revocation: statementFile(signed, domains),
});

/** @param {Signed} signed @param {Domains} domains @returns {Letter} */
export const requestLetter = (signed, domains) => ({ request: statementFile(signed, domains) });

// reading; each answers null where the letter is about something else

/** @param {Letter} letter @param {Domains} domains @returns {RecordFile | null} */
export function readRecord(letter, domains) {
  if (!("record" in letter)) return null;
  const { digest, signed } = readSigned(letter.record, ["Record"], domains);
  if (!Number.isSafeInteger(letter.size)) {
    throw new MalformedSeal("its size is not a number", { kind: KIND });
  }
  return {
    digest,
    signed,
    address: textOf(letter, "body"),
    content: textOf(letter, "content"),
    mediaType: textOf(letter, "mediaType"),
    size: letter.size,
    title: textOf(letter, "title"),
    occurred: "occurred" in letter ? textOf(letter, "occurred") : "",
  };
}

/** @param {Letter} letter @param {Domains} domains @returns {GrantFile | null} */
export function readGrant(letter, domains) {
  if (!("grant" in letter)) return null;
  const { about, membership } = letter;
  return {
    ...readSigned(letter.grant, ["Grant"], domains),
    keys: listOf(letter, "keys").map((seed) => hexPart(seed, KIND, 32)),
    halfA: about ? hexPart(letter.halfA, KIND) : null,
    record: about ? readRecord(about, domains) : null,
    membership: membership ? readSigned(membership, ["Membership"], domains).signed : null,
  };
}

/** @param {Letter} letter @param {Domains} domains @returns {Signed | null} */
export const readMembership = (letter, domains) =>
  "member" in letter ? readSigned(letter.member, ["Membership"], domains).signed : null;

/** @param {Letter} letter @param {Domains} domains @returns {Signed | null} */
export const readRevocation = (letter, domains) =>
  "revocation" in letter
    ? readSigned(letter.revocation, ["Revocation", "RevocationOfAll"], domains).signed
    : null;

/** @param {Letter} letter @param {Domains} domains @returns {Opening | null} */
export function readOpening(letter, domains) {
  if (!("access" in letter)) return null;
  /** @type {OpenSession | null} */
  let session = null;
  if ("session" in letter) {
    const { signed } = readSigned(letter.session, ["Session"], domains);
    session = { signed, publicKey: hexPart(letter.sessionKey, KIND) };
  }
  return {
    ...readSigned(letter.access, ["Access"], domains),
    records: listOf(letter, "records").map((digest) => hexPart(digest, KIND, 32)),
    session,
  };
}

/** @param {Letter} letter @param {Domains} domains @returns {SignedFile | null} */
export const readRequest = (letter, domains) =>
  "request" in letter ? readSigned(letter.request, ["Request"], domains) : null;

/**
 * @param {unknown} document @param {string[]} types @param {Domains} domains @returns {SignedFile}
 */
function readSigned(document, types, domains) {
  const { digest, type, message, signature } = readStatement(document, types, domains);
  return { digest, signed: { type, message, signature } };
}

/** @param {Letter} letter @param {string} name @returns {string} */
function textOf(letter, name) {
  const found = letter[name];
  if (typeof found !== "string") {
    throw new MalformedSeal("its {part} is not text", { part: name, kind: KIND });
  }
  return found;
}

/** @param {Letter} letter @param {string} name @returns {unknown[]} */
function listOf(letter, name) {
  const found = letter[name];
  if (!Array.isArray(found)) {
    throw new MalformedSeal("its {part} is no list", { part: name, kind: KIND });
  }
  return found;
}

/**
 * What a reader finds in letters; a malformed one is passed over as if lost.
 * @template R @param {(letter: Letter, domains: Domains) => R | null} reader
 * @param {Iterable<Letter>} letters @param {Domains} domains @returns {R[]}
 */
export function readAll(reader, letters, domains) {
  const all = [];
  for (const letter of letters) {
    try {
      const found = reader(letter, domains);
      if (found !== null) all.push(found);
    } catch (failure) {
      if (!(failure instanceof ChartkeyError || failure instanceof TypeError)) throw failure;
    }
  }
  return all;
}
