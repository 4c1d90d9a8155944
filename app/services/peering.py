"""Owns what a node tells other nodes: its index, its public ciphertexts, and erasures on their word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from app.core.cid import raw_cid
from app.core.erasure import SignedReceipt, node_address
from app.core.errors import NotStored, StoreError
from app.core.indexing import Anchor, Followed
from app.core.peering import PAGE, PeerHead, Place, contracts_of, is_one_block
from app.core.ports import BodyKeeper
from app.core.signatures import Signed
from app.core.statements import Domains, Record, Retraction
from app.core.waybills import MAGIC, NodeSecret


class Shown(Protocol):
    """The node's index, as far as other nodes see it (adapters/database/inventory.py)."""

    def blocks(self) -> Sequence[Followed]: ...
    def anchors_after(self, block: int, place: int, most: int) -> Sequence[Anchor]: ...


@dataclass(frozen=True, kw_only=True)
class PeerDesk:
    """Answers other nodes, and auditors. All of it is on the chain, or public ciphertext.

    What is sealed to the node itself (waybills, key sheets) is not handed out: nobody else has a
    use for it. `erase` is the node's own (services/node.py), which checks the patient's signature.
    """

    domains: Domains
    index: Shown
    bodies: BodyKeeper
    secret: NodeSecret
    erase: Callable[[Signed[Record], Signed[Retraction]], SignedReceipt]

    def head(self) -> PeerHead:
        """Which contracts this node serves, and how far its index has come."""
        return PeerHead(
            chain_id=self.domains.chain_id,
            contracts=contracts_of(self.domains),
            head=next(iter(self.index.blocks()), None),
            node=node_address(self.secret),
        )

    def anchors(self, after: Place) -> tuple[Sequence[Anchor], Place | None]:
        """A page of anchors, and where the next one begins."""
        found = self.index.anchors_after(*after, PAGE + 1)
        page = found[:PAGE]
        return page, (page[-1].block, page[-1].place) if len(found) > PAGE else None

    def manifest(self, hash_: bytes) -> Iterator[bytes]:
        """A list by its SHA-256; raises NotStored."""
        return self.read(raw_cid(hash_))

    def read(self, address: str) -> Iterator[bytes]:
        """The bytes under an address; raises NotStored, before the first of them."""
        pieces = self.bodies.read(address)
        first = next(pieces, b"")
        if first.startswith(MAGIC):
            raise NotStored(address=address)
        return chain([first], pieces)

    def held(self, addresses: Sequence[str]) -> list[str]:
        """Which of these are held; those that are quickly hashed are held only where right."""
        return [address for address in addresses if self._holds(address)]

    def _holds(self, address: str) -> bool:
        with suppress(StoreError):
            pieces = self.read(address)
            if is_one_block(address):
                for _ in pieces:
                    pass
            return self.bodies.holds(address)
        return False
