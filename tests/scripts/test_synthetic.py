"""The synthetic patient: always the same, valid FHIR R4, obviously nobody, and a whole story."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.core.bundles import is_complete, split
from scripts.synthetic import bundle, main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def text() -> str:
    return bundle(7)


@pytest.fixture(scope="module")
def resources(text: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(text)["entry"]]


def of_kind(resources: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [resource for resource in resources if resource["resourceType"] == kind]


def test_the_same_seed_gives_the_same_bytes(text: str) -> None:
    assert bundle(7) == text
    # Pinned: a change of Python or of a library must not change the patient.
    assert (
        hashlib.sha256(text.encode()).hexdigest()
        == "1efdd3d24628ebbccb98a945c05a94b536f3b6ffb4b69c884d6071aa804b49ac"
    )


def test_another_seed_gives_another_patient(text: str) -> None:
    assert bundle(8) != text
    assert not set(re.findall("urn:uuid:[0-9a-f-]+", bundle(8))) & set(
        re.findall("urn:uuid:[0-9a-f-]+", text)
    )


def test_the_birth_date_can_be_chosen() -> None:
    assert '"birthDate": "1999-12-31"' in bundle(7, date(1999, 12, 31))


def test_the_size_is_that_of_a_small_real_chart(text: str) -> None:
    assert 60 <= len(json.loads(text)["entry"]) <= 150
    assert 150_000 <= len(text.encode()) <= 300_000


def test_every_resource_says_that_it_is_test_data(resources: list[dict[str, Any]]) -> None:
    for resource in resources:
        assert [label["code"] for label in resource["meta"]["security"]] == ["HTEST"]
    (patient,) = of_kind(resources, "Patient")
    assert patient["name"][0]["family"] == "Test-Patient"
    assert patient["name"][0]["given"] == ["Synthetic-0007"]
    assert patient["identifier"][0]["value"] == "TEST-0007"


def test_the_story_has_all_its_parts(resources: list[dict[str, Any]]) -> None:
    counted = Counter(resource["resourceType"] for resource in resources)
    assert set(counted) == {
        "Organization", "Practitioner", "Patient", "Encounter", "Condition", "AllergyIntolerance",
        "MedicationRequest", "Observation", "DiagnosticReport", "Immunization", "Procedure", "CarePlan",
        "ImagingStudy", "Media", "DocumentReference", "Claim", "ExplanationOfBenefit",
    }  # fmt: skip
    assert counted["Encounter"] >= 6
    years = {visit["period"]["start"][:4] for visit in of_kind(resources, "Encounter")}
    assert len(years) >= 5


@pytest.mark.parametrize("seed", [0, 7, 12_345])
def test_every_resource_is_valid_by_the_published_models(seed: int) -> None:
    models = pytest.importorskip("fhir.resources.R4B")
    whole = json.loads(bundle(seed))
    models.get_fhir_model_class("Bundle").model_validate(whole)
    for entry in whole["entry"]:
        models.get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(
            entry["resource"]
        )


def test_every_reference_leads_to_an_entry(text: str) -> None:
    urls = {entry["fullUrl"] for entry in json.loads(text)["entry"]}
    assert set(re.findall(r'"reference": "([^"]+)"', text)) <= urls


def test_the_chart_splits_into_records_of_every_ordinary_category(text: str) -> None:
    chart = split(text)
    assert is_complete(text, chart.records)
    assert {record.category for record in chart.records} == {
        "demographics", "encounters", "conditions", "medications", "allergies", "immunizations", "laboratory",
        "vitals", "imaging", "procedures", "documents", "plans", "billing", "mental-health",
    }  # fmt: skip


def test_trailing_zeros_are_written_so_that_bodies_can_show_that_they_keep_them(text: str) -> None:
    assert re.search(r'"value": [0-9]+\.[0-9]*0,', text)
    assert "#" not in re.findall(r'"value": ("?[^,}]+)', text)[0]
    assert '"#' not in text


def test_the_picture_is_a_readable_png(resources: list[dict[str, Any]]) -> None:
    (media,) = of_kind(resources, "Media")
    content = base64.b64decode(media["content"]["data"])
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        name, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length)[0] == zlib.crc32(name + body)
        chunks[name], at = body, at + 12 + length
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    assert (width, height) == (media["width"], media["height"])
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (width + 1)


def letter_of(resources: list[dict[str, Any]]) -> bytes:
    (letter,) = of_kind(resources, "DocumentReference")
    return base64.b64decode(letter["content"][0]["attachment"]["data"])


def test_the_letter_is_a_sound_pdf(resources: list[dict[str, Any]]) -> None:
    content = letter_of(resources)
    assert content.startswith(b"%PDF-1.4")
    assert content.endswith(b"%%EOF\n")
    (table,) = re.findall(rb"startxref\n([0-9]+)\n", content)
    assert content[int(table) :].startswith(b"xref\n")
    offsets = re.findall(rb"([0-9]{10}) 00000 n \n", content)
    for number, offset in enumerate(offsets, 1):
        assert content[int(offset) :].startswith(b"%d 0 obj\n" % number)
    (length,) = re.findall(rb"/Length ([0-9]+)", content)
    stream = content[content.index(b"stream\n") + 7 :]
    assert stream[int(length) :].startswith(b"\nendstream")


@pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not installed"
)
def test_pdftotext_reads_the_letter(resources: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(letter_of(resources))
    read = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True)
    assert "Pneumonia of the right lower lobe." in read.stdout


def test_attachments_name_their_size_and_hash(resources: list[dict[str, Any]]) -> None:
    attachments = [of_kind(resources, "Media")[0]["content"]]
    attachments += [of_kind(resources, "DocumentReference")[0]["content"][0]["attachment"]]
    for attachment in attachments:
        content = base64.b64decode(attachment["data"])
        assert attachment["size"] == len(content)
        assert base64.b64decode(attachment["hash"]) == hashlib.sha1(content).digest()


def test_the_command_writes_the_bundle(
    text: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    main(["--seed", "7"])
    assert capfdbinary.readouterr().out == text.encode()


def test_the_command_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "scripts.synthetic", "--seed", "9", "--born", "1980-01-01"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert run.stdout.decode() == bundle(9, date(1980, 1, 1))
