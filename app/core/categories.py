"""Owns the categories of a chart and which of them a FHIR R4 resource belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.core.errors import UnknownCategory
from app.core.fhir_names import word_set
from app.core.sensitivity import PRECEDENCE, sensitivities_of

CATEGORIES: Final = (
    "demographics",
    "encounters",
    "conditions",
    "medications",
    "allergies",
    "immunizations",
    "laboratory",
    "vitals",
    "imaging",
    "procedures",
    "documents",
    "plans",
    "billing",
    "mental-health",
    "sexual-health",
    "substance-use",
    "genetics",
)
"""Every category, in the order in which people are shown them; the names are part of statements."""

PROTECTED: Final = frozenset(PRECEDENCE)
"""The specially protected ones: nothing comes into them, or out of them, by its type alone."""

_TYPES: Final[Mapping[str, str]] = {
    name: category
    for category, names in {
        "demographics": "Patient Person RelatedPerson",
        "encounters": (
            "Encounter EpisodeOfCare Appointment AppointmentResponse Schedule Slot Practitioner "
            "PractitionerRole Organization OrganizationAffiliation Location HealthcareService "
            "Endpoint"
        ),
        "conditions": (
            "Condition FamilyMemberHistory ClinicalImpression RiskAssessment Flag AdverseEvent BodyStructure"
        ),
        "medications": (
            "Medication MedicationRequest MedicationStatement MedicationAdministration "
            "MedicationDispense MedicationKnowledge DetectedIssue"
        ),
        "allergies": "AllergyIntolerance",
        "immunizations": "Immunization ImmunizationEvaluation ImmunizationRecommendation",
        "laboratory": "Observation DiagnosticReport Specimen",
        "imaging": "ImagingStudy Media",
        "procedures": (
            "Procedure Device DeviceMetric DeviceUseStatement BiologicallyDerivedProduct Substance "
            "SupplyDelivery"
        ),
        "plans": (
            "CarePlan CareTeam Goal ServiceRequest DeviceRequest NutritionOrder RequestGroup Task "
            "CommunicationRequest SupplyRequest VisionPrescription"
        ),
        "billing": (
            "Account ChargeItem Claim ClaimResponse Contract Coverage CoverageEligibilityRequest "
            "CoverageEligibilityResponse EnrollmentRequest EnrollmentResponse ExplanationOfBenefit "
            "InsurancePlan Invoice PaymentNotice PaymentReconciliation"
        ),
        "genetics": "MolecularSequence",
    }.items()
    for name in names.split()
}

_OBSERVATIONS: Final[Mapping[str, str]] = {
    "vital-signs": "vitals",
    "laboratory": "laboratory",
    "imaging": "imaging",
    "procedure": "procedures",
    "therapy": "procedures",
    "activity": "vitals",
    "exam": "encounters",
    "survey": "encounters",
    "social-history": "encounters",
}
"""http://terminology.hl7.org/CodeSystem/observation-category"""

_SECTIONS: Final[Mapping[str, str]] = {
    code: category
    for category, codes in {
        "laboratory": "LAB BG BLB CH CP HM IMM MB MCB MYC OSL PAR PAT SP SR TX VR LP7839-6",
        "imaging": "RAD CT NMR NMS RX XRC RUS CUS OUS VUS LP29684-5",
        "procedures": "AU CTH EC EN OT PF PT RC RT LP29708-2",
        "vitals": "ICU",
        "documents": "NRS OTH PHR PHY",
        "genetics": "GE CG",
    }.items()
    for code in codes.split()
}
"""HL7 v2-0074 diagnostic service sections, and the three LOINC parts that US Core uses."""

_VITAL_SIGNS: Final = word_set(
    "2708-6 3140-1 3150-6 8280-0 8287-5 8289-1 8302-2 8306-3 8310-5 8331-1 8462-4 8478-0 "
    "8480-6 8867-4 9279-1 9843-4 29463-7 39156-5 55284-4 59408-5 77606-2 85353-1 85354-9"
)
"""LOINC codes of the FHIR vital signs profiles and common kin, for uncategorized Observations."""


def require_category(name: str) -> str:
    """The name itself; UnknownCategory where no category is called so."""
    if name not in CATEGORIES:
        raise UnknownCategory(name)
    return name


def category_of(resource: Mapping[str, Any]) -> str:
    """The category of one FHIR R4 resource, seen alone; unknown types fall into `documents`.

    A protected thing that its labels or codes tell goes before its type, except that a Patient
    is always `demographics`. What it refers to is judged in bundles.py.
    """
    return choose(resource, sensitivities_of(resource))


def choose(resource: Mapping[str, Any], told: frozenset[str]) -> str:
    """The category of a resource that is known to tell the protected things `told`."""
    kind = resource.get("resourceType")
    if kind != "Patient":
        for category in PRECEDENCE:
            if category in told:
                return category
    if kind == "Observation":
        return _first(resource, {**_OBSERVATIONS, **_SECTIONS}) or _uncategorized(resource)
    if kind == "DiagnosticReport":
        return _first(resource, _SECTIONS) or _unsorted_report(resource)
    return _TYPES.get(kind, "documents") if isinstance(kind, str) else "documents"


def _codes(concepts: object) -> list[str]:
    """The codes of one CodeableConcept or a list of them, in their order."""
    codes = []
    for concept in concepts if isinstance(concepts, list) else [concepts]:
        codings = concept.get("coding") if isinstance(concept, Mapping) else None
        for coding in codings if isinstance(codings, list) else []:
            code = coding.get("code") if isinstance(coding, Mapping) else None
            if isinstance(code, str):
                codes.append(code)
    return codes


def _first(resource: Mapping[str, Any], table: Mapping[str, str]) -> str | None:
    found = [table[code] for code in _codes(resource.get("category")) if code in table]
    return next((c for c in found if c in PROTECTED), found[0] if found else None)


def _uncategorized(observation: Mapping[str, Any]) -> str:
    codes = _codes(observation.get("code"))
    return "vitals" if any(code in _VITAL_SIGNS for code in codes) else "laboratory"


def _unsorted_report(report: Mapping[str, Any]) -> str:
    if "imagingStudy" in report or "media" in report:
        return "imaging"
    return "laboratory" if "result" in report else "documents"
