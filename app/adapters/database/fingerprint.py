"""Owns the fingerprint of a database: whether two of them keep and index the same.

Rows are hashed in an order that does not depend on the database, without the numbers that it gave
to them itself, and without what is on its way to the chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, String, collate, func, select
from sqlalchemy.engine import Connection, Engine

from app.adapters.database.engine import reading
from app.adapters.database.schema import (
    anchors,
    blocks,
    claims,
    digests,
    documents,
    events,
    introductions,
    manifests,
    names,
    parcels,
    sheets,
    shelf,
)

AT_ONCE = 5_000
"""Rows in memory."""
LIST = (manifests.c.judge, manifests.c.root, manifests.c.manifest)
WHOLE = (claims, sheets, documents, shelf, names, introductions, anchors, events)
"""Tables of which every column counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A SHA-256 (hexadecimal) for each table, and the number of the newest followed block."""

    tables: Mapping[str, str]
    head: int | None

    @property
    def total(self) -> str:
        """One SHA-256 over all of them but `blocks`."""
        told = (
            f"{name}={hash_}" for name, hash_ in sorted(self.tables.items()) if name != "blocks"
        )
        return sha256("\n".join(told).encode()).hexdigest()

    def differences(self, other: Fingerprint) -> list[str]:
        """The tables in which two databases differ; `blocks` counts only at the same head."""
        return [
            name
            for name in sorted(self.tables)
            if self.tables[name] != other.tables[name]
            and (name != "blocks" or self.head == other.head)
        ]


def fingerprint(engine: Engine) -> Fingerprint:
    """The fingerprint of everything that can be rebuilt; memory does not grow with it."""
    # the newest block stands for all before it, each of which names its parent
    newest = select(blocks.c.number, blocks.c.hash).where(
        blocks.c.number == select(func.max(blocks.c.number)).scalar_subquery()
    )
    in_list = digests.join(manifests, manifests.c.id == digests.c.list)
    rows = {
        "blocks": newest,
        "parcels": select(parcels.c.person, parcels.c.address, parcels.c.digest),
        "manifests": select(*LIST, manifests.c.state),
        "digests": select(*LIST, digests.c.digest, digests.c.envelope).select_from(in_list),
        **{table.name: select(*table.columns) for table in WHOLE},
    }
    with reading(engine) as connection:
        head = connection.execute(newest).first()
        tables = {name: _hash_of(connection, query) for name, query in rows.items()}
    return Fingerprint(tables=tables, head=head.number if head else None)


def _hash_of(connection: Connection, query: Select[Any]) -> str:
    """SHA-256 of all rows, sorted by all their columns; each value with its kind and length."""
    by_bytes = "C" if connection.dialect.name == "postgresql" else "BINARY"
    order = [
        collate(column, by_bytes) if isinstance(column.type, String) else column
        for column in query.selected_columns
    ]
    hasher = sha256()
    streamed = query.order_by(*order).execution_options(yield_per=AT_ONCE)
    for row in connection.execute(streamed):
        for value in row:
            kind, told = _told(value)
            hasher.update(b"%s%d:" % (kind, len(told)))
            hasher.update(told)
        hasher.update(b"\n")
    return hasher.hexdigest()


def _told(value: object) -> tuple[bytes, bytes]:
    if isinstance(value, bytes | memoryview):
        return b"b", bytes(value)
    if isinstance(value, int):
        return b"i", str(int(value)).encode()
    if value is None:
        return b"n", b""
    return b"s", str(value).encode()
