"""Erasure: what a node deletes, what it signs for, and that nothing which is left opens the record."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

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
from app.core.encoding import canonical_json
from app.core.erasure import (
    Cleared,
    Receipt,
    node_address,
    read_receipt,
    shelf_of,
    sign_receipt,
)
from app.core.errors import (
    ChainUnreachable,
    ForeignSignature,
    MalformedStatement,
    NotStored,
    RecordRetracted,
    ServiceRefused,
    ServiceUnreachable,
    StoreUnreachable,
)
from app.core.keys import PrivateKey
from app.core.records import Role
from app.core.statements import Retraction
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
    desk_of,
    file_of,
    follow,
    mirror,
    served,
    web_of,
)

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


# --- the receipt ---


def test_the_receipt_names_what_was_deleted_where_and_any_wallets_tool_checks_it(
    place: Place, patient: Person
) -> None:
    mirror(place)
    file = patient.write(NOTE, category="conditions")
    place.settle()
    (_, envelope, _), *_ = [
        row for row in database_of(place).parcels_of(patient.address) if row[0] == file.digest
    ]
    signed = patient.erase(file).own
    assert [one.store for one in signed.receipt.stores] == ["bodies", "mirror"]
    for one in signed.receipt.stores:
        assert {file.address, envelope} <= set(one.deleted)
        assert len(one.deleted) == 3  # and the sealed sheet
        assert one.left == ()
    message = encode_defunct(signed.receipt.text)
    assert Account.recover_message(message, signature=signed.signature) == signed.receipt.node
    assert signed.receipt.node == node_address(place.node.secret)
    ((owner, kept),) = Inventory(database_of(place)).receipts()
    assert owner == patient.address
    assert patient.address.lower() not in kept.decode().lower()
    assert read_receipt(signed.as_json()) == signed


def test_a_receipt_that_was_altered_is_refused(
    place: Place, patient: Person, file: RecordFile
) -> None:
    told = patient.erase(file).own.as_json()
    with pytest.raises(ForeignSignature):
        read_receipt(told | {"at": told["at"] + 1})
    with pytest.raises(ForeignSignature):
        read_receipt(told | {"node": patient.address})
    wrongs: list[dict[str, object]] = [
        {"stores": [{}]},
        {"stores": 1},
        {"extra": 1},
        {"chartkey": "erasure/2"},
    ]
    for wrong in wrongs:
        with pytest.raises(MalformedStatement):
            read_receipt(told | wrong)
    with pytest.raises(MalformedStatement):
        read_receipt([])


def test_erasing_again_changes_nothing_and_is_answered(
    place: Place, patient: Person, file: RecordFile
) -> None:
    first = patient.erase(file).own.receipt
    place.settle()
    again = patient.erase(file).own.receipt
    assert again.deleted == first.deleted
    assert again.is_complete


def test_what_was_not_published_yet_is_never_published(place: Place, patient: Person) -> None:
    file = patient.write(NOTE, category="conditions")
    patient.erase(file)
    place.settle()
    held = set(bodies_of(place).addresses())
    assert not held & set(patient.erase(file).own.receipt.deleted)
    assert not bodies_of(place).holds(file.address)
    follow(place)
    left = auditor_of(place).audit().left
    # the list was bound before: it names an envelope that is nowhere any more, and that is known
    assert left == []


# --- when something fails ---


def test_a_store_that_is_down_keeps_nothing_from_being_retracted_and_is_told_so(
    place: Place, patient: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second = mirror(place)
    file = patient.write(NOTE, category="conditions")
    place.settle()

    def down(_: str) -> bool:
        raise StoreUnreachable("its daemon is down")

    with monkeypatch.context() as patch:
        patch.setattr(second, "delete", down)
        receipt = patient.erase(file).own.receipt
        place.settle()
        follow(place)
        assert not receipt.is_complete
        assert file.address in receipt.left
        assert {one.store for one in receipt.stores if one.left} == {"mirror"}
        assert place.node.view().retracted_at(patient.address, file.digest) > 0
        found = auditor_of(place).audit(repair=True).left
        assert {(one.kind, one.where) for one in found} == {(Kind.LEFT, "mirror")}
    assert file_of(place, file.address, "mirror").exists()
    assert auditor_of(place).audit(repair=True).is_clean
    assert not file_of(place, file.address, "mirror").exists()
    ((_, kept),) = Inventory(database_of(place)).receipts()
    assert b'"left":["' not in kept


def test_an_erasure_that_died_half_way_is_finished_by_the_audit(
    place: Place, patient: Person, file: RecordFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        """The process ended there."""

    def die(*_: object) -> bool:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(FolderBodies, "delete", die)
        with pytest.raises(Died):
            patient.erase(file)
    assert bodies_of(place).holds(file.address)
    place.restart()
    place.settle()
    follow(place)
    assert auditor_of(place).audit(repair=True).is_clean
    assert not bodies_of(place).holds(file.address)


def test_bytes_that_come_back_after_an_erasure_are_found_and_deleted_again(
    place: Place, patient: Person, file: RecordFile
) -> None:
    """As when a relayer was about to publish them, or a store was put back from a copy."""
    body = bodies_of(place).fetch(file.address)
    patient.erase(file)
    place.settle()
    follow(place)
    assert auditor_of(place).audit().is_clean
    bodies_of(place).put_many([body])
    (found,) = auditor_of(place).audit().left
    assert (found.kind, found.name) == (Kind.CAME_BACK, "0x" + file.digest.hex())
    assert auditor_of(place).audit(repair=True).is_clean
    assert not bodies_of(place).holds(file.address)


def test_a_receipt_that_this_node_did_not_sign_deletes_nothing(
    place: Place, other_node: Place, patient: Person, file: RecordFile
) -> None:
    stray = bodies_of(place).put_many([b"an upload under way"])[0]
    forged = Receipt(
        record=b"r" * 32,
        node=node_address(other_node.node.secret),
        at=1,
        stores=(Cleared(store="bodies", left=(file.address, stray)),),
    )
    for signed in (sign_receipt(forged, other_node.node.secret).as_json(), {"chartkey": "x"}):
        shelf = shelf_of(forged.record)
        database_of(place).put_on_shelf(patient.address, shelf, canonical_json(signed))
        follow(place)
        left = auditor_of(place).audit(repair=True).left
        assert [(one.kind, one.what) for one in left] == [(Kind.ALTERED, "erased record")]
        assert bodies_of(place).holds(file.address)
        assert bodies_of(place).holds(stray)


def test_without_the_chain_nothing_is_erased(
    place: Place, patient: Person, file: RecordFile
) -> None:
    place.close_down()
    with pytest.raises(ChainUnreachable):
        patient.erase(file)
    place.come_back()
    assert patient.open(file) == NOTE
    assert Inventory(database_of(place)).receipts() == []


def test_nobody_erases_another_persons_envelope_by_delivering_it_again(
    place: Place, patient: Person, stranger: Person, file: RecordFile
) -> None:
    """Envelopes are public bytes: anybody can hand one in under a record of their own."""
    _, envelope = next(e for e in place.node.envelopes(patient.address) if e[0] == file.digest)
    bait = stranger.write(OTHER, category="conditions", patient=patient.address)
    own = stranger.sign(replace(bait.statement, patient=stranger.address, salt=os.urandom(32)))
    place.node.deliver(stranger.address, place.chain.domains.digest(own.statement), envelope)
    pointing = replace(bait, signed=own, digest=place.chain.domains.digest(own.statement))
    stranger.erase(pointing)
    assert patient.chart() == [file]


# --- other nodes ---


def test_a_peer_erases_on_the_patients_word_and_signs_for_itself(
    place: Place, other_node: Place, other_url: str, patient: Person, file: RecordFile
) -> None:
    hand_over(file, place, other_node)
    place.node.peers = [HttpPeer(other_url, place.chain.domains)]
    erased = patient.erase(file)
    (answer,) = erased.peers
    assert answer.receipt is not None
    assert answer.receipt.receipt.node == node_address(other_node.node.secret)
    assert answer.receipt.receipt.node != erased.own.receipt.node
    assert file.address in answer.receipt.receipt.deleted
    assert not bodies_of(other_node).holds(file.address)
    assert other_node.node.sheets(file.digest) == []


def test_a_peer_erases_on_nobody_elses_word(
    place: Place, other_node: Place, other_url: str, patient: Person, stranger: Person,
    file: RecordFile,
) -> None:  # fmt: skip
    hand_over(file, place, other_node)
    peer = HttpPeer(other_url, place.chain.domains)
    own = stranger.sign(retraction_of(stranger, file))
    forged = stranger.sign(retraction_of(patient, file))
    for word in (own, forged):
        with pytest.raises(ServiceRefused):
            peer.erase(file.signed, word)
    assert bodies_of(other_node).holds(file.address)


def test_a_node_that_refuses_or_is_silent_is_named(
    place: Place, other_node: Place, other_url: str, patient: Person, file: RecordFile
) -> None:
    other_node.close_down()
    place.node.peers = [
        HttpPeer(other_url, place.chain.domains),
        HttpPeer("http://127.0.0.1:9", place.chain.domains),
    ]
    first, second = patient.erase(file).peers
    assert first.name == other_url.removeprefix("http://")
    assert isinstance(first.refusal, ServiceRefused)
    assert second.name == "127.0.0.1:9"
    assert isinstance(second.refusal, ServiceUnreachable)
    assert not bodies_of(place).holds(file.address)


def test_a_receipt_of_another_node_or_record_is_not_taken_for_the_peers(
    place: Place, other_node: Place, patient: Person, file: RecordFile
) -> None:
    desk = desk_of(other_node)

    def signed_elsewhere(*_: object) -> object:
        return sign_receipt(
            replace(erased, node=node_address(place.node.secret)), place.node.secret
        )

    def for_another_record(*_: object) -> object:
        return sign_receipt(
            replace(erased, record=b"o" * 32, node=node_address(other_node.node.secret)),
            other_node.node.secret,
        )

    retraction = patient.sign(retraction_of(patient, file))
    erased = patient.erase(file).own.receipt
    for lie in (signed_elsewhere, for_another_record):
        lying = web_of(replace(desk, erase=lie))  # type: ignore[arg-type]
        with served(lying) as url, pytest.raises(ServiceRefused):
            HttpPeer(url, place.chain.domains).erase(file.signed, retraction)


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
