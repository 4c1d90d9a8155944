"""After an erasure: nothing that is left opens the record, and no rebuild or backup brings it back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.adapters.bodies import FolderBodies
from app.adapters.database import Database
from app.adapters.database.inventory import Inventory
from app.adapters.followed import FollowedChain
from app.adapters.peer import HttpPeer
from app.adapters.rpc import Rpc
from app.client.letters import RecordFile
from app.client.person import Person
from app.core.auditing import Kind
from app.core.categories import CATEGORIES
from app.core.erasure import (
    read_receipt,
)
from app.core.errors import (
    NotStored,
    RecordRetracted,
)
from app.core.keys import PrivateKey
from app.core.records import Role
from app.core.wire import read_json
from app.services.indexer import Indexer
from app.services.rebuild import rebuild
from app.services.relayer import Plan
from tests.attacker import Attacker, blobs_below
from tests.chain_fixtures import NOTE, Place
from tests.peering import (
    auditor_of,
    bodies_of,
    database_of,
    follow,
    mirror,
)
from tests.services.erasing import OTHER, file, hand_over, other_node, other_url

__all__ = ["file", "other_node", "other_url"]

# --- the proof ---


def wait_for_blocks_until(place: Place, time: int) -> None:
    """The chain's seconds may begin a little later than this process's."""
    while place.node.view().time < time:
        place.chain.wait_for_next_second()
        place.next_block()


def every_key(place: Place, people: list[Person]) -> list[PrivateKey]:
    """All that exist: identities, categories in all epochs, custodians, and the wallets' own bytes."""
    keys = [custodian.key for custodian in place.custodians]
    for person in people:
        keys.append(person.vault.identity)
        keys += [person.vault.category(name, epoch) for name in CATEGORIES for epoch in range(4)]
    return keys


def test_no_key_that_exists_opens_an_erased_record_but_for_what_its_author_keeps(
    place: Place, other_node: Place, other_url: str, patient: Person, doctor: Person
) -> None:
    mirror(place)
    hospital, nurse = place.enrol(), place.enrol()
    place.credential(hospital, Role.HOSPITAL)
    place.credential(nurse)
    file = doctor.write(NOTE, category="conditions", patient=patient.address)
    patient.grant(hospital.address, category="conditions")
    place.settle()
    patient.grant(nurse.address, record=file)
    place.settle()
    wait_for_blocks_until(place, max(g.statement.not_before for g in patient.grants_given()))
    for viewer in (hospital, nurse):
        assert viewer.open(file, viewer.grants_held(patient.address)[0]) == NOTE
    patient.start_epoch()
    patient.reseal(file)
    kept = patient.write(OTHER, category="conditions")
    place.settle()
    hand_over(file, place, other_node)

    people = [patient, doctor, hospital, nurse]
    secrets = [place.node.secret, other_node.node.secret]
    registry = place.chain.domains.records
    letters = [
        envelope for person in people for _, envelope in place.node.envelopes(person.address)
    ]
    archive = place.folder / "archive"
    away = shutil.copytree(archive, place.folder.parent / f"{place.folder.name}-archive")
    shutil.rmtree(archive)  # the author's own, looked at apart from what the node holds
    doctor.archive = FolderBodies(away)

    def attack(extra: list[bytes]) -> Attacker:
        attacker = Attacker(keys=every_key(place, people), secrets=secrets)
        attacker.search([*letters, *extra])  # what letters give opens more
        attacker.search([*blobs_below(place.folder, other_node.folder), *letters, *extra])
        return attacker

    before = attack([])
    assert before.contents(file.statement, registry) == {NOTE}
    assert before.opened > 0
    sealed = bodies_of(place).fetch(file.address)
    sheets = [sheet for _, sheet in place.node.sheets(file.digest)]
    assert len(sheets) == 2

    place.node.peers = [HttpPeer(other_url, place.chain.domains)]
    erased = patient.erase(file)
    for one in (place, other_node):
        Inventory(database_of(one)).scrub()
    assert erased.own.receipt.is_complete
    assert [answer.refusal for answer in erased.peers] == [None]
    place.settle()

    after = attack([])
    assert after.opened > 0
    assert after.contents(file.statement, registry) == set()
    assert after.contents(kept.statement, registry) == {OTHER}
    # not even with both halves, captured before: the body is in no file, log or free page any more
    everything = list(blobs_below(place.folder, other_node.folder))
    assert all(sealed[40:] not in blob for blob in everything)
    assert all(sheet[-1000:] not in blob for blob in everything for sheet in sheets)
    for viewer in (hospital, nurse):
        with pytest.raises((NotStored, RecordRetracted)):
            viewer.open(file, viewer.grants_held(patient.address)[0])

    author = [*blobs_below(away), doctor.kept[file.digest].sheet[1]]
    assert attack(author).contents(file.statement, registry) == {NOTE}
    assert doctor.open(file) == NOTE


# --- coming back ---


def settle_with_waybills(place: Place) -> None:
    """Settle, and have the journal told in a waybill at once instead of within a minute."""
    assert place.node.relayer is not None
    place.node.relayer.plan = Plan(journal_seconds=0)
    place.settle()


def indexer_of(place: Place, database: Database) -> Indexer:
    source = FollowedChain(Rpc(place.chain_process.url), place.deployment)
    return Indexer(source=source, index=database, bodies=bodies_of(place))


def test_a_rebuilt_database_knows_of_the_erasure_and_not_of_the_record(
    place: Place, patient: Person, file: RecordFile, tmp_path: Path
) -> None:
    kept = patient.write(OTHER, category="conditions")
    place.settle()
    receipt = patient.erase(file).own
    settle_with_waybills(place)
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    rebuild(fresh, indexer_of(place, fresh), bodies_of(place), place.node.secret)
    assert fresh.belongings(file.digest) == []
    assert fresh.sheets_of(file.digest) == []
    assert fresh.sheets_of(kept.digest) != []
    ((_, told),) = Inventory(fresh).receipts()
    assert read_receipt(read_json(told)) == receipt
    place.node.database = fresh
    assert auditor_of(place).audit().is_clean


def test_a_restored_backup_does_not_bring_the_record_back(
    place: Place, patient: Person, file: RecordFile, tmp_path: Path
) -> None:
    follow(place)
    Inventory(database_of(place)).scrub()
    shutil.copy(place.folder / "node.db", tmp_path / "node.db")
    shutil.copytree(place.folder / "bodies", tmp_path / "bodies")
    patient.erase(file)
    settle_with_waybills(place)

    restored = Database(f"sqlite:///{tmp_path / 'node.db'}")
    for path in (tmp_path / "bodies").rglob("b*"):
        if path.is_file():
            bodies_of(place).put_many([path.read_bytes()])
    place.node.database = restored
    assert patient.open(file) == NOTE  # it is there again
    follow(place)
    found = {(one.kind, one.what) for one in auditor_of(place).audit().left}
    assert {(Kind.CAME_BACK, "erased record"), (Kind.MISSING, "erased record")} <= found
    assert auditor_of(place).audit(repair=True).is_clean
    assert not bodies_of(place).holds(file.address)
    assert restored.sheets_of(file.digest) == []
    assert restored.belongings(file.digest) == []
