"""Owns what is public: the chain's anchors and events, and what the stores show. Nothing else is known."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.core.encoding import ZERO32
from app.core.merkle import ManifestEntry
from app.core.statements import AUDIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something in a public store: when it was first seen there, in which place, and what it looks like."""

    at: int
    place: int
    """Among what appeared at that moment."""
    size: int
    head: bytes
    """Its first three bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """An anchored batch: when, by whom, in which book, and its list in the order of its bytes."""

    at: int
    sender: str
    judge: str
    entries: Sequence[ManifestEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Any other event of the contracts: whom it names first, who sent it, and how many came along."""

    at: int
    sender: str
    name: str
    person: str
    digest: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Public:
    """Everything that an observer has."""

    anchors: Sequence[Anchor]
    happenings: Sequence[Happening]
    things: Mapping[bytes, Thing]
    """By SHA-256."""

    @cached_property
    def anchored(self) -> Mapping[bytes, tuple[Anchor, ManifestEntry]]:
        """Where a digest was anchored first."""
        found: dict[bytes, tuple[Anchor, ManifestEntry]] = {}
        for anchor in self.anchors:
            for entry in anchor.entries:
                found.setdefault(entry.digest, (anchor, entry))
        return found

    @cached_property
    def appearances(self) -> Mapping[str, Sequence[Happening]]:
        """What names a person, or was sent by the person: in order of time."""
        found: dict[str, list[Happening]] = defaultdict(list)
        for happening in self.happenings:
            found[happening.person].append(happening)
        return {person: sorted(many, key=lambda h: h.at) for person, many in found.items()}

    @cached_property
    def accesses(self) -> Sequence[Anchor]:
        """Batches of the book of accesses, in order of time."""
        return sorted((a for a in self.anchors if a.judge == AUDIT), key=lambda a: a.at)

    @cached_property
    def _access_times(self) -> Sequence[int]:
        return [anchor.at for anchor in self.accesses]

    def accesses_between(self, first: int, last: int) -> Sequence[Anchor]:
        """Those anchored after `first`, up to `last`."""
        times = self._access_times
        return self.accesses[bisect_right(times, first) : bisect_right(times, last)]

    @cached_property
    def bodies(self) -> Sequence[Thing]:
        """Sealed bodies, in order of time."""
        return sorted((t for t in self.things.values() if t.head == b"CKB"), key=lambda t: t.at)

    @cached_property
    def _body_times(self) -> Sequence[int]:
        return [thing.at for thing in self.bodies]

    def next_body(self, after: int, within: int) -> Thing | None:
        """The first sealed body that appeared after a moment."""
        place = bisect_left(self._body_times, after)
        found = self.bodies[place] if place < len(self.bodies) else None
        return found if found and found.at <= after + within else None

    def envelope(self, entry: ManifestEntry) -> Thing | None:
        """What an entry's envelope looks like; None where it has none, or nobody has seen it."""
        return None if entry.envelope == ZERO32 else self.things.get(entry.envelope)

    def letters(self, anchor: Anchor) -> list[Thing]:
        """The envelopes of a batch that are no waybills, as far as one can tell."""
        found = (self.envelope(entry) for entry in anchor.entries)
        return [thing for thing in found if thing is not None and thing.head == b"CKE"]
