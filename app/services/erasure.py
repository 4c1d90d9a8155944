"""Owns the erasure of a record on a node: its rows, its bytes in every store, and the receipt.

What is to be deleted is written down before anything is: a receipt that lists all of it as left. So
whoever dies on the way, and whichever store does not answer, the rest is known and deleted later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from app.core.encoding import canonical_json
from app.core.erasure import (
    Cleared,
    PeerAnswer,
    Receipt,
    SignedReceipt,
    node_address,
    read_receipt,
    shelf_of,
    sign_receipt,
)
from app.core.errors import ChartkeyError, NotStored, StatementError, StoreError
from app.core.ports import BodyStore
from app.core.signatures import Signed
from app.core.statements import Record, Retraction
from app.core.waybills import NodeSecret
from app.core.wire import read_json

THE_STORE = "body store"


class Shelves(Protocol):
    """What an erasure asks of the node's database."""

    def belongings(self, record: bytes) -> Sequence[str]: ...
    def forget(self, record: bytes) -> None: ...
    def put_on_shelf(self, person: str, kind: str, content: bytes) -> None: ...
    def from_shelf(self, person: str, kind: str) -> bytes: ...


class ErasingPeer(Protocol):
    """Another node, which is told that a record is erased."""

    @property
    def name(self) -> str: ...
    def erase(self, record: Signed[Record], retraction: Signed[Retraction]) -> SignedReceipt: ...


@runtime_checkable
class Several(Protocol):
    """A body store that keeps everything in several stores."""

    @property
    def stores(self) -> Sequence[BodyStore]: ...


def stores_of(bodies: BodyStore) -> list[tuple[str, BodyStore]]:
    """Each single store, with what reports call it."""
    stores = bodies.stores if isinstance(bodies, Several) else [bodies]
    return [(str(getattr(store, "name", THE_STORE)), store) for store in stores]


@dataclass(kw_only=True)
class Erasing:
    """Deletes what a node keeps of a record, and signs what it did."""

    database: Shelves
    bodies: BodyStore
    secret: NodeSecret
    clock: Callable[[], int] = field(default=lambda: int(time.time()))

    def erase(self, patient: str, record: bytes, also: Iterable[str] = ()) -> SignedReceipt:
        """Delete what belongs to a record (its digest), and what an earlier try had to leave.

        Whether the patient wants it must have been checked before. `also` are addresses that are
        known to be the record's, though no row says so. A store that does not answer is named in
        the receipt. Raises DatabaseUnreachable, StoreFull; erasing again goes on.
        """
        before = self.receipt(patient, record)
        known = before.receipt.stores if before else ()
        wanted = {
            *self.database.belongings(record),
            *(before.receipt.left if before else ()),
            *also,
        }
        stores = stores_of(self.bodies)
        noted = [Cleared(store=name, left=_ordered(wanted)) for name, _ in stores]
        self._keep(patient, self._receipt(record, _merged(known, noted)))
        # rows first: what is not published yet goes with them, so that no relayer publishes it
        self.database.forget(record)
        cleared = [self._clear(name, store, wanted) for name, store in stores]
        receipt = self._receipt(record, _merged(known, cleared))
        self._keep(patient, receipt)
        return receipt

    def receipt(self, patient: str, record: bytes) -> SignedReceipt | None:
        """The receipt of an erasure; None where this node did not erase the record, and say so."""
        try:
            found = read_receipt(read_json(self.database.from_shelf(patient, shelf_of(record))))
        except (NotStored, StatementError):  # one that was tampered with says nothing
            return None
        own = (found.receipt.record, found.receipt.node) == (record, node_address(self.secret))
        return found if own else None

    def _clear(self, name: str, store: BodyStore, wanted: Iterable[str]) -> Cleared:
        deleted, left = [], []
        for address in sorted(wanted):
            try:
                if store.delete(address):
                    deleted.append(address)
            except (StoreError, OSError):
                left.append(address)
        return Cleared(store=name, deleted=tuple(deleted), left=tuple(left))

    def _receipt(self, record: bytes, stores: Sequence[Cleared]) -> SignedReceipt:
        receipt = Receipt(
            record=record,
            node=node_address(self.secret),
            at=self.clock(),
            stores=tuple(stores),
        )
        return sign_receipt(receipt, self.secret)

    def _keep(self, patient: str, receipt: SignedReceipt) -> None:
        content = canonical_json(receipt.as_json())
        self.database.put_on_shelf(patient, shelf_of(receipt.receipt.record), content)


def _ordered(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(addresses))


def _merged(before: Sequence[Cleared], now: Iterable[Cleared]) -> list[Cleared]:
    """What was deleted at any time, and what is left now; a store that is gone keeps what it had."""
    known = {one.store: one for one in before}
    for one in now:
        earlier = known.get(one.store, Cleared(store=one.store))
        deleted = {*earlier.deleted, *one.deleted} - {*one.left}
        known[one.store] = Cleared(store=one.store, deleted=_ordered(deleted), left=one.left)
    return list(_sorted(known.values()))


def _sorted(stores: Iterable[Cleared]) -> Iterator[Cleared]:
    return iter(sorted(stores, key=lambda one: one.store))


def tell_peers(
    peers: Sequence[ErasingPeer], record: Signed[Record], retraction: Signed[Retraction]
) -> list[PeerAnswer]:
    """Ask other nodes, all at once, to erase a record; each answers for itself, or is named."""
    if not peers:
        return []
    with ThreadPoolExecutor(len(peers)) as pool:
        return list(pool.map(lambda peer: _tell(peer, record, retraction), peers))


def _tell(peer: ErasingPeer, record: Signed[Record], retraction: Signed[Retraction]) -> PeerAnswer:
    try:
        return PeerAnswer(name=peer.name, receipt=peer.erase(record, retraction))
    except ChartkeyError as refusal:
        return PeerAnswer(name=peer.name, refusal=refusal)
