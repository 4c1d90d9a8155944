"""A custodian's log: each opening once, on disk before anything is answered."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.adapters.access_log import SqliteAccessLog
from app.core.statements import Revocation, RevocationOfAll
from tests.makers import DOMAINS, make_grant, make_person

KEEP_AND_DIE = """
import os, signal, sys
from pathlib import Path
from app.adapters.access_log import SqliteAccessLog
log = SqliteAccessLog(Path(sys.argv[1]))
log.keep(access=b"a" * 32, patient="0xP", at=5, entry=b"entry")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def log(tmp_path: Path) -> SqliteAccessLog:
    return SqliteAccessLog(tmp_path / "own" / "log.db")


def test_an_opening_is_logged_once(log: SqliteAccessLog, tmp_path: Path) -> None:
    assert log.keep(access=b"a" * 32, patient="0xP", at=5, entry=b"entry")
    assert not log.keep(access=b"a" * 32, patient="0xP", at=6, entry=b"other")
    assert not SqliteAccessLog(tmp_path / "own" / "log.db").keep(
        access=b"a" * 32, patient="0xP", at=7, entry=b"third"
    )
    assert log.entries("0xP") == [b"entry"]


def test_what_was_logged_outlives_a_killed_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KEEP_AND_DIE, str(tmp_path / "log.db")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert SqliteAccessLog(tmp_path / "log.db").entries("0xP") == [b"entry"]


def test_patients_see_their_own_entries_oldest_first(log: SqliteAccessLog) -> None:
    for access, patient, at in ((1, "0xP", 9), (2, "0xQ", 5), (3, "0xP", 3)):
        log.keep(access=bytes([access]) * 32, patient=patient, at=at, entry=b"%d" % access)
    assert log.entries("0xP") == [b"3", b"1"]
    assert log.entries("0xQ") == [b"2"]
    assert log.entries("0xR") == []


def test_an_opening_is_overdue_until_it_is_handed_in(log: SqliteAccessLog) -> None:
    for at in (10, 20):
        log.keep(access=bytes([at]) * 32, patient="0xP", at=at, entry=b"%d" % at)
    assert [entry for _, _, entry in log.overdue(10)] == [b"10"]
    assert [entry for _, _, entry in log.overdue(9)] == []
    log.close(bytes([10]) * 32)
    assert [entry for _, _, entry in log.overdue(20)] == [b"20"]


def test_a_revocation_is_remembered_with_all_its_bits(log: SqliteAccessLog, tmp_path: Path) -> None:
    patient = make_person("patient").id
    one = Revocation(patient=patient, word=2**248 - 1, mask=2**255 | 1)
    all_ = RevocationOfAll(patient=patient, tag=2**64 - 1, new_tag=2**63 + 1)
    for statement in (one, all_, one):
        log.hear(statement, DOMAINS.digest(statement))
    reopened = SqliteAccessLog(tmp_path / "own" / "log.db")
    assert sorted(map(repr, reopened.heard(patient))) == sorted(map(repr, [one, all_]))
    assert reopened.heard(make_person("doctor").id) == []


def test_other_statements_are_not_for_a_custodians_ears(log: SqliteAccessLog) -> None:
    grant = make_grant(make_person("patient"), make_person("doctor"))
    with pytest.raises(TypeError):
        log.hear(grant, DOMAINS.digest(grant))
