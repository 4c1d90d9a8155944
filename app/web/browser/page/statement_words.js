// Owns the fields of any statement in words, for somebody who checks it without being a party to it.
import { html } from "lit-html";
import { categoryName, purposeName, rightsName } from "./names.js";
import { _ } from "./texts.js";
import { moment } from "./times.js";

const TIMES = new Set(["notBefore", "expiresAt", "issuedAt", "at", "deadline"]);
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const NOTHING = /^0x0*$/;

/** @returns {Record<string, string>} */
const titles = () => ({
  patient: _("Patient"),
  viewer: _("Who may look, or looked"),
  author: _("Author"),
  person: _("Person"),
  registrar: _("Registrar"),
  organization: _("Organization"),
  member: _("Member"),
  category: _("Part of the chart"),
  purpose: _("Purpose"),
  rights: _("Allows to"),
  notBefore: _("From"),
  expiresAt: _("Until"),
  issuedAt: _("Signed on"),
  at: _("On"),
  deadline: _("To be handed in until"),
  name: _("Name"),
  reason: _("Reason"),
  origin: _("Website"),
  supersedes: _("Takes the place of"),
  record: _("Record"),
  grant: _("Permission"),
});

/**
 * Terms and values of a statement's message; random and sealed parts are left out.
 * @param {{type: string, message: Record<string, any>}} statement
 * @returns {[unknown, unknown][]}
 */
export function statementWords({ type, message }) {
  const names = titles();
  return [
    [_("Kind"), typeName(type)],
    .../** @type {[unknown, unknown][]} */ (
      Object.entries(message ?? {})
        .filter(([name, value]) => names[name] && !NOTHING.test(String(value)))
        .map(([name, value]) => [names[name], valueOf(name, value)])
    ),
  ];
}

/** @param {string} name @param {any} value */
function valueOf(name, value) {
  if (name === "category") return categoryName(String(value));
  if (name === "purpose") return purposeName(String(value));
  if (name === "rights") return rightsName(Number(value));
  if (TIMES.has(name)) return moment(Number(value));
  const text = String(value);
  return ADDRESS.test(text) || text.startsWith("0x")
    ? html`<code class="address">${text}</code>`
    : text;
}

/** @param {string} type @returns {string} */
export function typeName(type) {
  /** @type {Record<string, string>} */
  const names = {
    Grant: _("A permission"),
    Record: _("A record"),
    Sheet: _("Who can receive a record's keys"),
    Access: _("An opening of records"),
    Request: _("A request for access"),
    Membership: _("A membership in a team"),
    MembershipEnd: _("The end of a membership"),
    Enrolment: _("A person's registration"),
    Introduction: _("What somebody is called"),
    CategoryKeys: _("The open half of a chart's locks"),
    Session: _("A browser that may open records for its owner"),
    Revocation: _("A permission taken back"),
    RevocationOfAll: _("All permissions taken back"),
    Retraction: _("A record withdrawn"),
  };
  return names[type] ?? type;
}
