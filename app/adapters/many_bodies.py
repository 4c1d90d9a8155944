"""Owns the keeping of bodies in several stores at once, so that losing one loses nothing."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, TypeVar

from app.core.errors import (
    Misconfigured,
    NotStored,
    StoreAltered,
    StoreError,
    StoreFull,
    StoreUnreachable,
)
from app.core.ports import BodyKeeper

PIECE = 1 << 18
IN_MEMORY = 1 << 20
"""Bytes of a body that are held in memory; what is larger goes through a temporary file."""
LOG = logging.getLogger("chartkey.bodies")
T = TypeVar("T")


class ManyBodies:
    """A `BodyKeeper` over several: what goes in goes to all, what comes out from one that is right.

    A put succeeds when `least` of the stores took it; the log tells of the others, and `repair`
    brings them up to date.
    """

    def __init__(self, stores: Sequence[BodyKeeper], *, least: int = 1) -> None:
        """Raises Misconfigured where so many stores cannot take a body."""
        if not 1 <= least <= len(stores):
            reason = f"{least} of {len(stores)} stores cannot be asked to keep a body"
            raise Misconfigured(name="CHARTKEY_IPFS", reason=reason)
        self.stores = tuple(stores)
        self._least = least

    @property
    def name(self) -> str:
        """The names of all stores."""
        return ", ".join(store.name for store in self.stores)

    def put(self, pieces: Iterable[bytes]) -> str:
        """Put the bytes into all stores; raises the last store's fault where too few took them."""
        if len(self.stores) == 1:
            return self.stores[0].put(iter(pieces))
        with _spooled(pieces) as spool:
            return self._put_to_all(lambda store: store.put(_pieces_of(spool)))

    def put_many(self, contents: Sequence[bytes]) -> list[str]:
        """Put all of them into all stores; raises the last store's fault where too few took them."""
        return self._put_to_all(lambda store: store.put_many(contents))

    def _put_to_all(self, put: Callable[[BodyKeeper], T]) -> T:
        results, last = [], None
        for store in self.stores:
            try:
                results.append(put(store))
            except (StoreError, OSError) as fault:
                LOG.warning("a store took no body", extra={"error": type(fault).__name__})
                last = fault
        if last is not None and len(results) < self._least:
            raise last
        return results[0]

    def read(self, address: str) -> Iterator[bytes]:
        """The bytes, all of them hashed before the first is handed on, from the first store that
        has them right.

        Raises StoreUnreachable where a store that was not reached may have them, else StoreAltered
        where one holds other bytes, else NotStored.
        """
        with self._right_one(address) as spool:
            yield from _pieces_of(spool)

    @contextmanager
    def _right_one(self, address: str) -> Iterator[IO[bytes]]:
        faults: list[StoreError | OSError] = []
        for store in self.stores:
            try:
                spool = _spooled(store.read(address))
            except (StoreError, OSError) as fault:
                faults.append(fault)
            else:
                with spool:
                    yield spool
                return
        raise _most_telling(faults, address)

    def fetch(self, address: str) -> bytes:
        """All of the bytes, hashed before they are returned."""
        return b"".join(self.read(address))

    def holds(self, address: str) -> bool:
        """Whether as many stores hold it as a put asks for; one that cannot be reached does not."""
        return len(self.holders(address)) >= self._least

    def holders(self, address: str) -> list[str]:
        """The names of the stores that can be reached and hold the file."""
        found = []
        for store in self.stores:
            try:
                if store.holds(address):
                    found.append(store.name)
            except StoreUnreachable as fault:
                LOG.warning("a store was not asked", extra={"error": type(fault).__name__})
        return found

    def addresses(self) -> Iterator[str]:
        """What any of the stores keeps, each address once; raises StoreUnreachable."""
        seen: set[str] = set()
        for store in self.stores:
            for address in store.addresses():
                if address not in seen:
                    seen.add(address)
                    yield address

    def delete(self, address: str) -> bool:
        """Delete from every store; False where none held it.

        All are told before StoreUnreachable is raised for one that could not be: nothing counts as
        erased while a copy may be left.
        """
        held, missed = False, None
        for store in self.stores:
            try:
                held = store.delete(address) or held
            except (StoreUnreachable, OSError) as fault:
                missed = StoreUnreachable(reason=f"{store.name} may still hold what was deleted")
                missed.__cause__ = fault
        if missed is not None:
            raise missed
        return held

    def repair(self, address: str) -> list[str]:
        """Copy the file to every store that lacks it or holds other bytes, and name those stores.

        Raises as `read` does where no store is right; and, when all have been tried, the fault of
        one that took no copy.
        """
        repaired, missed = [], None
        with self._right_one(address) as spool:
            for store in self.stores:
                try:
                    if not _is_right(store, address):
                        _replace(store, address, spool)
                        repaired.append(store.name)
                except (StoreError, OSError) as fault:
                    missed = fault
        if missed is not None:
            raise missed
        return repaired


def _is_right(store: BodyKeeper, address: str) -> bool:
    try:
        for _ in store.read(address):
            pass
        return store.holds(address)
    except (NotStored, StoreAltered):
        return False


def _replace(store: BodyKeeper, address: str, spool: IO[bytes]) -> None:
    store.put(_pieces_of(spool))
    if not _is_right(store, address):
        # An IPFS daemon that remembers having a block does not write it again: it must go first.
        store.delete(address)
        store.put(_pieces_of(spool))
    if not _is_right(store, address):
        raise StoreAltered(address=address)


def _spooled(pieces: Iterable[bytes]) -> IO[bytes]:
    """All of the bytes, taken in before anything is done with them; raises StoreFull."""
    with ExitStack() as undo:
        spool = undo.enter_context(SpooledTemporaryFile(max_size=IN_MEMORY))
        for piece in pieces:
            try:
                spool.write(piece)
            except OSError as cause:
                if cause.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise StoreFull() from cause
                raise
        undo.pop_all()
    return spool


def _pieces_of(spool: IO[bytes]) -> Iterator[bytes]:
    spool.seek(0)
    while piece := spool.read(PIECE):
        yield piece


def _most_telling(
    faults: Sequence[StoreError | OSError], address: str
) -> StoreUnreachable | StoreAltered | NotStored:
    for fault in faults:
        if isinstance(fault, StoreUnreachable):
            return fault
    if any(isinstance(fault, OSError) for fault in faults):
        return StoreUnreachable(reason="a folder cannot be read")
    if any(isinstance(fault, StoreAltered) for fault in faults):
        return StoreAltered(address=address)
    return NotStored(address=address)
