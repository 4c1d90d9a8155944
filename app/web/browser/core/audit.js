// Owns the rules of accesses: what an Access names, and who may sign it (app/core/audit.py).

import { ZERO32, equal, hex } from "./bytes.js";
import { ForeignSignature, SessionInvalid } from "./errors.js";
import { isSessionSignature, recover, sessionKeyId, statementFile } from "./statements.js";
import { rootOf } from "./trees.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { ChainView } from "./ports.js" */
/** @import { Domains, Message, OpenSession, Signed } from "./typed_data.js" */

/** @typedef {{domains: Domains, view: ChainView, at: number, clock: number}} Judging */

export const MOST_RECORDS = 1000;
export const LONGEST_SESSION = 12 * 3600;
/** The purpose of a patient's inquiry (HL7 v3: patient requested). */
export const INQUIRY = "PATRQT";

/**
 * An Access's `records`: the root over the digests of what is opened.
 * @param {Iterable<Bytes>} digests
 */
export const recordsRoot = (digests) => rootOf(digests);

/**
 * What is left with the patient of an opening.
 * @param {Signed} signed @param {OpenSession | null} session @param {Bytes[]} records
 * @param {Domains} domains
 */
export const accessLetter = (signed, session, records, domains) => ({
  access: statementFile(signed, domains),
  records: records.map(hex),
  ...(session && {
    session: statementFile(session.signed, domains),
    sessionKey: hex(session.publicKey),
  }),
});

/**
 * A patient's question what a custodian (its key id) has logged about their chart: an Access
 * without a grant that opens nothing, since no root over records has that value.
 * @param {{patient: string, custodian: Bytes, at: number, salt: Bytes}} asked @returns {Message}
 */
export const inquiry = ({ patient, custodian, at, salt }) => ({
  viewer: patient,
  grant: ZERO32,
  records: custodian,
  purpose: INQUIRY,
  at,
  salt,
});

/**
 * Raise unless someone who spoke for the viewer `at` that time signed, or let a session sign that
 * was running by `clock`: the present, or the access's own time where an old one is looked at
 * again.
 * @param {Signed} signed an Access @param {OpenSession | null} session @param {Judging} judging
 */
export async function requireSigned({ message: access, signature }, session, judging) {
  const { domains, view, at } = judging;
  const digest = domains.digest("Access", access);
  if (session === null) {
    if (!(await view.speaksFor(access.viewer, recover(digest, signature), at))) {
      throw new ForeignSignature();
    }
    return;
  }
  await requireSession(session, access.viewer, judging);
  if (!(await isSessionSignature(session.publicKey, digest, signature))) {
    throw new SessionInvalid("it did not sign this access");
  }
}

/** @param {OpenSession} session @param {string} person @param {Judging} judging */
async function requireSession({ signed, publicKey }, person, { domains, view, at, clock }) {
  const statement = signed.message;
  if (statement.person !== person) throw new SessionInvalid("it belongs to somebody else");
  if (!equal(statement.key, await sessionKeyId(publicKey))) {
    throw new SessionInvalid("the wallet allowed another key");
  }
  const { notBefore, expiresAt } = statement;
  if (BigInt(expiresAt) - BigInt(notBefore) > LONGEST_SESSION) {
    throw new SessionInvalid("it is longer than twelve hours");
  }
  if (clock < notBefore || clock >= expiresAt) {
    throw new SessionInvalid("it has ended, or has not begun");
  }
  const signer = recover(domains.digest("Session", statement), signed.signature);
  if (!(await view.speaksFor(person, signer, at))) {
    throw new SessionInvalid("nobody who speaks for the person signed it");
  }
}
