// Owns the plain names of what the formats spell in codes: categories, purposes, roles, rights.
import { _ } from "./texts.js";

/** @typedef {{value: string, label: string, hint: string}} Choice */

/** @returns {Choice[]} every category, in the order in which people are shown them */
export function categories() {
  return [
    { value: "demographics", label: _("Who I am"), hint: _("Name, date of birth, address") },
    { value: "encounters", label: _("Visits"), hint: _("When and where you were seen") },
    { value: "conditions", label: _("Conditions"), hint: _("Illnesses and diagnoses") },
    { value: "medications", label: _("Medicines"), hint: _("What you take or took") },
    { value: "allergies", label: _("Allergies"), hint: _("What you must not be given") },
    { value: "immunizations", label: _("Vaccinations"), hint: _("Which, and when") },
    { value: "laboratory", label: _("Laboratory"), hint: _("Blood tests and other results") },
    { value: "vitals", label: _("Measurements"), hint: _("Blood pressure, weight, pulse") },
    { value: "imaging", label: _("Images"), hint: _("X-rays, scans, photographs") },
    { value: "procedures", label: _("Procedures"), hint: _("Operations, treatments, implants") },
    { value: "documents", label: _("Documents"), hint: _("Letters, reports, everything else") },
    { value: "plans", label: _("Plans"), hint: _("Care plans, goals, referrals") },
    { value: "billing", label: _("Bills"), hint: _("Invoices, claims, insurance") },
    { value: "mental-health", label: _("Mental health"), hint: _("Specially protected") },
    { value: "sexual-health", label: _("Sexual health"), hint: _("Specially protected") },
    { value: "substance-use", label: _("Alcohol and drugs"), hint: _("Specially protected") },
    { value: "genetics", label: _("Genetics"), hint: _("Specially protected") },
  ];
}

/** The categories that nothing comes into, or out of, by its kind alone. */
export const PROTECTED = new Set(["mental-health", "sexual-health", "substance-use", "genetics"]);

/** @param {string} category @returns {string} */
export function categoryName(category) {
  return categories().find(({ value }) => value === category)?.label ?? category;
}

/** @returns {Choice[]} the purposes that a person may choose from */
export function purposes() {
  return [
    { value: "TREAT", label: _("Treatment"), hint: _("To examine, advise and treat you") },
    { value: "ETREAT", label: _("Emergency treatment"), hint: _("When there is no time to ask") },
    { value: "CAREMGT", label: _("Coordinating care"), hint: _("Between those who treat you") },
    { value: "HOPERAT", label: _("Running a clinic"), hint: _("Quality and administration") },
    { value: "HPAYMT", label: _("Payment"), hint: _("Bills and insurance") },
    { value: "HRESCH", label: _("Research"), hint: _("Scientific studies") },
    { value: "FAMRQT", label: _("Family"), hint: _("Someone close to you, without a credential") },
    { value: "PATRQT", label: _("At my wish"), hint: _("Anyone else you choose") },
  ];
}

/** @param {string} purpose @returns {string} */
export function purposeName(purpose) {
  return purposes().find(({ value }) => value === purpose)?.label ?? purpose;
}

/** @param {string} role @returns {string} */
export function roleName(role) {
  /** @type {Record<string, string>} */
  const names = {
    practitioner: _("Doctor or other practitioner"),
    hospital: _("Hospital"),
    laboratory: _("Laboratory"),
    pharmacy: _("Pharmacy"),
    insurer: _("Insurer"),
    distributor: _("Distributor"),
  };
  return names[role] ?? role;
}

/**
 * What a permission allows: the bits that are signed, or as the worker spells them.
 * @param {number | {view: boolean, add: boolean}} rights
 */
export function rightsName(rights) {
  const view = typeof rights === "number" ? (rights & 1) === 1 : rights.view;
  const add = typeof rights === "number" ? (rights & 2) === 2 : rights.add;
  if (view && add) return _("see and add records");
  return add ? _("add records, without seeing any") : _("see records");
}
