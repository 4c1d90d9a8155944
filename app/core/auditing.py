"""Owns what an audit finds: differences, what was done about them, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self


class Kind(StrEnum):
    """In which way something is not as it should be."""

    MISSING = "missing"
    ALTERED = "altered"
    EXTRA = "extra"
    BEHIND = "behind"
    CAME_BACK = "came back"
    LEFT = "left"
    LIES = "lies"
    SUSPECTED = "suspected"
    DISAGREE = "disagree"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it should be: what it is, where, and what was found.

    `name` is an address in the store, a place on the chain, a host: never a person.
    """

    kind: Kind
    what: str
    where: str
    name: str
    found: str
    mended: str = ""
    """What was done about it; empty where nothing was."""

    def mended_by(self, how: str) -> Self:
        """The same, mended."""
        return replace(self, mended=how)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an audit looked at (how many of each), what it found, and what it only mentions."""

    looked: Mapping[str, int]
    differences: Sequence[Difference] = ()
    notes: Sequence[str] = ()

    @property
    def left(self) -> list[Difference]:
        """What is still not as it should be."""
        return [one for one in self.differences if not one.mended]

    @property
    def is_clean(self) -> bool:
        """Whether everything is now as it should be."""
        return not self.left

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "chartkey": "audit/1",
            "clean": self.is_clean,
            "looked": dict(self.looked),
            "differences": [
                {name: str(getattr(one, name)) for name in Difference.__slots__}
                for one in self.differences
            ],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list that the index knows: its state, and whether an anchor names it."""

    id: int
    judge: str
    root: bytes
    manifest: bytes
    state: str
    named: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSheet:
    """A key sheet as the database keeps it, with its statement file and its place in the store."""

    record: bytes
    address: str
    statement: Mapping[str, Any]
    sheet: bytes = field(repr=False)
