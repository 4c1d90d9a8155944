// Owns the small pieces of FHIR that all kinds share: concepts, quantities, periods, references.
import { html, nothing } from "lit-html";
import { numberFormat } from "../formats.js";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";

/** @typedef {Record<string, any>} Resource */

/**
 * @typedef {object} Context
 * @property {(reference: any) => Resource | undefined} find what a reference leads to in this record
 * @property {Resource[]} others resources of other records, for trends
 */

/** @param {unknown} value @returns {any[]} */
export const listOf = (value) =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];

/**
 * The words of a CodeableConcept, a Coding or plain text.
 * @param {any} concept
 * @returns {string}
 */
export function words(concept) {
  if (typeof concept === "string") return concept;
  if (!concept || typeof concept !== "object") return "";
  const coding = listOf(concept.coding).find(({ display }) => display);
  const told = concept.text || concept.display || coding?.display;
  return (told ?? listOf(concept.coding)[0]?.code ?? concept.code ?? "").replace(
    /\s*\((disorder|finding|procedure|situation|event|regime\/therapy)\)\s*$/,
    "",
  );
}

/** @param {any} concepts */
export const allWords = (concepts) => listOf(concepts).map(words).filter(Boolean).join(", ");

const BY_DIGITS = [0, 1, 2, 3].map((digits) =>
  numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

/** A number as it was written, with the language's decimal sign. @param {number} value */
export function number(value) {
  const digits = String(value).split(".")[1]?.length ?? 0;
  return BY_DIGITS[Math.min(digits, 3)](value);
}

/** "5.4 mmol/L" @param {any} quantity */
export function quantity(quantity) {
  if (!quantity || quantity.value === undefined) return "";
  const unit = quantity.unit ?? quantity.code ?? "";
  return [quantity.comparator, number(quantity.value), unit === "1" ? "" : unit]
    .filter(Boolean)
    .join(" ");
}

/** @param {any} period */
export function period(period) {
  if (!period) return "";
  const [start, end] = [fhirDay(period.start), fhirDay(period.end)];
  if (start && end && start !== end) return _("{start} to {end}", { start, end });
  if (start && !end) return _("since {start}", { start });
  return start || end;
}

/**
 * Day, period, age or text: `onset`, `performed`, `occurrence` …
 * @param {Resource} resource
 * @param {string} element
 */
export function timing(resource, element) {
  const range = resource[`${element}Range`];
  return (
    fhirDay(resource[`${element}DateTime`]) ||
    period(resource[`${element}Period`]) ||
    quantity(resource[`${element}Age`]) ||
    (range ? `${quantity(range.low)} – ${quantity(range.high)}` : "") ||
    resource[`${element}String`] ||
    ""
  );
}

/** "Dr. Ada Lind" @param {any} names */
export function humanName(names) {
  const name = listOf(names).find(({ use }) => use === "official") ?? listOf(names)[0];
  if (!name) return "";
  return (
    name.text ??
    [...listOf(name.prefix), ...listOf(name.given), name.family, ...listOf(name.suffix)]
      .filter(Boolean)
      .join(" ")
  );
}

/** @param {any} address */
export function postalAddress(address) {
  if (!address) return "";
  return (
    address.text ??
    [
      ...listOf(address.line),
      [address.postalCode, address.city].filter(Boolean).join(" "),
      address.state,
      address.country,
    ]
      .filter(Boolean)
      .join(", ")
  );
}

/**
 * What a reference is called, as far as this record tells.
 * @param {any} reference
 * @param {Context} context
 */
export function called(reference, context) {
  if (!reference) return "";
  if (reference.display) return reference.display;
  const resource = context.find(reference);
  if (!resource) return "";
  if (typeof resource.name === "string") return resource.name;
  return humanName(resource.name) || words(resource.code) || words(resource.type?.[0]);
}

/** @param {any} references @param {Context} context */
export const allCalled = (references, context) =>
  listOf(references)
    .map((reference) => called(reference, context))
    .filter(Boolean)
    .join(", ");

/** @param {Resource} resource */
export const notesOf = (resource) =>
  listOf(resource.note)
    .map(({ text }) => text)
    .filter(Boolean)
    .join("\n");

/** The codes that FHIR's own value sets spell, in words. @param {string | undefined} code */
export function statusWord(code) {
  if (!code) return "";
  /** @type {Record<string, string>} */
  const known = {
    active: _("active"),
    inactive: _("not active"),
    resolved: _("over"),
    remission: _("in remission"),
    recurrence: _("back again"),
    relapse: _("back again"),
    confirmed: _("confirmed"),
    unconfirmed: _("not confirmed"),
    provisional: _("provisional"),
    differential: _("one of several possibilities"),
    refuted: _("ruled out"),
    "entered-in-error": _("entered in error"),
    completed: _("completed"),
    finished: _("finished"),
    stopped: _("stopped"),
    "on-hold": _("on hold"),
    cancelled: _("cancelled"),
    "in-progress": _("in progress"),
    planned: _("planned"),
    intended: _("intended"),
    draft: _("draft"),
    unknown: _("unknown"),
    "not-taken": _("not taken"),
    "not-done": _("not done"),
    preliminary: _("preliminary"),
    final: _("final"),
    registered: _("registered"),
    amended: _("amended"),
    corrected: _("corrected"),
    current: _("current"),
    superseded: _("replaced"),
    revoked: _("withdrawn"),
    "not-started": _("not started"),
    scheduled: _("scheduled"),
    high: _("high"),
    low: _("low"),
    "unable-to-assess": _("not known"),
    mild: _("mild"),
    moderate: _("moderate"),
    severe: _("severe"),
    male: _("male"),
    female: _("female"),
    other: _("other"),
  };
  return known[code] ?? code.replaceAll("-", " ");
}

/** The code in a CodeableConcept of FHIR's own value sets. @param {any} concept */
export const codeOf = (concept) => listOf(concept?.coding)[0]?.code ?? concept?.text;

/**
 * One resource: what kind it is, what it is called, and what else it says.
 * @param {{kind: string, title: unknown, body?: unknown}} options
 */
export function resourceCard({ kind, title, body }) {
  return html`<article class="resource">
    <div>
      <p class="resource-kind">${kind}</p>
      <h2>${title}</h2>
    </div>
    ${body ?? nothing}
  </article>`;
}

/** Text in several lines. @param {string} text */
export const paragraphs = (text) => (text ? html`<p class="letter">${text}</p>` : nothing);
