"""A node's database: what is accepted is kept once, in order, and batches hold it together."""

from __future__ import annotations

import socketserver
import sqlite3
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from app.adapters.database import Database, outbox
from app.adapters.database.bulk import insert_fast
from app.adapters.database.engine import writing
from app.adapters.database.schema import journal
from app.core.cid import cid_of
from app.core.encoding import ZERO32
from app.core.errors import DatabaseUnreachable, NotStored, StoreFull
from app.core.relaying import ACCEPTED, DONE, REFUSED, ROTATES, TAKES_BACK, Made, Waiting
from app.core.statements import AUDIT, CONSENT
from app.core.waybills import Entry
from tests.adapters.database_cases import (
    call,
    database,
    digest,
    digests_of,
    simple,
    statement,
    url,
)
from tests.adapters.database_others import accept_range, form_until_none, spend
from tests.faults.site import GENEROUS
from tests.forks import fork

__all__ = ["database", "url"]

A_DAY = 24 * 3600


def manifests(database: Database) -> list[list[bytes]]:
    """The digests of each batch, in order of the batches."""
    return [digests_of(batch.manifest) for batch in database.open_batches()]


def test_sqlite_keeps_a_write_ahead_log_and_syncs(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'node.db'}")
    file = sqlite3.connect(tmp_path / "node.db")
    assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with database._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


# --- accepting ---


def test_a_digest_is_accepted_once_and_found_by_another_process(
    database: Database, url: str
) -> None:
    for taker in (database, database, Database(url)):
        assert taker.accept(statement(1))
    assert Database(url).waiting(AUDIT, 10)[0] == 1
    assert database.state_of(digest(1)) == ACCEPTED
    assert database.state_of(digest(2)) == ""


def test_many_threads_and_processes_that_accept_the_same_keep_it_once(
    database: Database, url: str
) -> None:
    others = [fork(accept_range, url, 0, 120, step) for step in (1, -1)]
    with ThreadPoolExecutor(8) as threads:
        accepted = list(threads.map(database.accept, [statement(n) for n in range(120)] * 2))
    for other in others:
        other.join(GENEROUS)
        assert other.exitcode == 0
    assert all(accepted)
    database.form_batch(AUDIT, 1000, simple)
    assert manifests(database) == [[digest(n) for n in range(120)]]


def test_books_are_apart_and_the_oldest_come_first(database: Database) -> None:
    for number in (5, 3, 4):
        database.accept(statement(number))
    database.accept(statement(9, judge=CONSENT))
    seen: list[bytes] = []

    def look(waiting: Sequence[Waiting], _: Sequence[Entry]) -> Made | None:
        seen.extend(row.digest for row in waiting)
        return None

    assert database.form_batch(AUDIT, 2, look) is None
    assert seen == [digest(5), digest(3)]
    assert [database.waiting(judge, 10)[0] for judge in (AUDIT, CONSENT)] == [3, 1]
    assert database.waiting(AUDIT, 2)[0] == 2
    assert manifests(database) == []


def test_an_envelope_is_kept_until_its_batch_is_published_and_goes_to_its_parties(
    database: Database,
) -> None:
    database.accept(statement(1, envelope=b"letter", parties=["0xA", "0xB", "0xA"]))
    assert database.parcels_of("0xA") == [(digest(1), cid_of(b"letter"), b"letter")]
    batch = database.form_batch(AUDIT, 10, simple)
    assert batch is not None
    assert database.contents_of(batch) == [b"letter"]
    assert [one.id for one in database.unpublished_batches()] == [batch]
    assert database.unsent_batches() == []
    database.mark_published(batch)
    assert database.contents_of(batch) == []
    assert database.unpublished_batches() == []
    assert [one.id for one in database.unsent_batches()] == [batch]
    assert database.parcels_of("0xB") == [(digest(1), cid_of(b"letter"), None)]


def test_the_manifest_names_the_hash_of_an_envelope_and_zero_for_none(database: Database) -> None:
    seen: dict[bytes, bytes] = {}

    def look(waiting: Sequence[Waiting], _: Sequence[Entry]) -> None:
        seen.update({row.digest: row.envelope for row in waiting})

    database.accept(statement(1, envelope=b"letter"))
    database.accept(statement(2))
    database.form_batch(AUDIT, 10, look)
    assert seen == {digest(1): sha256(b"letter").digest(), digest(2): ZERO32}


