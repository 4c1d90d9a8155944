"""Owns the comparison of an index, and of what peers say, with the chain: row by row, never by majority."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

from app.core.auditing import Difference, Kind, Listed
from app.core.encoding import from_hex, hex0x
from app.core.errors import ServiceError, StoreError
from app.core.indexing import Anchor, Block, Event, Followed, Span
from app.core.peering import PeerHead, Place, contracts_of, write_place
from app.core.statements import Domains

MOST_BEHIND = 3
"""Blocks that an index may be below the head."""
MOST_NAMED = 20
"""Differences of a peer that are named one by one; from there on it is enough to know."""
ANCHOR, EVENT, BLOCK, INDEX, LIST, PEER = "anchor", "event", "block", "index", "list", "peer"
OWN_INDEX = "index"
BEYOND = 1 << 60
"""Above every block."""

IndexRow = Anchor | Event


class Source(Protocol):
    """The chain, read range by range (adapters/followed.py)."""

    first_block: int

    def head(self) -> Block: ...
    def blocks_at(self, numbers: Iterable[int]) -> Sequence[Block | None]: ...
    def read(self, first: int, head: Block) -> Span: ...


class Index(Protocol):
    """The rows of the index (adapters/database/inventory.py)."""

    def blocks(self) -> Sequence[Followed]: ...
    def anchors_between(self, first: int, last: int) -> Sequence[Anchor]: ...
    def events_between(self, first: int, last: int) -> Sequence[Event]: ...
    def lists(self) -> Iterator[Listed]: ...


class Peer(Protocol):
    """Another node, as an auditor asks it (adapters/peer.py)."""

    @property
    def name(self) -> str: ...
    def head(self) -> PeerHead: ...
    def anchors(self) -> Iterator[Anchor]: ...
    def held(self, addresses: Sequence[str]) -> set[str]: ...
    def read(self, address: str) -> Iterator[bytes]: ...


@dataclass(slots=True)
class ChainFound:
    """What the chain says, and how the index differs from it."""

    head: Block
    anchors: dict[Place, bytes] = field(default_factory=dict)
    """A short hash of every anchor, by its place."""
    named: set[tuple[str, bytes, bytes]] = field(default_factory=set)
    """(judge, root, list) of every anchor in the blocks that the index has followed."""
    events: int = 0
    retractions: dict[bytes, set[str]] = field(default_factory=dict)
    """Who retracted which record, by its digest."""
    differences: list[Difference] = field(default_factory=list)
    true_until: int | None = None
    """The index is right up to this block, where it is not right in all."""


def compare_index(source: Source, index: Index) -> ChainFound:
    """Hold every row of the index against the chain; raises ChainError."""
    head = source.head()
    found = ChainFound(head=head)
    followed = index.blocks()
    top = followed[0].number if followed else -1
    first = source.first_block
    while first <= head.number:
        span = source.read(first, head)
        _compare_span(found, span, index, top)
        first = span.last + 1
    _compare_rest(found, index, source.first_block, top)
    _compare_blocks(found, source, followed)
    if head.number - top > MOST_BEHIND and head.number >= source.first_block:
        words = f"it ends {head.number - top} blocks below the head of the chain"
        found.differences.append(_own(Kind.BEHIND, INDEX, f"block {top}", words))
        _is_wrong_from(found, top + 1)
    return found


def _compare_span(found: ChainFound, span: Span, index: Index, top: int) -> None:
    for anchor in span.anchors:
        found.anchors[anchor.block, anchor.place] = mark_of(anchor)
        if anchor.block <= top:
            found.named.add((anchor.judge, anchor.root, anchor.manifest))
    found.events += len(span.events)
    for event in span.events:
        if event.name == "Retracted":
            record = from_hex(event.arguments["record"], 32)
            found.retractions.setdefault(record, set()).add(event.arguments["person"])
    last = min(span.last, top)
    told = _by_place([*span.anchors, *span.events])
    kept = _by_place(_rows(index, span.first, last))
    for place in sorted(told.keys() | kept.keys()):
        true, own = told.get(place), kept.get(place)
        if place[0] > top or true == own:
            continue
        what = ANCHOR if isinstance(true or own, Anchor) else EVENT
        if own is None:
            _note(found, Kind.MISSING, what, place, "the chain has it, and the index lacks it")
        elif true is None:
            _note(found, Kind.EXTRA, what, place, "the index has it, and the chain lacks it")
        else:
            _note(found, Kind.ALTERED, what, place, "the index says another thing than the chain")


def _rows(index: Index, first: int, last: int) -> list[IndexRow]:
    return [*index.anchors_between(first, last), *index.events_between(first, last)]


def _by_place(rows: Sequence[IndexRow]) -> dict[Place, IndexRow]:
    return {(row.block, row.place): row for row in rows}


def _compare_rest(found: ChainFound, index: Index, first: int, top: int) -> None:
    """Rows outside all blocks that the index says it has followed; it may go on meanwhile."""
    rows = [*_rows(index, 0, first - 1), *_rows(index, max(top + 1, first), BEYOND)]
    newest = max((block.number for block in index.blocks()), default=-1)
    for row in rows:
        if first <= row.block <= newest:
            continue
        what = ANCHOR if isinstance(row, Anchor) else EVENT
        words = "the index has it outside the blocks that it has followed"
        _note(found, Kind.EXTRA, what, (row.block, row.place), words)


def _compare_blocks(found: ChainFound, source: Source, followed: Sequence[Followed]) -> None:
    known = [block for block in followed if block.number <= found.head.number]
    present = source.blocks_at([block.number for block in known])
    for block, now in zip(known, present, strict=True):
        if now is None or now.hash != block.hash:
            words = "the index remembers another block there than the chain has"
            name = f"block {block.number}"
            found.differences.append(_own(Kind.ALTERED, BLOCK, name, words))
            _is_wrong_from(found, block.number)


def _note(found: ChainFound, kind: Kind, what: str, place: Place, words: str) -> None:
    found.differences.append(_own(kind, what, write_place(place), words))
    _is_wrong_from(found, place[0])


def _is_wrong_from(found: ChainFound, block: int) -> None:
    until = block - 1
    found.true_until = until if found.true_until is None else min(found.true_until, until)


def compare_lists(found: ChainFound, lists: Iterable[Listed]) -> None:
    """Every anchor names a list that the index knows, and it knows no others."""
    missing = set(found.named) if found.true_until is None else set()
    for one in lists:
        missing.discard((one.judge, one.root, one.manifest))
        if not one.named:
            words = "no anchor in the index names it"
            found.differences.append(_own(Kind.EXTRA, LIST, hex0x(one.manifest), words))
    for _, _, manifest in sorted(missing):
        words = "an anchor names it, and the index does not know of it"
        found.differences.append(_own(Kind.MISSING, LIST, hex0x(manifest), words))
        found.true_until = -1


def _own(kind: Kind, what: str, name: str, words: str) -> Difference:
    return Difference(kind=kind, what=what, where=OWN_INDEX, name=name, found=words)


def mark_of(anchor: Anchor) -> bytes:
    """A hash of all that an anchor says; sixteen bytes, since a chain has many."""
    said = [getattr(anchor, name) for name in Anchor.__slots__]
    return blake2b(repr(said).encode(), digest_size=16).digest()


# peers


def compare_peer(
    peer: Peer, domains: Domains, source: Source, chain: ChainFound
) -> list[Difference]:
    """What a peer says that the chain contradicts; raises ChainError."""
    try:
        told = peer.head()
        if (told.chain_id, told.contracts) != (domains.chain_id, contracts_of(domains)):
            return [_of(peer, Kind.LIES, PEER, "it serves other contracts than these")]
        if told.head is None:
            return [_of(peer, Kind.BEHIND, PEER, "its index has not begun")]
        found = _compare_head(peer, told.head, source, chain)
        return found + _compare_anchors(peer, told.head.number, chain.anchors, chain.head.number)
    except (ServiceError, StoreError) as fault:
        return [_of(peer, Kind.UNREACHABLE, PEER, str(fault))]


def _compare_head(
    peer: Peer, head: Followed, source: Source, chain: ChainFound
) -> list[Difference]:
    [block] = source.blocks_at([head.number])
    if block is not None and block.hash != head.hash:
        words = f"the chain has another block {head.number} than the one on which its index stands"
        return [_of(peer, Kind.ALTERED, BLOCK, words)]
    if chain.head.number - head.number > MOST_BEHIND:
        words = f"its index ends {chain.head.number - head.number} blocks below the head"
        return [_of(peer, Kind.BEHIND, PEER, words)]
    return []


def _compare_anchors(
    peer: Peer, until: int, true: Mapping[Place, bytes], head: int
) -> list[Difference]:
    found: list[Difference] = []
    last = min(until, head)
    missing = {place for place in true if place[0] <= last}
    for anchor in peer.anchors():
        place = (anchor.block, anchor.place)
        if anchor.block > head:
            break  # newer than what was read of the chain: neither right nor wrong
        missing.discard(place)
        if place not in true:
            words = "it names an anchor that the chain lacks"
            found.append(_of(peer, Kind.EXTRA, ANCHOR, words, write_place(place)))
        elif true[place] != mark_of(anchor):
            words = "it says another thing about an anchor than the chain"
            found.append(_of(peer, Kind.ALTERED, ANCHOR, words, write_place(place)))
        if len(found) >= MOST_NAMED:
            return found
    if missing:
        words = f"it lacks {len(missing)} of the chain's {len(true)} anchors"
        found.append(_of(peer, Kind.MISSING, ANCHOR, words))
    return found


def _of(peer: Peer, kind: Kind, what: str, words: str, name: str = "") -> Difference:
    return Difference(kind=kind, what=what, where=peer.name, name=name or peer.name, found=words)
