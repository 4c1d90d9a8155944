// Owns what can be said for certain about a Bundle's shape being FHIR R4 (4.0.1) and no other.
//
// Only definite signs count: a resource type or an element that R4 does not have, or that has
// another JSON type in R4. Values are not judged (app/core/fhir_r4.py tells why).

import { InvalidBundle } from "../errors.js";
import { words } from "./tables.js";

/** @import { Json } from "./json.js" */
/** @import { Entry } from "./text.js" */

export const BUNDLE_TYPES = words`transaction collection batch document searchset`;

/** Every resource type of FHIR 4.0.1 (https://hl7.org/fhir/R4/resourcelist.html). */
export const RESOURCE_TYPES = new Set(words`
  Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse
  AuditEvent Basic Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement
  CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim ClaimResponse
  ClinicalImpression CodeSystem Communication CommunicationRequest CompartmentDefinition
  Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest
  CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest
  DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis
  Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence
  EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal
  GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization
  ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice
  Library Linkage List Location Measure MeasureReport Media Medication MedicationAdministration
  MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement MedicinalProduct
  MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication
  MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured
  MedicinalProductPackaged MedicinalProductPharmaceutical MedicinalProductUndesirableEffect
  MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionOrder Observation
  ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation
  Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner
  PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson
  RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
  RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen
  SpecimenDefinition StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid
  SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial
  SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport
  TestScript ValueSet VerificationResult VisionPrescription
`);

/**
 * Elements that DSTU2, STU3 or R5 give a type at its top and R4 does not.
 * @type {Record<string, string[]>}
 */
export const ELEMENTS_OF_OTHER_VERSIONS = {
  AllergyIntolerance: words`assertedDate participant substance`,
  CarePlan: words`context custodian definition`,
  CareTeam: words`context reason`,
  Claim: words`
    employmentImpacted encounter hospitalization information organization
  `,
  Condition: words`
    abatementBoolean assertedDate context dateRecorded participant
  `,
  Coverage: words`grouping insurancePlan insurer kind sequence`,
  Device: words`availabilityStatus category displayName mode model name udi`,
  DiagnosticReport: words`
    codedDiagnosis composition context image note study supportingInfo
  `,
  DocumentReference: words`
    bodySite class created event indexed period practiceSetting version
  `,
  Encounter: words`
    actualPeriod admission incomingReferral reason virtualService
  `,
  ExplanationOfBenefit: words`
    employmentImpacted encounter hospitalization information organization totalBenefit totalCost
  `,
  FamilyMemberHistory: words`definition gender notDone participant procedure reason`,
  Goal: words`continuous outcome source status`,
  ImagingStudy: words`
    accession availability context partOf patient procedure reason uid
  `,
  Immunization: words`
    administeredProduct date explanation informationSource notGiven practitioner reason reported
    supportingInformation vaccinationProtocol wasNotGiven
  `,
  Media: words`context occurrenceDateTime occurrencePeriod subtype`,
  Medication: words`
    definition doseForm isBrand isOverTheCounter package totalVolume
  `,
  MedicationAdministration: words`
    encounter medication notGiven occurenceDateTime occurencePeriod prescription reason
    wasNotGiven
  `,
  MedicationDispense: words`encounter medication notDone notPerformedReason recorded`,
  MedicationRequest: words`
    context definition device effectiveDosePeriod medication reason
  `,
  MedicationStatement: words`
    encounter medication reason reasonNotTaken taken wasNotTaken
  `,
  Observation: words`bodyStructure comment comments context related triggeredBy`,
  Patient: words`animal careProvider`,
  Procedure: words`
    context definition notDone notPerformed occurrenceDateTime occurrencePeriod occurrenceString
    reason recorded used
  `,
  QuestionnaireResponse: words`context parent`,
  ServiceRequest: words`bodyStructure focus location reason`,
  Specimen: words`combined feature role`,
};

/**
 * Elements whose JSON type changed between versions, as R4 has it.
 * @type {Record<string, Record<string, string>>}
 */
export const SHAPES = {
  AllergyIntolerance: { clinicalStatus: "object", verificationStatus: "object", category: "list" },
  Condition: { clinicalStatus: "object", verificationStatus: "object", category: "list" },
  DocumentReference: { context: "object", content: "list" },
  Encounter: { class: "object", type: "list" },
  Observation: { category: "list", interpretation: "list" },
  DiagnosticReport: { category: "list" },
  Claim: { type: "object" },
  CarePlan: { category: "list" },
  Goal: { description: "object" },
};

const FOREIGN_PROFILES = words`1.0 3.0 5.0 6.0`.map((version) => `http://hl7.org/fhir/${version}/`);

/** @type {Record<string, (value: Json) => boolean>} */
const HAS_SHAPE = {
  object: (value) => value instanceof Map,
  list: (value) => Array.isArray(value),
};

/**
 * Refuse a Bundle of a kind that is no chart, or whose entries are definitely not FHIR R4.
 * @param {Map<string, Json>} bundle its own members @param {Entry[]} entries
 */
export function requireR4(bundle, entries) {
  const type = bundle.get("type");
  if (typeof type !== "string" || !BUNDLE_TYPES.includes(type)) {
    const types = BUNDLE_TYPES.join(", ");
    throw new InvalidBundle("The Bundle's type is none of {types}.", { types });
  }
  for (const entry of entries) requireR4Resource(entry);
}

/** @param {Entry} entry */
function requireR4Resource({ place, kind, resource }) {
  if (!RESOURCE_TYPES.has(kind)) {
    throw new InvalidBundle("Entry {place} is of a resource type that FHIR R4 does not have.", {
      place,
    });
  }
  const others = Object.hasOwn(ELEMENTS_OF_OTHER_VERSIONS, kind)
    ? ELEMENTS_OF_OTHER_VERSIONS[kind]
    : [];
  const foreign = others.find((element) => resource.has(element)); // they stand in order
  if (foreign !== undefined) {
    throw new InvalidBundle(
      "Entry {place} is of another FHIR version than R4: it has the element {element}.",
      { place, element: foreign },
    );
  }
  for (const [element, shape] of Object.entries(SHAPES[kind] ?? {})) {
    const value = resource.get(element);
    if (value !== undefined && !HAS_SHAPE[shape](value)) {
      throw new InvalidBundle(
        "Entry {place} is of another FHIR version than R4: its element {element} has another JSON " +
          "type there.",
        { place, element },
      );
    }
  }
  const id = resource.get("id");
  if (id !== undefined && (typeof id !== "string" || !id)) {
    throw new InvalidBundle("Entry {place} has an id that is not a string.", { place });
  }
  requireOwnVersion(place, resource);
}

/** @param {number} place @param {Map<string, Json>} resource */
function requireOwnVersion(place, resource) {
  const version = resource.get("fhirVersion");
  const isOther = typeof version === "string" && !/^4\.[03]/.test(version);
  const meta = resource.get("meta");
  const profiles = meta instanceof Map ? meta.get("profile") : null;
  const isForeign = (Array.isArray(profiles) ? profiles : []).some(
    (profile) =>
      typeof profile === "string" && FOREIGN_PROFILES.some((start) => profile.startsWith(start)),
  );
  if (isOther || isForeign) {
    throw new InvalidBundle("Entry {place} says that it is of another FHIR version than R4.", {
      place,
    });
  }
}
