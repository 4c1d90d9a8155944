// Owns the rules of who acts for whom: memberships and introductions (app/core/people.py).

import { ForeignSignature, MembershipInvalid, NoCredential } from "./errors.js";
import { ROLES } from "./records.js";
import { recover } from "./statements.js";

export { ROLES };

/** @import { ChainView } from "./ports.js" */
/** @import { Domains, Signed } from "./typed_data.js" */

/**
 * Raise MembershipInvalid unless the member acts for the organization now.
 * @param {Signed} signed
 * @param {{organization: string, member: string, domains: Domains, view: ChainView, now: number}}
 * asked
 */
export async function requireMembership({ message, signature }, asked) {
  const { organization, member, domains, view, now } = asked;
  const digest = domains.digest("Membership", message);
  if (message.organization !== organization) {
    throw new MembershipInvalid("it is one of another organization");
  }
  if (message.member !== member) throw new MembershipInvalid("it was given to somebody else");
  if (now < message.notBefore || now >= message.expiresAt) {
    throw new MembershipInvalid("it has ended, or has not begun");
  }
  const [endedAt, speaks] = await Promise.all([
    view.membershipEndedAt(organization, digest),
    view.speaksFor(organization, recover(digest, signature), now),
  ]);
  if (endedAt) throw new MembershipInvalid("the organization has ended it");
  if (!speaks) {
    throw new MembershipInvalid("nobody who speaks for the organization signed it");
  }
}

/**
 * What a registrar of one of the person's roles says they are called; raises ForeignSignature,
 * NoCredential.
 * @param {Signed} signed @param {{domains: Domains, view: ChainView}} judging
 */
export async function requireIntroduction({ message, signature }, { domains, view }) {
  const { registrar, person } = message;
  const signer = recover(domains.digest("Introduction", message), signature);
  const [speaks, roles] = await Promise.all([
    view.speaksFor(registrar, signer, view.time),
    view.rolesOf(person, view.time),
  ]);
  if (!speaks) throw new ForeignSignature();
  const held = Object.values(ROLES).filter((role) => role && (roles >> role) & 1);
  const known = held.map((role) => view.isRegistrar(registrar, role, view.time));
  if (!(await Promise.all(known)).some((is) => is)) throw new NoCredential();
  return message;
}
