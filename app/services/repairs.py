"""Owns repairs: bytes from whoever holds those that were anchored, rows from the chain alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

from app.core.auditing import Difference, Kind, Listed
from app.core.cid import CidHasher
from app.core.encoding import from_hex, hex0x
from app.core.errors import SealError, ServiceError, StoreAltered, StoreError
from app.core.ports import BodyKeeper
from app.core.sheets import sheet_hash
from app.core.signatures import parse_signed
from app.core.waybills import NodeSecret
from app.services.chaincheck import OWN_INDEX, ChainFound, Peer, Source
from app.services.erasure import Erasing
from app.services.holdings import (
    BODY,
    ENVELOPE,
    KEPT_SHEET,
    LIST,
    MANIFEST,
    RECORD,
    SHEET,
    WAYBILL,
    Holdings,
    Rows,
)
from app.services.storecheck import state_of

PIECE = 1 << 18
IN_MEMORY = 1 << 20
BYTES = (MANIFEST, ENVELOPE, WAYBILL, SHEET, BODY)
"""What is found by the hash of its bytes, so that it does not matter who gives it."""


class Mending(Protocol):
    """What a repair writes into the database (adapters/database/mending.py)."""

    def read_again(self, list_: int) -> None: ...
    def drop_list(self, list_: int) -> None: ...
    def put_sheet(self, address: str, sheet: bytes) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Repairs:
    """Mends what it can; each method answers how it did, or nothing where it could not."""

    rows: Rows
    mending: Mending
    stores: Sequence[BodyKeeper]
    peers: Sequence[Peer]
    secret: NodeSecret | None
    erasing: Erasing | None
    reindex: Callable[[Source, int], None]
    """Unwinds the index to a block, and follows chain and lists from there."""

    def mend(
        self,
        differences: Sequence[Difference],
        stock: Holdings,
        chain: ChainFound,
        source: Source,
        *,
        is_chain_trusted: bool,
    ) -> dict[Difference, str]:
        """What was done about which difference; whether it helped, another look tells.

        Bytes first: the index reads lists from the store again. While endpoints are at odds about
        the chain, the index is left as it is.
        """
        done: dict[Difference, str] = {}
        for one in differences:
            how = self._mend_bytes(one, stock) or self._mend_sheet(one) or self._erase(one, stock)
            if how:
                done[one] = how
        if is_chain_trusted:
            lists = self._mend_lists(differences)
            if lists or chain.true_until is not None:
                until = chain.head.number if chain.true_until is None else chain.true_until
                self.reindex(source, until)
            done |= lists
            if chain.true_until is not None:
                own = (one for one in differences if one.where == OWN_INDEX)
                done |= dict.fromkeys(own, "followed from the chain again")
        return done

    # bytes

    def _mend_bytes(self, one: Difference, stock: Holdings) -> str:
        if one.what not in BYTES or one.kind not in (Kind.MISSING, Kind.ALTERED):
            return ""
        store = next((store for store in self.stores if store.name == one.where), None)
        if store is None:
            return ""
        for name, pieces in self._sources(one, store, stock):
            try:
                with _verified(pieces(), one.name) as spool:
                    _replace(store, one.name, spool)
            except (StoreError, ServiceError, OSError):
                continue
            return f"copied from {name}"
        return ""

    def _sources(
        self, one: Difference, store: BodyKeeper, stock: Holdings
    ) -> Iterator[tuple[str, Callable[[], Iterable[bytes]]]]:
        address = one.name
        if address in stock.manifests:
            yield "the database", lambda: [stock.manifests[address]]
        for other in self.stores:
            if other is not store:
                yield other.name, lambda other=other: other.read(address)  # type: ignore[misc]
        if one.what == SHEET:
            return  # sealed to this node: no other has it, and none is asked for it
        for peer in self.peers:
            yield peer.name, lambda peer=peer: peer.read(address)  # type: ignore[misc]

    # rows

    def _mend_sheet(self, one: Difference) -> str:
        """A key sheet from its sealed copy in a store, where that is the one that was signed."""
        if one.what != KEPT_SHEET or self.secret is None:
            return ""
        for kept in self.rows.sheets():
            if kept.address != one.name:
                continue
            wanted = parse_signed(kept.statement)[0].statement.sheet_hash
            for store in self.stores:
                try:
                    sheet = self.secret.open(b"".join(list(store.read(one.name))))
                except (StoreError, SealError):
                    continue
                if sheet_hash(sheet) == wanted:
                    self.mending.put_sheet(one.name, sheet)
                    return f"opened from {store.name}"
        return ""

    def _mend_lists(self, differences: Sequence[Difference]) -> dict[Difference, str]:
        wrong = {one.name: one for one in differences if one.what == LIST}
        found = {name: listed for listed in self.rows.lists() if (name := _name(listed)) in wrong}
        done = {}
        for name, listed in found.items():
            if listed.named:
                self.mending.read_again(listed.id)
                done[wrong[name]] = "read from the store again"
            else:
                self.mending.drop_list(listed.id)
                done[wrong[name]] = "forgotten"
        return done

    # erasures

    def _erase(self, one: Difference, stock: Holdings) -> str:
        if one.what != RECORD or self.erasing is None or not one.name.startswith("0x"):
            return ""
        record = from_hex(one.name, 32)
        patient, _ = stock.erased[record]
        receipt = self.erasing.erase(patient, record, stock.must_not_hold(record))
        return "erased again" if receipt.receipt.is_complete else ""


def _name(listed: Listed) -> str:
    return hex0x(listed.manifest)


@contextmanager
def _verified(pieces: Iterable[bytes], address: str) -> Iterator[IO[bytes]]:
    """All of the bytes, hashed before anything is done with them; raises StoreAltered."""
    hasher = CidHasher()
    with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        for piece in pieces:
            hasher.update(piece)
            spool.write(piece)
        if hasher.address() != address:
            raise StoreAltered(address=address)
        yield spool


def _replace(store: BodyKeeper, address: str, spool: IO[bytes]) -> None:
    store.put(_pieces(spool))
    if state_of(store, address) is not None:
        # an IPFS daemon that remembers having a block does not write it again: it must go first
        store.delete(address)
        store.put(_pieces(spool))
    if state_of(store, address) is not None:
        raise StoreAltered(address=address)


def _pieces(spool: IO[bytes]) -> Iterator[bytes]:
    spool.seek(0)
    while piece := spool.read(PIECE):
        yield piece
