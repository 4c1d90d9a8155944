"""Owns the loop in which a service works: tick by tick, backing off from faults, until it is told to stop."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.core.errors import ChartkeyError

LOG = logging.getLogger("chartkey.loops")
FIRST_REST, LONGEST_REST = 1.0, 30.0
"""Seconds of rest after a fault; each further one doubles it."""


class Stop(Protocol):
    """A threading.Event, or whatever else is set when a service should end."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float | None = None) -> bool: ...


@dataclass(kw_only=True)
class Loop:
    """One service: `tick` does what is due, and answers what it could not do for single things.

    Between ticks it pauses; after one that failed it rests, longer each time. A fault is logged by
    its class when it begins, and when it is over. Only Chartkey's own errors are lived with: any
    other is a mistake in the program, and ends the loop.
    """

    name: str
    tick: Callable[[], Sequence[ChartkeyError]]
    pause: float = 1.0
    _told: Counter[str] = field(init=False, default_factory=Counter)

    def run(self, stop: Stop) -> None:
        """Tick until told to stop; the tick under way is finished."""
        rest, fault = 0.0, ""
        while not stop.is_set():
            try:
                refused = self.tick()
            except ChartkeyError as error:
                if type(error).__name__ != fault:
                    fault = type(error).__name__
                    LOG.warning("waits for a fault to pass", extra={"error": fault} | self._name)
                rest = min(max(2 * rest, FIRST_REST), LONGEST_REST)
                stop.wait(rest)
                continue
            if fault:
                LOG.info("goes on", extra={"error": fault} | self._name)
                rest, fault = 0.0, ""
            self._tell(refused)
            stop.wait(self.pause)

    def _tell(self, refused: Sequence[ChartkeyError]) -> None:
        """Log what single things met with, unless it is the same as last time."""
        kinds = Counter(type(one).__name__ for one in refused)
        if kinds != self._told:
            for kind, count in kinds.items():
                words = {"error": kind, "count": count} | self._name
                LOG.warning("could not do single things", extra=words)
        self._told = kinds

    @property
    def _name(self) -> dict[str, str]:
        return {"program": self.name}
