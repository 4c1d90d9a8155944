"""Owns the scenes from which tests begin: a place as it stood, kept in copies that are quick to set up.

To enrol people, to write a record and to settle it takes longer than most tests. So it is done once,
and each test gets a copy of the folder and a chain that forgets at the test's end what the test did.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, copytree, rmtree

import pytest

from app.adapters.access_log import SqliteAccessLog
from app.adapters.bodies import FolderBodies
from app.adapters.database import Database
from app.adapters.deployment import Deployment
from app.adapters.local_chain import LocalChain
from app.adapters.rpc import Rpc
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from tests.chain_fixtures import NOTE, Place, make_key, place_on
from tests.daemons import folder_in_memory

Shared = tuple[RecordFile, GrantFile]
NUMBERS = itertools.count(1)
"""Of places."""


@contextmanager
def forgetting(chain: LocalChain) -> Iterator[None]:
    """What happens on an Anvil inside the block has not happened after it."""
    rpc = Rpc(chain.url)
    before = rpc.call("evm_snapshot")
    yield
    assert rpc.call("evm_revert", before)
    rpc.call("anvil_setTime", int(time.time()))  # it would go on at the time of then


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A place as it stood: its folder, its people, and what one shares with another."""

    model: Place
    folder: Path
    people: Mapping[str, Person]
    shared: Shared | None = None

    def set_up(self, folder: Path) -> Place:
        """A place of its own, on a copy."""
        copytree(self.folder, folder)
        with sqlite3.connect(folder / "node.db") as database:  # as if it had just been written
            database.execute("UPDATE journal SET written_at = ?", (int(time.time()),))
        database.close()
        return place_on(
            self.model.chain_process,
            self.model.deployment,
            folder,
            keys=[custodian.key for custodian in self.model.custodians],
            threshold=self.model.threshold,
        )

    def person(self, name: str, place: Place) -> Person:
        """Somebody as they were, on that place."""
        person = copy(self.people[name])
        person.node, person.clock, person.kept = place.node, place.time, dict(person.kept)
        if person.archive is not None:
            person.archive = FolderBodies(place.folder / "archive")
        return person


def scene_of(
    place: Place, folder: Path, people: Mapping[str, Person], shared: Shared | None = None
) -> Scene:
    """Keep a place as it stands now."""
    assert isinstance(place.node.database, Database)
    place.node.database._engine.dispose()  # which brings the write-ahead log into the file
    for custodian in place.custodians:
        assert isinstance(custodian.log, SqliteAccessLog)
        custodian.log._engine.dispose()
    copytree(place.folder, folder)
    as_they_are = {name: copy(person) for name, person in people.items()}
    for person in as_they_are.values():
        person.kept = dict(person.kept)
    return Scene(model=place, folder=folder, people=as_they_are, shared=shared)


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """Two moments: three people are enrolled; the doctor may open a record of the patient's."""

    enrolled: Scene
    shared: Scene


def play(place: Place, root: Path) -> Scenes:
    """Enrol a patient, a credentialed doctor who keeps an archive, and a stranger; share a record."""
    people = {
        "patient": place.enrol(patient=True),
        "doctor": place.enrol(keeps_archive=True),
        "stranger": place.enrol(),
    }
    place.credential(people["doctor"])
    enrolled = scene_of(place, root / "enrolled", people)
    patient, doctor = people["patient"], people["doctor"]
    file = patient.write(NOTE, category="conditions")
    patient.grant(doctor.address, category="conditions")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    return Scenes(enrolled=enrolled, shared=scene_of(place, root / "shared", people, (file, held)))


@pytest.fixture(scope="session")
def scenes(anvil: LocalChain, deployment: Deployment, empty_databases: Path) -> Iterator[Scenes]:
    """What tests begin from, played once for the session."""
    root = folder_in_memory("scenes")
    model = root / "model"
    copy_empty(empty_databases, model, custodians=3)
    place = place_on(anvil, deployment, model, keys=[make_key() for _ in range(3)])
    yield play(place, root)
    rmtree(root)


@pytest.fixture(scope="module")
def places(anvil: LocalChain, scenes: Scenes) -> Iterator[Path]:
    """A folder for a module's places, in memory: databases sync at every commit.

    At the module's end the chain is what it was before; what was played is older than every module.
    """
    root = folder_in_memory("places")
    with forgetting(anvil):
        yield root
    rmtree(root)


@pytest.fixture(scope="module")
def make_place(
    anvil: LocalChain, deployment: Deployment, empty_databases: Path, places: Path
) -> Callable[..., Place]:
    """Makes a place on which nobody is yet: a node, a folder, and custodians."""

    def make(custodians: int = 3, threshold: int = 2) -> Place:
        folder = places / f"place-{next(NUMBERS)}"
        copy_empty(empty_databases, folder, custodians)
        keys = [make_key() for _ in range(custodians)]
        return place_on(anvil, deployment, folder, keys=keys, threshold=threshold)

    return make


def copy_empty(databases: Path, folder: Path, custodians: int) -> None:
    """Lay out a place's folder with databases that hold nothing."""
    for number in range(1, custodians + 1):
        own = folder / f"custodian-{number}"
        own.mkdir(parents=True)
        copyfile(databases / "log.db", own / "log.db")
    folder.mkdir(exist_ok=True)
    copyfile(databases / "node.db", folder / "node.db")


@pytest.fixture
def scene(request: pytest.FixtureRequest, scenes: Scenes) -> Scene:
    """The moment at which a test begins: the later one where it, or a fixture of it, asks for what is shared."""
    return scenes.shared if "shared" in request.fixturenames else scenes.enrolled
