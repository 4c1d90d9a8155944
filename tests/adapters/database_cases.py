"""Owns what tests of the database share: an empty one of each kind, and things to put into it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.adapters.database import Database
from app.core.merkle import ManifestEntry, decode_manifest, encode_manifest, merkle_root
from app.core.relaying import Accepted, Attempt, Cargo, Made, Waiting
from app.core.statements import AUDIT
from app.core.waybills import Entry

PAYER = "0x" + "aa" * 20


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind; PostgreSQL's tests are skipped where it is not installed."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'node.db'}"
    found: str = request.getfixturevalue("postgres_node_url")
    return found


@pytest.fixture
def database(url: str) -> Database:
    return Database(url)


def digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


def statement(number: int, **fields: Any) -> Accepted:
    """A digest to anchor."""
    return Accepted(**{"digest": digest(number), "judge": AUDIT, **fields})


def call(number: int, **fields: Any) -> Accepted:
    """A statement on which a contract acts."""
    return statement(number, **{"statement": f'"s{number}"', "person": "0xA", **fields})


def simple(waiting: Sequence[Waiting], journal: Sequence[Entry]) -> Made | None:
    """A batch of what waits, without waybills."""
    entries = [ManifestEntry(digest=row.digest, envelope=row.envelope) for row in waiting]
    if not entries:
        return None
    root = merkle_root(row.digest for row in waiting)
    return Made(root=root, manifest=encode_manifest(entries))


def digests_of(manifest: bytes) -> list[bytes]:
    return [entry.digest for entry in decode_manifest(manifest)]


def cargo(**fields: Any) -> Cargo:
    return Cargo(**{"to": "0x" + "bb" * 20, "calldata": b"call", "gas": 50_000, **fields})


def signing(price: int = 10) -> Callable[[int], Attempt]:
    """A signature over a nonce, different each time."""

    def sign(nonce: int) -> Attempt:
        return Attempt(hash=os.urandom(32), raw=b"%d" % nonce, max_fee=price, tip=1, sent_at=5)

    return sign


def allocate(database: Database, least: int = 0, **fields: Any) -> int | None:
    return database.allocate(PAYER, least, cargo(**fields), signing())
