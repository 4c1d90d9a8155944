// Owns how permissions that somebody holds are told: what, through whom, for what, until when.
import { html, nothing } from "lit-html";
import { categoryName, purposeName, rightsName } from "./names.js";
import { chip } from "./people.js";
import { disclosure, notice, standingBadge } from "./parts.js";
import { _, ngettext, rich } from "./texts.js";
import { day, moment, untilDay } from "./times.js";

/** @typedef {import("./people.js").Reference} Reference */

/**
 * @typedef {object} Grant
 * @property {string} digest
 * @property {Reference} patient
 * @property {Reference | null} organization
 * @property {string} category
 * @property {{digest: string, title: string} | null} record
 * @property {string} purpose
 * @property {{view: boolean, add: boolean}} rights
 * @property {number} notBefore
 * @property {number} expiresAt
 * @property {string} standing
 */

/** A category, or one record of it. @param {Pick<Grant, "record" | "category">} grant @returns {string} */
export function scopeName({ record, category }) {
  if (!record) return categoryName(category);
  return record.title
    ? _("One record: {title}", { title: record.title })
    : _("One record in “{category}”", { category: categoryName(category) });
}

/** When it ends or ended. @param {Grant} grant @returns {string} */
export function whenOf({ standing, expiresAt, notBefore }) {
  if (standing === "ended") return _("ended on {day}", { day: day(expiresAt) });
  if (standing === "not yet") return _("begins on {moment}", { moment: moment(notBefore) });
  return standing === "taken back" ? _("the patient has taken it back") : untilDay(expiresAt);
}

/** One permission as a line of a list. @param {Grant} grant */
export function heldLine(grant) {
  return html`<li>
    <div class="cluster">
      <strong>${scopeName(grant)}</strong>
      ${grant.standing === "running" ? nothing : standingBadge(grant.standing)}
    </div>
    <p class="muted">
      ${rightsName(grant.rights)} · ${purposeName(grant.purpose)} · ${whenOf(grant)}
    </p>
    ${grant.organization && !grant.organization.me
      ? html`<p>${rich(_("Through {organization}"), { organization: chip(grant.organization) })}</p>`
      : nothing}
  </li>`;
}

/** The permissions under which somebody sees a chart. @param {Grant[]} held */
export function heldCard(held) {
  const running = held.filter(({ standing }) => standing === "running");
  const over = held.filter(({ standing }) => standing !== "running");
  if (held.length === 0) return nothing;
  return html`
    ${running.length === 0
      ? notice("warning", html`<p>${_("No permission of this patient holds at the moment.")}</p>`)
      : nothing}
    ${disclosure(
      running.length
        ? ngettext("Under one permission", "Under {count} permissions", running.length)
        : _("Permissions that have ended"),
      html`<ul class="plain-list lines">
        ${[...running, ...over].map(heldLine)}
      </ul>`,
    )}
  `;
}
