// Owns what is told of records in somebody else's chart: author, doubts, groups, custodians' faults.
import { html, nothing } from "lit-html";
import { saveBlob } from "./files.js";
import { categories } from "./names.js";
import { disclosure } from "./parts.js";
import { nameOf } from "./people.js";
import { timeOf } from "./records.js";
import { _, ngettext } from "./texts.js";
import { problemOf } from "./view.js";

/** The grant under which a record is seen, where the worker named one. @param {any} record */
export const under = (record) => (record.grant ? { grant: record.grant } : {});

/** By category, in the order in which people are shown them; the newest first. @param {any[]} records @returns {[string, any[]][]} */
export function grouped(records) {
  const order = categories().map(({ value }) => value);
  const newest = [...records].sort((a, b) => timeOf(b) - timeOf(a));
  const present = [...new Set(records.map(({ category }) => category))];
  present.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  return present.map((one) => [one, newest.filter((record) => record.category === one)]);
}

/** @param {any} record @returns {string} */
export function authorOf({ author, patient, mine }) {
  if (mine) return _("by you");
  if (author.address === patient.address) return _("by the patient");
  return _("by {author}", { author: nameOf(author) });
}

/** @param {any} record @param {any} opened */
export function saveRecord({ title }, { blob, text, mediaType, fileName }) {
  saveBlob(blob ?? new Blob([text], { type: mediaType }), fileName || title || _("Record"));
}

/** What a reader should know before trusting a record. @param {any} record */
export function doubts(record) {
  if (record.retracted === "author") {
    return html`<p class="badge standing-past">${_("Entered in error, says its author")}</p>`;
  }
  if (record.retracted === "patient") {
    return html`<p class="badge standing-past">${_("No longer shared by the patient")}</p>`;
  }
  if (record.authentic === false) {
    return html`<p class="badge badge-bad">${_("It is not certain who wrote this")}</p>`;
  }
  return nothing;
}

/**
 * Which custodians did not help; what is open needed only enough of them.
 * @param {{custodian: string, error: any}[]} faults
 */
export function custodianFaults(faults) {
  if (faults.length === 0) return nothing;
  return disclosure(
    ngettext(
      "One custodian did not answer as it should",
      "{count} custodians did not answer as they should",
      faults.length,
    ),
    html`<ul>
      ${faults.map(
        ({ custodian, error }) => html`<li>${custodian}: ${problemOf(error).sentence}</li>`,
      )}
    </ul>`,
  );
}
