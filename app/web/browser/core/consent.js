// Owns the rules of consent in the browser: the mirror of ConsentRegistry (app/core/consent.py).

import { ZERO_ADDRESS, random, readUint } from "./bytes.js";
import { requireCategory } from "./categories.js";
import { ForeignSignature, GrantExpired, GrantNotYetValid, GrantRevoked } from "./errors.js";
import { GrantTagReplaced, MalformedSignature, MalformedStatement } from "./errors.js";
import { MalleableSignature, NotAnchored, ViewingNotGranted } from "./errors.js";
import { ADD, CONSENT, VIEW, recover } from "./statements.js";
import { isProven } from "./trees.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { ChainView } from "./ports.js" */
/** @import { Domains, Message, Proof, Signed } from "./typed_data.js" */

/** @typedef {{domains: Domains, view: ChainView, now: number}} Judging */

/** HL7 v3 PurposeOfUse words that pages offer; the contract takes any text. */
export const PURPOSES = [
  "TREAT", "ETREAT", "CAREMGT", "HOPERAT", "HPAYMT", "HRESCH", "PATRQT", "FAMRQT",
];
/** Purposes for which a viewer must hold a credential at the time of opening. */
export const PROFESSIONAL = ["TREAT", "ETREAT", "CAREMGT", "HOPERAT", "HPAYMT", "HRESCH"];
/** Characters of a request's reason. */
export const LONGEST_REASON = 500;

/** Why a grant does not let its viewer see; numbers are those of ConsentRegistry.Refusal. */
export const GRANT_REFUSAL = {
  NONE: 0,
  NOT_ANCHORED: 1,
  NOT_YET_VALID: 2,
  EXPIRED: 3,
  VIEWING_NOT_GRANTED: 4,
  TAG_REPLACED: 5,
  REVOKED: 6,
  NOT_SIGNED_BY_PATIENT: 7,
};

/** The top 64 bits of a grant's nonce. @param {bigint} nonce */
export const tagOf = (nonce) => nonce >> 192n;

/** All but the low 8 bits, the tag included. @param {bigint} nonce */
export const wordOf = (nonce) => nonce >> 8n;

/** The one bit of a grant's nonce within its word. @param {bigint} nonce */
export const maskOf = (nonce) => 1n << (nonce & 0xffn);

/**
 * Whether a signed revocation takes a grant back, once the contract has it.
 * @param {Signed} revocation @param {Message} grant
 */
export function revokes({ type, message }, grant) {
  if (message.patient !== grant.patient) return false;
  if (type === "RevocationOfAll") return message.tag === tagOf(grant.nonce);
  return message.word === wordOf(grant.nonce) && (message.mask & maskOf(grant.nonce)) !== 0n;
}

/**
 * A nonce under the tag that none of `used` (in order of signing) has: bits of one random word in
 * random order, so that revocations share a storage slot and tell no count.
 * @param {bigint} tag @param {bigint[]} used
 */
export function freshNonce(tag, used) {
  const own = used.filter((nonce) => tagOf(nonce) === tag);
  let word = own.length ? wordOf(own[own.length - 1]) : null;
  const taken = new Set(own.filter((nonce) => wordOf(nonce) === word).map((n) => n & 0xffn));
  if (word === null || taken.size === 256) {
    word = (tag << 184n) | readUint(random(23));
    taken.clear();
  }
  const free = Array.from({ length: 256 }, (_, bit) => BigInt(bit)).filter((b) => !taken.has(b));
  return (word << 8n) | free[Number(readUint(random(8)) % BigInt(free.length))];
}

/**
 * What ConsentRegistry.refusal answers at `now`.
 * @param {Signed} signed @param {Proof} proof @param {Judging} judging
 */
