// Owns the question under which heading of the chart a new record is kept.
import { html, nothing } from "lit-html";
import { choice, radios } from "../fields.js";
import { categories, categoryName } from "../names.js";
import { card, notice } from "../parts.js";
import { _ } from "../texts.js";

/** @typedef {"apart" | "together"} Kept */

/**
 * @param {object} options
 * @param {"form" | "file"} options.how
 * @param {Kept} options.kept
 * @param {string} options.heading where all of it goes, if together
 * @param {string[]} options.needed the categories that the form fills, if apart
 * @param {Set<string>} options.canAdd to which the patient lets this author add
 * @param {(kept: Kept) => void} options.onKept
 * @param {(heading: string) => void} options.onHeading
 */
export function whereKept({ how, kept, heading, needed, canAdd, onKept, onHeading }) {
  const isApart = how === "form" && kept === "apart";
  const waiting = (isApart ? needed : [heading]).filter((one) => !canAdd.has(one));
  return card({
    title: _("Where it is kept"),
    body: html`
      ${how === "form"
        ? radios({
            name: "kept",
            legend: _("Under which headings of the chart?"),
            value: kept,
            options: [
              [
                "apart",
                _("Each thing under its own"),
                _("Visit, conditions, medicines and plans, so that the patient can share one without the others"),
              ],
              [
                "together",
                _("All of it under one"),
                _("For what is specially protected, or belongs together"),
              ],
            ],
            onChange: (chosen) => onKept(/** @type {Kept} */ (chosen)),
          })
        : nothing}
      ${isApart
        ? nothing
        : choice({
            id: "record-category",
            label: _("Heading"),
            value: heading,
            hint: _("Whoever may see this part of the chart sees all of the record."),
            options: categories().map(({ value, label }) => [value, label]),
            onChange: onHeading,
          })}
      ${waiting.length > 0
        ? notice(
            "calm",
            html`<p>
              ${_("You have no permission to add to: {categories}. The patient is asked first whether to take it in.", {
                categories: waiting.map(categoryName).join(", "),
              })}
            </p>`,
          )
        : nothing}
    `,
  });
}
