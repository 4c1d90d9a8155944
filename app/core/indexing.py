"""Owns the values of the index: blocks, anchors, events, and the lists that anchors name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KEPT_BLOCKS = 128
"""How many of the newest blocks the index remembers, so that it finds where a chain forked."""
PART = 20_000
"""Digests that are written in one transaction; a list is not split, so one can be larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block's number, hash, parent's hash and time."""

    number: int
    hash: bytes
    parent: bytes
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """An `Anchored` event of a contract's book; `place` is its number among the block's events."""

    block: int
    place: int
    judge: str
    root: bytes
    manifest: bytes
    sender: str
    transaction: bytes
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Any other event; `subject` is its first indexed argument.

    Arguments are JSON: 0x-hexadecimal, and decimal text for integers of more than 48 bits.
    """

    block: int
    place: int
    contract: str
    name: str
    subject: str
    arguments: Mapping[str, Any]
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What a range of blocks says; `blocks` are the newest of it, at least the last one, in order."""

    first: int
    last: int
    blocks: Sequence[Block]
    anchors: Sequence[Anchor]
    events: Sequence[Event]

    @property
    def parent(self) -> bytes | None:
        """The hash of the block before the range; None where its first block is not at hand."""
        oldest = self.blocks[0]
        return oldest.parent if oldest.number == self.first else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A block that the index has followed."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A list that an anchor names and that was not read yet."""

    id: int
    root: bytes
    manifest: bytes
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Where a digest stands: in a list that was read, under a root that was anchored then."""

    list: int
    judge: str
    root: bytes
    manifest: bytes
    block: int
    time: int
