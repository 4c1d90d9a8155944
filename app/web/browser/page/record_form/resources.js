// Owns how the form's fields become FHIR R4 resources, one function per kind.
import { _ } from "../texts.js";
import { narrative } from "./narrative.js";

/** @typedef {import("./fields.js").Form} Form */
/** @typedef {Record<string, any>} Resource */

/**
 * The ids of one visit's resources: made once, kept when it is corrected.
 * @typedef {object} Ids
 * @property {string} patient
 * @property {string} encounter
 * @property {string} age
 * @property {string} condition
 * @property {string} notes
 * @property {string} plan
 * @property {string} doctor
 * @property {string} hospital
 * @property {string} location
 * @property {string[]} medicines
 */

const TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/";
const LOINC_AGE = "30525-0";

/** @param {string} id */
export const urlOf = (id) => `urn:uuid:${id}`;
/** @param {string} id @param {string} [display] */
const to = (id, display) => ({ reference: urlOf(id), ...(display && { display }) });
/** @param {string} system @param {string} code @param {string} [display] */
const coded = (system, code, display) => ({
  coding: [{ system: `${TERMINOLOGY}${system}`, code, ...(display && { display }) }],
});

/**
 * Whom it is about. A Patient of whom nothing is told is not written: the statement names the person.
 * @param {Form} form @param {Ids} ids
 */
const about = (form, ids) => (isTold(form) ? to(ids.patient) : { type: "Patient", display: _("The patient") });

/** Whether the form tells anything of the patient that a Patient holds. @param {Form} form */
export const isTold = ({ patientId, gender }) => Boolean(patientId || gender);

/** Who the visit was with, wherever a resource may say so. @param {Form} form @param {Ids} ids */
const byDoctor = ({ doctor }, ids) => (doctor ? to(ids.doctor, doctor) : undefined);

/** Leaves out what is undefined, so that nothing empty is written. @param {Resource} resource */
function written(resource) {
  return Object.fromEntries(Object.entries(resource).filter(([, value]) => value !== undefined));
}

/** @param {Form} form @param {Ids} ids @returns {Resource} */
export function patient({ patientId, gender, hospital }, ids) {
  return written({
    resourceType: "Patient",
    id: ids.patient,
    text: narrative(_("Patient"), [
      [_("Patient number"), patientId],
      [_("Gender"), genderName(gender)],
    ]),
    identifier: patientId
      ? [
          written({
            type: coded("v2-0203", "MR", "Medical record number"),
            value: patientId,
            assigner: hospital ? { display: hospital } : undefined,
          }),
        ]
      : undefined,
    gender: gender || undefined,
  });
}

/** @param {string} gender @returns {string} */
export function genderName(gender) {
  /** @type {Record<string, string>} */
  const names = {
    female: _("Female"),
    male: _("Male"),
    other: _("Other"),
    unknown: _("Not known"),
  };
  return names[gender] ?? "";
}

/** @param {Form} form @param {Ids} ids @returns {Resource} */
export function encounter(form, ids) {
  const { date, location, hospital } = form;
  const doctor = byDoctor(form, ids);
  return written({
    resourceType: "Encounter",
    id: ids.encounter,
    text: narrative(_("Visit"), [
      [_("Date"), date],
      [_("Doctor"), form.doctor],
      [_("Hospital"), hospital],
      [_("Place"), location],
    ]),
    status: "finished",
    class: { system: `${TERMINOLOGY}v3-ActCode`, code: "AMB", display: "ambulatory" },
    subject: about(form, ids),
    participant: doctor ? [{ individual: doctor }] : undefined,
    period: { start: date, end: date },
    location: location ? [{ location: to(ids.location, location) }] : undefined,
    serviceProvider: hospital ? to(ids.hospital, hospital) : undefined,
  });
}

/**
 * The age on that day: R4's Patient has none, and a year of birth would be a guess.
 * @param {Form} form @param {Ids} ids @returns {Resource}
 */
export function age(form, ids) {
  const years = Number(form.age);
  return {
    resourceType: "Observation",
    id: ids.age,
    text: narrative(_("Age: {years} years", { years })),
    status: "final",
    category: [coded("observation-category", "social-history", "Social History")],
    code: { coding: [{ system: "http://loinc.org", code: LOINC_AGE, display: "Age" }] },
    subject: about(form, ids),
    encounter: to(ids.encounter),
    effectiveDateTime: form.date,
    valueQuantity: {
      value: years,
      unit: "years",
      system: "http://unitsofmeasure.org",
      code: "a",
    },
  };
}

