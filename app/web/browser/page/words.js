// Owns the plain sentences of what is signed, made from the typed data itself and nothing else.
import { html, nothing } from "lit-html";
import { categoryName, purposeName, rightsName } from "./names.js";
import { disclosure } from "./parts.js";
import { _ } from "./texts.js";
import { day, moment } from "./times.js";

/** @typedef {Record<string, string>} Names what addresses are called, by lower-case address */
/** @typedef {{title: string, sentences: string[]}} Words */

const NOTHING = `0x${"0".repeat(64)}`;

/**
 * What typed data says, in sentences that a person understands.
 * @param {any} typedData as eth_signTypedData_v4 takes it
 * @param {Names} [names]
 * @returns {Words}
 */
export function wordsOf(typedData, names = {}) {
  const { primaryType, message } = typedData;
  const who = (/** @type {string} */ address) => names[address.toLowerCase()] || address;
  const words = SENTENCES[primaryType];
  if (!words) {
    return {
      title: primaryType,
      sentences: [_("This page has no words for this kind of statement. Do not sign it.")],
    };
  }
  return words(message, who);
}

/** @param {string | number} seconds */
const until = (seconds) => _("It ends by itself on {moment}.", { moment: moment(Number(seconds)) });

/** @type {Record<string, (message: any, who: (address: string) => string) => Words>} */
const SENTENCES = {
  Grant: (message, who) => {
    const viewer = who(message.viewer);
    const rights = rightsName(Number(message.rights));
    const category = categoryName(message.category);
    const title = who(message.record);
    const record = title === message.record ? _("one record") : `“${title}”`;
    return {
      title: _("A permission"),
      sentences: [
        message.record === NOTHING
          ? _("{viewer} may {rights} in “{category}”.", { viewer, rights, category })
          : _("{viewer} may {rights}: only {record} in “{category}”.", {
              ...{ viewer, rights, record, category },
            }),
        _("The purpose is: {purpose}.", { purpose: purposeName(message.purpose) }),
        until(message.expiresAt),
        _("You can take it back at any time before that."),
      ],
    };
  },
  Revocation: () => ({
    title: _("Taking back a permission"),
    sentences: [
      _("The permission ends at once. Nothing more can be opened under it."),
      _("What somebody has already opened, they may have copied. That cannot be undone."),
    ],
  }),
  RevocationOfAll: () => ({
    title: _("Taking back all permissions"),
    sentences: [
      _("Every permission that you have given ends at once."),
      _("What somebody has already opened, they may have copied. That cannot be undone."),
    ],
  }),
  Request: (message, who) => ({
    title: _("A request"),
    sentences: [
      _("You ask {patient} to let you {rights} in “{category}”.", {
        patient: who(message.patient),
        rights: rightsName(Number(message.rights)),
        category: categoryName(message.category),
      }),
      _("The purpose is: {purpose}.", { purpose: purposeName(message.purpose) }),
      _("The permission would last until {day}.", { day: day(Number(message.expiresAt)) }),
      _("Your reason: {reason}", { reason: message.reason }),
    ],
  }),
  Record: (message, who) => ({
    title: _("A record"),
    sentences: [
      _("You sign a record in “{category}” for {patient}, as its author.", {
        category: categoryName(message.category),
        patient: who(message.patient),
      }),
      message.supersedes === NOTHING
        ? _("It is a new record.")
        : _("It takes the place of an earlier version, which stays in the history."),
      _("The record itself is sealed on this device and is not part of what you sign."),
    ],
  }),
  Sheet: () => ({
    title: _("Who can receive a record's keys"),
    sentences: [
      _("You confirm to whom the sealed keys of one record are addressed."),
      _("This lets nobody open it: custodians still ask for your permission."),
    ],
  }),
  Retraction: () => ({
    title: _("Withdrawing a record"),
    sentences: [
      _("One record is no longer shared with anybody, or was entered in error."),
      _("Its history remains; custodians refuse to open it from now on."),
    ],
  }),
  Enrolment: (message) => ({
    title: _("Joining"),
    sentences: [
      _("You register the address {address} as your own.", { address: message.person }),
      _("Others can then seal records to you that only you can open."),
      _("Your name is not part of it."),
    ],
  }),
  Session: (message) => ({
    title: _("Signing in on this browser"),
    sentences: [
      _("This browser may open records for you, without asking you each time."),
      _("It ends by itself on {moment}.", { moment: moment(Number(message.expiresAt)) }),
      _("It is for {origin} only. Every opening is on record.", { origin: message.origin }),
    ],
  }),
  CategoryKeys: () => ({
    title: _("Fresh locks for your chart"),
    sentences: [
      _(
        "You publish the open half of your chart's locks, so that new records can be sealed to you.",
      ),
      _("It lets nobody read anything."),
    ],
  }),
  Access: (message) => ({
    title: _("Opening records"),
    sentences: [
      _("You open records of a chart. The purpose is: {purpose}.", {
        purpose: purposeName(message.purpose),
      }),
      _("The patient will see that you did."),
    ],
  }),
  Membership: (message, who) => ({
    title: _("A team member"),
    sentences: [
      _("{member} may open what is shared with your organization.", {
        member: who(message.member),
      }),
      until(message.expiresAt),
    ],
  }),
  MembershipEnd: () => ({
    title: _("The end of a membership"),
    sentences: [_("One member of your team can no longer open what is shared with you.")],
  }),
  Introduction: (message, who) => ({
    title: _("An introduction"),
    sentences: [
      _("You say that {person} is called “{name}”.", {
        person: who(message.person),
        name: message.name,
      }),
      _("Everybody who meets this person here will read this name."),
    ],
  }),
  Rotation: (message, who) => ({
    title: _("A new signing key"),
    sentences: [
      _("From now on {key} signs for you, and your present wallet no longer does.", {
        key: who(message.newKey),
      }),
    ],
  }),
  Recovery: (message, who) => ({
    title: _("Recovering a person's account"),
    sentences: [
      _("{key} will sign for {person} after a delay, unless the present key objects.", {
        key: who(message.newKey),
        person: who(message.person),
      }),
    ],
  }),
  RecoveryChange: (message, who) => ({
    title: _("Who may recover your account"),
    sentences: [
      _("{recovery} may give you a new signing key.", { recovery: who(message.recovery) }),
    ],
  }),
  KeysChange: () => ({
    title: _("Your keys and custodians"),
    sentences: [_("You publish which keys records are sealed to for you, and your custodians.")],
  }),
  Representation: (message, who) => ({
    title: _("A representative"),
    sentences: [
      _("{other} may sign for you, as if you did.", { other: who(message.representative) }),
      until(message.expiresAt),
    ],
  }),
};

