"""The audit of a node's own: what differs from the chain is named, and mended from whoever holds what was anchored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.adapters.daemons import Kubo
from app.adapters.database import Database
from app.adapters.database.inventory import Inventory
from app.adapters.kubo import KuboBodies
from app.adapters.many_bodies import ManyBodies
from app.client.letters import RecordFile
from app.client.person import Person
from app.compose import build_node
from app.core.auditing import Kind
from tests.chain_fixtures import NOTE, Place
from tests.peering import (
    auditor_of,
    bodies_of,
    database_of,
    desk_of,
    file,
    file_of,
    follow,
    keep_in,
    mirror,
    web_of,
)
from tests.services.auditing import envelope_of, kinds, twin, twin_of, twin_url, write
from tests.serving import served

__all__ = ["file", "twin", "twin_of", "twin_url"]

# --- clean ---


def test_an_undisturbed_node_is_clean(place: Place, file: RecordFile) -> None:
    report = auditor_of(place).audit()
    assert report.is_clean
    assert report.differences == []
    assert report.looked["bodies"] == 1
    assert report.looked["anchors"] > 0
    assert report.looked["envelopes"] > 0


def test_a_twin_agrees(place: Place, twin_url: str) -> None:
    assert auditor_of(place, peers=[twin_url]).audit().is_clean


def test_what_nothing_refers_to_is_counted_only(place: Place, file: RecordFile) -> None:
    before = auditor_of(place).audit().notes
    bodies_of(place).put_many([b"an upload that came to nothing"])
    report = auditor_of(place).audit()
    assert report.is_clean
    assert report.notes != before


# --- the index ---


TAMPERED = [
    ("DELETE FROM anchors WHERE block = (SELECT max(block) FROM anchors)", Kind.MISSING, "anchor"),
    ("UPDATE anchors SET sender = '0x' || '11'", Kind.ALTERED, "anchor"),
    (
        "INSERT INTO anchors SELECT block, place + 90, judge, root, manifest, sender, "
        '"transaction", time FROM anchors LIMIT 1',
        Kind.EXTRA,
        "anchor",
    ),
    ("DELETE FROM events WHERE block = (SELECT max(block) FROM events)", Kind.MISSING, "event"),
    ("UPDATE events SET arguments = '{}'", Kind.ALTERED, "event"),
    ("UPDATE events SET arguments = '{'", Kind.ALTERED, "event"),
    ("UPDATE blocks SET hash = x'" + "22" * 32 + "'", Kind.ALTERED, "block"),
    ("DELETE FROM blocks", Kind.BEHIND, "index"),
    ("UPDATE digests SET digest = x'" + "33" * 32 + "'", Kind.ALTERED, "list"),
    ("DELETE FROM digests", Kind.ALTERED, "list"),
    (
        "UPDATE manifests SET manifest = x'" + "55" * 32 + "' WHERE id = (SELECT max(id) FROM "
        "manifests)",
        Kind.MISSING,
        "list",
    ),
]


@pytest.mark.parametrize(("tampering", "kind", "what"), TAMPERED)
def test_a_row_of_the_index_that_the_chain_contradicts_is_named_and_followed_again(
    place: Place, file: RecordFile, tampering: str, kind: Kind, what: str
) -> None:
    before = list(database_of(place).anchors_of(file.digest))
    if "UPDATE digests" in tampering:
        tampering += " WHERE rowid = (SELECT max(rowid) FROM digests)"
    write(database_of(place), tampering)
    found = auditor_of(place).audit()
    assert (kind, what) in kinds(found.left)
    report = auditor_of(place).audit(repair=True)
    assert report.is_clean, report.left
    assert any(one.mended for one in report.differences)
    after = database_of(place).anchors_of(file.digest)
    assert [replace(row, list=0) for row in after] == [replace(row, list=0) for row in before]
    assert auditor_of(place).audit().differences == []


def test_an_index_that_has_not_followed_is_behind(place: Place, patient: Person) -> None:
    patient.write(NOTE, category="conditions")
    place.settle()
    assert (Kind.BEHIND, "index") in kinds(auditor_of(place).audit().left)
    assert auditor_of(place).audit(repair=True).is_clean


def test_an_index_that_is_a_block_behind_is_still_clean(
    place: Place, patient: Person, file: RecordFile
) -> None:
    patient.write(NOTE, category="conditions")
    place.settle()
    head = int(place.rpc.call("eth_blockNumber"), 16)
    assert 0 < head - database_of(place).followed()[0].number <= 3
    assert auditor_of(place).audit().differences == []


# --- the stores ---


def spoil(place: Place, address: str, folder: str = "bodies") -> None:
    alter(file_of(place, address, folder))


def alter(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize("how", [Kind.MISSING, Kind.ALTERED])
def test_every_object_that_a_store_lost_is_named_and_copied_from_a_peer(
    place: Place, file: RecordFile, twin_url: str, how: Kind
) -> None:
    for address in list(bodies_of(place).addresses()):
        if how is Kind.MISSING:
            file_of(place, address).unlink()
        else:
            spoil(place, address)
    found = auditor_of(place, peers=[twin_url]).audit()
    assert {
        (how, what) for what in ("manifest", "envelope", "waybill", "body", "sealed sheet")
    } <= (kinds(found.left))
    report = auditor_of(place, peers=[twin_url]).audit(repair=True)
    # sealed to the node itself: no other node hands them out
    assert {one.what for one in report.left} == {"waybill", "sealed sheet"}
    mended = {one.what: one.mended for one in report.differences if one.mended}
    host = twin_url.removeprefix("http://")
    assert mended["body"] == mended["envelope"] == f"copied from {host}"
    assert mended["manifest"] == "copied from the database"


def test_a_pin_that_one_of_two_stores_lost_comes_from_the_other(
    place: Place, patient: Person
) -> None:
    mirror(place)
    file = patient.write(NOTE, category="conditions")
    place.settle()
    follow(place)
    assert auditor_of(place).audit(repair=True).is_clean  # the mirror began later
    file_of(place, file.address, "mirror").unlink()
    spoil(place, envelope_of(place, file))
    report = auditor_of(place).audit()
    told = {(one.kind, one.what, one.where) for one in report.left}
    assert told == {(Kind.MISSING, "body", "mirror"), (Kind.ALTERED, "envelope", "bodies")}
    assert auditor_of(place).audit(repair=True).is_clean
    assert patient.open(file) == NOTE


def test_two_ipfs_daemons_mend_each_other_and_erase_together(
    place: Place, patient: Person, two_kubos: tuple[Kubo, Kubo]
) -> None:
    first, second = stores = [KuboBodies(kubo.api) for kubo in two_kubos]
    keep_in(place, ManyBodies(stores))
    file = patient.write(NOTE, category="conditions")
    place.settle()
    follow(place)
    envelope = envelope_of(place, file)
    second.delete(file.address)
    alter(two_kubos[0].block_path(envelope))
    told = {(one.kind, one.what, one.where) for one in auditor_of(place).audit().left}
    assert {
        (Kind.MISSING, "body", second.name), (Kind.ALTERED, "envelope", first.name)
    } <= told  # fmt: skip
    auditor_of(place).audit(repair=True)
    assert not [one for one in auditor_of(place).audit().left if one.what != "waybill"]
    assert patient.open(file) == NOTE
    assert patient.erase(file).own.receipt.is_complete
    assert not any(one.holds(address) for one in stores for address in (file.address, envelope))


def test_all_of_it_works_on_postgresql(
    place: Place, patient: Person, postgres_url: str, twin_of: Callable[[], Place]
) -> None:
    database = Database(postgres_url)
    place.node.database = database
    assert place.node.relayer is not None
    place.node.relayer = build_node(
        chain=place.chain, payer=place.payer, database=database, bodies=bodies_of(place),
        secret=place.node.secret,
    ).relayer  # fmt: skip
    person = place.enrol(patient=True)
    file = person.write(NOTE, category="conditions")
    place.settle()
    follow(place)
    assert auditor_of(place).audit().differences == []
    twin = twin_of()
    write(database, "UPDATE anchors SET sender = '0x11'")
    write(database, "UPDATE digests SET envelope = digest")
    write(database, "UPDATE sheets SET sheet = '\\x00'")
    file_of(place, file.address).unlink()
    with served(web_of(desk_of(twin))) as url:
        report = auditor_of(place, peers=[url]).audit(repair=True)
    assert report.is_clean, report.left
    assert {one.what for one in report.differences} == {"anchor", "list", "key sheet", "body"}
    assert person.open(file) == NOTE
    assert person.erase(file).own.receipt.is_complete
    assert len(Inventory(database).receipts()) == 1


def test_a_key_sheet_that_was_altered_is_opened_from_its_sealed_copy(
    place: Place, patient: Person, file: RecordFile
) -> None:
    write(database_of(place), "UPDATE sheets SET sheet = x'00'")
    assert (Kind.ALTERED, "key sheet") in kinds(auditor_of(place).audit().left)
    assert auditor_of(place).audit(repair=True).is_clean
    assert patient.open(file) == NOTE


def test_a_claim_without_a_record_is_extra(place: Place, file: RecordFile) -> None:
    address = bodies_of(place).put_many([b"somebody's"])[0]
    write(database_of(place), "INSERT INTO claims VALUES (:body, :record)", body=address,
          record=b"r" * 32)  # fmt: skip
    assert kinds(auditor_of(place).audit().left) == {(Kind.EXTRA, "claim")}


def test_the_missing_body_of_a_record_that_its_patient_retracted_counts_as_erased(
    place: Place, patient: Person, file: RecordFile
) -> None:
    patient.retract(file)
    place.settle()
    follow(place)
    file_of(place, file.address).unlink()
    report = auditor_of(place).audit()
    assert report.is_clean, report.left
    assert "1 objects of retracted records are erased" in report.notes


def test_a_strangers_retraction_excuses_nothing(
    place: Place, stranger: Person, file: RecordFile
) -> None:
    stranger.retract(file)
    place.settle()
    follow(place)
    file_of(place, file.address).unlink()
    assert kinds(auditor_of(place).audit().left) == {(Kind.MISSING, "body")}
