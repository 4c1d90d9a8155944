"""Fixtures that are roles on the shared chain: a place, and the people in it.

Folders whose tests run on a real chain import them into their conftest.py.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.client.person import Person
from tests.chain_fixtures import Place


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    """Three custodians, two of whom open together."""
    return make_place()


@pytest.fixture
def patient(place: Place) -> Person:
    """An enrolled patient."""
    return place.enrol(patient=True)


@pytest.fixture
def doctor(place: Place) -> Person:
    """An enrolled practitioner with a credential, who keeps an archive."""
    person = place.enrol(keeps_archive=True)
    place.credential(person)
    return person


@pytest.fixture
def stranger(place: Place) -> Person:
    """An enrolled person whom nobody gave anything."""
    return place.enrol()
