// Owns the rules of records in the browser: the mirror of RecordRegistry (app/core/records.py).

import { ZERO32, equal, hex } from "./bytes.js";
import { spoke } from "./consent.js";
import { AnchoredTooEarly, AnchoredTooLate, ForeignSignature } from "./errors.js";
import { NoCredential, NotAnchored } from "./errors.js";
import { ADD, RECORDS } from "./statements.js";
import { isProven } from "./trees.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { ChainView } from "./ports.js" */
/** @import { Domains, Message, Proof, Signed } from "./typed_data.js" */

/** A record is anchored between 5 minutes before and 7 days after its `issuedAt`. */
const EARLIEST = 5 * 60;
const LATEST = 7 * 24 * 3600;

/** Roles in which registrars give credentials; numbers are those of PeopleRegistry.Role. */
export const ROLES = {
  NONE: 0,
  PRACTITIONER: 1,
  HOSPITAL: 2,
  LABORATORY: 3,
  PHARMACY: 4,
  INSURER: 5,
  DISTRIBUTOR: 6,
};
const ROLE_NUMBERS = Object.values(ROLES).filter((role) => role !== ROLES.NONE);

/** Why a record is not authentic; numbers are those of RecordRegistry.Refusal. */
export const RECORD_REFUSAL = {
  NONE: 0,
  NOT_ANCHORED: 1,
  ANCHORED_TOO_EARLY: 2,
  ANCHORED_TOO_LATE: 3,
  NOT_SIGNED_BY_AUTHOR: 4,
  NO_CREDENTIAL: 5,
};

/** @param {number} reason @param {number} [role] */
const answer = (reason, role = ROLES.NONE) => ({ reason, role });

/**
 * What RecordRegistry answers; role NONE with reason NONE: written by the patient.
 * @param {Signed} signed @param {Proof} proof @param {{domains: Domains, view: ChainView}} judging
 */
export async function refusal({ message: record, signature }, proof, { domains, view }) {
  const digest = domains.digest("Record", record);
  const proven = isProven(digest, proof.path, proof.root);
  const anchoredAt = proven ? await view.anchoredAt(RECORDS, proof.root) : 0;
  const { author, issuedAt } = record;
  if (!anchoredAt) return answer(RECORD_REFUSAL.NOT_ANCHORED);
  if (anchoredAt + EARLIEST < issuedAt) return answer(RECORD_REFUSAL.ANCHORED_TOO_EARLY);
  if (anchoredAt - LATEST > issuedAt) return answer(RECORD_REFUSAL.ANCHORED_TOO_LATE);
  const own = author === record.patient;
  const [speaks, roles] = await Promise.all([
    spoke(author, digest, signature, anchoredAt, view),
    own ? [] : rolesAt(author, [issuedAt, anchoredAt], view),
  ]);
  if (!speaks) return answer(RECORD_REFUSAL.NOT_SIGNED_BY_AUTHOR);
  if (own) return answer(RECORD_REFUSAL.NONE);
  if (!roles.length) return answer(RECORD_REFUSAL.NO_CREDENTIAL);
  return answer(RECORD_REFUSAL.NONE, roles[0]);
}

/**
 * The roles that somebody held at each of these times.
 * @param {string} person @param {number[]} times @param {ChainView} view
 */
async function rolesAt(person, times, view) {
  const held = await Promise.all(
    ROLE_NUMBERS.map(async (role) => {
      const asked = times.map((at) => view.holdsCredential(person, role, at));
      return (await Promise.all(asked)).every((holds) => holds);
    }),
  );
  return ROLE_NUMBERS.filter((_, i) => held[i]);
}

/**
 * The role in which the author wrote (0: the patient); raises the reason otherwise.
 * @param {Signed} signed @param {Proof} proof @param {{domains: Domains, view: ChainView}} judging
 */
export async function requireAuthentic(signed, proof, judging) {
  const { reason, role } = await refusal(signed, proof, judging);
  switch (reason) {
    case RECORD_REFUSAL.NOT_ANCHORED:
      throw new NotAnchored();
    case RECORD_REFUSAL.ANCHORED_TOO_EARLY:
      throw new AnchoredTooEarly();
    case RECORD_REFUSAL.ANCHORED_TOO_LATE:
      throw new AnchoredTooLate();
    case RECORD_REFUSAL.NOT_SIGNED_BY_AUTHOR:
      throw new ForeignSignature();
    case RECORD_REFUSAL.NO_CREDENTIAL:
      throw new NoCredential();
  }
  return role;
}

/**
 * Whether a record belongs into its patient's chart without asking: the patient wrote it, or gave
 * its author (or an organization of the author's) the right to add. What was added while it stood
 * stays.
 * @param {Message} record @param {Bytes} digest @param {Message[]} grants
 * @param {string[]} [memberOf]
 */
export function isWelcome(record, digest, grants, memberOf = []) {
  if (record.author === record.patient) return true;
  const authors = new Set([record.author, ...memberOf]);
  return grants.some(
    (grant) =>
      (grant.rights & ADD) !== 0 &&
      grant.patient === record.patient &&
      authors.has(grant.viewer) &&
      grant.category === record.category &&
      (equal(grant.record, ZERO32) || equal(grant.record, digest)),
  );
}

/**
 * The records (by the hexadecimal of their digests) that no later version replaces: one replaces
 * another of its patient and category where both have one author, or where the patient accepted it.
 * The caller leaves out what is not authentic or was retracted.
 * @param {Map<string, Message>} records @param {Set<string>} [accepted] digests
 */
export function currentVersions(records, accepted = new Set()) {
  const replaced = new Set();
  for (const [digest, record] of records) {
    const older = records.get(hex(record.supersedes));
    if (older === undefined || equal(record.supersedes, ZERO32)) continue;
    const samePart = older.patient === record.patient && older.category === record.category;
    if (samePart && (older.author === record.author || accepted.has(digest))) {
      replaced.add(hex(record.supersedes));
    }
  }
  return new Map([...records].filter(([digest]) => !replaced.has(digest)));
}
