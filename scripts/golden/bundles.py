"""Owns the vectors of bundles cut into records: the synthetic chart, small odd ones, refusals."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from app.core.bundles import split
from app.core.encoding import hex0x
from app.core.errors import InvalidBundle
from scripts.golden.source import Document
from scripts.synthetic import bundle as synthetic

SEEDS = (7, 11)
DEPRESSION = {"coding": [{"system": "http://snomed.info/sct", "code": "370143000"}]}
_PATIENT: Document = {"resourceType": "Patient", "id": "pat"}


def bundles(_: Document) -> Document:
    """bundles.json: bodies by their hash; the synthetic charts by their seed."""
    return {
        "synthetic": [
            {"seed": seed, "sourceHash": _hash(synthetic(seed).encode())} | cut(synthetic(seed))
            for seed in SEEDS
        ],
        "small": [{"name": name, "source": text} | cut(text) for name, text in SMALL],
        "refusals": [
            {"why": why, "source": text, "sentence": sentence_of(text)} for why, text in UNSOUND
        ],
    }


def cut(source: str | bytes) -> Document:
    """What the core makes of a bundle, as vectors and the browser's reader tell it."""
    chart = split(source)
    return {
        "entryCount": chart.entry_count,
        "records": [
            {
                "category": record.category,
                "issued": record.issued,
                "title": record.title,
                "mediaType": record.media_type,
                "entries": list(record.entries),
                "hash": _hash(record.body),
                "size": len(record.body),
            }
            for record in chart.records
        ],
    }


def sentence_of(source: str | bytes) -> str:
    """The sentence with which the core refuses a bundle."""
    try:
        split(source)
    except InvalidBundle as refused:
        return str(refused)
    raise ValueError("a refusal of the vectors is none")


def _hash(content: bytes) -> str:
    return hex0x(sha256(content).digest())


def _entry(kind: str, identity: str, **elements: Any) -> Document:
    resource = {"resourceType": kind, "id": identity, **elements}
    return {"fullUrl": f"urn:uuid:{identity}", "resource": resource}


def _refer(identity: str) -> Document:
    return {"reference": f"urn:uuid:{identity}"}


def _text(*entries: Any, **members: Any) -> str:
    first = {"fullUrl": "urn:uuid:pat", "resource": _PATIENT}
    whole = {"resourceType": "Bundle", "type": "collection", "entry": [first, *entries]}
    return json.dumps(whole | members)


