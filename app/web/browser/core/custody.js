// Owns what travels to custodians and back (docs/formats.md, section 17).

import { hasMembers, hex, text, unhex } from "./bytes.js";
import { MalformedStatement } from "./errors.js";
import { messageJson } from "./statements.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { Slot } from "./sheets.js" */
/** @import { Domains, Message, OpenSession, Proof, Signed } from "./typed_data.js" */

/**
 * @typedef {{record: Message, epoch: number | bigint, share: Slot | null}} Asked one record, and
 * this custodian's share of its key
 */
/**
 * What a viewer sends to a custodian; without a grant the viewer asks as the author.
 * @typedef {object} OpeningRequest
 * @property {Signed} access
 * @property {OpenSession | null} session
 * @property {Signed | null} grant
 * @property {Proof | null} proof
 * @property {Signed | null} membership
 * @property {Asked[]} records
 * @property {Bytes} viewerKeys keys document
 * @property {Bytes} patientKeys keys document
 */

const MOST_RECORDS = 1000;
const MOST_ENTRIES = 1000;
const LONGEST_SLOT = 4096;

/** @param {Signed} signed */
const written = ({ type, message, signature }) => ({
  message: messageJson(type, message),
  signature: hex(signature),
});

/** @param {OpenSession | null} session */
const writtenSession = (session) =>
  session && { ...written(session.signed), publicKey: hex(session.publicKey) };

/** @param {Slot | null} share */
const writtenShare = (share) =>
  share && { number: share.number, recipient: hex(share.recipient), sealed: hex(share.sealed) };

/** @param {OpeningRequest} request @param {Domains} domains */
export const writeOpening = (request, domains) => ({
  chartkey: "opening/1",
  chain: domains.chainId,
  audit: domains.audit.verifyingContract,
  access: written(request.access),
  session: writtenSession(request.session),
  grant: request.grant && written(request.grant),
  proof: request.proof && { root: hex(request.proof.root), path: request.proof.path.map(hex) },
  membership: request.membership && written(request.membership),
  records: request.records.map(({ record, epoch, share }) => ({
    message: messageJson("Record", record),
    epoch: Number(epoch),
    share: writtenShare(share),
  })),
  viewerKeys: text(request.viewerKeys),
  patientKeys: text(request.patientKeys),
});

/**
 * A signed revocation; which registry it is meant for shows in its signature.
 * @param {Signed} signed
 */
export const writeRevocation = (signed) => ({
  chartkey: "revocation/1",
  type: signed.type,
  ...written(signed),
});

/**
 * A patient's inquiry, with the page that is asked for.
 * @param {Signed} signed @param {OpenSession | null} session
 */
export const writeInquiry = (signed, session, after = 0) => ({
  chartkey: "inquiry/1",
  access: written(signed),
  session: writtenSession(session),
  after,
});

/** @param {any} document @param {string} version @param {string[]} names */
function requireForm(document, version, names) {
  if (!hasMembers(document, ["chartkey", ...names])) {
    const members = names.join(", ");
    throw new MalformedStatement("an object has other members than {members}", { members });
  }
  if (document.chartkey !== version) {
    throw new MalformedStatement("it is not of the form {version}", { version });
  }
}

/**
 * A custodian's answer: its id and, by record digest, its share sealed to the viewer.
 * @param {any} document
 */
export function readRelease(document) {
  requireForm(document, "release/1", ["custodian", "shares"]);
  const { custodian, shares } = document;
  const isObject = shares !== null && typeof shares === "object" && !Array.isArray(shares);
  if (!isObject || Object.keys(shares).length > MOST_RECORDS) {
    throw new MalformedStatement("its shares are not an object of at most 1000");
  }
  const sealed = Object.entries(shares).map(([digest, share]) => {
    const bytes = unhex(share);
    if (bytes.length > LONGEST_SLOT) throw new MalformedStatement("a share is too long");
    return /** @type {const} */ ([hex(unhex(digest, 32)), bytes]);
  });
  return { custodian: unhex(custodian, 32), shares: new Map(sealed) };
}

/** A page of a custodian's log: opening letters, sealed to the patient. @param {any} document */
export function readLogPage(document) {
  requireForm(document, "log-page/1", ["entries", "after"]);
  const { entries, after } = document;
  if (!Array.isArray(entries) || entries.length > MOST_ENTRIES) {
    const facts = { most: MOST_ENTRIES };
    throw new MalformedStatement("a value is not a list of at most {most} items", facts);
  }
  if (after !== null && !(Number.isSafeInteger(after) && after >= 0)) {
    throw new MalformedStatement("a value is not a whole number");
  }
  const pages = entries.map((entry) => unhex(entry));
  return { entries: pages, after: /** @type {number | null} */ (after) };
}