/**
 * What the patient has, with the diagnosis beneath; a diagnosis alone stands for itself.
 * @param {Form} form @param {Ids} ids @returns {Resource}
 */
export function condition(form, ids) {
  const { disease, diagnosis, date } = form;
  return written({
    resourceType: "Condition",
    id: ids.condition,
    text: narrative(disease || diagnosis, disease ? [[_("Diagnosis"), diagnosis]] : []),
    clinicalStatus: coded("condition-clinical", "active", "Active"),
    verificationStatus: coded("condition-ver-status", "confirmed", "Confirmed"),
    category: [
      disease
        ? coded("condition-category", "problem-list-item", "Problem List Item")
        : coded("condition-category", "encounter-diagnosis", "Encounter Diagnosis"),
    ],
    code: { text: disease || diagnosis },
    subject: about(form, ids),
    encounter: to(ids.encounter),
    recordedDate: date,
    asserter: byDoctor(form, ids),
    note: disease && diagnosis ? [{ text: diagnosis }] : undefined,
  });
}

/** The doctor's notes. @param {Form} form @param {Ids} ids @returns {Resource} */
export function notes(form, ids) {
  const { disease, diagnosis, date } = form;
  return written({
    resourceType: "ClinicalImpression",
    id: ids.notes,
    text: narrative(_("Notes"), [["", form.notes]]),
    status: "completed",
    subject: about(form, ids),
    encounter: to(ids.encounter),
    date,
    assessor: byDoctor(form, ids),
    problem: disease || diagnosis ? [to(ids.condition)] : undefined,
    note: [{ text: form.notes }],
  });
}

/**
 * What was prescribed, or what the patient says they take.
 * @param {Form} form @param {Ids} ids @param {number} place @returns {Resource}
 */
export function medicine(form, ids, place) {
  const { name, how } = form.medicines[place];
  const shared = {
    text: narrative(name, [[_("How to take it"), how]]),
    status: "active",
    medicationCodeableConcept: { text: name },
    subject: about(form, ids),
  };
  const dosage = how ? [{ text: how }] : undefined;
  if (form.medicinesAre === "taken") {
    return written({
      resourceType: "MedicationStatement",
      id: ids.medicines[place],
      ...shared,
      context: to(ids.encounter),
      dateAsserted: form.date,
      informationSource: about(form, ids),
      dosage,
    });
  }
  return written({
    resourceType: "MedicationRequest",
    id: ids.medicines[place],
    intent: "order",
    ...shared,
    encounter: to(ids.encounter),
    authoredOn: form.date,
    requester: byDoctor(form, ids),
    dosageInstruction: dosage,
  });
}

/** What was advised, and when to look again. @param {Form} form @param {Ids} ids @returns {Resource} */
export function plan(form, ids) {
  const { suggestion, nextReview, date } = form;
  return written({
    resourceType: "CarePlan",
    id: ids.plan,
    text: narrative(_("Plan"), [
      [_("Suggestion"), suggestion],
      [_("Next review"), nextReview],
    ]),
    status: "active",
    intent: "plan",
    description: suggestion || undefined,
    subject: about(form, ids),
    encounter: to(ids.encounter),
    created: date,
    author: byDoctor(form, ids),
    activity: nextReview
      ? [
          {
            detail: {
              kind: "Appointment",
              status: "scheduled",
              scheduledTiming: { event: [nextReview] },
              description: _("Next review"),
            },
          },
        ]
      : undefined,
  });
}

/** @param {Form} form @param {Ids} ids @returns {Resource} */
export function practitioner({ doctor }, ids) {
  return {
    resourceType: "Practitioner",
    id: ids.doctor,
    text: narrative(doctor),
    name: [{ text: doctor }],
  };
}

/** @param {Form} form @param {Ids} ids @returns {Resource} */
export function organization({ hospital }, ids) {
  return {
    resourceType: "Organization",
    id: ids.hospital,
    text: narrative(hospital),
    name: hospital,
  };
}

/** @param {Form} form @param {Ids} ids @returns {Resource} */
export function place({ location }, ids) {
  return {
    resourceType: "Location",
    id: ids.location,
    text: narrative(location),
    name: location,
  };
}
