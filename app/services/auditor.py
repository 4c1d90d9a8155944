"""Owns the audit of a node: index, lists, envelopes and bodies against the chain, and peers against both.

The papers behind this project repair an invalid copy from what the majority of copies says. Here no
majority counts: every list is bound by its SHA-256 to an anchor on the chain, every envelope to a list,
every body to its address. One honest copy therefore mends all, and any number of liars mends nothing:
what is fetched is hashed against what was anchored, and rows of the index come from the chain alone.
Endpoints of the chain can only be held against themselves and each other; see crosscheck.py.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.core.auditing import Difference, Kind, Listed, Report
from app.core.cid import raw_cid
from app.core.erasure import Receipt
from app.core.errors import ChainUnreachable, ServiceError, StoreAltered, StoreError
from app.core.ports import BodyKeeper
from app.core.statements import Domains
from app.core.waybills import NodeSecret
from app.services.chaincheck import (
    ChainFound,
    Index,
    Peer,
    Source,
    compare_index,
    compare_lists,
    compare_peer,
)
from app.services.crosscheck import Endpoint, crosscheck
from app.services.erasure import Erasing
from app.services.holdings import BODY, ENVELOPE, MANIFEST, Holdings, Rows, take_stock
from app.services.repairs import Mending, Repairs
from app.services.storecheck import STORE, excused, keepers_of, look_into, strays

SAMPLE = 16
"""Objects that are fetched from each peer, to see whether it serves what it says it holds."""
WANTED_MOST = 1000
"""Lists that nobody has shown yet, for which peers are asked."""


class Inventory(Index, Rows, Protocol):
    """All that the database says (adapters/database/inventory.py)."""

    def lists(self) -> Iterator[Listed]: ...


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at everything."""

    differences: list[Difference]
    source: Source
    chain: ChainFound
    stock: Holdings
    findable: list[Difference]
    """Lists of others that peers hold: this node does not owe them to anybody."""
    looked: dict[str, int]
    notes: list[str]


