// Owns how records are listed: by category and date, one line each.
import { html, nothing } from "lit-html";
import { categories, categoryName } from "./names.js";
import { nameOf } from "./people.js";
import { stateBadge } from "./parts.js";
import { _, ngettext } from "./texts.js";
import { fhirDay, shortDay } from "./times.js";

/**
 * When what a record tells took place; when it was signed, where it does not say.
 * @param {any} record
 */
export function timeOf(record) {
  const at = record.occurred ? Date.parse(record.occurred) / 1000 : Number.NaN;
  return Number.isNaN(at) ? record.issuedAt : at;
}

/** @param {any} record */
export function dayOf(record) {
  const { occurred } = record;
  if (!occurred) return shortDay(record.issuedAt);
  // A year or a month alone is told as such.
  return occurred.length < 10 ? fhirDay(occurred) : shortDay(timeOf(record));
}

/**
 * One line of a timeline.
 * @param {any} record
 * @param {{href?: string, extra?: unknown}} [options]
 */
export function recordRow(record, { href, extra } = {}) {
  const body = html`
    <span class="record-when">${dayOf(record)}</span>
    <span>
      <span class=${href ? "record-title" : ""}>${record.title}</span>
      <span class="muted">
        ·
        ${categoryName(record.category)}${
          record.author.me || record.author.address === record.patient?.address
            ? nothing
            : html` · ${_("by {author}", { author: nameOf(record.author) })}`
        }
      </span>
      ${
        record.retracted === "author"
          ? html`<span class="badge badge-warn">${_("Entered in error")}</span>`
          : nothing
      }
      ${
        record.retracted === "patient"
          ? html`<span class="badge">${_("No longer shared")}</span>`
          : nothing
      }
      ${record.isOld ? html`<span class="badge">${_("Earlier version")}</span>` : nothing}
    </span>
    ${extra ?? (record.state === "signed" || record.state === "accepted" ? stateBadge(record.state) : nothing)}
  `;
  return href
    ? html`<a class="record-row" href=${href}>${body}</a>`
    : html`<div class="record-row">${body}</div>`;
}

/**
 * Records by year, newest first.
 * @param {any[]} records
 * @param {{hrefOf?: (record: any) => string, extraOf?: (record: any) => unknown}} [options]
 */
export function recordTimeline(records, { hrefOf, extraOf } = {}) {
  /** @type {Map<number, any[]>} */
  const years = new Map();
  for (const record of [...records].sort((a, b) => timeOf(b) - timeOf(a))) {
    const year = new Date(timeOf(record) * 1000).getFullYear();
    years.set(year, [...(years.get(year) ?? []), record]);
  }
  return html`<div class="timeline">
    ${[...years].map(
      ([year, own]) =>
        html`<section>
          <h2 class="timeline-year">${year}</h2>
          <ul class="plain-list">
            ${own.map(
              (record) =>
                html`<li>
                  ${recordRow(record, { href: hrefOf?.(record), extra: extraOf?.(record) })}
                </li>`,
            )}
          </ul>
        </section>`,
    )}
  </div>`;
}

/**
 * Buttons that narrow a list to one category; only those that hold something.
 * @param {any[]} records
 * @param {string} chosen "" for all
 * @param {(category: string) => void} onChoose
 */
export function categoryTabs(records, chosen, onChoose) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { category } of records) counts.set(category, (counts.get(category) ?? 0) + 1);
  const tab = (
    /** @type {string} */ value,
    /** @type {string} */ label,
    /** @type {number} */ count,
  ) =>
    html`<button
      type="button"
      class="tab"
      aria-pressed=${chosen === value ? "true" : "false"}
      @click=${() => onChoose(value)}
    >
      ${label} <span aria-hidden="true">${count}</span
      ><span class="visually-hidden"
        >${ngettext("({count} record)", "({count} records)", count)}</span
      >
    </button>`;
  return html`<div class="tabs tabs-row" role="group" aria-label=${_("Category")}>
    ${tab("", _("All"), records.length)}
    ${categories()
      .filter(({ value }) => counts.has(value))
      .map(({ value, label }) => tab(value, label, counts.get(value) ?? 0))}
  </div>`;
}
