"""Erasure on one node: what it deletes, what it signs for, and what comes of it when something fails."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from app.adapters.bodies import FolderBodies
from app.adapters.database.inventory import Inventory
from app.client.letters import RecordFile
from app.client.person import Person
from app.core.auditing import Kind
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
    StoreUnreachable,
)
from tests.chain_fixtures import NOTE, Place
from tests.peering import (
    auditor_of,
    bodies_of,
    database_of,
    file_of,
    follow,
    mirror,
)
from tests.services.erasing import OTHER, file, other_node

__all__ = ["file", "other_node"]

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
