// Owns how the rules of the browser's core are asked, with a chain whose answers Python gives.

import * as audit from "../../../app/web/browser/core/audit.js";
import { hex, unhex } from "../../../app/web/browser/core/bytes.js";
import * as consent from "../../../app/web/browser/core/consent.js";
import * as people from "../../../app/web/browser/core/people.js";
import * as records from "../../../app/web/browser/core/records.js";
import { domainsOf, messageOf } from "../../../app/web/browser/core/statements.js";

const plain = (value) => {
  if (value instanceof Uint8Array) return hex(value);
  return typeof value === "bigint" ? value.toString() : value;
};

const NAMES = {
  anchoredAt: "anchored_at",
  speaksFor: "speaks_for",
  keyOf: "key_of",
  holdsCredential: "holds_credential",
  rolesOf: "roles_of",
  isRegistrar: "is_registrar",
  membershipEndedAt: "membership_ended_at",
  tag: "tag",
  revokedBits: "revoked_bits",
  accepts: "accepts",
};
const BIG = new Set(["tag", "revokedBits"]);

/**
 * A ChainView that knows these answers and no others.
 * @param {[any[], any][]} answers @param {number} time
 */
function viewOf(answers, time) {
  const known = new Map(answers.map(([question, answer]) => [JSON.stringify(question), answer]));
  const view = { time };
  for (const [name, asked] of Object.entries(NAMES)) {
    view[name] = async (...given) => {
      const question = JSON.stringify([asked, ...given.map(plain)]);
      if (!known.has(question)) throw new Error(`nobody expected the question ${question}`);
      const answer = known.get(question);
      return BIG.has(name) ? BigInt(answer) : answer;
    };
  }
  return view;
}

const signedOf = ({ type, message, signature }) => ({
  type,
  message: messageOf(type, message),
  signature: unhex(signature),
});

/** @type {Record<string, (signed: any, q: any, judging: any) => any>} */
const RULES = {
  grant: (signed, { proof, now }, judging) => consent.refusal(signed, proof, { ...judging, now }),
  viewable: (signed, { proof, now }, judging) => consent.requireViewable(signed, proof, { ...judging, now }),
  record: (signed, { proof }, judging) => records.refusal(signed, proof, judging),
  authentic: (signed, { proof }, judging) => records.requireAuthentic(signed, proof, judging),
  membership: (signed, { organization, member, now }, judging) =>
    people.requireMembership(signed, { organization, member, now, ...judging }),
  introduction: (signed, _, judging) => people.requireIntroduction(signed, judging),
  request: (signed, { patient }, judging) => consent.requireRequest(signed, { patient, ...judging }),
  access: (signed, { session, at, clock }, judging) => {
    const open = session && { signed: signedOf(session.signed), publicKey: unhex(session.publicKey) };
    return audit.requireSigned(signed, open, { ...judging, at, clock });
  },
};

export function judge(q) {
  const domains = domainsOf({ chainId: q.chainId, contracts: q.contracts });
  const proof = q.proof && { root: unhex(q.proof.root), path: q.proof.path.map((step) => unhex(step)) };
  const view = viewOf(q.answers, q.time);
  return RULES[q.rule](signedOf(q.signed), { ...q, proof }, { domains, view });
}

/** @param {{used: string[], tag: string, times: number}} q */
export function nonces({ used, tag, times }) {
  const all = used.map(BigInt);
  for (let i = 0; i < times; i += 1) all.push(consent.freshNonce(BigInt(tag), all));
  return all.slice(used.length);
}

export const revokes = ({ revocation, grant }) =>
  consent.revokes(
    { ...revocation, message: messageOf(revocation.type, revocation.message) },
    messageOf("Grant", grant),
  );

export const welcome = ({ record, digest, grants, memberOf }) =>
  records.isWelcome(
    messageOf("Record", record),
    unhex(digest),
    grants.map((grant) => messageOf("Grant", grant)),
    memberOf,
  );

export const versions = ({ records: given, accepted }) => [
  ...records
    .currentVersions(new Map(given.map(([digest, message]) => [digest, messageOf("Record", message)])), new Set(accepted))
    .keys(),
];
