"""Owns what a node tells about its work: what became of a statement, and what is new on the chain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a statement: `state` is empty where the node does not know it.

    `accepted`, then `anchored`; or, for what a contract acts on, `accepted`, `sent`, then `done` or
    `refused`. It is final when no reorganization that this node reckons with can undo it.
    """

    state: str
    block: int | None
    is_final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The newest block (None while there is none), and (judge, root, block) of the newest anchors.

    `letter` is the number of the letter that came last, and `taken_back` changes whenever
    something that takes back was accepted, or is shown by the chain.
    """

    block: int | None
    time: int | None
    anchors: frozenset[tuple[str, bytes, int]]
    letter: int = 0
    taken_back: tuple[int, ...] = ()
