"""Owns the rebuild: from the chain, the lists and the body store to the rows that were lost.

The chain gives anchors and events, the lists give digests, and the waybills among them, which only
their own node can tell from other digests, give what the node kept for people.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.core.cid import raw_cid
from app.core.encoding import ZERO32
from app.core.errors import Misconfigured, NotStored, StoreAltered
from app.core.waybills import NodeSecret, read_waybill
from app.services.indexer import Bodies, Indexer, read_capped

LOG = logging.getLogger("chartkey.rebuild")

PAGE = 1_000
"""Lists whose numbers are asked for at a time."""
TOGETHER, MOST_SHEETS = 50_000, 1 << 24
"""Entries, and bytes of sheets, that are written down in one transaction."""


class Database(Protocol):
    """What is rebuilt (adapters/database)."""

    def is_empty(self) -> bool: ...
    def counts(self) -> dict[str, int]: ...
    def read_lists(self, after: int, most: int) -> list[int]: ...
    def entries_of(self, list_: int) -> list[tuple[bytes, bytes]]: ...
    def restore(
        self, entries: Sequence[Sequence[Any]], sealed_sheets: dict[str, bytes]
    ) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What came back, and what did not.

    `index` counts the rows of the index; lists that it still wants are missing. Waybills tell of
    `entries`. What is missing may be elsewhere: a later run on the same database finds it.
    """

    index: dict[str, int]
    waybills: int = 0
    entries: int = 0
    missing_waybills: int = 0
    missing_sheets: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing was missing."""
        missing = self.index["lists wanted"], self.missing_waybills, self.missing_sheets
        return not any(missing)


def rebuild(
    database: Database,
    indexer: Indexer,
    bodies: Bodies,
    secret: NodeSecret | None,
    *,
    on_top: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Rebuilt:
    """Fill a database from the chain and the body store; without the secret, its index alone.

    `on_top` goes on in a database that holds something, as after a rebuild that was interrupted.
    Raises Misconfigured (not empty), ChainError, StoreUnreachable; called again with `on_top`, it
    goes on. Keep relayers away from the database until it is done.
    """
    if not on_top and not database.is_empty():
        raise Misconfigured(name="DATABASE_URL", reason="that database is not empty")
    say("Following the chain …")
    indexer.follow()
    say("Reading the lists of what was anchored …")
    now = indexer.clock()
    while indexer.read_manifests(now):
        pass
    if secret is None:
        return Rebuilt(index=database.counts())
    say("Looking for this node's waybills …")
    bills, missing = _find(database, bodies, secret)
    say("Writing down what they tell …")
    replaying = _Replaying(database=database, bodies=bodies, secret=secret)
    for bill in bills:
        replaying.replay(bill)
    replaying.flush()
    return Rebuilt(
        index=database.counts(),
        waybills=len(bills),
        entries=replaying.entries,
        missing_waybills=missing,
        missing_sheets=len(replaying.missing),
    )


@dataclass(frozen=True, slots=True, order=True)
class _Bill:
    """Where a waybill is, in the order in which its entries were written."""

    order: tuple[int, int]
    list: int
    address: str


def _find(database: Database, bodies: Bodies, secret: NodeSecret) -> tuple[Sequence[_Bill], int]:
    """The node's own waybills, oldest first, and how many more the store does not hold."""
    found: dict[str, _Bill | None] = {}
    for list_ in _read_lists(database):
        for digest, envelope in database.entries_of(list_):
            if envelope == ZERO32 or secret.mark(envelope) != digest:
                continue
            address = raw_cid(envelope)
            if address in found:
                continue  # somebody anchored it once more
            try:
                order, _ = _open(bodies, address, secret)
            except (NotStored, StoreAltered):
                LOG.warning("a waybill of this node is missing")
                found[address] = None
            else:
                found[address] = _Bill(order, list_, address)
    bills = [bill for bill in found.values() if bill is not None]
    return sorted(bills), len(found) - len(bills)


def _read_lists(database: Database) -> Iterator[int]:
    after = 0
    while page := database.read_lists(after, PAGE):
        yield from page
        after = page[-1]


def _open(bodies: Bodies, address: str, secret: NodeSecret) -> tuple[tuple[int, int], list[Any]]:
    return read_waybill(secret.open(read_capped(bodies, address)))


@dataclass(slots=True, kw_only=True)
class _Replaying:
    """Writes down waybills in order, and keeps account of sheets that were not found.

    Several go into one transaction: the indexes of a large table cost much for each one.
    """

    database: Database
    bodies: Bodies
    secret: NodeSecret
    entries: int = 0
    missing: set[tuple[str, str]] = field(default_factory=set)
    _waiting: list[Sequence[Any]] = field(default_factory=list)
    _sheets: dict[str, bytes] = field(default_factory=dict)
    _size: int = 0

    def replay(self, bill: _Bill) -> None:
        _, entries = _open(self.bodies, bill.address, self.secret)
        for entry in entries:
            match entry:
                case ["sheet", record, _, _, _, address]:
                    self._fetch(record, address)
                case ["forget", record]:  # then what is missing was erased
                    self.missing -= {sheet for sheet in self.missing if sheet[0] == record}
        self._waiting += entries
        if len(self._waiting) >= TOGETHER or self._size >= MOST_SHEETS:
            self.flush()

    def flush(self) -> None:
        self.database.restore(self._waiting, self._sheets)
        self.entries += len(self._waiting)
        self._waiting, self._sheets, self._size = [], {}, 0

    def _fetch(self, record: str, address: str) -> None:
        try:
            sheet = self.secret.open(b"".join(self.bodies.read(address)))
        except (NotStored, StoreAltered):
            self.missing.add((record, address))
            return
        self._sheets[address] = sheet
        self._size += len(sheet)
