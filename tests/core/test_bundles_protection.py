"""Protection in bundles: it spreads along references, and no other record gives it away."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.bundles import split
from scripts.synthetic import bundle as synthetic
from tests.charts import DEPRESSION, cut, entry, groups, refer, where

# Protection


@pytest.mark.parametrize(
    "telling",
    [
        entry("MedicationRequest", "x", reasonReference=[refer("mood")]),
        entry("CarePlan", "x", addresses=[refer("mood")]),
        entry("Claim", "x", diagnosis=[{"diagnosisReference": refer("mood")}]),
        entry("Encounter", "x", diagnosis=[{"condition": refer("mood")}]),
        entry("Composition", "x", section=[{"entry": [refer("mood")]}]),
        entry("Observation", "x", focus=[{"reference": "Condition/mood"}]),
        entry(
            "Procedure",
            "x",
            contained=[{"resourceType": "ServiceRequest", "reasonReference": [refer("mood")]}],
        ),
    ],
    ids=lambda e: e["resource"]["resourceType"],
)
def test_what_refers_to_something_protected_is_protected(telling: dict[str, Any]) -> None:
    assert where(cut(telling, entry("Condition", "mood", code=DEPRESSION)), "x") == [
        "mental-health"
    ]


def test_protection_spreads_over_several_steps() -> None:
    chart = cut(
        entry("ExplanationOfBenefit", "x", claim=refer("c")),
        entry("Claim", "c", prescription=refer("m")),
        entry("MedicationRequest", "m", reasonReference=[refer("mood")]),
        entry("Condition", "mood", code=DEPRESSION),
    )
    assert {record.category for record in chart.records[1:]} == {"mental-health"}


def test_a_protected_report_protects_its_results() -> None:
    chart = cut(
        entry(
            "DiagnosticReport", "r", result=[refer("o")], category=[{"coding": [{"code": "GE"}]}]
        ),
        entry("Observation", "o"),
    )
    assert groups(chart)[1:] == [("genetics", ["r", "o"])]


def test_one_protected_result_does_not_swallow_the_others() -> None:
    chart = cut(
        entry("DiagnosticReport", "r", result=[refer("o1"), refer("o2")]),
        entry("Observation", "o1", meta={"security": [{"code": "HIV"}]}),
        entry("Observation", "o2"),
    )
    assert groups(chart)[1:] == [("sexual-health", ["r", "o1"]), ("laboratory", ["o2"])]


def test_an_encounter_for_a_protected_reason_takes_prose_and_bills_with_it_but_no_vitals() -> None:
    chart = cut(
        entry("Encounter", "e", reasonCode=[DEPRESSION]),
        entry(
            "Observation",
            "weight",
            encounter=refer("e"),
            category=[{"coding": [{"code": "vital-signs"}]}],
        ),
        entry("DocumentReference", "note", context={"encounter": [refer("e")]}),
        entry("Claim", "bill", item=[{"encounter": [refer("e")]}]),
    )
    assert groups(chart)[1:] == [("mental-health", ["e", "note", "bill"]), ("vitals", ["weight"])]


def test_the_title_of_a_record_names_nothing_of_another_category() -> None:
    chart = cut(
        entry("Encounter", "e", reasonCode=[DEPRESSION], type=[{"text": "Talk about mood"}]),
        entry("Observation", "w", encounter=refer("e"), code={"text": "Weight"}),
    )
    assert chart.records[2].title == "Weight"
    assert b"mood" not in chart.records[2].body


def test_no_protected_code_stands_in_an_unprotected_body() -> None:
    for record in split(synthetic(11)).records:
        telling = any(
            word in record.body for word in (b"370143000", b"depress", b"sertraline", b"PHQ-9")
        )
        assert telling == (record.category == "mental-health")
