// Owns the way back: from a Bundle that the form wrote to its fields, so that it can be corrected.
import { bundleOf } from "./bundle.js";
import { PARTS, emptyForm } from "./fields.js";

/** @typedef {import("./fields.js").Form} Form */
/** @typedef {import("./fields.js").Part} Part */
/** @typedef {import("./resources.js").Ids} Ids */

/** @type {Record<string, Part>} */
const PART_OF = {
  Encounter: "encounters",
  Observation: "encounters",
  Condition: "conditions",
  ClinicalImpression: "conditions",
  MedicationRequest: "medications",
  MedicationStatement: "medications",
  CarePlan: "plans",
};

/**
 * The fields of a Bundle, its ids and its parts; null where the form cannot show all of it, so that
 * a correction never drops what it does not know.
 * @param {any} bundle
 * @returns {{form: Form, ids: Partial<Ids>, parts: readonly Part[]} | null}
 */
export function readForm(bundle) {
  const resources = resourcesOf(bundle);
  if (!resources) return null;
  const present = PARTS.filter((part) =>
    resources.some(({ resourceType }) => PART_OF[resourceType] === part),
  );
  if (present.length === 0) return null;
  const form = fieldsOf(resources);
  const ids = idsOf(resources);
  const parts = present.length > 1 ? PARTS : present;
  const again = bundleOf(form, /** @type {Ids} */ ({ medicines: [], ...ids }), parts);
  return canonical(again) === canonical(bundle) ? { form, ids, parts } : null;
}

/** @param {any} bundle @returns {any[] | null} */
function resourcesOf(bundle) {
  if (bundle?.resourceType !== "Bundle" || !Array.isArray(bundle.entry)) return null;
  const resources = bundle.entry.map((/** @type {any} */ entry) => entry?.resource);
  return resources.every((/** @type {any} */ resource) => resource?.resourceType) ? resources : null;
}

/** @param {any[]} resources @returns {Form} */
function fieldsOf(resources) {
  const of = (/** @type {string} */ kind) =>
    resources.find(({ resourceType }) => resourceType === kind);
  const medicines = resources.filter(({ resourceType }) => /^Medication/.test(resourceType));
  const condition = of("Condition");
  const isDisease = condition?.category?.[0]?.coding?.[0]?.code === "problem-list-item";
  return emptyForm({
    patientId: of("Patient")?.identifier?.[0]?.value ?? "",
    gender: of("Patient")?.gender ?? "",
    age: String(of("Observation")?.valueQuantity?.value ?? ""),
    disease: (isDisease && condition?.code?.text) || "",
    diagnosis: (isDisease ? condition?.note?.[0]?.text : condition?.code?.text) ?? "",
    location: of("Location")?.name ?? "",
    medicines: medicines.map((one) => ({
      name: one.medicationCodeableConcept?.text ?? "",
      how: (one.dosageInstruction ?? one.dosage)?.[0]?.text ?? "",
    })),
    medicinesAre: of("MedicationStatement") ? "taken" : "prescribed",
    suggestion: of("CarePlan")?.description ?? "",
    nextReview: of("CarePlan")?.activity?.[0]?.detail?.scheduledTiming?.event?.[0] ?? "",
    notes: of("ClinicalImpression")?.note?.[0]?.text ?? "",
    date: dateOf(resources),
    doctor: of("Practitioner")?.name?.[0]?.text ?? "",
    hospital: of("Organization")?.name ?? "",
  });
}

/** @param {any[]} resources @returns {string} */
function dateOf(resources) {
  for (const one of resources) {
    const date =
      one.period?.start ?? one.recordedDate ?? one.authoredOn ?? one.dateAsserted ?? one.date;
    if (date ?? one.created) return date ?? one.created;
  }
  return "";
}

/** @param {any[]} resources @returns {Partial<Ids>} */
function idsOf(resources) {
  const idOf = (/** @type {string} */ kind) =>
    resources.find(({ resourceType }) => resourceType === kind)?.id;
  const visit = resources
    .map(({ encounter, context }) => (encounter ?? context)?.reference)
    .find((reference) => typeof reference === "string");
  const known = {
    patient: idOf("Patient"),
    encounter: idOf("Encounter") ?? visit?.replace(/^urn:uuid:/, ""),
    age: idOf("Observation"),
    condition: idOf("Condition"),
    notes: idOf("ClinicalImpression"),
    plan: idOf("CarePlan"),
    doctor: idOf("Practitioner"),
    hospital: idOf("Organization"),
    location: idOf("Location"),
    medicines: resources
      .filter(({ resourceType }) => /^Medication/.test(resourceType))
      .map(({ id }) => id),
  };
  return Object.fromEntries(Object.entries(known).filter(([, id]) => id !== undefined));
}

/**
 * JSON with its names in order and without what is written for people, whose language may differ.
 * @param {any} value
 * @returns {string}
 */
function canonical(value) {
  return JSON.stringify(value, (__, part) => {
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
    const names = Object.keys(part).filter((name) => !isForPeople(part, name));
    return Object.fromEntries(names.sort().map((name) => [name, part[name]]));
  });
}

/** @param {any} part @param {string} name */
const isForPeople = (part, name) =>
  (name === "text" && part.resourceType) ||
  (name === "description" && part.kind) ||
  (name === "display" && part.type === "Patient");
