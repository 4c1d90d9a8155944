"""Fixtures that are roles on the shared chain: a place, the people in it, and what they share.

Folders whose tests run on a real chain import them into their conftest.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.adapters.local_chain import LocalChain
from app.client.person import Person
from app.core.opening import OpeningRequest
from app.services.custodian import LocalCustodian
from tests.asking import request_to_first
from tests.chain_fixtures import Place
from tests.custodian_services import serving
from tests.scenes import NUMBERS, Scene, Shared, forgetting


@pytest.fixture
def place(anvil: LocalChain, places: Path, scene: Scene) -> Iterator[Place]:
    """Three custodians, two of whom open together."""
    with forgetting(anvil):
        place = scene.set_up(places / f"place-{next(NUMBERS)}")
        place.next_block()  # the newest one is as old as the scene
        yield place


@pytest.fixture
def patient(place: Place, scene: Scene) -> Person:
    """An enrolled patient."""
    return scene.person("patient", place)


@pytest.fixture
def doctor(place: Place, scene: Scene) -> Person:
    """An enrolled practitioner with a credential, who keeps an archive."""
    return scene.person("doctor", place)


@pytest.fixture
def stranger(place: Place, scene: Scene) -> Person:
    """An enrolled person whom nobody gave anything."""
    return scene.person("stranger", place)


@pytest.fixture
def shared(scene: Scene) -> Shared:
    """A record that the doctor may open, and her grant."""
    assert scene.shared is not None
    return scene.shared


@pytest.fixture
def request_(place: Place, doctor: Person, shared: Shared) -> OpeningRequest:
    """What the doctor sends to the first custodian, just now."""
    return request_to_first(place, doctor, *shared)


@pytest.fixture
def custodian(place: Place) -> LocalCustodian:
    """The first custodian's key in a service of its own, with a log of its own, whom nobody tells."""
    return serving(place, place.custodians[0].key)
