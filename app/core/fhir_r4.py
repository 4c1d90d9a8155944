"""Owns what can be said for certain about a Bundle's shape being FHIR R4 (4.0.1) and no other.

Only definite signs count: a resource type or an element that R4 does not have, or that has another
JSON type in R4. Values are not judged. Hospitals send dates without a zone and ids with an
underscore, and since the original text is what is sealed, refusing a chart for those helps nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.core.errors import InvalidBundle
from app.core.fhir_names import word_set
from app.core.fhir_text import Entry

BUNDLE_TYPES: Final = ("transaction", "collection", "batch", "document", "searchset")

RESOURCE_TYPES: Final = word_set(
    "Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment "
    "AppointmentResponse AuditEvent Basic Binary BiologicallyDerivedProduct BodyStructure "
    "Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition "
    "Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest "
    "CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage "
    "CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device "
    "DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport "
    "DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint "
    "EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence "
    "EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal "
    "GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization "
    "ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan "
    "Invoice Library Linkage List Location Measure MeasureReport Media Medication "
    "MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest "
    "MedicationStatement MedicinalProduct MedicinalProductAuthorization "
    "MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient "
    "MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged "
    "MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition "
    "MessageHeader MolecularSequence NamingSystem NutritionOrder Observation "
    "ObservationDefinition OperationDefinition OperationOutcome Organization "
    "OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation Person "
    "PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire "
    "QuestionnaireResponse RelatedPerson RequestGroup ResearchDefinition "
    "ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment "
    "RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen "
    "SpecimenDefinition StructureDefinition StructureMap Subscription Substance "
    "SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation "
    "SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task "
    "TerminologyCapabilities TestReport TestScript ValueSet VerificationResult "
    "VisionPrescription"
)
"""Every resource type of FHIR 4.0.1 (https://hl7.org/fhir/R4/resourcelist.html)."""

ELEMENTS_OF_OTHER_VERSIONS: Final[Mapping[str, frozenset[str]]] = {
    kind: word_set(names)
    for kind, names in {
        "AllergyIntolerance": "assertedDate participant substance",
        "CarePlan": "context definition custodian",
        "CareTeam": "context reason",
        "Claim": "employmentImpacted hospitalization information organization encounter",
        "Condition": "abatementBoolean assertedDate context dateRecorded participant",
        "Coverage": "grouping sequence insurancePlan insurer kind",
        "Device": "model udi availabilityStatus category displayName mode name",
        "DiagnosticReport": "codedDiagnosis context image composition note study supportingInfo",
        "DocumentReference": "class created indexed bodySite event period practiceSetting version",
        "Encounter": "incomingReferral reason actualPeriod admission virtualService",
        "ExplanationOfBenefit": (
            "employmentImpacted hospitalization information organization totalCost totalBenefit encounter"
        ),
        "FamilyMemberHistory": "definition gender notDone participant procedure reason",
        "Goal": "status continuous outcome source",
        "ImagingStudy": "accession availability context patient uid partOf procedure reason",
        "Immunization": (
            "date explanation notGiven practitioner reported vaccinationProtocol wasNotGiven "
            "administeredProduct informationSource reason supportingInformation"
        ),
        "Media": "context occurrenceDateTime occurrencePeriod subtype",
        "Medication": "isBrand isOverTheCounter package definition doseForm totalVolume",
        "MedicationAdministration": (
            "notGiven prescription wasNotGiven encounter medication occurenceDateTime occurencePeriod reason"
        ),
        "MedicationDispense": "notDone encounter medication notPerformedReason recorded",
        "MedicationRequest": "context definition device effectiveDosePeriod medication reason",
        "MedicationStatement": "taken reasonNotTaken wasNotTaken encounter medication reason",
        "Observation": "comment comments context related bodyStructure triggeredBy",
        "Patient": "animal careProvider",
        "Procedure": (
            "context definition notDone notPerformed occurrenceDateTime occurrencePeriod "
            "occurrenceString reason recorded used"
        ),
        "QuestionnaireResponse": "context parent",
        "ServiceRequest": "bodyStructure focus location reason",
        "Specimen": "combined feature role",
    }.items()
}
"""Elements that DSTU2, STU3 or R5 give a type at its top and R4 does not."""

_SHAPES: Final[Mapping[str, Mapping[str, type]]] = {
    "AllergyIntolerance": {
        "clinicalStatus": dict,
        "verificationStatus": dict,
        "category": list,
    },
    "Condition": {"clinicalStatus": dict, "verificationStatus": dict, "category": list},
    "DocumentReference": {"context": dict, "content": list},
    "Encounter": {"class": dict, "type": list},
    "Observation": {"category": list, "interpretation": list},
    "DiagnosticReport": {"category": list},
    "Claim": {"type": dict},
    "CarePlan": {"category": list},
    "Goal": {"description": dict},
}
"""Elements whose JSON type changed between versions, as R4 has it."""

_FOREIGN_PROFILES: Final = tuple(
    f"http://hl7.org/fhir/{version}/" for version in ("1.0", "3.0", "5.0", "6.0")
)


def require_r4(bundle: Mapping[str, Any], entries: Sequence[Entry]) -> None:
    """Refuse a Bundle of a kind that is no chart, or whose entries are definitely not FHIR R4."""
    if bundle.get("type") not in BUNDLE_TYPES:
        raise InvalidBundle("The Bundle's type is none of {types}.", types=", ".join(BUNDLE_TYPES))
    for entry in entries:
        _require_r4_resource(entry)


def _require_r4_resource(entry: Entry) -> None:
    kind, resource = entry.kind, entry.resource
    if kind not in RESOURCE_TYPES:
        raise InvalidBundle(
            "Entry {place} is of a resource type that FHIR R4 does not have.", place=entry.place
        )
    foreign = sorted(ELEMENTS_OF_OTHER_VERSIONS.get(kind, frozenset()) & resource.keys())
    if foreign:
        raise InvalidBundle(
            "Entry {place} is of another FHIR version than R4: it has the element {element}.",
            place=entry.place,
            element=foreign[0],
        )
    for name, shape in _SHAPES.get(kind, {}).items():
        if name in resource and not isinstance(resource[name], shape):
            raise InvalidBundle(
                "Entry {place} is of another FHIR version than R4: its element {element} has "
                "another JSON type there.",
                place=entry.place,
                element=name,
            )
    identity = resource.get("id")
    if "id" in resource and not (isinstance(identity, str) and identity):
        raise InvalidBundle("Entry {place} has an id that is not a string.", place=entry.place)
    version = resource.get("fhirVersion")
    is_other = isinstance(version, str) and not version.startswith(("4.0", "4.3"))
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, Mapping) else None
    is_foreign = any(
        isinstance(profile, str) and profile.startswith(_FOREIGN_PROFILES)
        for profile in (profiles if isinstance(profiles, list) else [])
    )
    if is_other or is_foreign:
        raise InvalidBundle(
            "Entry {place} says that it is of another FHIR version than R4.", place=entry.place
        )
