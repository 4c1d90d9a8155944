"""Owns what tests of erasure share: an anchored record, and another node that keeps it too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from app.client.letters import RecordFile
from app.client.person import Person
from app.core.statements import Retraction
from tests.chain_fixtures import NOTE, Place
from tests.peering import (
    bodies_of,
    database_of,
    desk_of,
    web_of,
)
from tests.serving import served

OTHER = b'{"resourceType":"Observation","status":"final","code":{"text":"Another note"}}'


@pytest.fixture
def file(place: Place, patient: Person) -> RecordFile:
    """An anchored record."""
    file = patient.write(NOTE, category="conditions")
    place.settle()
    return file


@pytest.fixture
def other_node(make_place: Callable[..., Place]) -> Place:
    """Another node on the same chain."""
    return make_place(custodians=0, threshold=0)


@pytest.fixture
def other_url(other_node: Place) -> Iterator[str]:
    """Where it is served."""
    with served(web_of(desk_of(other_node))) as url:
        yield url


def hand_over(file: RecordFile, place: Place, other: Place) -> None:
    """Have another node keep the same record: body, envelope and sheets."""
    database, patient = database_of(place), file.statement.patient
    bodies_of(other).put_many([bodies_of(place).fetch(file.address)])
    envelope = next(
        bodies_of(place).fetch(address)
        for digest, address, _ in database.parcels_of(patient)
        if digest == file.digest
    )
    other.node.accept(file.signed, envelope=envelope, parties=[patient], body=file.address)
    for signed, sheet in place.node.sheets(file.digest):
        other.node.keep_sheet(signed, sheet, file.signed)
    other.settle()


def retraction_of(person: Person, file: RecordFile) -> Retraction:
    return Retraction(person=person.address, record=file.digest)
