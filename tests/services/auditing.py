"""Owns what tests of the audit share: an anchored record, another node that holds the same, and tampering."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from app.adapters.database import Database
from app.client.letters import RecordFile
from app.core.auditing import Difference, Kind
from tests.chain_fixtures import Place
from tests.peering import (
    bodies_of,
    database_of,
    desk_of,
    follow,
    web_of,
)
from tests.serving import served


@pytest.fixture
def twin_of(place: Place, make_place: Callable[..., Place]) -> Callable[[], Place]:
    """Makes another node, which holds the same objects, and has followed the chain."""

    def make() -> Place:
        twin = make_place(custodians=0, threshold=0)
        bodies_of(twin).put_many([bodies_of(place).fetch(a) for a in bodies_of(place).addresses()])
        follow(twin)
        return twin

    return make


@pytest.fixture
def twin(file: RecordFile, twin_of: Callable[[], Place]) -> Place:
    """Another node, once the record is anchored."""
    return twin_of()


@pytest.fixture
def twin_url(twin: Place) -> Iterator[str]:
    """Where the other node is served."""
    with served(web_of(desk_of(twin))) as url:
        yield url


def write(database: Database, statement: str, **values: Any) -> None:
    """Tamper with a database."""
    with database._engine.begin() as connection:
        assert connection.execute(text(statement), values).rowcount


def kinds(differences: list[Difference]) -> set[tuple[Kind, str]]:
    return {(one.kind, one.what) for one in differences}


def envelope_of(place: Place, file: RecordFile) -> str:
    """Where the record's envelope is."""
    found = database_of(place).parcels_of(file.statement.patient)
    return next(address for digest, address, _ in found if digest == file.digest)
