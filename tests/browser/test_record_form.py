"""The form's records are valid FHIR R4, say nothing beyond their part, and come back to the form."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from app.core.categories import choose
from tests.core.javascript import missing, node_command

ASKED = Path(__file__).with_name("record_form.mjs")
Ask = Callable[..., Any]
TODAY = "2026-11-21"
WHOLE: dict[str, Any] = {
    "patientId": "H-20417",
    "gender": "female",
    "age": "54",
    "disease": "Type 2 diabetes",
    "diagnosis": "Sugar too high for months <9 %>, feet \"numb\" & cold",
    "location": "Ward 3, room 12",
    "medicines": [
        {"name": "Metformin 500 mg", "how": "One tablet, morning and evening"},
        {"name": "Vitamin B12", "how": ""},
    ],
    "suggestion": "Half an hour's walk a day.\nLess sugar in the tea.",
    "nextReview": "2027-02-15",
    "notes": "Sleeps badly. Daughter \U0001f469 lives next door.",
    "date": "2026-11-20",
    "doctor": "Dr. Ada Okafor",
    "hospital": "Riverside Hospital",
}  # fmt: skip
LEAST: dict[str, Any] = {"date": TODAY, "diagnosis": "Common cold"}
FORMS = {
    "whole": WHOLE,
    "least": LEAST,
    "taken": {**WHOLE, "medicinesAre": "taken", "disease": ""},
    "plan": {"date": TODAY, "nextReview": "2027-01-04"},
    "notes": {"date": TODAY, "notes": "Came without an appointment.", "hospital": "Clinic"},
}


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Asks the form's code, in Node, one process for the module."""
    reason, node = missing(), node_command()
    if reason is not None or node is None:
        pytest.skip(str(reason))
    command = [*node, str(ASKED)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        asking, answering = running.stdin, running.stdout
        assert asking is not None
        assert answering is not None

        def one(question: str, **given: Any) -> Any:
            asking.write(json.dumps({"ask": question, **given}) + "\n")
            asking.flush()
            return json.loads(answering.readline())

        yield one
        asking.close()


def require_valid(bundle: dict[str, Any]) -> None:
    """By the published models, and as XHTML where words stand for people."""
    models = pytest.importorskip("fhir.resources.R4B")
    models.get_fhir_model_class("Bundle").model_validate(bundle)
    for entry in bundle["entry"]:
        resource = entry["resource"]
        models.get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        assert resource["text"]["status"] == "generated"
        words = ElementTree.fromstring(resource["text"]["div"])
        assert words.tag == "{http://www.w3.org/1999/xhtml}div"
        assert "".join(words.itertext()).strip()


def kinds(bundle: dict[str, Any]) -> list[str]:
    """The types of a Bundle's resources, in order."""
    return [entry["resource"]["resourceType"] for entry in bundle["entry"]]


@pytest.mark.parametrize("name", FORMS)
def test_what_the_form_writes_is_valid_by_the_published_models(ask: Ask, name: str) -> None:
    whole = ask("together", fields=FORMS[name], category="encounters")
    require_valid(whole["json"])
    for record in ask("apart", fields=FORMS[name]):
        require_valid(record["json"])


def test_every_field_of_the_record_structure_is_kept(ask: Ask) -> None:
    written = ask("together", fields=WHOLE, category="encounters")["json"]
    assert kinds(written) == [
        "Encounter", "Observation", "Condition", "ClinicalImpression", "MedicationRequest",
        "MedicationRequest", "CarePlan", "Patient", "Practitioner", "Organization", "Location",
    ]  # fmt: skip
    visit, age, condition, notes, medicine, __, plan, patient, doctor, hospital, place = (
        entry["resource"] for entry in written["entry"]
    )
    assert visit["period"] == {"start": "2026-11-20", "end": "2026-11-20"}
    assert age["valueQuantity"]["value"] == 54
    assert (condition["code"]["text"], condition["note"]) == (
        WHOLE["disease"],
        [{"text": WHOLE["diagnosis"]}],
    )
    assert notes["note"] == [{"text": WHOLE["notes"]}]
    assert medicine["medicationCodeableConcept"] == {"text": "Metformin 500 mg"}
    assert medicine["dosageInstruction"] == [{"text": "One tablet, morning and evening"}]
    assert plan["description"] == WHOLE["suggestion"]
    assert plan["activity"][0]["detail"]["scheduledTiming"] == {"event": ["2027-02-15"]}
    assert patient["identifier"][0]["value"] == "H-20417"
    assert patient["gender"] == "female"
    assert (doctor["name"], hospital["name"], place["name"]) == (
        [{"text": "Dr. Ada Okafor"}],
        "Riverside Hospital",
        "Ward 3, room 12",
    )


def test_what_is_prescribed_and_what_is_already_taken_differ(ask: Ask) -> None:
    prescribed = ask("together", fields=WHOLE, category="encounters")["json"]
    taken = ask("together", fields=FORMS["taken"], category="encounters")["json"]
    assert "MedicationRequest" in kinds(prescribed)
    assert "MedicationStatement" not in kinds(prescribed)
    assert "MedicationStatement" in kinds(taken)
    assert "MedicationRequest" not in kinds(taken)


def test_every_reference_of_a_whole_visit_leads_to_an_entry(ask: Ask) -> None:
    written = ask("together", fields=WHOLE, category="encounters")["json"]
    urls = {entry["fullUrl"] for entry in written["entry"]}
    assert set(re.findall(r'"reference": "([^"]+)"', json.dumps(written))) == urls - {
        next(e["fullUrl"] for e in written["entry"] if e["resource"]["resourceType"] == kind)
        for kind in ("Observation", "ClinicalImpression", "CarePlan")
    } - {e["fullUrl"] for e in written["entry"] if "Medication" in e["resource"]["resourceType"]}


def test_kept_apart_each_record_tells_its_own_part_only(ask: Ask) -> None:
    records = {record["category"]: record for record in ask("apart", fields=WHOLE)}
    assert list(records) == ["encounters", "conditions", "medications", "plans"]
    told = {category: json.dumps(record) for category, record in records.items()}
    secrets = {
        "encounters": ["Ward 3"],
        "conditions": ["diabetes", "cold", "Sleeps badly"],
        "medications": ["Metformin"],
        "plans": ["sugar in the tea", "2027-02-15"],
    }
    for owner, words in secrets.items():
        for word in words:
            assert [category for category in told if word in told[category]] == [owner]


def test_each_resource_kept_apart_is_in_the_category_of_its_kind(ask: Ask) -> None:
    shared = {"Patient", "Practitioner", "Organization", "Location"}
    for record in ask("apart", fields=WHOLE):
        for entry in record["json"]["entry"]:
            if entry["resource"]["resourceType"] not in shared:
                assert choose(entry["resource"], frozenset()) == record["category"]


def test_the_parts_of_a_visit_name_the_same_visit(ask: Ask) -> None:
    records = ask("apart", fields=WHOLE)
    [visit] = [e["fullUrl"] for e in records[0]["json"]["entry"] if "period" in e["resource"]]
    for record in records[1:]:
        assert visit in json.dumps(record["json"])


@pytest.mark.parametrize("name", FORMS)
def test_what_was_written_comes_back_to_the_form(ask: Ask, name: str) -> None:
    records = [ask("together", fields=FORMS[name], category="encounters")]
    for record in records + ask("apart", fields=FORMS[name]):
        found = ask("read", bundle=record["json"])
        assert found is not None
        assert ask("again", bundle=record["json"]) == record["json"]
    found = ask("read", bundle=records[0]["json"])
    given = {"medicines": [], **FORMS[name]}
    shown = {field: found["form"][field] for field in given}
    assert shown == (
        {**given, "medicinesAre": found["form"]["medicinesAre"]}
        if "medicinesAre" in given
        else given
    )


@pytest.mark.parametrize("where", ["extension", "resource", "coding"])
def test_a_bundle_with_more_than_the_form_shows_is_left_alone(ask: Ask, where: str) -> None:
    bundle = ask("together", fields=WHOLE, category="encounters")["json"]
    if where == "extension":
        bundle["entry"][2]["resource"]["severity"] = {"text": "severe"}
    elif where == "resource":
        bundle["entry"].append({"resource": {"resourceType": "Goal", "text": {}}})
    else:
        bundle["entry"][2]["resource"]["code"]["coding"] = [{"code": "44054006"}]
    assert ask("read", bundle=bundle) is None


@pytest.mark.parametrize(
    "other",
    [None, 7, [], {}, {"resourceType": "Bundle"}, {"resourceType": "Bundle", "entry": [None]}],
)
def test_what_is_no_bundle_is_left_alone(ask: Ask, other: Any) -> None:
    assert ask("read", bundle=other) is None


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        (WHOLE, set()),
        (LEAST, set()),
        ({"diagnosis": "Cold"}, {"date"}),
        ({"date": "2026-11-22", "diagnosis": "Cold"}, {"date"}),
        ({"date": TODAY, "nextReview": "2026-11-20"}, {"nextReview"}),
        ({"date": TODAY, "notes": "x", "age": "old"}, {"age"}),
        ({"date": TODAY, "notes": "x", "age": "131"}, {"age"}),
        ({"date": TODAY, "medicines": [{"name": "", "how": "twice"}]}, {"medicines"}),
        ({"date": TODAY, "medicines": [{"name": " ", "how": ""}]}, {""}),
        ({"date": TODAY, "doctor": "Dr. A", "hospital": "B"}, {""}),
    ],
)  # fmt: skip
def test_a_form_with_faults_says_which(ask: Ask, fields: dict[str, Any], faulty: set[str]) -> None:
    assert set(ask("faults", fields=fields, today=TODAY)) == faulty


def test_what_neither_fhir_nor_xml_may_hold_is_left_out(ask: Ask) -> None:
    fields = {**LEAST, "notes": "a\u0007b\ud83dc\u0000", "doctor": "Dr.\u001b A"}
    record = ask("together", fields=fields, category="encounters")
    require_valid(record["json"])
    found = ask("read", bundle=record["json"])["form"]
    assert (found["notes"], found["doctor"]) == ("abc", "Dr. A")


def test_a_long_title_is_cut(ask: Ask) -> None:
    title = ask("title", fields={**LEAST, "diagnosis": "long " * 60})
    assert len(title) == 120
