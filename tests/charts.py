"""Owns small FHIR bundles for tests, and what they are cut into."""

from __future__ import annotations

import json
from typing import Any

from app.core.bundles import Chart, Record, is_complete, split

DEPRESSION = {"coding": [{"system": "http://snomed.info/sct", "code": "370143000"}]}


def entry(kind: str, identity: str, **elements: Any) -> dict[str, Any]:
    elements = {"resourceType": kind, "id": identity, **elements}
    return {"fullUrl": f"urn:uuid:{identity}", "resource": elements}


def refer(identity: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{identity}"}


PATIENT = entry("Patient", "pat")


def text_of(*entries: Any, patient: Any = PATIENT, **members: Any) -> str:
    first = [] if patient is None else [patient]
    return json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": first + list(entries), **members}
    )


def cut(*entries: Any) -> Chart:
    text = text_of(*entries)
    chart = split(text)
    assert is_complete(text, chart.records)
    return chart


def ids_of(record: Record) -> list[str]:
    return [e["resource"].get("id") for e in json.loads(record.body)["entry"]]


def groups(chart: Chart) -> list[tuple[str, list[str]]]:
    return [(record.category, ids_of(record)) for record in chart.records]


def where(chart: Chart, identity: str) -> list[str]:
    return [record.category for record in chart.records if identity in ids_of(record)]
