"""Owns what tests of `verify` share: one place for a whole module, good statement files, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.adapters.local_chain import LocalChain
from app.client.person import Person
from app.core.signatures import Signed, signed_json
from tests.chain_fixtures import NOTE, Place

Document = dict[str, Any]
Verify = Callable[..., tuple[int, str]]


@pytest.fixture
def verify(
    anvil: LocalChain, deployment_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Writes a statement file, has it verified, and returns exit code and what was said."""

    def run(
        document: Any, *words: str, rpc: str = anvil.url, deployed: Path = deployment_file
    ) -> tuple[int, str]:
        path = tmp_path / "statement.json"
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        path.write_bytes(content)
        code = main(["verify", str(path), "--rpc", rpc, "--deployment", str(deployed), *words])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def file_of(place: Place, signed: Signed[Any]) -> Document:
    """The statement file that its owner hands to an auditor."""
    domains = place.chain.domains
    return signed_json(signed, domains, place.node.proof(domains.digest(signed.statement)))


# one place for all of these tests: an auditor only looks


@pytest.fixture(scope="module")
def place(make_place: Callable[..., Place]) -> Place:
    return make_place()


@pytest.fixture(scope="module")
def patient(place: Place) -> Person:
    return place.enrol(patient=True)


@pytest.fixture(scope="module")
def doctor(place: Place) -> Person:
    person = place.enrol()
    place.credential(person)
    return person


@pytest.fixture(scope="module")
def stranger(place: Place) -> Person:
    return place.enrol()


@pytest.fixture(scope="module")
def good(place: Place, patient: Person, doctor: Person) -> dict[str, str]:
    """A doctor's anchored record and a patient's anchored grant, each beside another one."""
    patient.write(NOTE, category="laboratory")
    record = doctor.write(NOTE, category="laboratory", patient=patient.address)
    patient.grant(doctor.address, category="conditions")
    grant = patient.grant(doctor.address, category="laboratory")
    place.settle()
    signed = {"record": record.signed, "grant": grant.signed}
    return {name: json.dumps(file_of(place, one)) for name, one in signed.items()}


@pytest.fixture
def record(good: dict[str, str]) -> Document:
    document: Document = json.loads(good["record"])
    return document


@pytest.fixture
def grant(good: dict[str, str]) -> Document:
    document: Document = json.loads(good["grant"])
    return document
