"""Owns what the system tells of the cores' time: a host that serves others too makes figures small."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

STAT = Path("/proc/stat")
STEAL, GUEST = 7, 8
"""Places in the line of proc_stat(5): time that the host gave to others, and from here on what is counted twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """The time of all cores since the system began, in ticks, and how much of it was stolen."""

    all: int
    stolen: int

    @classmethod
    def now(cls, stat: Path = STAT) -> Self | None:
        """As the system tells it; None where it does not (Linux does)."""
        try:
            name, *words = stat.read_text(encoding="ascii").splitlines()[0].split()
        except (OSError, IndexError):
            return None
        ticks = [int(word) for word in words[:GUEST]]
        return (
            cls(all=sum(ticks), stolen=ticks[STEAL])
            if name == "cpu" and len(ticks) == GUEST
            else None
        )

    def stolen_since(self, before: Cores) -> float:
        """The share of the time since then, in percent."""
        passed = self.all - before.all
        return round(100 * (self.stolen - before.stolen) / passed, 1) if passed else 0.0
