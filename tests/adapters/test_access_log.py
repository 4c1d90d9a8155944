"""A custodian's log: each opening once, on disk before anything is answered."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.adapters import access_log
from app.adapters.access_log import SqliteAccessLog
from app.core.errors import StoreFull, TooManyRequests
from app.core.opening import LoggedOpening
from app.core.statements import Revocation, RevocationOfAll
from tests.makers import DOMAINS, make_grant, make_person

KEEP_AND_DIE = """
import os, signal, sys
from pathlib import Path
from app.adapters.access_log import SqliteAccessLog
from app.core.opening import LoggedOpening
log = SqliteAccessLog(Path(sys.argv[1]))
log.keep([LoggedOpening(access=b"a" * 32, patient="0xP", at=5, entry=b"entry")])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def log(tmp_path: Path) -> SqliteAccessLog:
    return SqliteAccessLog(tmp_path / "own" / "log.db")


def kept(
    log: SqliteAccessLog, entry: bytes, *, access: int = 1, patient: str = "0xP", at: int = 5
) -> bool:
    """Log one opening; whether it was new."""
    one = LoggedOpening(access=bytes([access]) * 32, patient=patient, at=at, entry=entry)
    [new] = log.keep([one])
    return new


def test_an_opening_is_logged_once(log: SqliteAccessLog, tmp_path: Path) -> None:
    assert kept(log, b"entry")
    assert not kept(log, b"other")
    assert not kept(SqliteAccessLog(tmp_path / "own" / "log.db"), b"third")
    assert log.entries("0xP") == [(1, b"entry")]


def test_what_was_logged_outlives_a_killed_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KEEP_AND_DIE, str(tmp_path / "log.db")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert SqliteAccessLog(tmp_path / "log.db").entries("0xP") == [(1, b"entry")]


def test_patients_see_their_own_entries_page_by_page(log: SqliteAccessLog) -> None:
    for access, patient in ((1, "0xP"), (2, "0xQ"), (3, "0xP"), (4, "0xP")):
        kept(log, b"%d" % access, access=access, patient=patient)
    assert log.entries("0xP") == [(1, b"1"), (3, b"3"), (4, b"4")]
    assert log.entries("0xP", most=2) == [(1, b"1"), (3, b"3")]
    assert log.entries("0xP", after=3) == [(4, b"4")]
    assert log.entries("0xQ") == [(2, b"2")]
    assert log.entries("0xR") == []


def test_openings_of_many_threads_are_each_logged_once(log: SqliteAccessLog) -> None:
    def keep(number: int) -> bool:
        return kept(log, b"entry", access=number % 50)

    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(keep, range(200)))
    assert new.count(True) == 50
    assert log.counts() == {"open": 50}


@pytest.fixture
def full(tmp_path: Path) -> SqliteAccessLog:
    """A log whose disk has no room left: SQLite itself refuses to grow the file."""
    log = SqliteAccessLog(tmp_path / "log.db")
    size = (tmp_path / "log.db").stat().st_size

    @event.listens_for(log._engine, "connect")
    def _limit(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={size // 4096 + 1}")

    log._engine.dispose()
    return log


def test_a_full_disk_is_told_and_keeps_nothing(full: SqliteAccessLog) -> None:
    with pytest.raises(StoreFull):
        kept(full, bytes(1 << 16))
    assert full.entries("0xP") == []


def test_a_log_says_whether_it_can_be_written(log: SqliteAccessLog, tmp_path: Path) -> None:
    log.require_writable()
    log.require_writable()
    assert log.counts() == {}


def test_a_log_of_the_first_version_is_brought_over(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "log.db")) as old:
        old.execute(
            "CREATE TABLE openings (access BLOB PRIMARY KEY, patient TEXT, at INTEGER, "
            "entry BLOB, handed_in BOOLEAN)"
        )
        rows = [(b"b" * 32, "0xP", 2, b"2", True), (b"a" * 32, "0xP", 1, b"1", False)]
        old.executemany("INSERT INTO openings VALUES (?, ?, ?, ?, ?)", rows)
        old.commit()
    for _ in range(2):
        log = SqliteAccessLog(tmp_path / "log.db")
        assert log.entries("0xP") == [(1, b"1"), (2, b"2")]
        assert log.counts() == {"open": 1, "handed in": 1}


def test_an_opening_is_overdue_until_it_is_handed_in(log: SqliteAccessLog) -> None:
    for at in (10, 20):
        kept(log, b"%d" % at, access=at, at=at)
    assert [entry for _, _, entry in log.overdue(10)] == [b"10"]
    assert [entry for _, _, entry in log.overdue(9)] == []
    log.close(bytes([10]) * 32, "handed in")
    assert [entry for _, _, entry in log.overdue(20)] == [b"20"]
    log.close(bytes([20]) * 32, "anchored")
    assert log.overdue(20) == []
    assert log.counts() == {"handed in": 1, "anchored": 1}


def test_a_revocation_is_remembered_with_all_its_bits(log: SqliteAccessLog, tmp_path: Path) -> None:
    patient = make_person("patient").id
    one = Revocation(patient=patient, word=2**248 - 1, mask=2**255 | 1)
    all_ = RevocationOfAll(patient=patient, tag=2**64 - 1, new_tag=2**63 + 1)
    for statement in (one, all_, one):
        log.hear(statement, DOMAINS.digest(statement))
    reopened = SqliteAccessLog(tmp_path / "own" / "log.db")
    assert sorted(map(repr, reopened.heard(patient))) == sorted(map(repr, [one, all_]))
    assert reopened.heard(make_person("doctor").id) == []


def test_what_the_chain_shows_for_good_is_forgotten(log: SqliteAccessLog) -> None:
    patient = make_person("patient").id
    many = [Revocation(patient=patient, word=word, mask=1) for word in range(3)]
    for statement in many:
        log.hear(statement, DOMAINS.digest(statement))
    assert sorted(digest for digest, _ in log.all_heard()) == sorted(map(DOMAINS.digest, many))
    log.forget([DOMAINS.digest(many[0]), DOMAINS.digest(many[2])])
    assert log.heard(patient) == [many[1]]


def test_nobody_fills_the_disk_with_revocations(
    log: SqliteAccessLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "MOST_HEARD", 2)
    patient, other = make_person("patient").id, make_person("doctor").id
    many = [Revocation(patient=patient, word=word, mask=1) for word in range(3)]
    for statement in many[:2]:
        log.hear(statement, DOMAINS.digest(statement))
    with pytest.raises(TooManyRequests):
        log.hear(many[2], DOMAINS.digest(many[2]))
    theirs = Revocation(patient=other, word=1, mask=1)
    log.hear(theirs, DOMAINS.digest(theirs))
    assert len(log.all_heard()) == 3


def test_other_statements_are_not_for_a_custodians_ears(log: SqliteAccessLog) -> None:
    grant = make_grant(make_person("patient"), make_person("doctor"))
    with pytest.raises(TypeError):
        log.hear(grant, DOMAINS.digest(grant))
