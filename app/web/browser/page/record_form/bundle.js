// Owns the way from the filled-in form to what is sealed: one FHIR R4 Bundle, or one per category.
import { _ } from "../texts.js";
import { PARTS, saysAnything } from "./fields.js";
import * as make from "./resources.js";

/** @typedef {import("./fields.js").Form} Form */
/** @typedef {import("./fields.js").Part} Part */
/** @typedef {import("./resources.js").Ids} Ids */
/** @typedef {{category: string, title: string, json: any}} Written */

const LONGEST_TITLE = 120;

/**
 * Fresh ids for a visit with so many medicines; those that are known stay.
 * @param {() => string} newId gives a UUID
 * @param {number} medicines
 * @param {Partial<Ids>} [known]
 * @returns {Ids}
 */
export function idsFor(newId, medicines, known = {}) {
  const kept = known.medicines ?? [];
  return {
    patient: known.patient ?? newId(),
    encounter: known.encounter ?? newId(),
    age: known.age ?? newId(),
    condition: known.condition ?? newId(),
    notes: known.notes ?? newId(),
    plan: known.plan ?? newId(),
    doctor: known.doctor ?? newId(),
    hospital: known.hospital ?? newId(),
    location: known.location ?? newId(),
    medicines: Array.from({ length: medicines }, (__, at) => kept[at] ?? newId()),
  };
}

/**
 * The Bundle of a visit, or of some parts of it, that can be read alone.
 * @param {Form} form tidied and without faults
 * @param {Ids} ids
 * @param {readonly Part[]} [parts]
 */
export function bundleOf(form, ids, parts = PARTS) {
  const own = parts.flatMap((part) => resourcesOf(form, ids, part));
  const around = [
    ...(make.isTold(form) ? [make.patient(form, ids)] : []),
    ...(form.doctor ? [make.practitioner(form, ids)] : []),
    ...(form.hospital ? [make.organization(form, ids)] : []),
    ...(form.location && parts.includes("encounters") ? [make.place(form, ids)] : []),
  ];
  return {
    resourceType: "Bundle",
    type: "collection",
    entry: [...own, ...around].map((resource) => ({
      fullUrl: make.urlOf(resource.id),
      resource,
    })),
  };
}

/** @param {Form} form @param {Ids} ids @param {Part} part */
function resourcesOf(form, ids, part) {
  switch (part) {
    case "encounters":
      return [make.encounter(form, ids), ...(form.age ? [make.age(form, ids)] : [])];
    case "conditions":
      return [
        ...(form.disease || form.diagnosis ? [make.condition(form, ids)] : []),
        ...(form.notes ? [make.notes(form, ids)] : []),
      ];
    case "medications":
      return form.medicines.map((__, at) => make.medicine(form, ids, at));
    case "plans":
      return saysAnything(form, part) ? [make.plan(form, ids)] : [];
  }
}

/**
 * The visit as records, each under the category of its kind: what a patient shares without the
 * rest says nothing of the rest.
 * @param {Form} form
 * @param {Ids} ids
 * @returns {Written[]}
 */
export function apart(form, ids) {
  return PARTS.filter((part) => part === "encounters" || saysAnything(form, part)).map((part) => ({
    category: part,
    title: titleOf(form, [part]),
    json: bundleOf(form, ids, [part]),
  }));
}

/**
 * The visit as one record of a category.
 * @param {Form} form
 * @param {Ids} ids
 * @param {string} category
 * @returns {Written}
 */
export function together(form, ids, category) {
  return { category, title: titleOf(form, PARTS), json: bundleOf(form, ids) };
}

/**
 * What a list calls it; of a part alone, nothing from another part.
 * @param {Form} form
 * @param {readonly Part[]} parts
 */
export function titleOf(form, parts) {
  const [first] = [
    parts.includes("conditions") && (form.disease || form.diagnosis),
    parts.includes("encounters") && form.hospital && _("Visit at {hospital}", { hospital: form.hospital }),
    parts.includes("encounters") && _("Visit"),
    parts.includes("conditions") && _("Notes"),
    parts.includes("medications") && form.medicines.map(({ name }) => name).join(", "),
    parts.includes("plans") && _("Plan"),
  ].filter(Boolean);
  const title = String(first).replace(/\s+/g, " ");
  return title.length > LONGEST_TITLE ? `${title.slice(0, LONGEST_TITLE - 1)}…` : title;
}