_ODD = (
    '{ "resourceType" :"Observation","valueQuantity":{"value": 1.50, "x":1e+02},\n\t'
    '"note":"\\u00e9 é \\/ \\ud83d\\ude00","10":1,"9":2,"__proto__":{"text":"x"}}'
)
SMALL: tuple[tuple[str, str], ...] = (
    ("nothing but a patient", _text()),
    (
        "numbers, escapes, white space, members that look like numbers",
        '\ufeff{"type":"batch","resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"}}'
        f',{{"fullUrl" : "urn:uuid:\\u0061", "resource" : {_ODD} , "request":{{"method":"POST"}}}}]}}\n',
    ),
    (
        "an encounter and what it adds",
        _text(
            _entry("Encounter", "e", period={"start": "2024-05-06T07:08:09+02:00"}),
            _entry("Condition", "c", encounter=_refer("e"), code={"text": "Cough  of\u00a0today"}),
            _entry("Condition", "d", encounter=_refer("e"), code=DEPRESSION),
            _entry("MedicationRequest", "m", encounter=_refer("e"), reasonReference=[_refer("d")]),
            _entry("MedicationRequest", "n", encounter=_refer("e"), requester=_refer("p")),
            _entry("Practitioner", "p"),
            _entry("Organization", "o"),
        ),
    ),
    (
        "a report, its results and a document with its bytes",
        _text(
            _entry("Observation", "r", valueString="x", code={"text": "Sodium \ud83d"}),
            _entry("DiagnosticReport", "t", result=[_refer("r")], issued="2024-01-02T03:04:05Z"),
            _entry(
                *("DocumentReference", "l"),
                content=[{"attachment": {"url": "urn:uuid:b"}}],
                description="A letter (finding) ",
            ),
            _entry("Binary", "b", contentType="text/plain", data="AAAA"),
        ),
    ),
    (
        "an encounter elsewhere, bills, circles, titles of many names",
        _text(
            _entry("Claim", "q", item=[{"encounter": [{"reference": "Encounter/77"}]}]),
            _entry("ExplanationOfBenefit", "x", claim=_refer("q"), created="2023-02"),
            _entry("Observation", "a", hasMember=[_refer("z")], code={"text": "a" * 70}),
            _entry("Observation", "z", hasMember=[_refer("a")], code={"text": "\U0001f511" * 110}),
            _entry("Immunization", "i", context={"reference": "https://h.example/Encounter/77"}),
        ),
    ),
    (
        "references of every form",
        json.dumps(
            {
                "resourceType": "Bundle",
                "type": "searchset",
                "entry": [
                    {"fullUrl": "http://h.example/fhir/Patient/1", "resource": _PATIENT},
                    *(
                        {
                            "fullUrl": f"http://h.example/fhir/Condition/{i}",
                            "resource": {
                                "resourceType": "Condition",
                                "id": str(i),
                                "subject": {"reference": subject},
                                "encounter": {"reference": encounter},
                            },
                        }
                        for i, (subject, encounter) in enumerate(
                            (
                                ("Patient/1", "Encounter/5/_history/2"),
                                ("Patient/pat", "http://other.example/Encounter/5"),
                                ("#inner", "Encounter?identifier=7"),
                                ("http://h.example/fhir/Patient/1#x", "#inner"),
                            )
                        )
                    ),
                    {"resource": {"resourceType": "Encounter", "id": "5"}},
                ],
            }
        ),
    ),
)

_WHOLE = _text(_entry("Condition", "c"))
UNSOUND: tuple[tuple[str, str], ...] = (
    ("nothing", ""),
    ("cut off", _WHOLE[:-1]),
    ("a comma too many", _WHOLE.replace("}]}", "},]}")),
    ("a line end within a string", _WHOLE.replace('"Condition"', '"Condi\ntion"')),
    ("no colon, after letters beyond the basic plane", '{\n "\U0001f511" 7}'),
    ("an unknown escape", '{"a":"\\x"}'),
    ("a cut escape", '{"a":"\\u12'),
    ("text after the end", _WHOLE + " {}"),
    ("a list", "[]"),
    ("another resource", '{"resourceType":"Patient"}'),
    ("entries that are no list", '{"resourceType":"Bundle","type":"collection","entry":{}}'),
    ("a history", _text(type="history")),
    ("no object", _text(7)),
    ("no resource", _text({"request": {"method": "DELETE"}})),
    ("a resource that is no object", _text({"resource": None})),
    ("no type", _text({"resource": {"id": "x"}})),
    ("a fullUrl of a number", _text({"fullUrl": 7, "resource": {"resourceType": "Basic"}})),
    ("an id of no letters", _text(_entry("Condition", ""))),
    ("two patients", _text(_entry("Patient", "other"))),
    ("NaN", _text().replace('"pat"', "NaN")),
    ("a name twice", _WHOLE.replace('"id": "c"', '"id": "c", "id": "d"')),
    ("a name twice in an entry", _WHOLE.replace('"fullUrl":', '"fullUrl": "x", "fullUrl":')),
    ("an id twice", _text(_entry("Basic", "b"), _entry("Basic", "b"))),
    ("another patient", _text(_entry("Condition", "c", subject={"reference": "Patient/other"}))),
    ("a type of another version", _text(_entry("MedicationOrder", "x"))),
    ("an element of another version", _text(_entry("Procedure", "x", occurrenceDateTime="2020"))),
    ("a shape of another version", _text(_entry("Condition", "x", clinicalStatus="active"))),
    ("another version said", _text(_entry("CapabilityStatement", "x", fhirVersion="5.0.0"))),
    ("65 levels", "[" * 65 + "]" * 65),
)
