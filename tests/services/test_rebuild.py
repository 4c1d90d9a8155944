"""A database is lost: chain, lists and body store give back the very same rows."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

import pytest
from sqlalchemy import event

from app.adapters.database import Database
from app.adapters.database.fingerprint import fingerprint
from app.adapters.database.schema import INDEX, KEPT
from app.adapters.followed import FollowedChain
from app.adapters.local_chain import start_anvil
from app.adapters.rpc import Rpc
from app.client.person import Person
from app.compose import build_node
from app.core.cid import raw_cid
from app.core.encoding import ZERO32
from app.core.errors import Misconfigured
from app.core.merkle import ManifestEntry, encode_manifest, merkle_root
from app.core.signing_in import SignInName
from app.core.statements import RECORDS
from app.core.waybills import NodeSecret
from app.services.indexer import Indexer
from app.services.rebuild import Rebuilt, rebuild
from app.services.relayer import Plan
from tests.chain_fixtures import NOTE, Place, deploy_on, make_key, place_on
from tests.daemons import folder_in_memory
from tests.scenes import Scene, scene_of


@dataclass(kw_only=True)
class Life:
    """A place with a database to lose, and the index that follows it."""

    place: Place
    database: Database

    def index(self) -> None:
        indexer = self.indexer(self.database)
        indexer.follow()
        while indexer.read_manifests(0):
            pass

    def indexer(self, database: Database) -> Indexer:
        return Indexer(
            source=FollowedChain(Rpc(self.place.chain_process.url), self.place.deployment),
            index=database,
            bodies=self.place.node.bodies,
            clock=lambda: 0,
        )

    def settle(self) -> None:
        """Everything is on the chain, and told in waybills."""
        assert self.place.node.relayer is not None
        plan = Plan(journal_seconds=0)
        self.place.node.relayer = replace(self.place.node.relayer, plan=plan)
        self.place.settle()
        self.index()

    def rebuild(
        self, database: Database, *, on_top: bool = False, secret: NodeSecret | None = None
    ) -> Rebuilt:
        return rebuild(
            database,
            self.indexer(database),
            self.place.node.bodies,
            secret or self.place.node.secret,
            on_top=on_top,
        )


Begin = Callable[..., Life]


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begin]:
    """Begins a life, on a database of its own or on one that is given; the chain is the module's.

    The session's would not do: Anvil cannot forget what has forked.
    """
    folder, numbers = folder_in_memory("lives"), itertools.count(1)

    with start_anvil(tmp_path_factory.mktemp("chain")) as process:
        deployment = deploy_on(process, folder / "deployment.json")

        def begin(url: str = "") -> Life:
            home = folder / str(next(numbers))
            home.mkdir()
            keys = [make_key() for _ in range(3)]
            return life_on(place_on(process, deployment, home, keys=keys), url)

        yield begin
    rmtree(folder)


def life_on(place: Place, url: str = "") -> Life:
    """The life of a place, on its own database or on another one."""
    database = Database(url or f"sqlite:///{place.folder / 'node.db'}")
    place.node = build_node(
        chain=place.chain,
        payer=place.payer,
        database=database,
        bodies=place.node.bodies,
        secret=place.node.secret,
        custodians=place.custodians,
    )
    return Life(place=place, database=database)


def live(life: Life) -> tuple[Person, Person]:
    """Records, grants, openings, letters, locks, new keys, an erasure, and a fork of the chain."""
    place = life.place
    patient = place.enrol(patient=True)
    doctor = place.enrol(keeps_archive=True)
    place.credential(doctor)
    place.node.keep_lock(patient.address, b"the first lock")
    life.database.keep_name(SignInName(name="ada", person=patient.address, ticket=bytes(32)))
    life.database.keep_introduction(doctor.address, "doctor", 1, {"introduction": "of the doctor"})
    kept = patient.write(NOTE, category="conditions")
    gone = patient.write(NOTE, category="laboratory")
    grant = patient.grant(doctor.address, category="conditions")
    patient.grant(doctor.address, category="laboratory")
    place.settle()
    life.index()
    assert doctor.open(kept, grant) == NOTE
    doctor.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    life.index()
    place.rpc.call("anvil_setCoinbase", "0x" + os.urandom(20).hex())
    place.rpc.call("anvil_reorg", 1, [])
    place.rpc.call("anvil_setTime", int(time.time()))  # it would go on at the time of the fork
    life.settle()
    patient.erase(gone)
    patient.revoke(grant)
    place.node.keep_lock(patient.address, b"the second lock")
    life.settle()
    return patient, doctor


def assert_same(life: Life, rebuilt: Database) -> None:
    assert fingerprint(rebuilt._engine).differences(fingerprint(life.database._engine)) == []
    assert fingerprint(rebuilt._engine).total == fingerprint(life.database._engine).total


@pytest.fixture(scope="module")
def lived(begin: Begin) -> Scene:
    """A place on which all of that has happened."""
    life = begin()
    patient, doctor = live(life)
    place, people = life.place, {"patient": patient, "doctor": doctor}
    return scene_of(place, place.folder.with_name("lived"), people)


@pytest.fixture
def life(lived: Scene, tmp_path: Path) -> Life:
    """The same on a copy of its own, whose index knows what came to the chain since."""
    life = life_on(lived.set_up(tmp_path / "place"))
    life.index()
    return life


@pytest.fixture
def patient(lived: Scene, life: Life) -> Person:
    return lived.person("patient", life.place)


@pytest.fixture
def doctor(lived: Scene, life: Life) -> Person:
    return lived.person("doctor", life.place)


@pytest.fixture
def empty(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'rebuilt.db'}")


def test_a_lost_database_comes_back_on_sqlite_and_on_postgresql(
    life: Life, patient: Person, empty: Database, postgres_url: str
) -> None:
    for rebuilt in (empty, Database(postgres_url)):
        told = life.rebuild(rebuilt)
        assert_same(life, rebuilt)
        assert (told.missing_waybills, told.missing_sheets) == (0, 0)
        assert told.waybills > 1
        assert told.entries > 20
        assert rebuilt.from_shelf(patient.address, "vault-lock") == b"the second lock"
    with empty._engine.connect() as connection:
        counts = {
            table.name: connection.exec_driver_sql(f"SELECT count(*) FROM {table.name}").scalar()
            for table in (*KEPT, *INDEX)
        }
    assert all(counts.values())  # the comparison was of something


def test_a_lost_postgresql_comes_back_on_sqlite(
    begin: Begin, postgres_url: str, empty: Database
) -> None:
    life = begin(postgres_url)
    live(life)
    life.rebuild(empty)
    assert_same(life, empty)


def test_people_find_everything_on_the_rebuilt_database(
    life: Life, patient: Person, doctor: Person, empty: Database
) -> None:
    life.rebuild(empty)
    place = life.place
    place.node = build_node(
        chain=place.chain,
        payer=place.payer,
        database=empty,
        bodies=place.node.bodies,
        secret=place.node.secret,
        custodians=place.custodians,
    )
    again = replace(patient, node=place.node)
    [mine], [theirs] = again.chart(), again.addressed()
    assert [again.open(mine), again.open(theirs)] == [NOTE, NOTE]
    assert len(replace(doctor, node=place.node).grants_held()) >= 1
    grant = again.grant(doctor.address, category="conditions")
    place.settle()
    assert replace(doctor, node=place.node).open(mine, grant) == NOTE


def test_a_database_that_holds_something_is_left_alone(life: Life, empty: Database) -> None:
    before = fingerprint(life.database._engine)
    with pytest.raises(Misconfigured, match="not empty"):
        life.rebuild(life.database)
    assert fingerprint(life.database._engine) == before
    empty.keep_document(bytes(32), b"document")
    with pytest.raises(Misconfigured, match="not empty"):
        life.rebuild(empty)


def test_a_rebuild_that_dies_goes_on_where_it_was(life: Life, tmp_path: Path) -> None:
    deaths = 0
    for fatal in range(1000):
        url = f"sqlite:///{tmp_path / f'{fatal}.db'}"
        dying = Database(url)
        left = iter(range(fatal, -1, -1))

        @event.listens_for(dying._engine, "begin")
        def die(*_: object, left: Iterator[int] = left) -> None:
            if next(left, None) == 0:
                raise SystemExit

        try:
            life.rebuild(dying)
            break
        except SystemExit:
            deaths += 1
        rebuilt = Database(url)
        life.rebuild(rebuilt, on_top=True)
        assert_same(life, rebuilt)
    assert deaths > 9


def test_rebuilding_on_top_of_what_is_complete_changes_nothing(life: Life) -> None:
    before = fingerprint(life.database._engine)
    life.rebuild(life.database, on_top=True)
    assert fingerprint(life.database._engine) == before


def test_without_the_node_s_secret_only_the_index_comes_back(life: Life, empty: Database) -> None:
    told = rebuild(empty, life.indexer(empty), life.place.node.bodies, None)
    kept = {table.name for table in KEPT}
    assert set(fingerprint(empty._engine).differences(fingerprint(life.database._engine))) == kept
    assert told.entries == 0


def test_another_node_s_secret_finds_no_waybill(life: Life, empty: Database) -> None:
    told = life.rebuild(empty, secret=NodeSecret(os.urandom(32)))
    assert (told.waybills, told.missing_waybills) == (0, 0)
    assert told.index == life.database.counts()


def waybills_of(life: Life) -> list[str]:
    """Where this node's waybills are."""
    secret = life.place.node.secret
    return [
        raw_cid(envelope)
        for list_ in life.database.read_lists(0, 10_000)
        for digest, envelope in life.database.entries_of(list_)
        if envelope != ZERO32 and secret.mark(envelope) == digest
    ]