export async function refusal({ message: grant, signature }, proof, { domains, view, now }) {
  const digest = domains.digest("Grant", grant);
  const proven = isProven(digest, proof.path, proof.root);
  const anchoredAt = proven ? await view.anchoredAt(CONSENT, proof.root) : 0;
  if (!anchoredAt) return GRANT_REFUSAL.NOT_ANCHORED;
  if (now < grant.notBefore) return GRANT_REFUSAL.NOT_YET_VALID;
  if (now >= grant.expiresAt) return GRANT_REFUSAL.EXPIRED;
  if (!(grant.rights & VIEW)) return GRANT_REFUSAL.VIEWING_NOT_GRANTED;
  const [tag, revoked, speaks] = await Promise.all([
    view.tag(grant.patient),
    view.revokedBits(grant.patient, wordOf(grant.nonce)),
    speaksOrAccepts(grant.patient, digest, signature, anchoredAt, view),
  ]);
  if (tag !== tagOf(grant.nonce)) return GRANT_REFUSAL.TAG_REPLACED;
  if (revoked & maskOf(grant.nonce)) return GRANT_REFUSAL.REVOKED;
  return speaks ? GRANT_REFUSAL.NONE : GRANT_REFUSAL.NOT_SIGNED_BY_PATIENT;
}

/**
 * Whether the signer spoke for the person then, or their contract account accepts it now.
 * @param {string} person @param {Bytes} digest @param {Bytes} signature @param {number} at
 * @param {ChainView} view
 */
export async function speaksOrAccepts(person, digest, signature, at, view) {
  if (await spoke(person, digest, signature, at, view)) return true;
  const key = await view.keyOf(person);
  return key !== ZERO_ADDRESS && view.accepts(key, digest, signature);
}

/**
 * Whether an ECDSA signature is of someone who spoke for the person then; a malformed one is not.
 * @param {string} person @param {Bytes} digest @param {Bytes} signature @param {number} at
 * @param {ChainView} view
 */
export async function spoke(person, digest, signature, at, view) {
  let signer;
  try {
    signer = recover(digest, signature);
  } catch (failure) {
    if (failure instanceof MalformedSignature || failure instanceof MalleableSignature) {
      return false; // a contract account may have signatures of any form
    }
    throw failure;
  }
  return view.speaksFor(person, signer, at);
}

/**
 * Raise the error that tells why the grant does not let its viewer see.
 * @param {Signed} signed @param {Proof} proof @param {Judging} judging
 */
export async function requireViewable(signed, proof, judging) {
  const { notBefore, expiresAt } = signed.message;
  switch (await refusal(signed, proof, judging)) {
    case GRANT_REFUSAL.NOT_ANCHORED:
      throw new NotAnchored();
    case GRANT_REFUSAL.NOT_YET_VALID:
      throw new GrantNotYetValid("", { not_before: notBefore });
    case GRANT_REFUSAL.EXPIRED:
      throw new GrantExpired("", { expires_at: expiresAt });
    case GRANT_REFUSAL.VIEWING_NOT_GRANTED:
      throw new ViewingNotGranted();
    case GRANT_REFUSAL.TAG_REPLACED:
      throw new GrantTagReplaced();
    case GRANT_REFUSAL.REVOKED:
      throw new GrantRevoked();
    case GRANT_REFUSAL.NOT_SIGNED_BY_PATIENT:
      throw new ForeignSignature();
  }
}

/**
 * What a viewer asks of this patient; raises MalformedStatement, UnknownCategory, ForeignSignature.
 * @param {Signed} signed @param {{patient: string, domains: Domains, view: ChainView}} judging
 */
export async function requireRequest({ message: request, signature }, judging) {
  const { patient, domains, view } = judging;
  if (request.patient !== patient) throw new MalformedStatement("it asks somebody else");
  const { rights, reason } = request;
  if (rights < 1 || rights > (VIEW | ADD) || [...reason].length > LONGEST_REASON) {
    throw new MalformedStatement("it asks for what no permission gives");
  }
  requireCategory(request.category);
  const signer = recover(domains.digest("Request", request), signature);
  if (!(await view.speaksFor(request.viewer, signer, view.time))) throw new ForeignSignature();
  return request;
}
