"""The browser cuts a bundle into the same bytes as Python, and refuses what Python refuses."""

from __future__ import annotations

import json
import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.core import categories, consent, fhir_names, fhir_r4, sensitivity
from app.core.categories import category_of
from app.core.encoding import hex0x
from app.core.errors import InvalidBundle
from scripts.golden.bundles import DEPRESSION, cut, sentence_of
from scripts.golden.source import Document, load
from scripts.synthetic import bundle as synthetic
from tests.charts import entry, refer, text_of
from tests.core.javascript import JavaScript, Refused
from tests.core.javascript import js as js  # a fixture is found by its name
from tests.core.test_bundles import CHARTS

BUNDLES = load("bundles")


@pytest.mark.parametrize("entry", BUNDLES["synthetic"], ids=lambda e: str(e["seed"]))
def test_the_browser_cuts_the_synthetic_chart_alike(js: JavaScript, entry: Document) -> None:
    source = synthetic(entry["seed"]).encode()
    assert hex0x(sha256(source).digest()) == entry["sourceHash"]
    expected = {name: entry[name] for name in ("entryCount", "records")}
    assert js.ask("split bundle", bundle=source) == expected


@pytest.mark.parametrize("entry", BUNDLES["small"], ids=lambda e: e["name"])
def test_the_browser_cuts_small_bundles_alike(js: JavaScript, entry: Document) -> None:
    expected = {name: entry[name] for name in ("entryCount", "records")}
    assert (
        js.ask("split bundle", bundle=entry["source"].encode()) == expected == cut(entry["source"])
    )


@pytest.mark.parametrize("entry", BUNDLES["refusals"], ids=lambda e: e["why"])
def test_the_browser_refuses_with_the_same_sentence(js: JavaScript, entry: Document) -> None:
    assert sentence_of(entry["source"]) == entry["sentence"]
    with pytest.raises(Refused) as refused:
        js.ask("split bundle", bundle=entry["source"].encode())
    assert (refused.value.error, str(refused.value)) == ("InvalidBundle", entry["sentence"])


@pytest.mark.parametrize("seed", range(20, 26))
def test_other_synthetic_charts_are_cut_alike(js: JavaScript, seed: int) -> None:
    _require_alike(js, synthetic(seed).encode())


@pytest.mark.skipif(not CHARTS, reason="the Synthea sample bundles are not beside this checkout")
@pytest.mark.parametrize("path", CHARTS, ids=lambda path: path.name)
def test_a_synthea_chart_is_cut_alike(js: JavaScript, path: Path) -> None:
    _require_alike(js, path.read_bytes())


def test_damaged_bundles_are_read_or_refused_alike(js: JavaScript) -> None:
    whole = text_of(
        entry("Condition", "c", encounter=refer("e"), code=DEPRESSION, note="\U0001f511\n\\é"),
        entry("Encounter", "e", number=[-1.5e3, True, None]),
    )
    for source in (whole, whole.replace(", ", ",\n")):
        rng = random.Random(5)
        for length in range(0, len(source), 3):
            _require_alike(js, source[:length].encode())
        for _ in range(600):
            at = rng.randrange(len(source))
            sign = rng.choice('{}[]",:\\ 0eN-.u\x00é\U0001f511\n')
            _require_alike(js, (source[:at] + sign + source[at + 1 :]).encode())
    _require_alike(js, whole.encode("utf-16"))
    _require_alike(js, whole.encode().replace(b'"c"', b'"\xff"'))


def _require_alike(js: JavaScript, source: bytes) -> None:
    try:
        expected: Any = cut(source)
    except InvalidBundle as refused:
        expected = str(refused)
    try:
        found = js.ask("split bundle", bundle=source)
    except Refused as refused:
        found = str(refused)
    assert found == expected


def test_both_have_the_same_tables(js: JavaScript) -> None:
    tables = js.ask("tables")
    prefixes = (sensitivity._ICD10, sensitivity._ICD9, sensitivity._ATC)
    listed = (sensitivity._SNOMED, sensitivity._LOINC, sensitivity._MEDICINES)
    shapes: dict[type, str] = {dict: "object", list: "list"}

    assert tuple(tables["CATEGORIES"]) == categories.CATEGORIES
    assert set(tables["PROTECTED"]) == categories.PROTECTED
    assert tuple(tables["PROTECTED"]) == sensitivity.PRECEDENCE
    assert dict(tables["LABELS"]) == sensitivity.LABELS
    assert tables["PREFIXES"] == [[[kind, list(starts)] for kind, starts in t] for t in prefixes]
    assert [[[k, set(v)] for k, v in table] for table in tables["LISTED"]] == [
        [[kind, set(codes)] for kind, codes in table.items()] for table in listed
    ]
    assert dict(tables["TYPES"]) == categories._TYPES
    assert dict(tables["OBSERVATIONS"]) == categories._OBSERVATIONS
    assert dict(tables["SECTIONS"]) == categories._SECTIONS
    assert set(tables["VITAL_SIGNS"]) == categories._VITAL_SIGNS
    assert tuple(tables["TIMES"]) == fhir_names._TIMES
    assert tuple(tables["NAMES"]) == fhir_names._NAMES
    assert tuple(tables["BUNDLE_TYPES"]) == fhir_r4.BUNDLE_TYPES
    assert set(tables["RESOURCE_TYPES"]) == fhir_r4.RESOURCE_TYPES
    assert tables["ELEMENTS_OF_OTHER_VERSIONS"] == {
        kind: sorted(names) for kind, names in fhir_r4.ELEMENTS_OF_OTHER_VERSIONS.items()
    }
    assert tables["SHAPES"] == {
        kind: {name: shapes[shape] for name, shape in elements.items()}
        for kind, elements in fhir_r4._SHAPES.items()
    }
    assert tuple(tables["PURPOSES"]) == consent.PURPOSES
    assert set(tables["PROFESSIONAL"]) == consent.PROFESSIONAL
    assert tables["GRANT_REFUSAL"] == {reason.name: int(reason) for reason in consent.GrantRefusal}


def test_both_find_the_same_category_for_every_resource(js: JavaScript) -> None:
    resources = [part["resource"] for part in json.loads(synthetic(7))["entry"]]
    resources += [{"resourceType": kind} for kind in sorted(fhir_r4.RESOURCE_TYPES)]
    found = [js.ask("category of", resource=resource) for resource in resources]
    assert found == [category_of(resource) for resource in resources]
