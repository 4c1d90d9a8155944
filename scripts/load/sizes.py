"""Owns how much the load measurement does, in full or at a share of it for trying out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

BATCH = 1024
"""Digests of a full batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many of everything; each part draws from these and from nothing else."""

    patients: int = 60
    viewers: int = 20
    statements: int = 24_000
    statements_postgres: int = 6_000
    statements_kubo: int = 2_000
    sealers: int = 1
    """Client processes that sign and seal; one keeps a core busy, the services the other."""
    in_list: int = 128
    """Statements in one HTTP request."""
    one_by_one: int = 400
    records: int = 480
    openings: int = 1_800
    openers: int = 2
    """Client processes that open."""
    together: int = 16
    """Records that one viewer opens at once, each with an access of its own."""
    in_flight: int = 2
    """Viewers of each client who open at once."""
    offered_rate: int = 20
    offered: int = 400
    growth: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    """Digests in the index at which an opening and a proof are timed."""
    timed_openings: int = 60
    timed_proofs: int = 200

    @classmethod
    def at(cls, share: float) -> Self:
        """A share of the full size, and never so little that a part has nothing to do."""
        full = cls()
        if share == 1:
            return full

        def some(count: int, least: int) -> int:
            return max(int(count * share), least)

        return cls(
            patients=some(full.patients, 3),
            viewers=some(full.viewers, 2),
            statements=some(full.statements, 48),
            statements_postgres=some(full.statements_postgres, 24),
            statements_kubo=some(full.statements_kubo, 24),
            in_list=some(full.in_list, 8),
            one_by_one=some(full.one_by_one, 5),
            records=some(full.records, 9),
            openings=some(full.openings, 8),
            together=3,
            offered=some(full.offered, 10),
            growth=tuple(some(size, 100 << at) for at, size in enumerate(full.growth)),
            timed_openings=some(full.timed_openings, 3),
            timed_proofs=some(full.timed_proofs, 5),
        )
