"""Brings the session's chain, a place on it, its people and what they share to the tests of this folder."""

from __future__ import annotations

import pytest

from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.records import Role
from tests import chain_fixtures
from tests.chain_fixtures import NOTE, Place
from tests.roles import doctor, patient, place, stranger

__all__ = ["doctor", "patient", "place", "stranger"]


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures once for all folders, so that one Anvil serves the whole session."""
    if not config.pluginmanager.is_registered(chain_fixtures):
        config.pluginmanager.register(chain_fixtures, "chain_fixtures")


@pytest.fixture
def file(place: Place, patient: Person) -> RecordFile:
    """A record of the patient's conditions."""
    return patient.write(NOTE, category="conditions")


@pytest.fixture
def held(place: Place, patient: Person, doctor: Person, file: RecordFile) -> GrantFile:
    """The doctor's grant to view conditions."""
    patient.grant(doctor.address, category="conditions")
    place.settle()
    return doctor.grants_held(patient.address)[0]


@pytest.fixture
def nurse(place: Place) -> Person:
    """Another enrolled practitioner with a credential."""
    person = place.enrol()
    place.credential(person)
    return person


@pytest.fixture
def hospital(place: Place) -> Person:
    """An organization with a credential."""
    person = place.enrol()
    place.credential(person, Role.HOSPITAL)
    return person