def test_a_waybill_that_the_store_has_lost_is_told_and_the_others_are_used(
    life: Life, patient: Person, empty: Database
) -> None:
    life.place.node.keep_lock(patient.address, b"the third lock")
    known = waybills_of(life)
    life.settle()
    [lost] = set(waybills_of(life)) - set(known)
    life.place.node.bodies.delete(lost)
    told = life.rebuild(empty)
    assert told.missing_waybills == 1
    assert not told.is_complete
    assert empty.from_shelf(patient.address, "vault-lock") == b"the second lock"
    assert fingerprint(empty._engine).differences(fingerprint(life.database._engine)) == ["shelf"]


def test_sheets_that_were_lost_are_told_and_those_that_were_erased_are_not(
    life: Life, patient: Person, empty: Database
) -> None:
    file = patient.chart()[0]
    with life.database._engine.connect() as connection:
        query = "SELECT address FROM sheets"
        addresses = list(connection.exec_driver_sql(query).scalars())
    assert len(addresses) >= 2
    life.place.node.bodies.delete(addresses[0])
    told = life.rebuild(empty)
    assert told.missing_sheets == 1
    assert fingerprint(empty._engine).differences(fingerprint(life.database._engine)) == ["sheets"]
    assert file.signed.statement.patient == patient.address


def test_waybills_that_a_stranger_anchors_again_are_read_once(life: Life, empty: Database) -> None:
    before = life.rebuild(empty)
    entries = [
        ManifestEntry(digest=digest, envelope=envelope)
        for list_ in life.database.read_lists(0, 10_000)
        for digest, envelope in life.database.entries_of(list_)
    ]
    copied = encode_manifest(list({entry.digest: entry for entry in entries}.values()))
    life.place.node.bodies.put(iter([copied]))
    root = merkle_root(entry.digest for entry in entries)
    life.place.chain.anchor(RECORDS, root, sha256(copied).digest())
    life.index()
    again = Database(empty.url.replace("rebuilt", "again"))
    after = life.rebuild(again)
    assert (after.waybills, after.entries) == (before.waybills, before.entries)
    assert_same(life, again)


def test_what_was_left_twice_in_one_second_comes_back_as_it_was_left_last(
    begin: Begin, empty: Database
) -> None:
    life = begin()
    person = life.place.enrol().address
    for number in range(4):
        life.place.node.keep_lock(person, b"lock %d" % number)
        life.settle()
    life.rebuild(empty)
    assert empty.from_shelf(person, "vault-lock") == b"lock 3"
    assert_same(life, empty)
