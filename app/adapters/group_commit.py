"""Owns group commit: many threads hand in one thing each, and one of them makes all durable at once.

A transaction that is synced costs the same for one row as for hundreds. Whoever comes while a
commit is under way waits for the next one, which takes everybody who waits by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST = 1024
"""Things in one commit unless another number is given, so that none waits long for the others."""


class _Waiting(Generic[T, R]):
    """One thing, and what became of it."""

    __slots__ = ("done", "fault", "item", "result")

    def __init__(self, item: T) -> None:
        self.item = item
        self.done = False
        self.fault: BaseException | None = None
        self.result: R | None = None


class GroupCommit(Generic[T, R]):
    """Calls `commit` with what several threads handed in; each gets its own result.

    `commit` returns one result for each item, in order. What it raises, every caller of that group
    gets: none of them may believe that it was kept.
    """

    def __init__(self, commit: Callable[[Sequence[T]], Sequence[R]], most: int = MOST) -> None:
        self._commit, self._most = commit, most
        self._queue: list[_Waiting[T, R]] = []
        self._gate, self._turn = Lock(), Lock()

    def __call__(self, item: T) -> R:
        """Hand in one thing and return when it is durable; raises what the commit raised."""
        own: _Waiting[T, R] = _Waiting(item)
        with self._gate:
            self._queue.append(own)
        with self._turn:
            while not own.done:
                self._take_turn()
        if own.fault is not None:
            raise own.fault
        return own.result  # type: ignore[return-value]

    def _take_turn(self) -> None:
        with self._gate:
            group, self._queue = self._queue[: self._most], self._queue[self._most :]
        try:
            results = self._commit([waiting.item for waiting in group])
            for waiting, result in zip(group, results, strict=True):
                waiting.result = result
        except BaseException as fault:
            for waiting in group:
                waiting.fault = fault
            if not isinstance(fault, Exception):
                raise
        finally:
            for waiting in group:
                waiting.done = True
