"""Unsound bundles: refused with one sentence, and nothing is imported."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from app.core.bundles import is_complete, split
from app.core.errors import InvalidBundle
from app.core.fhir_r4 import ELEMENTS_OF_OTHER_VERSIONS, RESOURCE_TYPES
from app.core.fhir_text import MOST_LEVELS, read_bundle
from tests.charts import DEPRESSION, cut, entry, refer, text_of

# Refusals

NAN = text_of(entry("Basic", "b", extension=[{"url": "x", "valueDecimal": float("nan")}]))
WHOLE = text_of(entry("Condition", "c"))


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (b"", "not JSON"),
        (b"%PDF-1.4", "not JSON"),
        (WHOLE[:-1], "not JSON"),
        (WHOLE.replace("}]}", "},]}"), "not JSON"),
        (WHOLE.replace('"Condition"', '"Condi\ntion"'), "not JSON"),
        (WHOLE.replace('"resource":', '"resource"', 1), "not JSON"),
        ('{"resourceType":"Bundle","entry":[', "not JSON"),
        ('{"resourceType":"Bundle","entry":', "not JSON"),
        ('{"resourceType":"Bundle",', "not JSON"),
        (WHOLE + " {}", "goes on after"),
        (WHOLE.encode("utf-16"), "not UTF-8"),
        (WHOLE.encode().replace(b'"c"', b'"\xff"'), "not UTF-8"),
        ('"\ud800"', "not UTF-8"),
        ("[]", "not a FHIR Bundle"),
        ("7", "not a FHIR Bundle"),
        ('{"resourceType":"Patient"}', "not a FHIR Bundle"),
        ('{"entry":[]}', "not a FHIR Bundle"),
        ('{"resourceType":"Bundle","type":"collection","entry":{}}', "not a list"),
        (text_of(type="history"), "type is none of"),
        (text_of(type=None), "type is none of"),
        (text_of(type=["collection"]), "type is none of"),
        (text_of(7), "Entry 2 is not"),
        (text_of({"request": {"method": "DELETE"}}), "Entry 2 holds no resource"),
        (text_of({"resource": None}), "not a JSON object"),
        (text_of({"resource": {"id": "x"}}), "without a resourceType"),
        (text_of({"fullUrl": 7, "resource": {"resourceType": "Basic"}}), "fullUrl that is not"),
        (text_of(entry("Condition", "")), "id that is not a string"),
        (text_of({"resource": {"resourceType": "Basic", "id": 7}}), "id that is not a string"),
        (text_of(patient=None), "holds none"),
        (text_of(entry("Patient", "other")), "holds 2"),
        (NAN, "NaN"),
        (NAN.replace("NaN", "-Infinity"), "NaN"),
        (WHOLE.replace('"id": "c"', '"id": "c", "id": "d"'), "same name twice"),
        (WHOLE.replace('"type":', '"type": "batch", "type":'), "same name twice"),
        (WHOLE.replace('"resource":', '"fullUrl": "urn:x", "resource":'), "same name twice"),
        (text_of(entry("Basic", "b"), entry("Basic", "b")), "same id or fullUrl"),
        (text_of(entry("Basic", "b"), {"fullUrl": "urn:uuid:x", "resource": entry("Basic", "b")["resource"]}),
         "same id or fullUrl"),
        (text_of(entry("Basic", "b"), {"fullUrl": "urn:uuid:b", "resource": {"resourceType": "Basic"}}),
         "same id or fullUrl"),
        (text_of(entry("Condition", "c", subject={"reference": "Patient/other"})), "not in the Bundle"),
        (text_of(entry("Immunization", "c", patient=refer("other"))), "not in the Bundle"),
    ],
)  # fmt: skip
def test_an_unsound_bundle_is_refused_with_one_sentence(source: Any, fault: str) -> None:
    with pytest.raises(InvalidBundle, match=fault) as refused:
        split(source)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert sentence[:-1].replace("4.0", "").count(".") == 0
    assert "urn:" not in sentence


@pytest.mark.parametrize(
    "foreign",
    [
        entry("MedicationOrder", "x"), entry("ProcedureRequest", "x"), entry("NutritionIntake", "x"),
        entry("GenomicStudy", "x"), entry("Nonsense", "x"),
        entry("Condition", "x", clinicalStatus="active"),
        entry("Encounter", "x", **{"class": [{"coding": []}]}), entry("Encounter", "x", **{"class": "inpatient"}),
        entry("Encounter", "x", actualPeriod={}), entry("Observation", "x", category={"text": "x"}),
        entry("Observation", "x", context={}), entry("MedicationRequest", "x", medication={"concept": {}}),
        entry("Procedure", "x", occurrenceDateTime="2020"), entry("DocumentReference", "x", context=[]),
        entry("CapabilityStatement", "x", fhirVersion="5.0.0"),
        entry("Basic", "x", meta={"profile": ["http://hl7.org/fhir/5.0/StructureDefinition/Basic"]}),
    ],
    ids=lambda e: json.dumps(e["resource"])[17:70],
)  # fmt: skip
def test_another_fhir_version_is_refused(foreign: dict[str, Any]) -> None:
    with pytest.raises(InvalidBundle, match="R4"):
        split(text_of(foreign))


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "urn:uuid:pat"}, {"reference": "Patient/pat"}, {"reference": "#inner"}, {"display": "me"},
        {"reference": "Patient?identifier=urn:x|7"}, {"reference": "Group/7"},
        {"reference": "https://hospital.example/Patient/pat"},
    ],
    ids=str,
)  # fmt: skip
def test_a_subject_that_may_be_the_patient_is_accepted(subject: dict[str, Any]) -> None:
    assert len(cut(entry("Condition", "c", subject=subject)).records) == 2


@pytest.mark.parametrize("kind", ["transaction", "collection", "batch", "document", "searchset"])
def test_every_kind_of_bundle_that_holds_a_chart_is_read(kind: str) -> None:
    assert len(split(text_of(type=kind)).records) == 1


def nested(levels: int) -> str:
    """A bundle whose deepest value stands in so many objects and lists; six are around it."""
    inner = "[" * (levels - 6) + "]" * (levels - 6)
    return text_of(entry("Basic", "b", extension=[{"x": 0}])).replace(": 0}", f": {inner}}}")


def test_nesting_is_read_down_to_the_limit_and_no_deeper() -> None:
    assert len(split(nested(MOST_LEVELS)).records) == 2
    with pytest.raises(InvalidBundle, match="deeper"):
        split(nested(MOST_LEVELS + 1))


@pytest.mark.parametrize("hostile", ["[" * 500_000, '{"a":' * 500_000, '"' + '\\"' * 500_000])
def test_hostile_nesting_is_refused_at_once(hostile: str) -> None:
    with pytest.raises(InvalidBundle):
        split(hostile)


def test_brackets_inside_strings_do_not_nest() -> None:
    assert len(split(text_of(entry("Basic", "b", id2="[{" * 500 + '"\\'))).records) == 2


def test_no_prefix_and_no_flipped_character_of_a_bundle_escapes_the_typed_refusal() -> None:
    text, rng = (
        text_of(
            entry("Condition", "c", encounter=refer("e"), code=DEPRESSION), entry("Encounter", "e")
        ),
        random.Random(5),
    )
    for length in range(len(text)):
        with pytest.raises(InvalidBundle):
            split(text[:length])
    for _ in range(2000):
        at = rng.randrange(len(text))
        changed = text[:at] + rng.choice('{}[]",:\\ 0eN\x00é') + text[at + 1 :]
        try:
            records = split(changed).records
        except InvalidBundle:
            continue
        assert is_complete(changed, records)


def test_the_reader_keeps_the_text_of_each_entry() -> None:
    members, entries = read_bundle(WHOLE)
    assert members == {"resourceType": "Bundle", "type": "collection"}
    assert [json.loads(e.text) for e in entries] == [e.resource for e in entries]
    assert [e.full_url for e in entries] == ["urn:uuid:pat", "urn:uuid:c"]


def test_the_table_of_foreign_elements_agrees_with_the_published_models() -> None:
    models = pytest.importorskip("fhir.resources.R4B")
    for kind, elements in ELEMENTS_OF_OTHER_VERSIONS.items():
        fields = models.get_fhir_model_class(kind).model_fields
        known = {field.alias or name for name, field in fields.items()}
        assert not elements & known, kind
        assert kind in RESOURCE_TYPES
