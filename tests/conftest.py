"""Fixtures are roles: a patient, a doctor, her hospital and colleague, a stranger, custodians."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.adapters.memory_chain import MemoryChain
from app.core.keys import PrivateKey
from app.core.records import Role
from tests.makers import DAY, NOW, REGISTRAR, Browser, Person, make_browser, make_chain, make_person

settings.register_profile(
    "chartkey",
    max_examples=60,
    deadline=None,  # a slow machine is no failure
    derandomize=True,  # the same examples in every run: red means a change, not luck
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("chartkey")

LONG_FILES = (
    "tests/scripts/test_network.py",
    "tests/scripts/test_bench_load.py",
    "tests/scripts/test_bench_web.py",
    "tests/app/test_demo.py",
    "tests/app/test_services.py",
    "tests/faults/test_killed.py",
    "tests/app/test_kept_chain.py",
    "tests/adapters/test_bodies.py",
    "tests/adapters/test_database.py",
    "tests/services/test_indexer.py",
    "tests/services/test_settling.py",
    "tests/adapters/test_kubo.py",
    "tests/test_readme.py",
    "tests/core/test_nonces.py",
    "tests/core/test_sealing.py",
    # the pages' own run
    "tests/browser/test_story.py",
    "tests/browser/test_rough.py",
    "tests/browser/test_accessible.py",
    "tests/browser/test_files.py",
    "tests/browser/client/test_sharing.py",
    "tests/browser/client/test_accounts.py",
    "tests/browser/test_strict.py",
    "tests/browser/client/test_network.py",
    "tests/browser/test_endings.py",
    "tests/browser/test_authorities.py",
    "tests/browser/test_doctor.py",
    "tests/browser/test_trial.py",
    "tests/browser/test_passphrases.py",
    "tests/browser/test_meeting.py",
    "tests/browser/client/test_hostile.py",
    "tests/browser/test_own_transactions.py",
)
"""Those that take longest, by their seconds."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no core is left alone with one at the end of a run."""
    root = Path(__file__).resolve().parents[1]
    place = {root / file: at for at, file in enumerate(LONG_FILES)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture
def patient() -> Person:
    """A patient with three custodians, two of whom open a record."""
    return make_person("patient")


@pytest.fixture
def doctor() -> Person:
    """A practitioner with a credential."""
    return make_person("doctor")


@pytest.fixture
def colleague() -> Person:
    """Another member of the hospital, without a credential of their own."""
    return make_person("colleague")


@pytest.fixture
def hospital() -> Person:
    """An organization with a credential."""
    return make_person("hospital")


@pytest.fixture
def stranger() -> Person:
    """An enrolled person whom nobody gave anything."""
    return make_person("stranger")


@pytest.fixture
def custodians(patient: Person) -> tuple[PrivateKey, ...]:
    """The keys of the patient's three custodians."""
    return patient.custodians


@pytest.fixture
def browser() -> Browser:
    """A browser with a session key."""
    return make_browser()


@pytest.fixture
def chain(
    patient: Person, doctor: Person, colleague: Person, hospital: Person, stranger: Person
) -> MemoryChain:
    """A chain at NOW: all enrolled thirty days ago, doctor and hospital credentialed."""
    chain = make_chain(patient, doctor, colleague, hospital, stranger)
    chain.credential(REGISTRAR, doctor.id, Role.PRACTITIONER, NOW + 300 * DAY)
    chain.credential(REGISTRAR, hospital.id, Role.HOSPITAL, NOW + 300 * DAY)
    chain.advance(NOW - chain.time)
    return chain
