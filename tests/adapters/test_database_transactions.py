"""Nonces are given out once, with what is signed under them; what became of each is kept in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.adapters.database import Database
from app.core.relaying import ACCEPTED, DONE, SENT, TAKES_BACK, Attempt
from app.core.statements import AUDIT
from tests.adapters.database_cases import (
    PAYER,
    allocate,
    call,
    cargo,
    database,
    digest,
    signing,
    simple,
    statement,
    url,
)
from tests.adapters.database_others import allocate_many
from tests.faults.site import GENEROUS
from tests.forks import fork

__all__ = ["database", "url"]

HASH = b"h" * 32


def formed(database: Database, number: int = 1) -> int:
    """A batch with one digest, published."""
    database.accept(statement(number))
    batch = database.form_batch(AUDIT, 10, simple)
    assert batch is not None
    database.mark_published(batch)
    return batch


def nonces(database: Database) -> list[int]:
    return [transaction.nonce for transaction in database.under_way(PAYER)]


# --- nonces ---


def test_nonces_follow_each_other_and_never_fall_behind_the_chain(database: Database) -> None:
    for least in (5, 0, 5, 20, 6):
        assert allocate(database, least) is not None
    assert nonces(database) == [5, 6, 7, 20, 21]


def test_each_payer_has_nonces_of_its_own(database: Database) -> None:
    allocate(database, 5)
    other = "0x" + "cc" * 20
    database.allocate(other, 0, cargo(), signing())
    assert [transaction.nonce for transaction in database.under_way(other)] == [0]
    assert nonces(database) == [5]


def test_threads_and_processes_that_allocate_at_once_never_share_a_nonce(
    database: Database, url: str
) -> None:
    others = [fork(allocate_many, url, 15) for _ in range(2)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: allocate_many(url, 5), range(4)))
    for other in others:
        other.join(GENEROUS)
        assert other.exitcode == 0
    assert nonces(database) == list(range(50))


def test_a_nonce_is_not_used_up_where_signing_fails(database: Database) -> None:
    def fail(_: int) -> Attempt:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        database.allocate(PAYER, 3, cargo(), fail)
    allocate(database, 3)
    assert nonces(database) == [3]


def test_a_batch_or_a_call_is_carried_by_one_transaction_alone(database: Database) -> None:
    batch = formed(database)
    database.accept_all([call(7), call(8)])
    first, second = (one.id for one in database.waiting_calls())
    assert allocate(database, batch=batch) is not None
    assert allocate(database, batch=batch) is None
    assert allocate(database, calls=[first]) is not None
    assert allocate(database, calls=[first, second]) is None
    assert allocate(database, calls=[second], urgent=True) is not None
    assert nonces(database) == [0, 1, 2]
    carried = [(one.cargo.batch, list(one.cargo.calls)) for one in database.under_way(PAYER)]
    assert carried == [(batch, []), (None, [first]), (None, [second])]
    assert [one.cargo.urgent for one in database.under_way(PAYER)] == [False, False, True]
    assert database.unsent_batches() == []
    assert database.waiting_calls() == []


def test_many_who_want_to_send_one_batch_send_it_once(database: Database, url: str) -> None:
    batch = formed(database)
    with ThreadPoolExecutor(6) as threads:
        given = list(
            threads.map(lambda _: allocate(Database(url), batch=batch), range(6), timeout=300)
        )
    assert len([one for one in given if one is not None]) == 1


# --- attempts ---


def test_a_replacement_is_kept_once_and_the_dearest_comes_last(database: Database) -> None:
    allocate(database)
    (seen,) = database.under_way(PAYER)
    dear = signing(price=10**30)(seen.nonce)  # wei outgrow 64 bits
    assert database.replace_attempt(seen, dear)
    assert not database.replace_attempt(seen, signing(price=30)(seen.nonce))
    (now,) = database.under_way(PAYER)
    assert [attempt.max_fee for attempt in now.attempts] == [10, 10**30]
    assert now.attempts[-1] == dear
    assert database.replace_attempt(now, replace(dear, hash=HASH, max_fee=10**31))


# --- what became of it ---


def test_an_anchor_in_a_block_proves_its_digests_until_the_block_is_taken_back(
    database: Database,
) -> None:
    batch = formed(database)
    id_ = allocate(database, batch=batch)
    assert id_ is not None
    assert database.anchored_batch(digest(1)) is None
    database.note_mined(id_, 77, HASH)
    found = database.anchored_batch(digest(1))
    assert found == (database.batch(batch).root, database.batch(batch).manifest)
    assert database.state_of(digest(1)) == "anchored"
    assert list(database.standing()) == [(id_, 77, HASH)]
    assert database.under_way(PAYER) == database.open_batches() == []
    database.note_reopened(id_)
    assert database.anchored_batch(digest(1)) is None
    assert database.state_of(digest(1)) == ACCEPTED
    assert list(database.standing()) == []
    (again,) = database.under_way(PAYER)
    assert (again.id, again.cargo.batch, len(again.attempts)) == (id_, batch, 1)
    assert database.unsent_batches() == []  # the same bytes go out again, not others


def test_calls_are_done_with_their_transaction_and_undone_with_it(database: Database) -> None:
    database.accept(call(1, rank=TAKES_BACK))
    (waiting,) = database.waiting_calls()
    id_ = allocate(database, calls=[waiting.id])
    assert id_ is not None
    assert database.state_of(digest(1)) == SENT
    database.note_mined(id_, 5, HASH)
    assert database.state_of(digest(1)) == DONE
    database.note_reopened(id_)
    assert database.state_of(digest(1)) == SENT
    assert [one.id for one in database.calls_of(id_)] == [waiting.id]
    database.note_mined(id_, 6, HASH)
    database.send_again([waiting.id])
    assert [one.id for one in database.waiting_calls()] == [waiting.id]
    database.note_reopened(id_)  # that call is no longer its business
    assert database.state_of(digest(1)) == ACCEPTED


@pytest.mark.parametrize("way", ["failed", "lost"])
def test_what_a_transaction_did_not_bring_about_waits_for_another(
    way: str, database: Database
) -> None:
    batch = formed(database)
    database.accept(call(2))
    (waiting,) = database.waiting_calls()
    ids = [allocate(database, batch=batch), allocate(database, calls=[waiting.id])]
    for id_ in ids:
        assert id_ is not None
        if way == "failed":
            database.note_failed(id_, 9, HASH)
        else:
            database.note_lost(id_)
    assert database.under_way(PAYER) == []
    assert [one.id for one in database.unsent_batches()] == [batch]
    assert [one.id for one in database.waiting_calls()] == [waiting.id]
    assert allocate(database, batch=batch) is not None
    assert nonces(database) == [2]  # a nonce that was used is not used again


def test_a_failed_transaction_whose_block_is_taken_back_carries_nothing_any_more(
    database: Database,
) -> None:
    """It may be mined again: its nonce is watched, but its batch has another transaction."""
    batch = formed(database)
    first = allocate(database, batch=batch)
    assert first is not None
    database.note_failed(first, 9, HASH)
    second = allocate(database, batch=batch)
    assert second is not None
    database.note_reopened(first)
    assert [one.cargo.batch for one in database.under_way(PAYER)] == [None, batch]
    database.note_mined(second, 10, HASH)
    assert database.anchored_batch(digest(1)) is not None


def test_what_is_deep_enough_is_final_and_its_bytes_are_dropped(database: Database) -> None:
    ids = [allocate(database) for _ in range(3)]
    for block, id_ in enumerate(ids, start=10):
        assert id_ is not None
        database.note_mined(id_, block, HASH)
    assert database.note_final(9) == 0
    assert database.note_final(11) == 2
    assert [id_ for id_, _, _ in database.standing()] == [ids[2]]
    with database._engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM attempts").scalar_one()
    assert left == 1
    assert allocate(database) is not None
    assert nonces(database) == [3]


def test_there_is_work_until_everything_is_seen_in_a_block(database: Database) -> None:
    assert not database.has_work()
    database.accept(call(7))
    assert database.has_work()
    database.close_calls([one.id for one in database.waiting_calls()], DONE)
    assert not database.has_work()
    database.accept(statement(8))
    assert database.has_work()
    transaction = allocate(database, batch=formed(database))
    assert transaction is not None
    assert database.has_work()
    database.note_mined(transaction, 1, HASH)
    assert not database.has_work()
    database.note_reopened(transaction)
    assert database.has_work()
