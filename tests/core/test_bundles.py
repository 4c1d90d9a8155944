"""Bundles: cut into records byte for byte, and grouped as people mean them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.core.bundles import is_complete, split
from app.core.categories import CATEGORIES
from app.core.fhir_names import MOST_TITLE
from scripts.synthetic import bundle as synthetic
from tests.charts import cut, entry, groups, refer, text_of

SYNTHEA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "synthea_r4"
CHARTS = sorted(SYNTHEA.glob("*_*-*-*-*-*.json"))
SYNTHEA_ABSENT = "the Synthea sample bundles are not beside this checkout"


# The source's bytes


@pytest.mark.skipif(not CHARTS, reason=SYNTHEA_ABSENT)
def test_all_eight_sample_charts_are_there() -> None:
    assert len(CHARTS) == 8


@pytest.mark.parametrize(
    "path", CHARTS or [pytest.param(None, marks=pytest.mark.skip(SYNTHEA_ABSENT))], ids=str
)
def test_a_synthea_chart_comes_back_byte_for_byte(path: Path) -> None:
    source = path.read_bytes()
    chart = split(source)
    parsed = json.loads(source)["entry"]
    assert is_complete(source, chart.records)
    assert chart.entry_count == len(parsed)
    assert 15 < len(chart.records) < 50
    assert {place for r in chart.records for place in r.entries} == set(range(len(parsed)))
    for record in chart.records:
        body = json.loads(record.body)
        assert body["entry"] == [
            {"fullUrl": parsed[i]["fullUrl"], "resource": parsed[i]["resource"]}
            for i in record.entries
        ]
        assert record.category in CATEGORIES
        assert 0 < len(record.title) <= MOST_TITLE
        assert record.media_type == "application/fhir+json"


@pytest.mark.parametrize(
    "path", CHARTS[:1] or [pytest.param(None, marks=pytest.mark.skip(SYNTHEA_ABSENT))], ids=str
)
def test_one_encounter_adds_one_record_to_a_category(path: Path) -> None:
    source = path.read_bytes()
    resources = [e["resource"] for e in json.loads(source)["entry"]]
    seen = set()
    for record in split(source).records:
        visits = {
            resources[i]["encounter"]["reference"]
            for i in record.entries
            if "encounter" in resources[i] and resources[i]["resourceType"] != "Claim"
        }
        assert len(visits) <= 1
        if visits:
            key = (visits.pop(), record.category)
            assert key not in seen
            seen.add(key)


def test_numbers_escapes_and_whitespace_survive() -> None:
    odd = '{ "resourceType" :"Observation","valueQuantity":{"value": 1.50, "x":1e+02},\n\t"note":"\\u00e9 é \\/ \\ud83d\\ude00"}'
    text = (
        '{"type":"batch","resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"}},'
        f'{{"fullUrl" : "urn:uuid:\\u0061", "resource" : {odd} , "request":{{"method":"POST"}}}}]}}'
    )
    record = split(text.encode()).records[1]
    assert record.body.decode() == (
        '{"resourceType":"Bundle","type":"collection","entry":'
        f'[{{"fullUrl":"urn:uuid:\\u0061","resource":{odd}}}]}}'
    )
    assert split(text).records == split(text.encode()).records
    assert split(b"\xef\xbb\xbf" + text.encode()).records == split(text).records


def test_a_full_url_is_left_out_where_the_source_has_none() -> None:
    record = split(text_of(patient={"resource": {"resourceType": "Patient"}})).records[0]
    assert record.body == (
        b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType": "Patient"}}]}'
    )


def test_a_number_longer_than_python_reads_survives() -> None:
    digits = "9" * 5000
    text = text_of(entry("Basic", "b", extension=[{"url": "x", "valueDecimal": 0}])).replace(
        ": 0}", f": {digits}}}"
    )
    assert digits.encode() in split(text).records[1].body


def test_a_missing_or_altered_entry_is_noticed() -> None:
    text = text_of(entry("Condition", "c", onsetString="1.50"))
    records = split(text).records
    assert is_complete(text, records)
    assert not is_complete(text, records[:1])
    assert not is_complete(text.replace("1.50", "1.5"), records)


def test_the_same_source_gives_the_same_records() -> None:
    assert split(synthetic(3)) == split(synthetic(3).encode())


# Grouping


def test_what_one_encounter_adds_to_a_category_is_one_record() -> None:
    chart = cut(
        entry("Encounter", "e1", period={"start": "2020-01-02"}, type=[{"text": "Check up"}]),
        entry("Condition", "c1", encounter=refer("e1"), code={"text": "Cough (finding)"}),
        entry("Encounter", "e2"),
        entry("Condition", "c2", encounter=refer("e2"), recordedDate="2021-03"),
        entry("Condition", "c3", encounter=refer("e1"), code={"text": "Fever"}),
    )
    assert groups(chart) == [
        ("demographics", ["pat"]),
        ("encounters", ["e1"]),
        ("conditions", ["c1", "c3"]),
        ("encounters", ["e2"]),
        ("conditions", ["c2"]),
    ]
    assert [r.issued for r in chart.records] == [None, "2020-01-02", "2020-01-02", None, "2021-03"]
    assert [r.title for r in chart.records] == [
        "Patient",
        "Check up",
        "Cough, Fever",
        "Encounter",
        "Condition",
    ]


def test_results_go_with_their_report_to_its_encounter() -> None:
    chart = cut(
        entry("Observation", "o1"),
        entry("Specimen", "s1"),
        entry("Encounter", "e1", period={"start": "2020"}),
        entry("DiagnosticReport", "r1", encounter=refer("e1"), result=[refer("o1")], specimen=[refer("s1")],
              code={"text": "Blood count"}, category=[{"coding": [{"code": "LAB"}]}]),
    )  # fmt: skip
    assert ("laboratory", ["o1", "s1", "r1"]) in groups(chart)
    record = chart.records[1]
    assert (record.issued, record.title) == ("2020", "Blood count")


def test_a_report_without_encounter_stands_alone_with_its_results() -> None:
    chart = cut(
        entry("DiagnosticReport", "r1", result=[refer("o1")], effectiveDateTime="2019-05-05"),
        entry("DiagnosticReport", "r2", result=[refer("o2")]),
        entry("Observation", "o1"),
        entry("Observation", "o2", hasMember=[refer("o3")]),
        entry("Observation", "o3"),
    )
    assert groups(chart)[1:] == [("laboratory", ["r1", "o1"]), ("laboratory", ["r2", "o2", "o3"])]
    assert chart.records[1].issued == "2019-05-05"


def test_entries_that_stand_alone_are_records_of_their_own() -> None:
    chart = cut(entry("AllergyIntolerance", "a"), entry("AllergyIntolerance", "b"))
    assert groups(chart)[1:] == [("allergies", ["a"]), ("allergies", ["b"])]


def test_a_document_keeps_its_sections_together() -> None:
    sections = [{"entry": [refer("c1")], "section": [{"entry": [refer("c2")]}]}]
    chart = cut(
        entry("Composition", "doc", section=sections, title="Summary"),
        entry("Condition", "c1"), entry("Condition", "c2"), entry("Condition", "c3"),
    )  # fmt: skip
    assert groups(chart)[1:] == [
        ("documents", ["doc"]),
        ("conditions", ["c1", "c2"]),
        ("conditions", ["c3"]),
    ]


def test_bytes_behind_a_document_go_where_the_document_goes() -> None:
    attachment = [{"attachment": {"url": "Binary/bytes"}}]
    chart = cut(
        entry("Binary", "bytes"),
        entry(
            "DocumentReference",
            "d",
            content=attachment,
            securityLabel=[{"coding": [{"code": "PSY"}]}],
        ),
    )
    assert groups(chart)[1:] == [("mental-health", ["bytes", "d"])]
    images = cut(entry("Media", "m", content={"url": "urn:uuid:bytes"}), entry("Binary", "bytes"))
    assert groups(images)[1:] == [("imaging", ["m", "bytes"])]


def test_an_encounter_that_is_not_in_the_bundle_still_groups() -> None:
    away = {"reference": "https://hospital.example/fhir/Encounter/9"}
    chart = cut(entry("Condition", "a", encounter=away), entry("Condition", "b", encounter=away))
    assert groups(chart)[1:] == [("conditions", ["a", "b"])]


def test_contained_encounters_of_two_resources_are_not_one() -> None:
    inner = {
        "encounter": {"reference": "#e"},
        "contained": [{"resourceType": "Encounter", "id": "e"}],
    }
    chart = cut(entry("Condition", "a", **inner), entry("Condition", "b", **inner))
    assert groups(chart)[1:] == [("conditions", ["a"]), ("conditions", ["b"])]


def test_bills_are_billing_and_follow_their_encounter() -> None:
    chart = cut(
        entry("Encounter", "e1"),
        entry("Claim", "c", item=[{"encounter": [refer("e1")]}]),
        entry("ExplanationOfBenefit", "x", claim=refer("c")),
        entry("Condition", "d", encounter=refer("e1")),
    )
    assert groups(chart)[1:] == [
        ("encounters", ["e1"]),
        ("billing", ["c", "x"]),
        ("conditions", ["d"]),
    ]


def test_circular_references_end() -> None:
    chart = cut(
        entry("Observation", "a", hasMember=[refer("b")]),
        entry("Observation", "b", hasMember=[refer("a")]),
        entry("Provenance", "p", target=[refer("q")]),
        entry("Provenance", "q", target=[refer("p")]),
    )
    assert groups(chart)[1:] == [("laboratory", ["a", "b"]), ("documents", ["p", "q"])]


@pytest.mark.parametrize(
    "reference",
    [
        "Encounter/e1",
        "http://a.example/fhir/Encounter/e1",
        "Encounter/e1/_history/4",
        "Encounter/e1#part",
    ],
)
def test_a_reference_is_resolved_however_it_is_written(reference: str) -> None:
    visit = {
        "fullUrl": "http://a.example/fhir/Encounter/e1",
        "resource": {"resourceType": "Encounter", "id": "e1"},
    }
    other = {
        "fullUrl": "http://a.example/fhir/Condition/c1",
        "resource": {
            "resourceType": "Condition",
            "id": "c1",
            "encounter": {"reference": reference},
        },
    }
    chart = cut(visit, other, entry("Condition", "c2", encounter={"reference": "Encounter/e1"}))
    assert groups(chart)[1:] == [("encounters", ["e1"]), ("conditions", ["c1", "c2"])]


def test_a_reference_to_another_server_is_not_mistaken() -> None:
    visit = {
        "fullUrl": "http://a.example/Encounter/e1",
        "resource": {"resourceType": "Encounter", "id": "e1"},
    }
    away = entry(
        "Condition",
        "c",
        encounter={"reference": "http://b.example/Encounter/e1"},
        recordedDate="2020",
    )
    assert cut(visit, away).records[2].issued == "2020"


# Shared resources


def test_people_and_places_are_in_every_record_that_refers_to_them() -> None:
    chart = cut(
        entry("Practitioner", "doc"),
        entry("Organization", "org"),
        entry("PractitionerRole", "role", practitioner=refer("doc"), organization=refer("org")),
        entry("Medication", "med", code={"text": "Ibuprofen"}),
        entry("MedicationRequest", "m", requester=refer("role"), medicationReference=refer("med")),
        entry("Condition", "c", recorder=refer("doc")),
    )
    assert groups(chart)[1:] == [
        ("medications", ["doc", "org", "role", "med", "m"]),
        ("conditions", ["doc", "c"]),
    ]


def test_shared_resources_that_nobody_needs_are_kept_too() -> None:
    chart = cut(entry("Practitioner", "p1"), entry("Organization", "o1"), entry("Medication", "m1"))
    assert groups(chart)[1:] == [("encounters", ["p1", "o1"]), ("medications", ["m1"])]


def test_a_device_of_the_patient_is_not_shared() -> None:
    chart = cut(
        entry("Device", "pump", patient=refer("pat")),
        entry("Observation", "o", device=refer("pump")),
    )
    assert groups(chart)[1:] == [("procedures", ["pump"]), ("laboratory", ["o"])]


def test_a_telling_clinic_is_held_back_from_records_of_other_categories() -> None:
    secret = {"security": [{"code": "ETH"}]}
    chart = cut(
        entry("Organization", "clinic", meta=secret),
        entry(
            "Observation",
            "weight",
            performer=[refer("clinic")],
            category=[{"coding": [{"code": "vital-signs"}]}],
        ),
        entry("Condition", "c", meta=secret, asserter=refer("clinic")),
    )
    assert groups(chart)[1:] == [("vitals", ["weight"]), ("substance-use", ["clinic", "c"])]
    alone = cut(
        entry("Organization", "clinic", meta=secret),
        entry("Condition", "c", asserter=refer("clinic")),
    )
    assert groups(alone)[1:] == [("conditions", ["c"]), ("substance-use", ["clinic"])]


# Titles


@pytest.mark.parametrize(
    ("elements", "title"),
    [
        ({"code": {"coding": [{"code": "195662009"}]}}, "Condition"),
        ({"code": {"text": "195662009"}}, "Condition"),
        ({"code": {"coding": [{"display": "Sore  throat (disorder)"}]}}, "Sore throat"),
        ({"code": {"text": "x" * 300}}, "x" * (MOST_TITLE - 1) + "…"),
        ({"code": {"text": "broken \ud800 half"}}, "broken ? half"),
    ],
)
def test_a_title_is_short_and_has_no_codes(elements: dict[str, Any], title: str) -> None:
    assert cut(entry("Condition", "c", **elements)).records[1].title == title


def test_a_title_says_how_many_more_there_are() -> None:
    visit = {"encounter": {"reference": "Encounter/9"}}
    many = [entry("Condition", f"c{i}", code={"text": f"Sore number {['one', 'two', 'three', 'four'][i]}"}, **visit)
            for i in range(4)]  # fmt: skip
    assert cut(*many).records[1].title == "Sore number one, Sore number two and 2 more"


def test_a_time_that_is_none_is_passed_over() -> None:
    chart = cut(
        entry(
            "Condition", "c", onsetDateTime="last summer", recordedDate="2020-07-01T10:00:00+02:00"
        )
    )
    assert chart.records[1].issued == "2020-07-01T10:00:00+02:00"