/**
 * Statements that differ in their first sentence only are told together.
 * @param {any[]} signing
 * @param {Names} names
 */
function gathered(signing, names) {
  /** @type {Map<string, {heads: string[], rest: string[]}>} */
  const groups = new Map();
  for (const typedData of signing) {
    const [head, ...rest] = wordsOf(typedData, names).sentences;
    const key = JSON.stringify([typedData.primaryType, rest]);
    const group = groups.get(key) ?? { heads: [], rest };
    group.heads.push(head);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** @param {unknown} value */
const shown = (value) => (Array.isArray(value) ? value.join(", ") : String(value));

/**
 * The sentences, and beneath them what the wallet will show, field by field.
 * @param {any[]} signing typed data
 * @param {Names} [names]
 */
export function signingText(signing, names = {}) {
  if (signing.length === 0) return nothing;
  return html`
    ${gathered(signing, names).map(
      ({ heads, rest }) =>
        html`<ul class="sentences">
          ${heads.map((sentence) => html`<li class="head">${sentence}</li>`)}
          ${rest.map((sentence) => html`<li>${sentence}</li>`)}
        </ul>`,
    )}
    ${disclosure(
      _("What your wallet will show"),
      html`<p class="form-text">
          ${_("The same, as it is written into the statement that you sign.")}
        </p>
        ${signing.map(
          ({ primaryType, message, domain }) =>
            html`<table class="table wallet-fields">
              <caption>
                ${domain?.name} · ${primaryType}
              </caption>
              <tbody>
                ${Object.entries(message).map(
                  ([name, value]) =>
                    html`<tr>
                      <th scope="row">${name}</th>
                      <td>${shown(value)}</td>
                    </tr>`,
                )}
              </tbody>
            </table>`,
        )}`,
    )}
  `;
}
