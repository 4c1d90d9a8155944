"""Owns following the chain: its ranges and reorganizations, and the lists that its anchors name."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from app.core.cid import raw_cid
from app.core.errors import (
    EndpointsDisagree,
    MalformedSeal,
    NotStored,
    ServiceError,
    StoreAltered,
    StoreError,
    StoreUnreachable,
    UnknownVersion,
)
from app.core.indexing import PART, Block, Followed, Span, Wanted
from app.core.merkle import ManifestEntry, decode_manifest, merkle_root

LOG = logging.getLogger("chartkey.indexer")

ONE_BLOCK = 1 << 18
"""Bytes of a list whose address follows from its SHA-256."""
LOOKS = 500
"""Lists that are looked for in one go."""
SOONEST, LATEST = 5, 3600
"""Seconds until a list that could not be had is looked for again."""
RETRIES = 5
"""Times in a row that a chain may move while it is read."""


class Source(Protocol):
    """The chain as the index reads it (adapters/followed.py)."""

    first_block: int

    def head(self) -> Block: ...
    def blocks_at(self, numbers: Iterable[int]) -> Sequence[Block | None]: ...
    def read(self, first: int, head: Block) -> Span: ...


class Index(Protocol):
    """Where it is written down (adapters/database/index.py)."""

    def followed(self) -> Sequence[Followed]: ...
    def append(self, span: Span, after: Followed | None) -> bool: ...
    def unwind(self, newest: Followed, to: int) -> bool: ...
    def wanted(self, now: int, most: int) -> Sequence[Wanted]: ...
    def keep_lists(self, many: Sequence[tuple[int, Sequence[ManifestEntry]]]) -> None: ...
    def mark_false(self, id_: int) -> None: ...
    def put_off(self, id_: int, next_try: int) -> None: ...


class Bodies(Protocol):
    """Where published lists are found."""

    def read(self, address: str) -> Iterator[bytes]: ...


@dataclass(kw_only=True)
class Indexer:
    """Keeps the index equal to the chain. Any number of them may work on one database."""

    source: Source
    index: Index
    bodies: Bodies
    elsewhere: Callable[[bytes], bytes] | None = None
    """Finds a list by its SHA-256 that the store does not hold under it, as one that is larger."""
    clock: Callable[[], int] = field(default=lambda: int(time.time()))

    # the chain

    def follow(self) -> None:
        """Bring the index to the head; raises ChainUnreachable, EndpointsDisagree.

        A chain that moves while it is read is read again, a few times.
        """
        failures = 0
        while True:
            try:
                if not self.tick():
                    return
                failures = 0
            except EndpointsDisagree:
                failures += 1
                if failures > RETRIES:
                    raise

    def tick(self) -> bool:
        """Unwind what was reorganized, or write down one range; False at the head.

        Raises EndpointsDisagree where the chain moved meanwhile; nothing was written then.
        """
        followed = self.index.followed()
        newest = followed[0] if followed else None
        head = self.source.head()
        if newest is not None and not self._stands(followed, head):
            self.index.unwind(newest, self._fork(followed, head))
            return True
        first = self.source.first_block if newest is None else newest.number + 1
        if head.number < first:
            return False
        span = self.source.read(first, head)
        if newest is not None and span.parent not in (None, newest.hash):
            raise EndpointsDisagree()
        self.index.append(span, newest)
        return span.last < head.number

    def _stands(self, followed: Sequence[Followed], head: Block) -> bool:
        """Whether the newest followed block that the chain could show is part of it.

        A head below all that is remembered tells nothing: its endpoint has not come this far.
        """
        for block in followed:
            if block.number == head.number:
                return block.hash == head.hash
            if block.number < head.number:
                [now] = self.source.blocks_at([block.number])
                return now is not None and now.hash == block.hash
        return True

    def _fork(self, followed: Sequence[Followed], head: Block) -> int:
        """The newest followed block that is still part of the chain; −1 where none is."""
        known = [block for block in followed if block.number <= head.number]
        present = self.source.blocks_at([block.number for block in known])
        for block, now in zip(known, present, strict=True):
            if now is not None and now.hash == block.hash:
                LOG.info("the chain was reorganized: going back to where it forked")
                return block.number
        LOG.warning("the chain was reorganized deeper than the index remembers: following it anew")
        return -1

    # the lists

    def read_manifests(self, now: int | None = None) -> int:
        """Look for lists that are due; how many were looked for.

        A list is believed where its SHA-256 is the anchored one and its digests have the anchored
        root. Raises StoreUnreachable after writing down what was read.
        """
        now = self.clock() if now is None else now
        wanted = self.index.wanted(now, LOOKS)
        part: list[tuple[int, Sequence[ManifestEntry]]] = []
        try:
            for one in wanted:
                entries = self._look_for(one, now)
                if entries is not None:
                    part.append((one.id, entries))
                if sum(len(entries) for _, entries in part) >= PART:
                    self.index.keep_lists(part)
                    part = []
        finally:
            if part:
                self.index.keep_lists(part)
        return len(wanted)

    def _look_for(self, one: Wanted, now: int) -> Sequence[ManifestEntry] | None:
        """The list's entries; None where it cannot be had now, or is false."""
        try:
            entries = decode_manifest(self._fetch(one.manifest))
            if merkle_root(entry.digest for entry in entries) == one.root:
                return entries
            self.index.mark_false(one.id)
        except MalformedSeal:
            self.index.mark_false(one.id)
        except StoreUnreachable:
            self.index.put_off(one.id, now + SOONEST)
            raise
        except (StoreError, ServiceError, UnknownVersion):  # a later Chartkey may know the version
            self.index.put_off(one.id, now + min(SOONEST << min(one.tries, 16), LATEST))
        return None

    def _fetch(self, hash_: bytes) -> bytes:
        address = raw_cid(hash_)
        try:
            manifest = read_capped(self.bodies, address)
        except NotStored:
            if self.elsewhere is None:
                raise
            manifest = self.elsewhere(hash_)
        if sha256(manifest).digest() != hash_:
            raise StoreAltered(address=address)
        return manifest


def read_capped(bodies: Bodies, address: str) -> bytes:
    """What stands under the address of a single block; raises StoreError, never reading on."""
    content = b""
    for piece in bodies.read(address):
        content += piece
        if len(content) > ONE_BLOCK:
            raise StoreAltered(address=address)
    return content
