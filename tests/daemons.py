"""Owns the real servers that tests stand on: Kubo and PostgreSQL, started when a test asks for them.

Tests that need one are skipped where it is not installed, and say what is missing. Folders'
conftest.py registers this module as a plugin; each is then started once for the session.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TypeVar

import pytest
from pg8000.native import Connection, identifier  # type: ignore[import-untyped]

from app.adapters import tools
from app.adapters.daemons import Kubo, Postgres, start_kubo, start_postgres
from app.adapters.database import Database
from app.core.errors import CannotStart

T = TypeVar("T")


def installed(find: Callable[[], T], way: str) -> T:
    """What `find` finds; skips the test where the program is not installed."""
    try:
        return find()
    except CannotStart as missing:
        pytest.skip(f"{missing} {way}")


def require_kubo() -> None:
    """Skip the test where there is no Kubo."""
    installed(tools.ipfs_command, "make ipfs builds it.")


def require_postgres() -> None:
    """Skip the test where there is no PostgreSQL."""
    installed(tools.postgres_folder, "On Debian: apt install postgresql.")


def folder_in_memory(prefix: str) -> Path:
    """A folder that every user can reach, in memory where the machine has room for that."""
    memory = Path("/dev/shm")
    return Path(mkdtemp(prefix=f"chartkey-{prefix}-", dir=memory if memory.is_dir() else None))


@pytest.fixture
def make_kubo() -> Iterator[Callable[..., Kubo]]:
    """Starts daemons of a test's own, which it may fill, damage or kill.

    One that `remembers` is set up as Kubo's own default has it, with a cache of the blocks it has.
    """
    require_kubo()
    started: list[Kubo] = []

    def make(*, remembers: bool = False) -> Kubo:
        settings = {"Datastore": {"BlockKeyCacheSize": 65536}} if remembers else {}
        started.append(start_kubo(folder_in_memory("kubo"), settings=settings))
        return started[-1]

    yield make
    for kubo in started:
        kubo.stop()
        rmtree(kubo.folder)


@pytest.fixture(scope="session")
def two_kubos() -> Iterator[tuple[Kubo, Kubo]]:
    """Two daemons for the whole session, unknown to each other; what is in them stays there."""
    require_kubo()
    folders = [folder_in_memory("kubo") for _ in range(2)]
    try:
        with start_kubo(folders[0]) as first, start_kubo(folders[1]) as second:
            yield first, second
    finally:
        for folder in folders:
            rmtree(folder)


@pytest.fixture(scope="session")
def kubo(two_kubos: tuple[Kubo, Kubo]) -> Kubo:
    """One daemon for the whole session; what other tests put into it is in it."""
    return two_kubos[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for the whole session; whoever stops it starts it again."""
    require_postgres()
    folder = folder_in_memory("postgres")
    try:
        with start_postgres(folder) as server:
            yield server
    finally:
        rmtree(folder)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty database of the test's own, as an SQLAlchemy URL."""
    with _created(postgres) as url:
        yield url


@pytest.fixture(scope="session")
def laid_out(postgres: Postgres) -> str:
    """The name of a database with a node's tables, all of them empty, which others are copies of."""
    name = f"laid_out_{os.urandom(8).hex()}"
    _tell(postgres, f"CREATE DATABASE {identifier(name)}")
    Database(postgres.url_of(name))._engine.dispose()  # a database is copied while nobody uses it
    return name


@pytest.fixture
def postgres_node_url(postgres: Postgres, laid_out: str) -> Iterator[str]:
    """A node's database of the test's own, without a row: quicker to copy than to lay out."""
    with _created(postgres, f"TEMPLATE {identifier(laid_out)}") as url:
        yield url


@contextmanager
def _created(postgres: Postgres, how: str = "") -> Iterator[str]:
    name = f"test_{os.urandom(8).hex()}"
    _tell(postgres, f"CREATE DATABASE {identifier(name)} {how}")
    yield postgres.url_of(name)
    _tell(postgres, f"DROP DATABASE {identifier(name)} WITH (FORCE)")


def _tell(postgres: Postgres, command: str) -> None:
    connection = Connection(
        postgres.owner, host="127.0.0.1", port=postgres.port, database="postgres"
    )
    try:
        connection.run(command)
    finally:
        connection.close()
