"""What a node keeps for people is found again, and told in a journal that gives the same rows anew."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.adapters.database import Database
from app.adapters.database.fingerprint import fingerprint
from app.adapters.database.schema import KEPT
from app.core.cid import cid_of
from app.core.errors import NotStored
from app.core.signing_in import SignInName
from app.core.statements import AUDIT, RECORDS
from app.core.waybills import NodeSecret, read_waybill
from app.services.batching import Batching
from tests.adapters.database_cases import database, digest, statement, url

__all__ = ["database", "url"]

SECRET = NodeSecret(b"s" * 32)


def keep_sheet(
    database: Database, record: int, version: int, sheet: bytes, signed: int = 0
) -> None:
    database.keep_sheet(
        record=digest(record),
        version=version,
        digest=digest(1000 * record + 10 * version + signed),
        statement={"v": version},
        sheet=sheet,
        sealed=b"sealed " + sheet,
    )


# --- parcels ---


def test_parcels_come_oldest_first_and_once(database: Database) -> None:
    database.deliver("0xA", digest(2), b"two")
    database.accept(statement(1, envelope=b"one", parties=["0xA", "0xB"]))
    database.deliver("0xA", digest(2), b"two")
    two, one = (digest(2), cid_of(b"two"), b"two"), (digest(1), cid_of(b"one"), b"one")
    assert database.parcels_of("0xA") == [two, one]
    assert database.parcels_of("0xB") == [one]
    assert database.parcels_of("0xC") == []


def test_what_is_only_delivered_is_published_with_the_next_batch(database: Database) -> None:
    database.deliver("0xA", digest(2), b"two")
    batch = database.form_batch(RECORDS, 10, Batching(secret=SECRET).make)
    assert batch is not None
    assert b"two" in database.contents_of(batch)


def test_forgetting_a_record_takes_its_parcels_sheets_and_claim(database: Database) -> None:
    for number in (1, 2):
        database.deliver("0xA", digest(number), b"letter %d" % number)
        keep_sheet(database, number, 0, b"sheet %d" % number)
        database.accept(statement(number, body=f"body {number}"))
    database.deliver("0xB", digest(1), b"letter 1")
    assert sorted(database.belongings(digest(1))) == sorted(
        ["body 1", cid_of(b"letter 1"), cid_of(b"sealed sheet 1")]
    )
    database.forget(digest(1))
    assert [one for one, _, _ in database.parcels_of("0xA")] == [digest(2)]
    assert database.parcels_of("0xB") == []
    assert database.belongings(digest(1)) == database.sheets_of(digest(1)) == []
    assert database.sheets_of(digest(2)) == [({"v": 0}, b"sheet 2")]
    batch = database.form_batch(AUDIT, 10, Batching(secret=SECRET).make)
    assert batch is not None
    contents = database.contents_of(batch)
    assert b"letter 2" in contents
    assert not {b"letter 1", b"sealed sheet 1"} & set(contents)


def test_a_body_belongs_to_the_record_that_claimed_it_first(database: Database) -> None:
    for number in (1, 2):
        database.accept(statement(number, body="the body"))
    assert database.belongings(digest(2)) == []
    assert database.belongings(digest(1)) == ["the body"]


# --- sheets, documents, shelves ---


def test_sheets_come_highest_version_first(database: Database) -> None:
    for version in (0, 2, 1):
        keep_sheet(database, 1, version, b"%d" % version)
    assert [sheet for _, sheet in database.sheets_of(digest(1))] == [b"2", b"1", b"0"]


def test_a_sheet_that_is_kept_cannot_be_replaced(database: Database) -> None:
    keep_sheet(database, 1, 0, b"first")
    keep_sheet(database, 1, 0, b"second")
    assert database.sheets_of(digest(1)) == [({"v": 0}, b"first")]
    assert told(database)[-1][-1] == cid_of(b"sealed first")


def test_the_shelf_keeps_the_newest_of_each_kind(database: Database, url: str) -> None:
    database.put_on_shelf("0xA", "lock", b"old")
    database.put_on_shelf("0xA", "lock", b"new")
    database.put_on_shelf("0xB", "lock", b"other")
    assert Database(url).from_shelf("0xA", "lock") == b"new"
    with pytest.raises(NotStored):
        database.from_shelf("0xA", "key")


def test_of_things_shelved_at_once_the_last_one_told_is_the_one_kept(
    database: Database,
) -> None:
    for person in ("0xA", "0xB", "0xC"):
        with ThreadPoolExecutor(4) as threads:
            contents = [b"%d" % n for n in range(4)]
            list(
                threads.map(
                    lambda one, who=person: database.put_on_shelf(who, "lock", one), contents
                )
            )
        last = [entry for entry in told(database) if entry[1] == person][-1]
        assert database.from_shelf(person, "lock") == bytes.fromhex(last[3])


def test_documents_are_found_by_their_hash(database: Database) -> None:
    database.keep_document(digest(1), b"document")
    database.keep_document(digest(1), b"document")
    assert database.document(digest(1)) == b"document"
    with pytest.raises(NotStored):
        database.document(digest(2))


# --- the journal ---


def told(database: Database) -> list[list[Any]]:
    """What waybills tell of everything that was kept so far, in their order; nothing twice."""
    batching = Batching(secret=SECRET)
    found: list[tuple[tuple[int, int], list[Any]]] = []
    batch = database.form_batch(AUDIT, 1000, batching.make)
    while batch is not None:
        bills = [content for content in database.contents_of(batch) if content[:3] == b"CKW"]
        found += [read_waybill(SECRET.open(bill)) for bill in bills]
        database.mark_published(batch)
        batch = database.form_batch(AUDIT, 1000, batching.make)
    return [entry for _, entries in sorted(found, key=lambda one: one[0]) for entry in entries]


def live(database: Database) -> dict[str, bytes]:
    """A busy day: everything that is kept, changed and forgotten; sheets by their addresses."""
    sheets: dict[str, bytes] = {}
    for number in range(40):
        envelope = b"letter %d" % number
        parties = [f"0x{number % 5}", f"0x{number % 3}"]
        database.accept(
            statement(number, envelope=envelope, parties=parties, body=f"body {number % 30}")
        )
        database.deliver(f"0x{number % 4}", digest(number), envelope + b" again")
        for version in range(number % 3):
            sheet = b"sheet %d %d" % (number, version)
            keep_sheet(database, number, version, sheet)
            sheets[cid_of(b"sealed " + sheet)] = sheet
        content = b"document %d" % (number % 7)
        database.keep_document(sha256(content).digest(), content)
        database.put_on_shelf(f"0x{number % 5}", ("lock", "keys")[number % 2], b"%d" % number)
        name = SignInName(
            name=f"name-{number % 9}", person=f"0x{number % 9}", ticket=digest(number)
        )
        database.keep_name(name)
        database.keep_introduction(f"0x{number % 7}", f"doctor {number}", number, {"n": number})
        if number % 6 == 5:
            database.forget(digest(number - 2))
    database.deliver("0x0", digest(3), b"after it was forgotten")
    return sheets


def differing(one: Database, other: Database) -> Iterable[str]:
    """The kept tables in which two databases differ."""
    kept = {table.name for table in KEPT}
    return kept & set(fingerprint(one._engine).differences(fingerprint(other._engine)))


def test_replayed_in_order_the_journal_gives_the_same_rows(
    database: Database, tmp_path: Path
) -> None:
    sheets = live(database)
    entries = told(database)
    copy = Database(f"sqlite:///{tmp_path / 'copy.db'}")
    copy.restore(entries, sheets)
    assert set(differing(database, copy)) == set()
    assert sorted(copy.belongings(digest(39))) == sorted(database.belongings(digest(39)))
    for person in ("0x0", "0x4"):
        rows = [[(d, a) for d, a, _ in one.parcels_of(person)] for one in (database, copy)]
        assert rows[0] == rows[1]
    copy.restore(entries, sheets)
    assert set(differing(database, copy)) == set()


def test_a_sheet_that_the_store_lost_is_missed_alone(database: Database, tmp_path: Path) -> None:
    sheets = live(database)
    lost = next(iter(sheets))
    copy = Database(f"sqlite:///{tmp_path / 'copy.db'}")
    copy.restore(told(database), {a: s for a, s in sheets.items() if a != lost})
    assert set(differing(database, copy)) == {"sheets"}


def test_an_entry_of_a_later_version_stops_a_rebuild_and_leaves_nothing(
    database: Database,
) -> None:
    with pytest.raises(ValueError, match="later"):
        database.restore([["shelf", "0xA", "lock", "00"], ["hologram", "x"]], {})
    with pytest.raises(NotStored):
        database.from_shelf("0xA", "lock")
