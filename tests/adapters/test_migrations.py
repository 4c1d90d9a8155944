"""Migrations: every way of getting a database arrives at the same tables, with everything in them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, Text, inspect, text
from sqlalchemy import create_engine as connect_plainly

from app.adapters.database import Database
from app.adapters.database.engine import connect, writing
from app.adapters.database.migrate import HEAD, bring_up_to_date, config_for, revision_of
from app.adapters.database.schema import metadata
from app.core.cid import cid_of
from app.core.errors import Misconfigured, NotStored
from app.core.relaying import CHANGES, ROTATES, TAKES_BACK
from tests.adapters.database_others import begin
from tests.faults.site import GENEROUS
from tests.forks import fork

ROOT = Path(__file__).resolve().parents[2]
BOOK = "RecordRegistry"
PERSON = "0x" + "ab" * 20


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'node.db'}"
    return str(request.getfixturevalue("postgres_url"))


def differences(url: str) -> list[Any]:
    """In what a database's tables differ from those of the schema."""
    with connect(url).connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def columns(url: str) -> dict[str, list[tuple[str, str, bool]]]:
    """Each table's columns with type and whether they may be null."""
    found = inspect(connect(url))
    return {
        table: [(c["name"], str(c["type"]), bool(c["nullable"])) for c in found.get_columns(table)]
        for table in found.get_table_names()
    }


def test_a_new_database_is_at_the_newest_revision(url: str) -> None:
    engine = Database(url)._engine
    with engine.connect() as connection:
        newest = ScriptDirectory.from_config(config_for(connection)).get_current_head()
        assert revision_of(connection) == HEAD == newest
    assert differences(url) == []


def test_the_migrations_arrive_at_the_tables_of_the_schema(url: str, tmp_path: Path) -> None:
    engine = connect(url)
    with writing(engine) as connection:
        upgrade(config_for(connection), "head")
    assert differences(url) == []
    bring_up_to_date(engine)
    if engine.dialect.name == "sqlite":
        made = f"sqlite:///{tmp_path / 'made.db'}"
        Database(made)
        assert columns(made) == columns(url)


def test_a_migration_that_fails_changes_nothing(url: str) -> None:
    engine = connect(url)

    def upgrade_and_fail() -> None:
        with writing(engine) as connection:
            upgrade(config_for(connection), "head")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        upgrade_and_fail()
    assert inspect(engine).get_table_names() == []


def test_processes_that_start_at_once_make_the_tables_once(url: str) -> None:
    started = [fork(begin, url) for _ in range(4)]
    for process in started:
        process.join(GENEROUS)
    assert [process.exitcode for process in started] == [0, 0, 0, 0]
    with connect(url).connect() as connection:
        count = connection.execute(text("SELECT count(*) FROM alembic_version")).scalar()
    assert count == 1


def test_a_later_version_s_database_is_refused_and_left_alone(url: str) -> None:
    engine = Database(url)._engine
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misconfigured, match="DATABASE_URL cannot be used: a later version"):
        Database(url)
    with engine.connect() as connection:
        assert revision_of(connection) == "9999"


def test_somebody_else_s_database_is_refused_and_left_alone(url: str) -> None:
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE invoices (number INTEGER)"))
    with pytest.raises(Misconfigured, match="other tables"):
        Database(url)
    assert inspect(engine).get_table_names() == ["invoices"]


# a database from before there were revisions


def tables_before() -> dict[str, Table]:
    """The tables as they were then."""
    old = MetaData()
    hash_ = LargeBinary(32)
    layout: dict[str, list[Column[Any]]] = {
        "batches": [
            Column("id", Integer, primary_key=True),
            Column("judge", String(32), nullable=False),
            Column("root", hash_, nullable=False),
            Column("manifest", LargeBinary, nullable=False),
            Column("block", Integer),
        ],
        "outbox": [
            Column("id", Integer, primary_key=True),
            Column("digest", hash_, nullable=False, unique=True),
            Column("judge", String(32), nullable=False),
            Column("envelope", hash_, nullable=False),
            Column("accepted_at", Integer, nullable=False),
            Column("batch", Integer, index=True),
        ],
        "calls": [
            Column("id", Integer, primary_key=True),
            Column("digest", hash_, nullable=False, unique=True),
            Column("statement", Text, nullable=False),
            Column("state", String(16), nullable=False, index=True),
        ],
        "parcels": [
            Column("id", Integer, primary_key=True),
            Column("person", String(42), nullable=False, index=True),
            Column("digest", hash_, nullable=False),
            Column("address", String(80), nullable=False),
        ],
        "sheets": [
            Column("record", hash_, primary_key=True),
            Column("version", Integer, primary_key=True),
            Column("digest", hash_, primary_key=True),
            Column("statement", Text, nullable=False),
            Column("sheet", LargeBinary, nullable=False),
        ],
        "claims": [Column("body", String(80), primary_key=True), Column("record", hash_)],
        "documents": [Column("hash", hash_, primary_key=True), Column("content", LargeBinary)],
        "shelf": [
            Column("person", String(42), primary_key=True),
            Column("kind", String(16), primary_key=True),
            Column("content", LargeBinary, nullable=False),
        ],
    }
    return {name: Table(name, old, *parts) for name, parts in layout.items()}


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def call(number: int, kind: str, state: str, field: str = "person") -> dict[str, Any]:
    statement = {"typedData": {"primaryType": kind, "message": {field: PERSON}}}
    text_ = json.dumps(statement)
    return {"id": number, "digest": word(100 + number), "statement": text_, "state": state}


