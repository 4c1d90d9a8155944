"""Sessions, names, introductions, letters by number and uploads, on SQLite and on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.adapters.database import Database
from app.adapters.database.dump import TABLES
from app.adapters.database.schema import PASSING, sessions
from app.core.cid import cid_of
from app.core.errors import NameTaken, NotStored, SignInNeeded, StorageSpent, TooManyRequests
from app.core.signing_in import SignInName, WebSession
from app.core.statements import AUDIT, RECORDS
from app.core.uploading import MOST_OPEN, Upload
from tests.adapters.database_cases import database, digest, statement, url

__all__ = ["database", "url"]

SESSION = WebSession(
    id=digest(1),
    person="0xA",
    signer="0xB",
    browser="a test",
    began_at=10,
    seen_at=10,
    expires_at=100,
)
UPLOAD = Upload(id="ab" * 16, person="0xA", size=100, began_at=10)


# who is signed in


def test_a_challenge_is_taken_once_and_in_time(database: Database) -> None:
    database.keep_challenge(digest(1), digest(2), 100, 10)
    database.keep_challenge(digest(3), digest(4), 100, 10)
    assert database.take_challenge(digest(1), 99) == digest(2)
    assert database.take_challenge(digest(1), 99) is None
    assert database.take_challenge(digest(3), 100) is None
    assert database.take_challenge(digest(9), 10) is None


def test_of_many_who_take_a_challenge_at_once_one_gets_it(database: Database) -> None:
    database.keep_challenge(digest(1), digest(2), 100, 10)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: database.take_challenge(digest(1), 20), range(8)))
    assert (taken.count(digest(2)), taken.count(None)) == (1, 7)


def test_challenges_that_expired_are_forgotten(database: Database) -> None:
    database.keep_challenge(digest(1), digest(2), 100, 10)
    database.keep_challenge(digest(3), digest(4), 200, 100)
    assert database.take_challenge(digest(1), 20) is None


def test_a_session_is_found_seen_and_ended(database: Database) -> None:
    database.begin_session(SESSION)
    database.see_session(SESSION.id, 50)
    assert database.session(SESSION.id) == replace(SESSION, seen_at=50)
    other = replace(SESSION, id=digest(2), seen_at=60)
    database.begin_session(other)
    assert [one.id for one in database.sessions_of("0xA")] == [other.id, SESSION.id]
    database.begin_session(replace(SESSION, id=digest(3)), ended=SESSION.id)
    with pytest.raises(SignInNeeded):
        database.session(SESSION.id)
    database.end_session(other.id)
    assert [one.id for one in database.sessions_of("0xA")] == [digest(3)]
    database.begin_session(replace(SESSION, id=digest(4), person="0xC"))
    database.end_sessions("0xA")
    assert database.sessions_of("0xA") == []
    assert len(database.sessions_of("0xC")) == 1


def test_sessions_that_are_over_are_forgotten_when_others_begin(database: Database) -> None:
    database.begin_session(SESSION)
    database.begin_session(replace(SESSION, id=digest(2), began_at=100, expires_at=200))
    with database.engine.connect() as connection:
        assert [row.id for row in connection.execute(sessions.select())] == [digest(2)]


def test_nobody_is_signed_in_by_a_backup() -> None:
    assert not set(TABLES) & set(PASSING)


# names


def test_a_name_is_one_person_s(database: Database) -> None:
    ada = SignInName(name="ada", person="0xA", ticket=digest(1))
    database.keep_name(ada)
    assert database.name("ada") == ada
    assert (database.name_of("0xA"), database.name_of("0xB")) == ("ada", "")
    with pytest.raises(NameTaken):
        database.keep_name(replace(ada, person="0xB"))
    database.keep_name(replace(ada, ticket=digest(2)))
    assert database.name("ada") == replace(ada, ticket=digest(2))
    database.keep_name(replace(ada, name="countess"))
    assert database.name("ada") is None
    database.keep_name(replace(ada, person="0xB"))
    assert (database.name_of("0xA"), database.name_of("0xB")) == ("countess", "ada")


def test_of_many_who_want_a_name_at_once_one_gets_it(database: Database) -> None:
    def want(number: int) -> bool:
        try:
            database.keep_name(SignInName(name="ada", person=f"0x{number}", ticket=digest(1)))
        except NameTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(want, range(8))) == 1


# introductions


def test_the_newest_introduction_stays_and_is_found_by_any_part(database: Database) -> None:
    assert database.keep_introduction("0xA", "dr. ada muller", 20, {"n": 1})
    assert not database.keep_introduction("0xA", "older", 19, {"n": 0})
    assert database.keep_introduction("0xA", "dr. ada lovelace", 20, {"n": 2})
    database.keep_introduction("0xB", "ada's 100% clinic_1", 1, {"n": 3})
    assert database.introduction("0xA") == {"n": 2}
    assert database.introduction("0xC") is None
    assert [person for person, _ in database.introduced("ada", 10)] == ["0xB", "0xA"]
    assert [person for person, _ in database.introduced("ada", 1)] == ["0xB"]
    assert database.introduced("100%", 10) == [("0xB", {"n": 3})]
    for text in ("%", "_"):
        assert [person for person, _ in database.introduced(text, 10)] == ["0xB"]
    assert database.introduced("older", 10) == []


# letters


def test_letters_are_numbered_and_found_by_what_they_belong_to(database: Database) -> None:
    for number, judge in enumerate((RECORDS, AUDIT, RECORDS), 1):
        envelope = b"letter %d" % number
        database.accept(statement(number, judge=judge, envelope=envelope, parties=["0xA"]))
    database.deliver("0xA", digest(3), b"the third record again")
    database.deliver("0xA", digest(9), b"about nothing")
    database.deliver("0xB", digest(3), b"somebody else's")
    everything = database.letters_of("0xA", 0, 100)
    assert [row[1] for row in everything] == [digest(n) for n in (1, 2, 3, 3, 9)]
    assert everything[0][2:] == (cid_of(b"letter 1"), b"letter 1")
    assert [row[1] for row in database.letters_of("0xA", 0, 100, RECORDS)] == [
        digest(n) for n in (1, 3, 3)
    ]
    second = everything[1][0]
    assert [row[1] for row in database.letters_of("0xA", second, 1)] == [digest(3)]
    assert database.sent_since(everything[-1][0]) == {"0xB"}
    assert database.newest_letter() > everything[-1][0]


# uploads


def test_uploads_count_until_they_are_dropped(database: Database) -> None:
    database.begin_upload(UPLOAD, 250)
    database.begin_upload(replace(UPLOAD, id="cd" * 16), 250)
    with pytest.raises(StorageSpent):
        database.begin_upload(replace(UPLOAD, id="ef" * 16), 250)
    database.begin_upload(replace(UPLOAD, id="ef" * 16, person="0xB"), 250)
    assert database.upload(UPLOAD.id, "0xA") == UPLOAD
    with pytest.raises(NotStored):
        database.upload(UPLOAD.id, "0xB")
    database.end_upload(UPLOAD, "address")
    database.end_upload(UPLOAD, "address")
    assert database.upload(UPLOAD.id, "0xA").address == "address"
    assert database.stored_by("0xA") == 200
    database.drop_upload("cd" * 16)
    database.drop_upload(UPLOAD.id)
    assert database.stored_by("0xA") == 100  # what has ended is kept
    assert database.uploads_before(10) == []
    assert database.uploads_before(11) == ["ef" * 16]


def test_of_many_uploads_that_begin_at_once_only_those_begin_for_which_there_is_room(
    database: Database,
) -> None:
    def begin(number: int) -> bool:
        try:
            database.begin_upload(replace(UPLOAD, id=f"{number:032x}"), 350)
        except StorageSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(begin, range(8))) == 3


def test_so_many_uploads_are_open_at_once(database: Database) -> None:
    for number in range(MOST_OPEN):
        database.begin_upload(replace(UPLOAD, id=f"{number:032x}"), 0)
    with pytest.raises(TooManyRequests):
        database.begin_upload(UPLOAD, 0)


def test_what_belongs_to_an_erased_record_counts_no_longer(database: Database) -> None:
    database.end_upload(UPLOAD, "the body")
    database.accept(statement(1, judge=RECORDS, body="the body"))
    assert database.stored_by("0xA") == 100
    database.forget(digest(1))
    assert database.stored_by("0xA") == 0
