// Owns how an opened record is shown: each resource by its kind, files in place, raw text last.
import { html, nothing } from "lit-html";
import { disclosure } from "../parts.js";
import { _ } from "../texts.js";
import { allergy } from "./allergy.js";
import { file } from "./attachment.js";
import { listOf, resourceCard } from "./common.js";
import { condition } from "./condition.js";
import { binary, documentReference, imagingStudy, media } from "./document.js";
import { encounter } from "./encounter.js";
import { impression } from "./impression.js";
import { immunization } from "./immunization.js";
import { medication } from "./medication.js";
import { observation, results } from "./observation.js";
import { patient, provider } from "./person.js";
import { plan } from "./plan.js";
import { procedure } from "./procedure.js";
import { report } from "./report.js";
import { unknown } from "./unknown.js";

const TABLE_FROM = 3;

/** @type {Record<string, (resource: any, context: any) => unknown>} */
const KINDS = {
  Patient: patient,
  Condition: condition,
  MedicationRequest: medication,
  MedicationStatement: medication,
  MedicationAdministration: medication,
  MedicationDispense: medication,
  AllergyIntolerance: allergy,
  Observation: observation,
  DiagnosticReport: report,
  Immunization: immunization,
  Encounter: encounter,
  Procedure: procedure,
  CarePlan: plan,
  ClinicalImpression: impression,
  DocumentReference: documentReference,
  Media: media,
  ImagingStudy: imagingStudy,
  Binary: binary,
  Practitioner: provider,
  Organization: provider,
  Location: provider,
};

/** What surrounds a record's own subject; named by others, shown behind a press. */
const AROUND = new Set([
  "Practitioner",
  "Organization",
  "Location",
  "PractitionerRole",
  "Medication",
  "Device",
  "Specimen",
]);

/** @param {any} body @returns {any[]} the resources of a Bundle, or the one resource */
export function resourcesOf(body) {
  if (body?.resourceType !== "Bundle") return body?.resourceType ? [body] : [];
  return listOf(body.entry).flatMap(({ resource }) => (resource ? resourcesOf(resource) : []));
}

/** @param {any} body */
function finder(body) {
  /** @type {Map<string, any>} */
  const named = new Map();
  const read = (/** @type {any} */ bundle) => {
    for (const { fullUrl, resource } of listOf(bundle?.entry)) {
      if (!resource) continue;
      if (fullUrl) named.set(fullUrl, resource);
      if (resource.id) named.set(`${resource.resourceType}/${resource.id}`, resource);
      if (resource.resourceType === "Bundle") read(resource);
    }
  };
  read(body);
  return (/** @type {any} */ reference) => named.get(reference?.reference ?? "");
}

/**
 * Those that another resource of the record shows already.
 * @param {any[]} resources
 * @param {(reference: any) => any} find
 */
function shownWithin(resources, find) {
  const within = new Set();
  for (const resource of resources) {
    if (resource.resourceType === "DiagnosticReport") {
      for (const reference of listOf(resource.result)) within.add(find(reference));
    }
    if (resource.resourceType === "DocumentReference") {
      for (const { attachment } of listOf(resource.content)) {
        within.add(find({ reference: attachment?.url }));
      }
    }
    if (resource.resourceType === "Media") within.add(find({ reference: resource.content?.url }));
  }
  return within;
}

/**
 * What a record says.
 * @param {any} opened as openRecord gives it
 * @param {{others?: any[]}} [options] bodies of other records of the same kind, for trends
 */
export function recordBody(opened, { others = [] } = {}) {
  if (opened.json === undefined || opened.json === null) return plainFile(opened);
  const resources = resourcesOf(opened.json);
  const find = finder(opened.json);
  const context = { find, others: [...resources, ...others.flatMap(resourcesOf)] };
  const within = shownWithin(resources, find);
  const shown = resources.filter((one) => !within.has(one));
  const isAround = (/** @type {any} */ one) =>
    AROUND.has(one.resourceType) || (one.resourceType === "Patient" && !one.name);
  const own = shown.filter((one) => !isAround(one));
  const around = shown.filter(isAround);
  const main = own.length > 0 ? own : around;
  const observations = main.filter(({ resourceType }) => resourceType === "Observation");
  const asTable = observations.length >= TABLE_FROM;
  const single = asTable ? main.filter((one) => !observations.includes(one)) : main;
  return html`<div class="record-body">
    ${resources.length === 0 ? jsonTable(opened.json) : nothing}
    ${asTable ? results(observations, context) : nothing}
    ${single.map((resource) => (KINDS[resource.resourceType] ?? unknown)(resource, context))}
    ${
      own.length > 0 && around.length > 0
        ? disclosure(
            _("People and places in this record"),
            around.map((resource) => (KINDS[resource.resourceType] ?? unknown)(resource, context)),
          )
        : nothing
    }
    ${disclosure(
      _("The record exactly as it was signed"),
      html`<pre class="raw" tabindex="0">${indented(opened)}</pre>`,
    )}
  </div>`;
}

/** @type {WeakMap<object, string>} */
const rawTexts = new WeakMap();

/** @param {any} opened */
function indented(opened) {
  let text = rawTexts.get(opened.json);
  if (text === undefined) {
    text = JSON.stringify(opened.json, null, 2);
    rawTexts.set(opened.json, text);
  }
  return text;
}

/** @param {any} opened */
function plainFile(opened) {
  if (opened.mediaType?.startsWith("text/plain") && typeof opened.text === "string") {
    return html`<p class="letter">${opened.text}</p>`;
  }
  return file(
    opened.blob,
    (opened.mediaType ?? "").split(";")[0],
    opened.title ?? "",
    opened.fileName,
  );
}

/** @param {any} body JSON that is no FHIR */
function jsonTable(body) {
  return resourceCard({
    kind: _("Structured record"),
    title: _("Its own fields"),
    body: unknown({ resourceType: "", ...body }, { find: () => undefined, others: [] }),
  });
}
