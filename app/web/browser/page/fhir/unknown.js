// Owns how everything else is shown: its own fields, readable, whatever they are.
import { html } from "lit-html";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";
import { allWords, called, period, quantity, resourceCard, words } from "./common.js";

const HIDDEN = new Set([
  "resourceType",
  "id",
  "meta",
  "text",
  "implicitRules",
  "language",
  "contained",
  "extension",
]);
const DEEPEST = 6;

/** "birthDate" → "birth date" @param {string} name */
const spaced = (name) => name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();

/**
 * A value in one line; empty where it takes more, or tells a person nothing.
 * @param {any} value
 * @param {import("./common.js").Context} context
 * @returns {string}
 */
function short(value, context) {
  if (typeof value === "string") return /^\d{4}-\d\d-\d\d/.test(value) ? fhirDay(value) : value;
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? _("yes") : _("no");
  if (value?.coding || (value?.text && Object.keys(value).length === 1)) return words(value);
  if (typeof value?.value === "number" && value.currency) return `${value.value} ${value.currency}`;
  if (typeof value?.value === "number") return quantity(value);
  if (value?.start || value?.end) return period(value);
  if (value?.reference || value?.display) return called(value, context);
  return "";
}

/** @param {any} value */
const isReference = (value) => typeof value?.reference === "string";

/**
 * @param {any} value
 * @param {import("./common.js").Context} context
 * @param {number} depth
 * @returns {unknown}
 */
function drawn(value, context, depth = 0) {
  if (depth > DEEPEST) return "…";
  if (Array.isArray(value)) {
    const texts = value.map((one) => short(one, context));
    if (value.every((one, place) => texts[place] || isReference(one))) {
      return texts.filter(Boolean).join(", ");
    }
    return html`<ul>
      ${value.map((one) => html`<li>${drawn(one, context, depth + 1)}</li>`)}
    </ul>`;
  }
  const text = short(value, context);
  if (text || isReference(value) || typeof value !== "object" || value === null) return text;
  return html`<ul>
    ${Object.entries(value)
      .filter(([name]) => !HIDDEN.has(name))
      .map(([name, inner]) => [name, drawn(inner, context, depth + 1)])
      .filter(([, inner]) => inner !== "")
      .map(([name, inner]) => line(String(name), inner))}
  </ul>`;
}

/**
 * @param {string} name
 * @param {unknown} inner
 */
const line = (name, inner) => html`<li><span class="name">${spaced(name)}:</span> ${inner}</li>`;

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function unknown(resource, context) {
  const kind = spaced(resource.resourceType ?? "");
  const capital = kind.charAt(0).toUpperCase() + kind.slice(1);
  const told = [
    resource.title,
    words(resource.code),
    allWords(resource.type),
    resource.description,
  ];
  return resourceCard({
    kind: capital,
    title: told.find((text) => typeof text === "string" && text) ?? capital,
    body: html`<div class="own-fields">${drawn(resource, context)}</div>`,
  });
}
