"""Owns the comparison of RPC endpoints: which of them lies, lags, or cannot be told from the others.

What one endpoint says against itself is proof: a block whose successor names another parent. What it
says against others is none, since two of three can lie as well as one: the odd one out is *suspected*,
and of two that disagree neither is. Nothing is taken over from either side.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.core.auditing import Difference, Kind
from app.core.errors import ChainError
from app.core.indexing import Block

BELOW = (0, 1, 2, 5, 12, 32, 64, 128)
"""Blocks below the lowest head that are compared."""
AT_RANDOM = 16
"""Blocks of the whole chain that are compared."""
MOST_BEHIND = 3
"""Blocks that an endpoint may be below the highest head."""
LOOKS = 2
"""A chain that has just moved looks like a lie: what is found must be found twice."""

ENDPOINT = "endpoint"


class Endpoint(Protocol):
    """One RPC endpoint (adapters/one_endpoint.py)."""

    @property
    def name(self) -> str: ...
    def chain_id(self) -> int: ...
    def head(self) -> Block: ...
    def blocks_at(self, numbers: Iterable[int]) -> Sequence[Block | None]: ...


@dataclass(frozen=True, slots=True)
class _Told:
    """What an endpoint told: its head, and the blocks that it was asked for."""

    name: str
    head: int
    blocks: Mapping[int, Block | None]


def crosscheck(endpoints: Sequence[Endpoint], chain_id: int, seed: int) -> list[Difference]:
    """What endpoints tell against themselves and each other; `seed` chooses the random heights."""
    found: list[Difference] = []
    for _ in range(LOOKS):
        dice = random.Random(seed)  # noqa: S311 — it chooses, and guards nothing
        found = _look(endpoints, chain_id, dice)
        if not found:
            break
    return found


def _look(endpoints: Sequence[Endpoint], chain_id: int, chosen: random.Random) -> list[Difference]:
    found: list[Difference] = []
    heads: dict[str, int] = {}
    for endpoint in endpoints:
        try:
            given, heads[endpoint.name] = endpoint.chain_id(), endpoint.head().number
        except ChainError as fault:
            found.append(_difference(Kind.UNREACHABLE, endpoint.name, str(fault)))
            continue
        if given != chain_id:
            del heads[endpoint.name]
            words = f"says it is on chain {given}, and this deployment is on chain {chain_id}"
            found.append(_difference(Kind.LIES, endpoint.name, words))
    if not heads:
        return found
    best = max(heads.values())
    for name, head in heads.items():
        if best - head > MOST_BEHIND:
            words = f"its newest block is {best - head} below the highest that an endpoint shows"
            found.append(_difference(Kind.BEHIND, name, words))
    told = []
    heights = _heights(min(heads.values()), chosen)
    for endpoint in endpoints:
        if endpoint.name in heads:
            try:
                blocks = endpoint.blocks_at(heights)
            except ChainError as fault:
                found.append(_difference(Kind.UNREACHABLE, endpoint.name, str(fault)))
            else:
                shown = dict(zip(heights, blocks, strict=True))
                told.append(_Told(endpoint.name, heads[endpoint.name], shown))
    alone = [one for tells in told for one in _against_itself(tells)]
    liars = {one.where for one in alone}
    others = [tells for tells in told if tells.name not in liars]
    return found + alone + _against_each_other(others, heights)


def _heights(lowest: int, chosen: random.Random) -> list[int]:
    """Heights to compare, each with its successor, which names it as its parent."""
    wanted = {max(lowest - below, 0) for below in BELOW}
    wanted |= {chosen.randint(0, lowest) for _ in range(AT_RANDOM)}
    return sorted(wanted | {height + 1 for height in wanted if height < lowest})


def _against_itself(told: _Told) -> list[Difference]:
    for number, block in told.blocks.items():
        after = told.blocks.get(number + 1)
        if block is None:
            words = f"shows no block {number} although its newest is {told.head}"
            return [_difference(Kind.LIES, told.name, words)]
        if block.number != number:
            words = f"shows another block where it is asked for block {number}"
            return [_difference(Kind.LIES, told.name, words)]
        if after is not None and after.parent != block.hash:
            words = f"contradicts itself: its block {number + 1} does not follow its block {number}"
            return [_difference(Kind.LIES, told.name, words)]
    return []


def _against_each_other(told: Sequence[_Told], heights: Sequence[int]) -> list[Difference]:
    """The first height at which they differ, and what that tells."""
    for height in heights:
        hashes = {one.name: block.hash for one in told if (block := one.blocks[height])}
        counts = Counter(hashes.values()).most_common()
        if len(counts) < 2:
            continue
        if counts[0][1] == counts[1][1] or counts[0][1] * 2 <= len(hashes):
            words = f"they show different blocks {height}; which is right cannot be told from them"
            return [_difference(Kind.DISAGREE, ", ".join(hashes), words)]
        words = (
            f"shows another block {height} than the {counts[0][1]} others: a reason to look into "
            "it, and no proof"
        )
        odd = [name for name, hash_ in hashes.items() if hash_ != counts[0][0]]
        return [_difference(Kind.SUSPECTED, name, words) for name in odd]
    return []


def _difference(kind: Kind, name: str, found: str) -> Difference:
    return Difference(kind=kind, what=ENDPOINT, where=name, name=name, found=found)
