// Owns how measurements and results are shown: one alone, many as a table, each with its trend.
import { html, nothing } from "lit-html";
import { disclosure, facts } from "../parts.js";
import { _, ngettext } from "../texts.js";
import { fhirDay } from "../times.js";
import {
  allCalled,
  allWords,
  listOf,
  notesOf,
  number,
  paragraphs,
  quantity,
  resourceCard,
  statusWord,
  timing,
  words,
} from "./common.js";
import { codeKey, series, trend } from "./trend.js";

/** What was measured, in words. @param {any} part an Observation or one of its components */
export function valueOf(part) {
  if (part.valueQuantity) return quantity(part.valueQuantity);
  if (part.valueCodeableConcept) return words(part.valueCodeableConcept);
  if (part.valueString !== undefined) return part.valueString;
  if (part.valueBoolean !== undefined) return part.valueBoolean ? _("yes") : _("no");
  if (part.valueInteger !== undefined) return number(part.valueInteger);
  if (part.valueRange)
    return `${quantity(part.valueRange.low)} – ${quantity(part.valueRange.high)}`;
  if (part.valueRatio)
    return `${quantity(part.valueRatio.numerator)} / ${quantity(part.valueRatio.denominator)}`;
  if (part.valueDateTime) return fhirDay(part.valueDateTime);
  if (part.valueTime) return part.valueTime;
  return words(part.dataAbsentReason);
}

/** @param {any} part @returns {{low?: number, high?: number, text: string}} */
function usual(part) {
  const range = listOf(part.referenceRange)[0];
  if (!range) return { text: "" };
  const [low, high] = [range.low?.value, range.high?.value];
  const text =
    range.text ??
    (low !== undefined && high !== undefined
      ? `${number(low)} – ${number(high)}`
      : low !== undefined
        ? _("from {low}", { low: number(low) })
        : high !== undefined
          ? _("up to {high}", { high: number(high) })
          : "");
  return { low, high, text };
}

/** Whether a value lies outside of what is usual, as its laboratory says. @param {any} part */
function flag(part) {
  const code = listOf(listOf(part.interpretation)[0]?.coding)[0]?.code;
  const { low, high } = usual(part);
  const value = part.valueQuantity?.value;
  if (["H", "HH", "HU"].includes(code) || (high !== undefined && value > high)) return _("high");
  if (["L", "LL", "LU"].includes(code) || (low !== undefined && value < low)) return _("low");
  if (["A", "AA"].includes(code)) return _("unusual");
  return "";
}

/** @param {any} part */
const flagBadge = (part) => {
  const text = flag(part);
  return text ? html` <span class="badge badge-warn">${text}</span>` : nothing;
};

/** @param {any} part @param {import("./common.js").Context} context */
const trendOf = (part, context) =>
  trend(words(part.code), series(context.others, codeKey(part.code)), usual(part));

/** @param {any} observation @returns {any[]} */
const measured = (observation) => [
  ...(valueOf(observation) ? [observation] : []),
  ...listOf(observation.component),
];

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function observation(resource, context) {
  const parts = measured(resource);
  return resourceCard({
    kind: _("Result"),
    title: words(resource.code) || _("Result without a name"),
    body: html`
      ${
        parts.length === 1
          ? html`<p class="value">${valueOf(parts[0])}${flagBadge(parts[0])}</p>`
          : html`<ul class="plain-list">
              ${parts.map(
                (part) =>
                  html`<li>
                    <span class="muted">${words(part.code)}</span>
                    <span class="value">${valueOf(part)}</span>${flagBadge(part)}
                  </li>`,
              )}
            </ul>`
      }
      <div class="plots">${parts.map((part) => trendOf(part, context))}</div>
      ${facts([
        [_("Usual"), parts.length === 1 ? usual(parts[0]).text : ""],
        [_("When"), timing(resource, "effective") || fhirDay(resource.issued)],
        [_("State"), resource.status === "final" ? "" : statusWord(resource.status)],
        [_("How"), words(resource.method)],
        [_("Where on the body"), words(resource.bodySite)],
        [_("Meaning"), flag(resource) ? "" : allWords(resource.interpretation)],
        [_("By"), allCalled(resource.performer, context)],
      ])}
      ${paragraphs(notesOf(resource))}
    `,
  });
}

/**
 * Several results as one table; each row's trend behind a press.
 * @param {import("./common.js").Resource[]} resources
 * @param {import("./common.js").Context} context
 * @param {{name?: string}} [options] of the report whose results they are, which tells the day itself
 */
export function results(resources, context, { name: whole } = {}) {
  const rows = resources.flatMap((resource) =>
    measured(resource).map((part) => ({
      part,
      name:
        part === resource || listOf(resource.component).length === 0
          ? words(part.code)
          : words(part.code) || words(resource.code),
    })),
  );
  const plots = rows.filter(({ part }) => series(context.others, codeKey(part.code)).length > 1);
  const days = new Set(resources.map((one) => timing(one, "effective")).filter(Boolean));
  return html`<div class="resource">
    ${days.size === 1 && !whole ? html`<p class="muted">${[...days][0]}</p>` : nothing}
    <div
      class="scroll-x"
      tabindex="0"
      role="region"
      aria-label=${whole ? _("Results: {name}", { name: whole }) : _("Results")}
    >
      <table class="table results">
        <thead>
          <tr>
            <th scope="col">${_("What")}</th>
            <th scope="col" class="number">${_("Value")}</th>
            <th scope="col">${_("Usual")}</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ part, name }) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="number">${valueOf(part)}${flagBadge(part)}</td>
                <td>${usual(part).text}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${
      plots.length > 0
        ? disclosure(
            ngettext("How it has changed", "How {count} values have changed", plots.length),
            html`<div class="plots">${plots.map(({ part }) => trendOf(part, context))}</div>`,
          )
        : nothing
    }
  </div>`;
}
