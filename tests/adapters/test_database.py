"""A node's database: what is accepted is kept once, in order, and batches hold it together."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.adapters.database import Database, outbox
from app.core.encoding import ZERO32
from app.core.errors import NotStored, StoreFull

BOOK, OTHER = "RecordRegistry", "ConsentRegistry"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'node.db'}")


def again(tmp_path: Path) -> Database:
    """Another process opens the same file."""
    return Database(f"sqlite:///{tmp_path / 'node.db'}")


def digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


def accept(database: Database, number: int, judge: str = BOOK) -> bool:
    return database.accept(digest=digest(number), judge=judge, envelope=ZERO32, parcels_to=[])


def test_the_file_keeps_a_write_ahead_log_and_syncs(database: Database, tmp_path: Path) -> None:
    assert sqlite3.connect(tmp_path / "node.db").execute("PRAGMA journal_mode").fetchone() == (
        "wal",
    )
    with database._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_digest_is_accepted_once(database: Database, tmp_path: Path) -> None:
    assert accept(database, 1)
    assert not accept(database, 1)
    assert not accept(again(tmp_path), 1)
    assert [row.digest for row in database.waiting(BOOK, 10)] == [digest(1)]


def test_books_are_apart_and_the_oldest_come_first(database: Database) -> None:
    for number in (5, 3, 4):
        accept(database, number)
    accept(database, 9, OTHER)
    assert [row.digest for row in database.waiting(BOOK, 2)] == [digest(5), digest(3)]
    assert [row.digest for row in database.waiting(OTHER, 2)] == [digest(9)]


def test_what_a_batch_took_waits_no_more(database: Database, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        accept(database, number)
    database.form_batch(BOOK, b"r" * 32, b"manifest", [digest(1), digest(2)])
    other = again(tmp_path)
    assert [row.digest for row in other.waiting(BOOK, 10)] == [digest(3)]
    (batch,) = other.open_batches()
    assert (batch.judge, batch.root, batch.manifest) == (BOOK, b"r" * 32, b"manifest")
    assert other.anchored_batch(digest(1)) is None


def test_a_closed_batch_proves_its_digests_alone(database: Database) -> None:
    for number in (1, 2):
        accept(database, number)
    database.form_batch(BOOK, b"r" * 32, b"manifest", [digest(1)])
    database.close_batch(database.open_batches()[0].id, 77)
    assert database.open_batches() == []
    assert database.anchored_batch(digest(1)) == (b"r" * 32, b"manifest")
    assert database.anchored_batch(digest(2)) is None
    assert database.anchored_batch(digest(3)) is None


def test_a_full_batch_is_formed_in_one_go(database: Database) -> None:
    row = {"judge": BOOK, "envelope": ZERO32, "accepted_at": 0}
    with database._engine.begin() as connection:
        connection.execute(
            outbox.insert(), [row | {"digest": digest(number)} for number in range(1024)]
        )
    database.form_batch(BOOK, b"r" * 32, b"m", [digest(number) for number in range(1024)])
    assert database.waiting(BOOK, 10) == []


def test_calls_are_kept_in_order_until_they_are_closed(database: Database, tmp_path: Path) -> None:
    for number in (2, 1, 3):
        assert database.accept_call(digest=digest(number), statement=f"s{number}", parcels_to=[])
    assert not database.accept_call(digest=digest(1), statement="s1", parcels_to=[])
    rows = again(tmp_path).waiting_calls()
    assert [text for _, text in rows] == ["s2", "s1", "s3"]
    database.close_call(rows[0][0], "done")
    database.close_call(rows[2][0], "refused")
    assert [text for _, text in again(tmp_path).waiting_calls()] == ["s1"]


def test_parcels_come_oldest_first_and_once(database: Database) -> None:
    database.deliver("0xA", digest(2), "two")
    database.accept(
        digest=digest(1), judge=BOOK, envelope=ZERO32, parcels_to=[("0xA", "one"), ("0xB", "one")]
    )
    database.deliver("0xA", digest(2), "two")
    assert database.parcels_of("0xA") == [(digest(2), "two"), (digest(1), "one")]
    assert database.parcels_of("0xB") == [(digest(1), "one")]
    assert database.parcels_of("0xC") == []


def keep_sheet(
    database: Database, record: int, version: int, sheet: bytes, signed: int = 0
) -> None:
    database.keep_sheet(
        record=digest(record),
        version=version,
        digest=digest(1000 * record + 10 * version + signed),
        statement={"v": version},
        sheet=sheet,
    )


def test_forgetting_a_record_takes_its_parcels_and_sheets(database: Database) -> None:
    for number in (1, 2):
        database.deliver("0xA", digest(number), f"letter {number}")
        keep_sheet(database, number, 0, b"sheet")
    database.deliver("0xB", digest(1), "letter 1")
    assert database.belongings(digest(1)) == ["letter 1"]
    database.forget(digest(1))
    assert database.parcels_of("0xA") == [(digest(2), "letter 2")]
    assert database.parcels_of("0xB") == []
    assert database.belongings(digest(1)) == database.sheets_of(digest(1)) == []
    assert database.sheets_of(digest(2)) == [({"v": 0}, b"sheet")]


def test_a_body_belongs_to_the_record_that_claimed_it_first(database: Database) -> None:
    for number in (1, 2):
        database.accept(
            digest=digest(number), judge=BOOK, envelope=ZERO32, parcels_to=[], body="the body"
        )
    assert database.belongings(digest(2)) == []
    assert database.belongings(digest(1)) == ["the body"]


def test_sheets_come_highest_version_first(database: Database) -> None:
    for version in (0, 2, 1):
        keep_sheet(database, 1, version, b"%d" % version)
    assert [sheet for _, sheet in database.sheets_of(digest(1))] == [b"2", b"1", b"0"]


def test_a_sheet_that_is_kept_cannot_be_replaced(database: Database) -> None:
    keep_sheet(database, 1, 0, b"first")
    keep_sheet(database, 1, 0, b"second")
    assert (database.sheets_of(digest(1))) == [({"v": 0}, b"first")]


def test_the_shelf_keeps_the_newest_of_each_kind(database: Database, tmp_path: Path) -> None:
    database.put_on_shelf("0xA", "lock", b"old")
    database.put_on_shelf("0xA", "lock", b"new")
    database.put_on_shelf("0xB", "lock", b"other")
    assert again(tmp_path).from_shelf("0xA", "lock") == b"new"
    with pytest.raises(NotStored):
        database.from_shelf("0xA", "key")


def test_documents_are_found_by_their_hash(database: Database) -> None:
    database.keep_document(digest(1), b"document")
    database.keep_document(digest(1), b"document")
    assert database.document(digest(1)) == b"document"
    with pytest.raises(NotStored):
        database.document(digest(2))


def test_a_full_disk_is_told_and_nothing_is_half_kept(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'node.db'}")
    with database._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(StoreFull):
        database.keep_document(b"h" * 32, bytes(1 << 20))
    with pytest.raises(NotStored):
        database.document(b"h" * 32)
