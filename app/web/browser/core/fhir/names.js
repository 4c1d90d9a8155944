// Owns how a resource is named and dated for people: titles without codes, and clinical times.

import { words } from "./tables.js";

/** @import { Json } from "./json.js" */
/** @typedef {Map<string, Json>} Resource */

const MOST_TITLE = 100;

/** Where resources say when, the clinically relevant first; the first that is there counts. */
export const TIMES = words`
  period.start effectiveDateTime effectivePeriod.start effectiveInstant started occurrenceDateTime
  occurrencePeriod.start performedDateTime performedPeriod.start createdDateTime
  createdPeriod.start authoredOn authored onsetDateTime onsetPeriod.start recordedDate
  context.period.start servicedPeriod.start billablePeriod.start whenHandedOver whenPrepared
  dateAsserted date start collection.collectedDateTime receivedTime startDate sent issued recorded
  occurredDateTime identifiedDateTime assertedDate created meta.lastUpdated
`;
export const NAMES = words`
  description title vaccineCode medicationCodeableConcept code type serviceType category name
`;
/** Named by their type alone: a person's name, or what a bill is for, makes no good title. */
const UNNAMED = words`Patient Person RelatedPerson Claim ExplanationOfBenefit`;
const UNDATED = words`Patient Practitioner Organization`;

const TIME = new RegExp(
  "^[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?" +
    "(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?$",
);
const KIND = /(?<=[a-z])(?=[A-Z])/g;
/** White space as Python knows it, so that both make the same titles. */
const SPACE =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const SPACES = new RegExp(`${SPACE}+`, "g");
const END_SPACE = new RegExp(`${SPACE}+$`);
const TAG = new RegExp(
  `${SPACE}*\\((disorder|finding|procedure|situation|regime/therapy|event)\\)${SPACE}*$`,
);
const LETTERS = /[\p{L}\p{Nl}\p{No}]{2}/u;
const LONE = /\p{Cs}/gu;

/**
 * When the resource's event took place, as FHIR writes it; null where it does not say.
 * @param {Resource} resource
 */
export function timeOf(resource) {
  const kind = resource.get("resourceType");
  if (typeof kind === "string" && UNDATED.includes(kind)) return null;
  for (const path of TIMES) {
    /** @type {Json | undefined} */
    let value = resource;
    for (const name of path.split(".")) value = value instanceof Map ? value.get(name) : undefined;
    if (typeof value === "string" && TIME.test(value)) return value;
  }
  return null;
}

/**
 * A short title: the first two distinct names of what a record holds, and how many more. A report
 * names its results, so where there are reports only they are named.
 * @param {Resource[]} resources
 */
export function titleOf(resources) {
  const wholes = resources.filter((resource) =>
    ["DiagnosticReport", "Composition"].includes(String(resource.get("resourceType"))),
  );
  const names = [...new Set((wholes.length ? wholes : resources).map(nameOf))];
  const more = names.length > 2 ? ` and ${names.length - 2} more` : "";
  const most = names.length === 1 ? MOST_TITLE : MOST_TITLE / 2 - 7;
  return names.slice(0, 2).map((name) => short(name, most)).join(", ") + more;
}

/** @param {Resource} resource @returns {string} */
function nameOf(resource) {
  const kind = String(resource.get("resourceType"));
  if (!UNNAMED.includes(kind)) {
    for (const element of NAMES) {
      const name = wordsOf(resource.get(element));
      if (name !== null) return name;
    }
  }
  const spaced = kind.replace(KIND, " ").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/**
 * The words of a string, a CodeableConcept, a Coding or a list of them; a code is no word.
 * @param {Json | undefined} value @returns {string | null}
 */
function wordsOf(value) {
  if (Array.isArray(value)) return first(value);
  if (value instanceof Map) {
    return first(["text", "display", "coding"].map((name) => value.get(name)));
  }
  if (typeof value !== "string" || !LETTERS.test(value)) return null;
  const plain = value.replace(LONE, "?").replace(TAG, "");
  return plain.replace(SPACES, " ").replace(/^ | $/g, "");
}

/** @param {(Json | undefined)[]} values @returns {string | null} */
function first(values) {
  for (const value of values) {
    const found = wordsOf(value);
    if (found !== null) return found;
  }
  return null;
}

/** @param {string} name @param {number} most */
function short(name, most) {
  const letters = [...name];
  if (letters.length <= most) return name;
  return letters.slice(0, most - 1).join("").replace(END_SPACE, "") + "…";
}
