"""Owns the look into the stores: whether each holds, right to the last byte, what it must, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from app.core.auditing import Difference, Kind
from app.core.encoding import hex0x
from app.core.errors import NotStored, StoreAltered, StoreError
from app.core.ports import BodyKeeper
from app.services.holdings import RECORD, Holdings

STORE = "store"


@runtime_checkable
class Several(Protocol):
    """A body store that keeps everything in several stores."""

    @property
    def stores(self) -> Sequence[BodyKeeper]: ...


def keepers_of(bodies: BodyKeeper) -> list[BodyKeeper]:
    """The single stores of which a body store is made."""
    return list(bodies.stores) if isinstance(bodies, Several) else [bodies]


def look_into(store: BodyKeeper, stock: Holdings) -> Iterator[Difference]:
    """Every byte that one store must hold, read and hashed; and what it must not hold any more.

    Raises StoreUnreachable.
    """
    for address, required in stock.required.items():
        kind = state_of(store, address)
        if kind is None or (kind is Kind.MISSING and required.digest in stock.retracted):
            continue
        words = {
            Kind.MISSING: "the store does not hold it",
            Kind.ALTERED: "the store holds other bytes than those of its address",
        }[kind]
        yield _difference(kind, required.what, store.name, address, words)
    for record, (_, receipt) in stock.erased.items():
        known_left = any(one.store == store.name and one.left for one in receipt.receipt.stores)
        if known_left or any(store.holds(address) for address in stock.must_not_hold(record)):
            kind = Kind.LEFT if known_left else Kind.CAME_BACK
            words = "bytes of a record that was erased are, or may be, in the store"
            yield _difference(kind, RECORD, store.name, hex0x(record), words)


def state_of(store: BodyKeeper, address: str) -> Kind | None:
    """MISSING, ALTERED, or None where the store has the right bytes; raises StoreUnreachable."""
    try:
        for _ in store.read(address):
            pass
    except NotStored:
        return Kind.MISSING
    except StoreAltered:
        return Kind.ALTERED
    return None if store.holds(address) else Kind.MISSING


def excused(stock: Holdings, stores: Sequence[BodyKeeper]) -> int:
    """How many bytes of retracted records are in no store: erased, and no difference."""
    return sum(
        required.digest in stock.retracted and all(_lacks(store, address) for store in stores)
        for address, required in stock.required.items()
    )


def _lacks(store: BodyKeeper, address: str) -> bool:
    try:
        return state_of(store, address) is Kind.MISSING
    except StoreError:
        return False  # a store that cannot be asked is named as such


def strays(store: BodyKeeper, stock: Holdings) -> int:
    """How many objects are in a store that nothing here refers to: uploads, and others' own."""
    return sum(address not in stock.referred for address in store.addresses())


def _difference(kind: Kind, what: str, where: str, name: str, words: str) -> Difference:
    return Difference(kind=kind, what=what, where=where, name=name, found=words)
