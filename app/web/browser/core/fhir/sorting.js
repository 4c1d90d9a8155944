// Owns which category a FHIR R4 resource belongs to (docs/categories.md; app/core/categories.py).

import { PRECEDENCE } from "./codes.js";
import { mapped } from "./json.js";
import { sensitivitiesOf } from "./sensitivity.js";
import { words } from "./tables.js";

/** @import { Json } from "./json.js" */
/** @typedef {Map<string, Json>} Resource */

/** @param {Record<string, string[]>} table category to names @returns {Map<string, string>} */
const inverted = (table) =>
  new Map(Object.entries(table).flatMap(([to, names]) => names.map((name) => [name, to])));

const TYPES = inverted({
  demographics: words`Patient Person RelatedPerson`,
  encounters: words`
    Encounter EpisodeOfCare Appointment AppointmentResponse Schedule Slot Practitioner
    PractitionerRole Organization OrganizationAffiliation Location HealthcareService Endpoint
  `,
  conditions: words`
    Condition FamilyMemberHistory ClinicalImpression RiskAssessment Flag AdverseEvent
    BodyStructure
  `,
  medications: words`
    Medication MedicationRequest MedicationStatement MedicationAdministration MedicationDispense
    MedicationKnowledge DetectedIssue
  `,
  allergies: words`AllergyIntolerance`,
  immunizations: words`
    Immunization ImmunizationEvaluation ImmunizationRecommendation
  `,
  laboratory: words`Observation DiagnosticReport Specimen`,
  imaging: words`ImagingStudy Media`,
  procedures: words`
    Procedure Device DeviceMetric DeviceUseStatement BiologicallyDerivedProduct Substance
    SupplyDelivery
  `,
  plans: words`
    CarePlan CareTeam Goal ServiceRequest DeviceRequest NutritionOrder RequestGroup Task
    CommunicationRequest SupplyRequest VisionPrescription
  `,
  billing: words`
    Account ChargeItem Claim ClaimResponse Contract Coverage CoverageEligibilityRequest
    CoverageEligibilityResponse EnrollmentRequest EnrollmentResponse ExplanationOfBenefit
    InsurancePlan Invoice PaymentNotice PaymentReconciliation
  `,
  genetics: words`MolecularSequence`,
});

/** http://terminology.hl7.org/CodeSystem/observation-category */
const OBSERVATIONS = inverted({
  vitals: words`vital-signs activity`,
  laboratory: words`laboratory`,
  imaging: words`imaging`,
  procedures: words`procedure therapy`,
  encounters: words`exam survey social-history`,
});

/** HL7 v2-0074 diagnostic service sections, and the three LOINC parts that US Core uses. */
const SECTIONS = inverted({
  laboratory: words`
    LAB BG BLB CH CP HM IMM MB MCB MYC OSL PAR PAT SP SR TX VR LP7839-6
  `,
  imaging: words`RAD CT NMR NMS RX XRC RUS CUS OUS VUS LP29684-5`,
  procedures: words`AU CTH EC EN OT PF PT RC RT LP29708-2`,
  vitals: words`ICU`,
  documents: words`NRS OTH PHR PHY`,
  genetics: words`GE CG`,
});
const EITHER = new Map([...OBSERVATIONS, ...SECTIONS]);

/** LOINC codes of the FHIR vital signs profiles and common kin, for uncategorized Observations. */
const VITAL_SIGNS = new Set(words`
  2708-6 3140-1 3150-6 8280-0 8287-5 8289-1 8302-2 8306-3 8310-5 8331-1 8462-4 8478-0 8480-6
  8867-4 9279-1 9843-4 29463-7 39156-5 55284-4 59408-5 77606-2 85353-1 85354-9
`);

/** All tables, for the test that holds them equal to Python's. */
export const TABLES = { TYPES, OBSERVATIONS, SECTIONS, VITAL_SIGNS };

/**
 * The category of one FHIR R4 resource (as JSON.parse gives it), seen alone; unknown types fall
 * into `documents`. What it refers to is judged in bundles.js.
 * @param {object} resource
 */
export function categoryOf(resource) {
  const read = /** @type {Resource} */ (mapped(resource));
  return choose(read, sensitivitiesOf(read));
}

/**
 * The category of a resource that is known to tell the protected things `told`.
 * @param {Resource} resource @param {Set<string>} told @returns {string}
 */
export function choose(resource, told) {
  const kind = resource.get("resourceType");
  const protectedBy = PRECEDENCE.find((category) => told.has(category));
  if (kind !== "Patient" && protectedBy !== undefined) return protectedBy;
  if (kind === "Observation") return firstOf(resource, EITHER) ?? uncategorized(resource);
  if (kind === "DiagnosticReport") return firstOf(resource, SECTIONS) ?? unsorted(resource);
  return (typeof kind === "string" ? TYPES.get(kind) : undefined) ?? "documents";
}

/**
 * The codes of one CodeableConcept or a list of them, in their order.
 * @param {Json | undefined} concepts @returns {string[]}
 */
function codesOf(concepts) {
  const codes = [];
  for (const concept of Array.isArray(concepts) ? concepts : [concepts]) {
    const codings = concept instanceof Map ? concept.get("coding") : null;
    for (const coding of Array.isArray(codings) ? codings : []) {
      const code = coding instanceof Map ? coding.get("code") : null;
      if (typeof code === "string") codes.push(code);
    }
  }
  return codes;
}

/** @param {Resource} resource @param {Map<string, string>} table */
function firstOf(resource, table) {
  const found = codesOf(resource.get("category")).flatMap((code) => table.get(code) ?? []);
  return found.find((category) => PRECEDENCE.includes(category)) ?? found[0];
}

/** @param {Resource} observation */
const uncategorized = (observation) =>
  codesOf(observation.get("code")).some((code) => VITAL_SIGNS.has(code)) ? "vitals" : "laboratory";

/** @param {Resource} report */
function unsorted(report) {
  if (report.has("imagingStudy") || report.has("media")) return "imaging";
  return report.has("result") ? "laboratory" : "documents";
}
