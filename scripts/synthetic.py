"""Owns the synthetic patient: a seeded generator of one plausible FHIR R4 transaction bundle.

    python -m scripts.synthetic --seed 7 > patient.json

Nobody is described: the name, the identifiers and the HTEST labels say so in every resource.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from scripts import synthetic_codes as codes
from scripts.synthetic_codes import (
    LOINC,
    RXNORM,
    SNOMED,
    UCUM,
    Json,
    attachment,
    coded,
    number,
    quantity,
    term,
)
from scripts.synthetic_files import pdf, png

_LAST_VISIT = date(2026, 3, 9)
_NUMBER = re.compile(r'"#([0-9.]+)"')


def bundle(seed: int = 7, born: date | None = None) -> str:
    """One patient's chart as JSON text; the same seed and birth date give the same bytes."""
    return _Writer(Random(seed), seed, born).text()  # noqa: S311 (a story, not a key)


class _Writer:
    """Writes the story of one chart, entry by entry."""

    def __init__(self, rng: Random, seed: int, born: date | None) -> None:
        self._rng = rng
        self._entries: list[Json] = []
        self._born = born or date(1950 + int(rng.random() * 40), 1 + int(rng.random() * 12), 15)
        self._height = self._between(156, 190)
        self._weight = self._between(66, 88)
        self._seed = seed
        self._story()

    def text(self) -> str:
        """The whole Bundle."""
        whole = {"resourceType": "Bundle", "type": "transaction", "entry": self._entries}
        return _NUMBER.sub(r"\1", json.dumps(whole, indent=2, ensure_ascii=False)) + "\n"

    def _between(self, low: float, high: float) -> float:
        return low + (high - low) * self._rng.random()

    def _add(self, kind: str, **elements: Any) -> str:
        """Adds a resource and gives the reference to it."""
        identity = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        meta = {"security": [codes.HTEST], "tag": [codes.HTEST]}
        resource = {"resourceType": kind, "id": identity, "meta": meta, **elements}
        url = f"urn:uuid:{identity}"
        request = {"method": "POST", "url": kind}
        self._entries.append({"fullUrl": url, "resource": resource, "request": request})
        return url

    def _story(self) -> None:
        self._people()
        year = _LAST_VISIT.year
        allergic = self._visit(codes.CHECK_UP, date(year - 6, 3, 11))
        self._allergy("91936005", "Allergy to penicillin", "medication", "high")
        self._allergy("91935009", "Allergy to peanuts", "food", "low")
        self._check_up(allergic, 0)
        cold = self._visit(codes.SYMPTOM, date(year - 5, 11, 2))
        self._condition(cold, "444814009", "Viral sinusitis (disorder)", days=16)
        self._check_up(self._visit(codes.CHECK_UP, date(year - 4, 3, 14)), 1)
        pressure = self._visit(codes.FOLLOW_UP, date(year - 4, 4, 4))
        high = self._condition(pressure, "38341003", "Hypertension")
        self._prescribe(pressure, "314076", "lisinopril 10 MG Oral Tablet", 1, high)
        self._care_plan(pressure, high)
        self._low_mood(date(year - 3, 9, 19))
        self._check_up(self._visit(codes.CHECK_UP, date(year - 2, 3, 12)), 2)
        self._pneumonia(date(year - 1, 1, 21))
        self._check_up(self._visit(codes.CHECK_UP, _LAST_VISIT), 3)

    def _people(self) -> None:
        serial = f"{self._seed % 10_000:04d}"
        test = {"use": "temp", "system": "urn:oid:2.16.840.1.113883.4.3.99", "value": serial}
        self._clinic = self._add(
            "Organization",
            active=True,
            name=f"Test-Clinic {serial}",
            identifier=[test],
            type=[term("organization-type", "prov")],
        )
        self._doctor = self._add(
            "Practitioner",
            active=True,
            identifier=[test],
            name=[{"family": "Test-Doctor", "given": [f"Synthetic-{serial}"], "prefix": ["Dr."]}],
        )
        self._patient = self._add(
            "Patient",
            identifier=[{**test, "type": term("v2-0203", "MR"), "value": f"TEST-{serial}"}],
            active=True,
            name=[{"use": "official", "family": "Test-Patient", "given": [f"Synthetic-{serial}"]}],
            telecom=[{"system": "email", "value": f"synthetic-{serial}@example.org"}],
            gender="female" if self._rng.random() < 0.5 else "male",
            birthDate=self._born.isoformat(),
            address=[{"line": ["1 Nowhere Street"], "city": "Testville", "country": "ZZ"}],
            generalPractitioner=[{"reference": self._doctor}],
            managingOrganization={"reference": self._clinic},
        )  # fmt: skip

    def _visit(
        self,
        kind: tuple[str, str, str],
        day: date,
        hour: int = 9,
        days: int = 0,
        reason: Json | None = None,
    ) -> str:
        minute = int(self._rng.random() * 60)
        start = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
        self._at = start.isoformat()
        self._end = (start + timedelta(days=days, minutes=40)).isoformat()
        code, text, where = kind
        system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
        self._encounter = self._add(
            "Encounter",
            status="finished",
            **{"class": {"system": system, "code": where}},
            type=[coded(SNOMED, code, text)],
            subject={"reference": self._patient},
            participant=[{"individual": {"reference": self._doctor}}],
            period={"start": self._at, "end": self._end},
            **({"reasonCode": [reason]} if reason else {}),
            serviceProvider={"reference": self._clinic},
        )
        return self._encounter

    def _condition(self, visit: str, code: str, text: str, days: int | None = None) -> str:
        over: Json = {}
        if days is not None:
            start = datetime.fromisoformat(self._at)
            over = {"abatementDateTime": (start + timedelta(days=days)).isoformat()}
        return self._add(
            "Condition",
            clinicalStatus=term("condition-clinical", "resolved" if over else "active"),
            verificationStatus=term("condition-ver-status", "confirmed"),
            category=[term("condition-category", "encounter-diagnosis")],
            code=coded(SNOMED, code, text),
            subject={"reference": self._patient},
            encounter={"reference": visit},
            onsetDateTime=self._at,
            **over,
            recordedDate=self._at,
        )

    def _allergy(self, code: str, text: str, category: str, criticality: str) -> None:
        self._add(
            "AllergyIntolerance",
            clinicalStatus=term("allergyintolerance-clinical", "active"),
            verificationStatus=term("allergyintolerance-verification", "confirmed"),
            type="allergy",
            category=[category],
            criticality=criticality,
            code=coded(SNOMED, code, text),
            patient={"reference": self._patient},
            encounter={"reference": self._encounter},
            recordedDate=self._at,
        )

    def _prescribe(self, visit: str, code: str, text: str, daily: int, reason: str) -> str:
        timing = {"repeat": {"frequency": daily, "period": 1, "periodUnit": "d"}}
        dose = {"type": term("dose-rate-type", "ordered"), "doseQuantity": {"value": 1}}
        return self._add(
            "MedicationRequest",
            status="active",
            intent="order",
            medicationCodeableConcept=coded(RXNORM, code, text),
            subject={"reference": self._patient},
            encounter={"reference": visit},
            authoredOn=self._at,
            requester={"reference": self._doctor},
            reasonReference=[{"reference": reason}],
            dosageInstruction=[{"sequence": 1, "text": f"One tablet, {daily} a day",
                                "timing": timing, "doseAndRate": [dose]}],
        )  # fmt: skip

    def _observe(self, visit: str, category: str, code: str, text: str, **value: Any) -> str:
        return self._add(
            "Observation",
            status="final",
            category=[{"coding": [{"system": codes.OBSERVATION_CATEGORY, "code": category}]}],
            code=coded(LOINC, code, text),
            subject={"reference": self._patient},
            encounter={"reference": visit},
            effectiveDateTime=self._at,
            issued=self._at,
            performer=[{"reference": self._doctor}],
            **value,
        )

    def _check_up(self, visit: str, turn: int) -> None:
        """Vitals that drift over the years, blood tests, and the vaccine of the season."""
        self._weight += self._between(-1.5, 2.5)
        index = self._weight / (self._height / 100) ** 2
        for code, text, value, unit in (
            ("8302-2", "Body Height", self._height, "cm"),
            ("29463-7", "Body Weight", self._weight, "kg"),
            ("39156-5", "Body Mass Index", index, "kg/m2"),
            ("8867-4", "Heart rate", self._between(58, 84), "/min"),
        ):
            measured = quantity(value, 0 if unit == "/min" else 1, unit)
            self._observe(visit, "vital-signs", code, text, valueQuantity=measured)
        upper = (128, 151, 136, 131)[turn] + self._between(-3, 3)
        parts = (("8480-6", "Systolic Blood Pressure", upper),
                 ("8462-4", "Diastolic Blood Pressure", upper * 0.62))  # fmt: skip
        self._observe(visit, "vital-signs", "85354-9", "Blood pressure panel", component=[
            {"code": coded(LOINC, code, text), "valueQuantity": quantity(value, 0, "mm[Hg]")}
            for code, text, value in parts])  # fmt: skip
        for panel in (codes.BLOOD_COUNT, codes.LIPIDS, codes.METABOLIC):
            self._report(visit, panel, turn)
        cvx = ("113", "Td (adult) preservative free") if turn == 1 else (
            "140", "Influenza, seasonal, injectable, preservative free")  # fmt: skip
        self._add("Immunization", status="completed", vaccineCode=coded(codes.CVX, *cvx),
                  patient={"reference": self._patient}, encounter={"reference": visit},
                  occurrenceDateTime=self._at, primarySource=True)  # fmt: skip

    def _report(self, visit: str, panel: codes.Panel, turn: int) -> None:
        results = []
        for test in panel.analytes:
            value = test.usual + test.trend * turn + test.spread * self._between(-1, 1)
            limits = {"low": quantity(test.low, test.digits, test.unit),
                      "high": quantity(test.high, test.digits, test.unit)}  # fmt: skip
            flag = "N" if test.low <= value <= test.high else ("L" if value < test.low else "H")
            reference = self._observe(
                visit, "laboratory", test.code, test.name,
                valueQuantity=quantity(value, test.digits, test.unit),
                interpretation=[term("v3-ObservationInterpretation", flag)],
                referenceRange=[limits],
            )  # fmt: skip
            results.append({"reference": reference, "display": test.name})
        self._add("DiagnosticReport", status="final", category=[term("v2-0074", "LAB")],
                  code=coded(LOINC, panel.code, panel.name), subject={"reference": self._patient},
                  encounter={"reference": visit}, effectiveDateTime=self._at, issued=self._at,
                  performer=[{"reference": self._clinic}], result=results)  # fmt: skip

    def _care_plan(self, visit: str, about: str) -> None:
        self._add("CarePlan", status="active", intent="plan", title="Blood pressure plan",
                  category=[coded(SNOMED, *codes.CARE_PLAN)], subject={"reference": self._patient},
                  encounter={"reference": visit}, period={"start": self._at},
                  addresses=[{"reference": about}], activity=[
                      {"detail": {"status": "in-progress", "description": text}}
                      for text in ("Less salt", "Walk for 30 minutes a day")])  # fmt: skip

    def _low_mood(self, day: date) -> None:
        mood = ("370143000", "Major depressive disorder (disorder)")
        visit = self._visit(codes.PSYCHIATRY, day, reason=coded(SNOMED, *mood))
        condition = self._condition(visit, *mood, days=240)
        score = 13 + int(self._rng.random() * 5)
        self._observe(visit, "survey", "44261-6", "PHQ-9 total score",
                      valueQuantity={"value": score, "unit": "{score}", "system": UCUM,
                                     "code": "{score}"})  # fmt: skip
        self._prescribe(visit, "312940", "sertraline 25 MG Oral Tablet", 1, condition)
        self._bill(visit, codes.PSYCHIATRY, condition, 180)

    def _pneumonia(self, day: date) -> None:
        urgent = self._visit(codes.EMERGENCY, day, hour=17)
        self._add("Procedure", status="completed", code=coded(SNOMED, *codes.CHEST_FILM),
                  subject={"reference": self._patient}, encounter={"reference": urgent},
                  performedDateTime=self._at)  # fmt: skip
        self._film(urgent)
        visit = self._visit(codes.INPATIENT, day, hour=19, days=4)
        condition = self._condition(visit, "233604007", "Pneumonia (disorder)", days=21)
        self._letter(visit)
        self._bill(visit, codes.INPATIENT, condition, 6400)

    def _film(self, visit: str) -> None:
        picture = png(self._rng)
        uid = uuid.UUID(int=self._rng.getrandbits(128), version=4).int
        modality = {"system": codes.DCM, "code": "DX", "display": "Digital Radiography"}
        common: Json = {"subject": {"reference": self._patient}, "encounter": {"reference": visit}}
        film = {
            "uid": f"2.25.{uid + 2}",
            "number": 1,
            "sopClass": {
                "system": "urn:ietf:rfc:3986",
                "code": "urn:oid:1.2.840.10008.5.1.4.1.1.1.1",
            },
        }
        study = self._add("ImagingStudy", status="available", started=self._at, **common,
                          identifier=[{"system": "urn:dicom:uid", "value": f"urn:oid:2.25.{uid}"}],
                          numberOfSeries=1, numberOfInstances=1, description="Chest X-ray",
                          series=[{"uid": f"2.25.{uid + 1}", "number": 1, "modality": modality,
                                   "bodySite": {"system": SNOMED, "code": "51185008",
                                                "display": "Thoracic structure"},
                                   "numberOfInstances": 1, "instance": [film]}])  # fmt: skip
        media = self._add("Media", status="completed", type=term("media-type", "image"), **common,
                          createdDateTime=self._at, width=176, height=176,
                          content=attachment("image/png", picture, "Chest X-ray"))  # fmt: skip
        self._add("DiagnosticReport", status="final", category=[term("v2-0074", "RAD")],
                  code=coded(LOINC, "36643-5", "XR Chest 2 Views"), **common,
                  effectiveDateTime=self._at, issued=self._at,
                  imagingStudy=[{"reference": study}], media=[{"link": {"reference": media}}],
                  conclusion="Opacity in the right lower lobe.")  # fmt: skip

    def _letter(self, visit: str) -> None:
        letter = pdf("Discharge letter (synthetic)", [
            f"Patient: Test-Patient Synthetic-{self._seed % 10_000:04d}, nobody in particular",
            f"Admitted: {self._at[:10]}    Discharged: {self._end[:10]}", "",
            "Pneumonia of the right lower lobe. Fever settled on the second day.",
            "Treated with doxycycline, as penicillin is not tolerated.", "",
            "Please repeat the chest X-ray in six weeks.", "", "Dr. Test-Doctor"])  # fmt: skip
        self._add("DocumentReference", status="current", type=coded(LOINC, *codes.DISCHARGE),
                  subject={"reference": self._patient}, date=self._end,
                  author=[{"reference": self._doctor}], description="Discharge letter",
                  content=[{"attachment": attachment("application/pdf", letter, "Letter")}],
                  context={"encounter": [{"reference": visit}]})  # fmt: skip

    def _bill(self, visit: str, kind: tuple[str, str, str], reason: str, amount: int) -> None:
        item = {"sequence": 1, "productOrService": coded(SNOMED, kind[0], kind[1]),
                "encounter": [{"reference": visit}]}  # fmt: skip
        common: Json = {
            "status": "active", "type": term("claim-type", "institutional"), "use": "claim",
            "patient": {"reference": self._patient}, "created": self._end,
            "billablePeriod": {"start": self._at, "end": self._end},
            "provider": {"reference": self._clinic},
            "insurance": [{"focal": True, "coverage": {"display": "Test insurance"}}],
            "diagnosis": [{"sequence": 1, "diagnosisReference": {"reference": reason}}],
        }  # fmt: skip
        total = {"value": number(amount, 2), "currency": "USD"}
        claim = self._add("Claim", **{**common, "insurance": [
            {"sequence": 1, **common["insurance"][0]}]}, priority=term("processpriority", "normal"),
            item=[item], total=total)  # fmt: skip
        self._add("ExplanationOfBenefit", **common, insurer={"display": "Test insurance"},
                  claim={"reference": claim}, outcome="complete", item=[item],
                  total=[{"category": term("adjudication", "submitted"), "amount": total}],
                  payment={"amount": {"value": number(amount * 0.8, 2), "currency": "USD"}},
                  )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes one bundle to standard output."""
    parser = argparse.ArgumentParser(prog="python -m scripts.synthetic", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="which patient (default 7)")
    parser.add_argument("--born", type=date.fromisoformat, help="birth date, YYYY-MM-DD")
    chosen = parser.parse_args(arguments)
    sys.stdout.buffer.write(bundle(chosen.seed, chosen.born).encode())


if __name__ == "__main__":
    main()