# --- quotas ---


@pytest.fixture
def limited(database: Database) -> Database:
    """A database that takes ten a day from each person."""
    database.quota = 10
    return database


def test_a_person_may_spend_exactly_the_quota_and_nothing_above(limited: Database) -> None:
    assert limited.accept(statement(1, account="0xA", cost=4))
    assert limited.accept(statement(2, account="0xA", cost=6))
    assert not limited.accept(statement(3, account="0xA", cost=1))
    assert limited.accept(statement(4, account="0xB", cost=10))
    assert limited.state_of(digest(3)) == ""


def test_what_is_refused_leaves_room_for_what_still_fits(limited: Database) -> None:
    costs = [6, 5, 4, 1]
    many = [statement(n, account="0xA", cost=cost) for n, cost in enumerate(costs)]
    assert limited.accept_all(many) == [True, False, True, False]


def test_what_is_known_costs_nothing_and_what_was_refused_may_come_again(
    limited: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        assert limited.accept(statement(1, account="0xA", cost=10))
    assert limited.accept_all([statement(1, account="0xA", cost=10)] * 3) == [True] * 3
    assert not limited.accept(statement(2, account="0xA", cost=1))
    tomorrow = time.time() + A_DAY
    monkeypatch.setattr(outbox, "time", SimpleNamespace(time=lambda: tomorrow))
    assert limited.accept(statement(2, account="0xA", cost=10))
    assert not limited.accept(statement(3, account="0xA", cost=1))


def test_what_a_custodian_hands_in_costs_nobody_anything(limited: Database) -> None:
    assert limited.accept_all([statement(n) for n in range(20)]) == [True] * 20


def test_processes_together_take_no_more_than_the_quota(database: Database, url: str) -> None:
    others = [fork(spend, url, first, 20, 25) for first in (0, 100, 200)]
    for other in others:
        other.join(GENEROUS)
        assert other.exitcode == 0
    assert database.waiting(AUDIT, 1000)[0] == 25


# --- calls ---


def test_calls_come_by_rank_and_then_in_order_until_they_are_closed(database: Database) -> None:
    for number, rank in ((2, 1), (1, ROTATES), (3, TAKES_BACK), (4, 1)):
        database.accept(call(number, rank=rank))
        database.accept(call(number, rank=rank))
    waiting = database.waiting_calls()
    assert [one.digest for one in waiting] == [digest(n) for n in (3, 2, 4, 1)]
    database.close_calls([waiting[0].id], DONE)
    database.close_calls([waiting[1].id], REFUSED)
    assert [one.digest for one in database.calls_under_way()] == [digest(4), digest(1)]
    assert [database.state_of(digest(n)) for n in (3, 2, 4)] == [DONE, REFUSED, ACCEPTED]


def test_what_a_new_key_signed_waits_until_the_key_is_in_place(database: Database) -> None:
    database.accept(call(1, rank=ROTATES))
    (rotation,) = database.waiting_calls()
    database.accept(statement(2, after=rotation.id))
    assert database.waiting(AUDIT, 10)[0] == 0
    assert database.form_batch(AUDIT, 10, simple) is None
    assert not database.is_waiting_from_before(int(time.time()) + 1)
    database.close_calls([rotation.id], DONE)
    assert database.waiting(AUDIT, 10)[0] == 1


# --- batches ---


def test_what_a_batch_took_waits_no_more(database: Database, url: str) -> None:
    for number in (1, 2, 3):
        database.accept(statement(number))
    formed = database.form_batch(AUDIT, 2, simple)
    other = Database(url)
    assert other.waiting(AUDIT, 10)[0] == 1
    (batch,) = other.open_batches()
    assert (batch.id, batch.judge, batch.size) == (formed, AUDIT, 2)
    assert digests_of(batch.manifest) == [digest(1), digest(2)]
    assert other.anchored_batch(digest(1)) is None
    assert other.form_batch(AUDIT, 2, simple) is not None
    assert other.form_batch(AUDIT, 2, simple) is None


def test_batches_formed_by_many_at_once_hold_everything_once(database: Database, url: str) -> None:
    database.accept_all([statement(n) for n in range(60)])
    others = [fork(form_until_none, url) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        done = threads.submit(form_until_none, url)
        for number in range(60, 160):
            database.accept(statement(number))
        done.result()
    for other in others:
        other.join(GENEROUS)
        assert other.exitcode == 0
    form_until_none(url)
    held = [one for batch in manifests(database) for one in batch]
    assert sorted(held) == [digest(n) for n in range(160)]


def test_a_batch_larger_than_one_question_may_be_is_bound_as_a_whole(database: Database) -> None:
    database.accept_all([statement(n) for n in range(1234)])
    database.form_batch(AUDIT, 2000, simple)
    assert [len(batch) for batch in manifests(database)] == [1234]
    assert database.waiting(AUDIT, 10)[0] == 0


def test_nothing_is_bound_where_making_the_batch_fails(database: Database) -> None:
    database.accept(statement(1))

    def fail(*_: object) -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        database.form_batch(AUDIT, 10, fail)
    assert database.waiting(AUDIT, 10)[0] == 1
    assert database.open_batches() == []


def test_an_entry_that_is_committed_while_a_batch_is_formed_is_told_in_the_next(
    postgres_url: str,
) -> None:
    """Its number was given out before those that the batch tells. (SQLite never has two writers.)"""
    database, told = Database(postgres_url), list[str]()
    late = writing(database._engine)
    late.__enter__().execute(journal.insert().values(entry='["late"]', written_at=1))
    database.put_on_shelf("0xA", "lock", b"1")

    def tell(_: Sequence[Waiting], entries: Sequence[Entry]) -> Made:
        if not told:
            late.__exit__(None, None, None)
        told.extend(entry.text for entry in entries)
        return Made(root=b"r" * 32, manifest=b"m")

    for count in (1, 2):
        batch = database.form_batch(AUDIT, 10, tell)
        assert batch is not None
        database.mark_published(batch)
        assert len(told) == count
    assert told[1] == '["late"]'


def test_a_long_journal_is_told_in_several_batches_of_one_block_each(database: Database) -> None:
    with writing(database._engine) as connection:
        rows = [[f'["entry",{n}]', 1] for n in range(9000)]
        insert_fast(connection, journal, ["entry", "written_at"], rows)
    counts: list[int] = []

    def make(_: Sequence[Waiting], entries: Sequence[Entry]) -> Made | None:
        counts.append(len(entries))
        return Made(root=b"r" * 32, manifest=b"m") if entries else None

    while database.form_batch(AUDIT, 10, make) is not None:
        pass
    assert sum(counts) == 9000
    assert max(counts) <= 4000


# --- stores that fail ---


def test_a_full_disk_is_told_and_nothing_is_half_kept(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'node.db'}")
    with database._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(StoreFull):
        database.keep_document(b"h" * 32, bytes(1 << 20))
    with pytest.raises(NotStored):
        database.document(b"h" * 32)


@pytest.mark.parametrize(
    "address", ["postgresql+pg8000://user:word@127.0.0.1:9/none", "sqlite:////no/such/folder/no.db"]
)
def test_a_database_that_is_not_there_is_told_without_its_address(address: str) -> None:
    with pytest.raises(DatabaseUnreachable) as told:
        Database(address)
    assert not any(word in str(told.value) for word in ("127", "word", "folder"))


class Echo(socketserver.BaseRequestHandler):
    """Says what it hears, as a connection does that met itself."""

    def handle(self) -> None:
        while heard := self.request.recv(1024):
            self.request.sendall(heard)


def test_what_is_no_database_is_told_as_one_that_is_not_there() -> None:
    with serving_tcp(Echo) as port, pytest.raises(DatabaseUnreachable):
        Database(f"postgresql+pg8000://user:word@127.0.0.1:{port}/none")


@contextmanager
def serving_tcp(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """The port of a server that lasts as long as this."""
    with socketserver.TCPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