ROWS: dict[str, list[dict[str, Any]]] = {
    "batches": [
        {"id": 4, "judge": BOOK, "root": word(1), "manifest": b"list one", "block": 12},
        {"id": 7, "judge": BOOK, "root": word(2), "manifest": b"list two", "block": None},
    ],
    "outbox": [
        {"id": at, "digest": word(20 + at), "judge": BOOK, "envelope": word(at), "accepted_at": 99, "batch": batch}
        for at, batch in ((1, 4), (2, 4), (3, 7), (5, None))
    ],
    "calls": [
        call(1, "Enrolment", "done"),
        call(2, "Rotation", "accepted"),
        call(3, "Revocation", "accepted", "patient"),
        call(5, "KeysChange", "accepted"),
        call(6, "MembershipEnd", "refused", "organization"),
    ],
    "parcels": [
        {"id": 2, "person": PERSON, "digest": word(21), "address": "second"},
        {"id": 9, "person": PERSON, "digest": word(22), "address": "first"},
    ],
    "sheets": [
        {"record": word(21), "version": 0, "digest": word(50), "statement": '{"v": 0}', "sheet": b"sheet"}
    ],
    "claims": [{"body": "the body", "record": word(21)}],
    "documents": [{"hash": word(70), "content": b"document"}],
    "shelf": [{"person": PERSON, "kind": "vault-lock", "content": b"lock"}],
}  # fmt: skip


@pytest.fixture
def old(url: str) -> Database:
    """A database of that time, opened by this version."""
    engine = connect_plainly(url)
    tables = tables_before()
    with engine.begin() as connection:
        for name, table in tables.items():
            table.create(connection)
            connection.execute(table.insert(), ROWS[name])
    engine.dispose()
    return Database(url)


def test_an_old_database_gets_the_tables_of_the_schema(old: Database) -> None:
    assert differences(old.url) == []
    with old._engine.connect() as connection:
        assert revision_of(connection) == HEAD


def test_an_old_database_s_queue_goes_on(old: Database) -> None:
    [open_] = old.open_batches()
    assert (open_.id, open_.root, open_.manifest, open_.size) == (7, word(2), b"list two", 1)
    assert [batch.id for batch in old.unpublished_batches()] == [7]
    assert old.anchored_batch(word(21)) == (word(1), b"list one")
    assert old.anchored_batch(word(23)) is None
    assert old.waiting(BOOK, 10) == (1, 99)
    waiting = [(one.id, one.rank, one.person) for one in old.waiting_calls()]
    assert waiting == [(3, TAKES_BACK, PERSON), (5, CHANGES, PERSON), (2, ROTATES, PERSON)]
    assert old.state_of(word(101)) == "done"
    assert old.state_of(word(106)) == "refused"


def test_an_old_database_keeps_what_people_left(old: Database) -> None:
    parcels = [(digest, address) for digest, address, _ in old.parcels_of(PERSON)]
    assert parcels == [(word(21), "second"), (word(22), "first")]
    assert old.sheets_of(word(21)) == [({"v": 0}, b"sheet")]
    assert "the body" in old.belongings(word(21))
    assert old.document(word(70)) == b"document"
    assert old.from_shelf(PERSON, "vault-lock") == b"lock"


def test_what_an_old_database_kept_is_told_in_the_next_waybill(old: Database) -> None:
    told: list[Any] = []

    def make(_: object, journal: Any) -> None:
        told.extend(json.loads(entry.text) for entry in journal)

    assert old.form_batch(BOOK, 10, make) is None
    assert told == [
        ["parcel", PERSON, word(21).hex(), "second"],
        ["parcel", PERSON, word(22).hex(), "first"],
        ["claim", "the body", word(21).hex()],
        ["document", word(70).hex(), b"document".hex()],
        ["shelf", PERSON, "vault-lock", b"lock".hex()],
    ]


def test_new_rows_go_into_an_old_database(old: Database) -> None:
    envelope = os.urandom(20)
    old.deliver(PERSON, word(90), envelope)
    old.keep_document(word(91), b"another")
    assert old.parcels_of(PERSON)[-1] == (word(90), cid_of(envelope), envelope)
    old.forget(word(21))
    with pytest.raises(NotStored):
        old.document(word(92))
    assert [digest for digest, _, _ in old.parcels_of(PERSON)] == [word(22), word(90)]
