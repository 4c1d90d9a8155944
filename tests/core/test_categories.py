"""Categories: where each FHIR R4 resource belongs, and what makes it specially protected."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.categories import CATEGORIES, PROTECTED, category_of, require_category
from app.core.errors import UnknownCategory
from app.core.fhir_r4 import RESOURCE_TYPES
from app.core.sensitivity import LABELS, PRECEDENCE, sensitivities_of

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"


def coded(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def resource(kind: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": kind, **elements}


def labelled(kind: str, code: str, system: str = ACT_CODE) -> dict[str, Any]:
    return resource(kind, meta={"security": [{"system": system, "code": code}]})


def test_the_names_are_those_that_statements_carry() -> None:
    assert CATEGORIES == (
        "demographics", "encounters", "conditions", "medications", "allergies", "immunizations",
        "laboratory", "vitals", "imaging", "procedures", "documents", "plans", "billing",
        "mental-health", "sexual-health", "substance-use", "genetics",
    )  # fmt: skip
    assert set(PRECEDENCE) == PROTECTED == set(CATEGORIES[-4:])


def test_a_known_name_passes_and_an_unknown_one_is_refused() -> None:
    assert require_category("vitals") == "vitals"
    with pytest.raises(UnknownCategory) as refused:
        require_category("secrets of Jane")
    assert "Jane" not in str(refused.value)


@pytest.mark.parametrize("kind", sorted(RESOURCE_TYPES))
def test_every_r4_type_has_a_category(kind: str) -> None:
    assert category_of(resource(kind)) in CATEGORIES


@pytest.mark.parametrize(
    ("kind", "category"),
    [
        ("Patient", "demographics"), ("RelatedPerson", "demographics"),
        ("Encounter", "encounters"), ("Condition", "conditions"),
        ("MedicationRequest", "medications"), ("AllergyIntolerance", "allergies"),
        ("Immunization", "immunizations"), ("Specimen", "laboratory"),
        ("ImagingStudy", "imaging"), ("Procedure", "procedures"), ("CarePlan", "plans"),
        ("DocumentReference", "documents"), ("Claim", "billing"), ("Coverage", "billing"),
        ("ExplanationOfBenefit", "billing"), ("MolecularSequence", "genetics"),
        ("Basic", "documents"), ("SomethingOfTomorrow", "documents"),
    ],
)  # fmt: skip
def test_a_type_leads_to_its_category(kind: str, category: str) -> None:
    assert category_of(resource(kind)) == category


@pytest.mark.parametrize(
    "broken", [{}, {"resourceType": 7}, {"resourceType": "Observation", "category": 3}]
)
def test_a_shapeless_resource_still_finds_a_category(broken: dict[str, Any]) -> None:
    assert category_of(broken) in ("documents", "laboratory")


@pytest.mark.parametrize(
    ("code", "category"),
    [("vital-signs", "vitals"), ("laboratory", "laboratory"), ("imaging", "imaging"),
     ("survey", "encounters"), ("social-history", "encounters"), ("therapy", "procedures")],
)  # fmt: skip
def test_an_observation_goes_by_its_category(code: str, category: str) -> None:
    assert category_of(resource("Observation", category=[coded("any", code)])) == category


def test_an_observation_without_category_goes_by_its_code() -> None:
    assert category_of(resource("Observation", code=coded(LOINC, "8867-4"))) == "vitals"
    assert category_of(resource("Observation", code=coded(LOINC, "718-7"))) == "laboratory"


@pytest.mark.parametrize(
    ("code", "category"),
    [("LAB", "laboratory"), ("HM", "laboratory"), ("RAD", "imaging"), ("CT", "imaging"),
     ("EC", "procedures"), ("LP29684-5", "imaging"), ("GE", "genetics"), ("PHY", "documents")],
)  # fmt: skip
def test_a_report_goes_by_its_section(code: str, category: str) -> None:
    assert category_of(resource("DiagnosticReport", category=[coded("any", code)])) == category


def test_a_report_of_two_sections_is_protected_by_the_protected_one() -> None:
    both = [coded("any", "LAB"), coded("any", "GE")]
    assert category_of(resource("DiagnosticReport", category=both)) == "genetics"


def test_a_report_without_section_goes_by_what_it_holds() -> None:
    assert category_of(resource("DiagnosticReport", imagingStudy=[{}])) == "imaging"
    assert category_of(resource("DiagnosticReport", result=[{}])) == "laboratory"
    assert category_of(resource("DiagnosticReport", presentedForm=[{}])) == "documents"


@pytest.mark.parametrize("code", sorted(LABELS))
def test_every_sensitivity_label_protects_whatever_it_is_put_on(code: str) -> None:
    assert category_of(labelled("Observation", code)) == LABELS[code]
    assert category_of(labelled("Claim", code)) == LABELS[code]


def test_a_label_protects_also_with_a_foreign_or_missing_system() -> None:
    assert category_of(labelled("Condition", "PSY", "urn:local")) == "mental-health"
    unnamed = resource("Condition", meta={"security": [{"code": "HIV"}]})
    assert category_of(unnamed) == "sexual-health"


def test_the_label_of_a_document_counts() -> None:
    label = resource("DocumentReference", securityLabel=[coded(ACT_CODE, "ETH")])
    assert category_of(label) == "substance-use"


def test_a_law_given_as_the_basis_of_a_label_counts() -> None:
    basis = {"url": "x", "valueCoding": {"system": ACT_CODE, "code": "42CFRPart2"}}
    label = {"code": "R", "extension": [basis]}
    assert category_of(resource("Condition", meta={"security": [label]})) == "substance-use"


def test_test_data_and_confidentiality_labels_protect_nothing() -> None:
    assert category_of(labelled("Condition", "HTEST")) == "conditions"
    assert category_of(labelled("Condition", "R")) == "conditions"


def test_of_two_protected_things_the_narrower_category_takes_it() -> None:
    both = resource("Condition", meta={"security": [{"code": "BH"}, {"code": "ETHUD"}]})
    assert sensitivities_of(both) == {"mental-health", "substance-use"}
    assert category_of(both) == "substance-use"


def test_a_patient_stays_in_demographics_whatever_the_label() -> None:
    assert category_of(labelled("Patient", "PSY")) == "demographics"


@pytest.mark.parametrize(
    ("system", "code", "category"),
    [
        (ICD10, "F10.20", "substance-use"), (ICD10, "F19", "substance-use"),
        (ICD10, "F32.1", "mental-health"), (ICD10, "f90.0", "mental-health"),
        (ICD10, "F64.0", "sexual-health"), (ICD10, "B20", "sexual-health"),
        (ICD10, "Z15.01", "genetics"), (ICD10, "X60", "mental-health"),
        (ICD10, "X65", "substance-use"), (ICD10, "J18.9", "conditions"),
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "F20.0", "mental-health"),
        ("urn:oid:2.16.840.1.113883.6.90", "F20.0", "mental-health"),
        ("http://www.cms.gov/Medicare/Coding/ICD10/icd-10-pcs", "F07L0ZZ", "conditions"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "305.00", "substance-use"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "296.2", "mental-health"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "042", "sexual-health"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "30.1", "conditions"),
        (SNOMED, "370143000", "mental-health"), (SNOMED, "86406008", "sexual-health"),
        (SNOMED, "5602001", "substance-use"), (SNOMED, "190905008", "genetics"),
        (SNOMED, "38341003", "conditions"),
        ("urn:local", "F32.1", "conditions"), ("urn:local", "86406008", "conditions"),
    ],
)  # fmt: skip
def test_an_unlabelled_condition_is_known_by_its_code(
    system: str, code: str, category: str
) -> None:
    assert category_of(resource("Condition", code=coded(system, code))) == category


@pytest.mark.parametrize(
    ("code", "category"),
    [("44261-6", "mental-health"), ("70274-6", "mental-health"), ("75622-1", "sexual-health"),
     ("82667-7", "substance-use"), ("53037-8", "genetics"), ("72166-2", "encounters")],
)  # fmt: skip
def test_an_unlabelled_score_or_test_is_known_by_its_loinc_code(code: str, category: str) -> None:
    survey = [coded("any", "survey")]
    assert (
        category_of(resource("Observation", category=survey, code=coded(LOINC, code))) == category
    )


@pytest.mark.parametrize(
    "answers",
    [{"questionnaire": "http://loinc.org/q/44249-1"}, {"item": [{"linkId": "/44250-9"}]}],
)
def test_a_questionnaire_is_known_by_its_loinc_numbers(answers: dict[str, Any]) -> None:
    assert category_of(resource("QuestionnaireResponse", **answers)) == "mental-health"


def test_a_longer_number_that_contains_a_loinc_code_protects_nothing() -> None:
    assert (
        category_of(resource("QuestionnaireResponse", questionnaire="q/144249-10")) == "documents"
    )


@pytest.mark.parametrize(
    ("concept", "category"),
    [
        ({"text": "Sertraline 25 MG Oral Tablet"}, "mental-health"),
        (coded("urn:local", "1", "buprenorphine 8 MG / naloxone 2 MG"), "substance-use"),
        (coded("http://www.whocc.no/atc", "J05AR10"), "sexual-health"),
        (coded("http://www.whocc.no/atc", "C09AA03", "lisinopril"), "medications"),
        ({"text": "Lisinopril"}, "medications"),
    ],
)
def test_a_medicine_given_for_little_else_is_protected(
    concept: dict[str, Any], category: str
) -> None:
    assert category_of(resource("MedicationRequest", medicationCodeableConcept=concept)) == category


def test_a_medicine_named_in_a_bill_is_protected_by_its_rxnorm_name() -> None:
    item = coded("http://www.nlm.nih.gov/research/umls/rxnorm", "312940", "sertraline 25 MG")
    assert category_of(resource("Claim", item=[{"productOrService": item}])) == "mental-health"


def test_a_contained_resource_protects_its_holder() -> None:
    inner = resource("Condition", id="c", code=coded(SNOMED, "370143000"))
    assert category_of(resource("MedicationRequest", contained=[inner])) == "mental-health"
    medicine = resource("Medication", id="m", code={"text": "Lithium carbonate"})
    assert category_of(resource("MedicationRequest", contained=[medicine])) == "mental-health"


def test_an_encounter_for_a_protected_reason_is_protected() -> None:
    assert category_of(resource("Encounter", reasonCode=[coded(ICD10, "F32.9")])) == "mental-health"
