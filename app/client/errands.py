"""Owns threads for errands that may hang: kept for the next one when they come back, never waited for."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

REST = 30.0
"""Seconds that a thread waits for another errand before it ends."""

Errand = Callable[[], None]


class Errands:
    """As many threads as there are errands at once; one that hangs keeps nobody, not even the process.

    Unlike a pool's, nobody waits for them, at its end or the process's. Errands do not raise.
    """

    def __init__(self, rest: float = REST) -> None:
        self._rest = rest
        self._idle: deque[SimpleQueue[Errand]] = deque()
        # a process that parts from this one has none of its threads
        os.register_at_fork(after_in_child=self._idle.clear)

    def run(self, errand: Errand) -> None:
        """Have it done at once by a thread that rests, or by a new one."""
        try:
            desk = self._idle.pop()
        except IndexError:
            desk = SimpleQueue()
            Thread(target=self._work, args=(desk,), daemon=True).start()
        desk.put(errand)

    def _work(self, desk: SimpleQueue[Errand]) -> None:
        while errand := self._next(desk):
            errand()
            del errand  # what it holds is not kept while the thread rests
            self._idle.append(desk)

    def _next(self, desk: SimpleQueue[Errand]) -> Errand | None:
        try:
            return desk.get(timeout=self._rest)
        except Empty:
            pass
        try:
            self._idle.remove(desk)
        except ValueError:
            return desk.get()  # somebody has taken it in this very moment
        return None
