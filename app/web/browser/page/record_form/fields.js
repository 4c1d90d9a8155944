// Owns the fields of the record form, what they must hold, and which of them a part of a visit has.
import { _ } from "../texts.js";

/** @typedef {{name: string, how: string}} Medicine a name, and how it is taken */

/**
 * @typedef {object} Form
 * @property {string} patientId the hospital's own number of the patient
 * @property {string} gender "", "female", "male", "other", "unknown"
 * @property {string} age in full years, as typed
 * @property {string} disease
 * @property {string} diagnosis
 * @property {string} location
 * @property {Medicine[]} medicines
 * @property {"prescribed" | "taken"} medicinesAre
 * @property {string} suggestion
 * @property {string} nextReview "2027-01-31", or ""
 * @property {string} notes
 * @property {string} date "2026-11-21"
 * @property {string} doctor
 * @property {string} hospital
 */

/** @typedef {"encounters" | "conditions" | "medications" | "plans"} Part */

/** The categories into which one visit is cut, in the order in which it is told. */
export const PARTS = /** @type {const} */ (["encounters", "conditions", "medications", "plans"]);

/** What only one part has; the other fields are in all of them. */
const FIELDS = {
  encounters: ["age", "location"],
  conditions: ["disease", "diagnosis", "notes"],
  medications: ["medicines"],
  plans: ["suggestion", "nextReview"],
};

const LONGEST_AGE = 130;

/** What neither a FHIR string nor XML may hold: control characters and halves of a character. */
const REFUSED =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** @param {Partial<Form>} known @returns {Form} */
export function emptyForm(known = {}) {
  return {
    patientId: "",
    gender: "",
    age: "",
    disease: "",
    diagnosis: "",
    location: "",
    medicines: [{ name: "", how: "" }],
    medicinesAre: "prescribed",
    suggestion: "",
    nextReview: "",
    notes: "",
    date: "",
    doctor: "",
    hospital: "",
    ...known,
  };
}

/** @param {string} text */
const clean = (text) => text.replace(REFUSED, "").trim();

/**
 * The form without spaces around its values and without empty lines of medicines.
 * @param {Form} form
 * @returns {Form}
 */
export function tidied(form) {
  const trimmed = Object.fromEntries(
    Object.entries(form).map(([name, value]) => [
      name,
      typeof value === "string" ? clean(value) : value,
    ]),
  );
  const medicines = form.medicines
    .map(({ name, how }) => ({ name: clean(name), how: clean(how) }))
    .filter(({ name, how }) => name || how);
  return /** @type {Form} */ ({ ...trimmed, medicines });
}

/**
 * Whether a part of the visit says anything, of a tidied form.
 * @param {Form} form
 * @param {Part} part
 */
export function saysAnything(form, part) {
  return FIELDS[part].some((name) => {
    const value = form[/** @type {keyof Form} */ (name)];
    return value.length > 0;
  });
}

/**
 * Whether a field is asked for where only these parts are written.
 * @param {string} name
 * @param {readonly Part[]} parts
 */
export function isAsked(name, parts) {
  const owner = PARTS.find((part) => FIELDS[part].includes(name));
  return owner === undefined || parts.includes(owner);
}

/**
 * What is wrong, by field; "" is the form as a whole. An empty answer: nothing is.
 * @param {Form} form tidied
 * @param {string} today "2026-11-21"
 * @returns {Record<string, string>}
 */
export function faultsOf(form, today) {
  /** @type {Record<string, string>} */
  const faults = {};
  if (!form.date) faults.date = _("Say on which day this was.");
  else if (form.date > today) faults.date = _("This day is still to come.");
  if (form.nextReview && form.date && form.nextReview < form.date) {
    faults.nextReview = _("The next review is before the visit.");
  }
  if (form.age && !isAge(form.age)) faults.age = _("Give the age in full years, as a number.");
  if (form.medicines.some(({ name }) => !name)) {
    faults.medicines = _("Say which medicine it is, or leave the whole line empty.");
  }
  if (!PARTS.some((part) => saysAnything(form, part))) {
    faults[""] = _("Nothing is filled in yet: say what was found, given or agreed.");
  }
  return faults;
}

/** @param {string} text */
const isAge = (text) => /^\d{1,3}$/.test(text) && Number(text) <= LONGEST_AGE;