@dataclass(kw_only=True)
class Auditor:
    """Compares a node with the chain and with its peers, and mends what hashes bear out.

    `source` gives the chain to compare with, without the endpoints whose names are given, which were
    found lying. `seed` chooses what is looked at in samples. Raises ChainUnreachable,
    DatabaseUnreachable where it could not look.
    """

    domains: Domains
    rows: Inventory
    mending: Mending
    bodies: BodyKeeper
    secret: NodeSecret | None
    erasing: Erasing | None
    endpoints: Sequence[Endpoint]
    source: Callable[[Collection[str]], Source]
    reindex: Callable[[Source, int], None]
    """Unwinds the index to a block, and follows chain and lists from there."""
    peers: Sequence[Peer] = ()
    seed: int = 0

    def audit(self, *, repair: bool = False) -> Report:
        """What is not as it should be; with `repair`, what was mended is looked at once more."""
        first = self._look()
        wanting = [*first.differences, *first.findable]
        if not repair or not wanting:
            return _report(first)
        done = self._repairs().mend(
            wanting,
            first.stock,
            first.chain,
            first.source,
            is_chain_trusted=not _at_odds(first.differences),
        )
        second = self._look()
        still = {_identity(one) for one in (*second.differences, *second.findable)}
        mended = [
            one.mended_by(done.get(one, "no longer so"))
            for one in wanting
            if _identity(one) not in still
        ]
        return Report(
            looked=second.looked,
            differences=[*mended, *second.differences],
            notes=second.notes,
        )

    def _repairs(self) -> Repairs:
        return Repairs(
            rows=self.rows,
            mending=self.mending,
            stores=keepers_of(self.bodies),
            peers=self.peers,
            secret=self.secret,
            erasing=self.erasing,
            reindex=self.reindex,
        )

    def _look(self) -> _Look:
        told = crosscheck(self.endpoints, self.domains.chain_id, self.seed)
        if self.endpoints and not self._any_honest(told):
            raise ChainUnreachable("every endpoint lies, or is silent")
        source = self.source([one.where for one in told if one.kind is Kind.LIES])
        chain = compare_index(source, self.rows)
        compare_lists(chain, self.rows.lists())
        stock = take_stock(self.rows, self.bodies, self.secret, chain.retractions)
        differences = [*told, *chain.differences, *stock.differences]
        notes: list[str] = []
        for store in keepers_of(self.bodies):
            try:
                differences += look_into(store, stock)
                notes.append(f"{store.name}: {strays(store, stock)} objects that nothing refers to")
            except (StoreError, OSError) as fault:
                words = Difference(
                    kind=Kind.UNREACHABLE,
                    what=STORE,
                    where=store.name,
                    name=store.name,
                    found=str(fault) if isinstance(fault, StoreError) else "it cannot be read",
                )
                differences.append(words)
        for peer in self.peers:
            found = compare_peer(peer, self.domains, source, chain)
            found += self._sample(peer, stock) if not _is_silent(found) else []
            differences += found
        findable = self._findable(stock)
        if findable:
            notes.append(f"{len(findable)} lists of others can be copied from peers: --repair does")
        notes += self._notes(stock)
        return _Look(differences, source, chain, stock, findable, self._looked(chain, stock), notes)

    def _any_honest(self, told: Sequence[Difference]) -> bool:
        out = {one.where for one in told if one.kind in (Kind.LIES, Kind.UNREACHABLE)}
        return any(endpoint.name not in out for endpoint in self.endpoints)

    # peers

    def _sample(self, peer: Peer, stock: Holdings) -> list[Difference]:
        """What a peer serves under some addresses that it says it holds."""
        public = [a for a, r in stock.required.items() if r.what in (MANIFEST, ENVELOPE)]
        dice = random.Random(self.seed)  # noqa: S311 — it chooses, and guards nothing
        chosen = dice.sample(sorted(public), min(SAMPLE, len(public)))
        found = []
        try:
            for address in sorted(peer.held(chosen)):
                try:
                    for _ in peer.read(address):
                        pass
                except StoreAltered:
                    words = "it serves other bytes than those of the address"
                    found.append(_at(peer, Kind.ALTERED, stock, address, words))
                except StoreError:
                    words = "it says that it holds it, and does not serve it"
                    found.append(_at(peer, Kind.MISSING, stock, address, words))
        except ServiceError as fault:
            words = str(fault)
            found.append(
                Difference(
                    kind=Kind.UNREACHABLE,
                    what="peer",
                    where=peer.name,
                    name=peer.name,
                    found=words,
                )
            )
        return found

    def _findable(self, stock: Holdings) -> list[Difference]:
        """Lists of others that this node lacks and a peer holds; what nobody has may be made up."""
        found = []
        wanted = [raw_cid(hash_) for hash_ in stock.wanted[:WANTED_MOST]]
        stores = keepers_of(self.bodies)
        for peer in self.peers if wanted and stores else ():
            try:
                held = peer.held(wanted)
            except ServiceError:
                continue  # named where it was compared
            words = f"an anchor names it, this node has not read it, and {peer.name} says it has it"
            found += [
                Difference(
                    kind=Kind.MISSING,
                    what=MANIFEST,
                    where=stores[0].name,
                    name=address,
                    found=words,
                )
                for address in wanted
                if address in held
            ]
            wanted = [address for address in wanted if address not in held]
        return found

    # telling

    def _notes(self, stock: Holdings) -> list[str]:
        notes = []
        if stock.wanted:
            notes.append(f"{len(stock.wanted)} lists of anchors were not found by anybody yet")
        if stock.retracted:
            count = excused(stock, keepers_of(self.bodies))
            notes.append(f"{count} objects of retracted records are erased")
        names = {store.name for store in keepers_of(self.bodies)}
        for _, receipt in stock.erased.values():
            notes += _left_elsewhere(receipt.receipt, names)
        return notes

    def _looked(self, chain: ChainFound, stock: Holdings) -> dict[str, int]:
        kinds = Counter(required.what for required in stock.required.values())
        return {
            "endpoints": len(self.endpoints),
            "peers": len(self.peers),
            "stores": len(keepers_of(self.bodies)),
            "blocks": chain.head.number + 1,
            "anchors": len(chain.anchors),
            "events": chain.events,
            "digests": stock.looked.get("digests", 0),
            "manifests": kinds[MANIFEST],
            "envelopes": kinds[ENVELOPE],
            "bodies": kinds[BODY],
            "erased": len(stock.erased),
        }


def _at(peer: Peer, kind: Kind, stock: Holdings, address: str, words: str) -> Difference:
    what = stock.required[address].what
    return Difference(kind=kind, what=what, where=peer.name, name=address, found=words)


def _is_silent(found: Sequence[Difference]) -> bool:
    return any(one.kind in (Kind.UNREACHABLE, Kind.LIES) for one in found)


def _at_odds(differences: Sequence[Difference]) -> bool:
    """Whether endpoints differ in a way in which it is not proven who is wrong."""
    return any(
        one.what == "endpoint" and one.kind in (Kind.SUSPECTED, Kind.DISAGREE)
        for one in differences
    )


def _left_elsewhere(receipt: Receipt, names: Collection[str]) -> list[str]:
    return [
        f"{one.store} is no store of this node any more, and may hold bytes that were to be erased"
        for one in receipt.stores
        if one.left and one.store not in names
    ]


def _identity(one: Difference) -> tuple[Kind, str, str, str]:
    return one.kind, one.what, one.where, one.name


def _report(look: _Look) -> Report:
    return Report(looked=look.looked, differences=look.differences, notes=look.notes)
