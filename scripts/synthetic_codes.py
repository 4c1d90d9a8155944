"""Owns what the synthetic patient is made of: codes, laboratory panels, and small FHIR parts."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]

CVX: Final = "http://hl7.org/fhir/sid/cvx"
DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
LOINC: Final = "http://loinc.org"
OBSERVATION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED: Final = "http://snomed.info/sct"
UCUM: Final = "http://unitsofmeasure.org"

HTEST: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}

# Encounters: SNOMED CT type, its words, HL7 v3 ActCode class
CHECK_UP: Final = ("185349003", "Encounter for check up (procedure)", "AMB")
SYMPTOM: Final = ("185345009", "Encounter for symptom", "AMB")
FOLLOW_UP: Final = ("390906007", "Follow-up encounter (procedure)", "AMB")
PSYCHIATRY: Final = ("88848003", "Psychiatric follow-up (procedure)", "AMB")
EMERGENCY: Final = ("50849002", "Emergency room admission (procedure)", "EMER")
INPATIENT: Final = ("32485007", "Hospital admission (procedure)", "IMP")

CARE_PLAN: Final = ("443402002", "Lifestyle education regarding hypertension")
CHEST_FILM: Final = ("399208008", "Plain X-ray of chest (procedure)")
DISCHARGE: Final = ("18842-5", "Discharge summary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyte:
    """A laboratory test: what is usual, how it drifts per check-up, and its reference range."""

    code: str
    name: str
    unit: str
    usual: float
    trend: float
    spread: float
    low: float
    high: float
    digits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A laboratory report and its tests."""

    code: str
    name: str
    analytes: tuple[Analyte, ...]


def _analyte(
    code: str, name: str, unit: str, usual: tuple[float, float, float], limits: tuple[float, float],
    digits: int,
) -> Analyte:  # fmt: skip
    value, trend, spread = usual
    return Analyte(code=code, name=name, unit=unit, usual=value, trend=trend, spread=spread,
                low=limits[0], high=limits[1], digits=digits)  # fmt: skip


BLOOD_COUNT: Final = Panel(
    code="58410-2",
    name="Complete blood count (hemogram) panel - Blood by Automated count",
    analytes=(
        _analyte("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL",
              (6.4, 0.1, 1.2), (4.5, 11.0), 2),
        _analyte("789-8", "Erythrocytes [#/volume] in Blood by Automated count", "10*6/uL",
              (4.8, -0.05, 0.3), (4.2, 5.9), 2),
        _analyte("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL",
              (14.4, -0.2, 0.8), (12.0, 17.5), 1),
        _analyte("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL",
              (240, -4, 30), (150, 400), 0),
    ),
)  # fmt: skip
LIPIDS: Final = Panel(
    code="57698-3",
    name="Lipid Panel",
    analytes=(
        _analyte("2093-3", "Total Cholesterol", "mg/dL", (188, 9, 12), (0, 200), 0),
        _analyte("2571-8", "Triglycerides", "mg/dL", (132, 8, 14), (0, 150), 0),
        _analyte(
            "18262-6", "Low Density Lipoprotein Cholesterol", "mg/dL", (112, 7, 9), (0, 130), 0
        ),
        _analyte(
            "2085-9", "High Density Lipoprotein Cholesterol", "mg/dL", (52, -1, 5), (40, 90), 0
        ),
    ),
)
METABOLIC: Final = Panel(
    code="51990-0",
    name="Basic metabolic panel - Blood",
    analytes=(
        _analyte("2339-0", "Glucose [Mass/volume] in Blood", "mg/dL", (92, 5, 7), (65, 99), 0),
        _analyte("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%",
              (5.3, 0.15, 0.1), (4.0, 5.6), 2),
        _analyte("38483-4", "Creatinine [Mass/volume] in Blood", "mg/dL",
              (0.9, 0.03, 0.08), (0.6, 1.3), 2),
    ),
)  # fmt: skip


def coded(system: str, code: str, text: str) -> Json:
    """A CodeableConcept of one coding and its words."""
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def term(system: str, code: str) -> Json:
    """A CodeableConcept from one of HL7's own terminologies."""
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


def number(value: float, digits: int) -> str:
    """A number as it will stand in the JSON, with the zeros that a float would lose."""
    return f"#{value:.{digits}f}"


def quantity(value: float, digits: int, unit: str) -> Json:
    """A Quantity in UCUM units."""
    return {"value": number(value, digits), "unit": unit, "system": UCUM, "code": unit}


def attachment(media_type: str, content: bytes, title: str) -> Json:
    """An Attachment with its bytes inside; FHIR asks for SHA-1 as its hash."""
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    return {
        "contentType": media_type,
        "data": base64.b64encode(content).decode(),
        "size": len(content),
        "hash": base64.b64encode(digest).decode(),
        "title": title,
    }
