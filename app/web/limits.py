"""Owns rate limits: how much one client, or one person, may ask for in a while."""

from __future__ import annotations

import time
from threading import Timer

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from app.core.errors import TooManyRequests

SWEEP_EVERY = 1.0
"""Seconds between two looks for counts that have run out."""


class _Counts(MemoryStorage):
    """Looks for what has run out once in a while: left alone, nearly every hit starts a thread for it."""

    @property
    def timer(self) -> Timer:
        """The last look that was begun, which is `alive` until the next one is due."""
        return self._timer

    @timer.setter
    def timer(self, timer: Timer) -> None:
        due = time.monotonic() + SWEEP_EVERY
        timer.is_alive = lambda: time.monotonic() < due  # type: ignore[method-assign]
        timer.daemon = True
        self._timer = timer


class Limit:
    """So many in so much time for each key, such as `600/minute`; empty: no limit.

    A key takes two numbers, that of the present minute and that of the one before, which counts for as
    much as is left of it. What has run out is forgotten when anybody is counted next. Counts live in
    this process and its memory: what a key stands for is never written down.
    """

    def __init__(self, rate: str) -> None:
        self._item: RateLimitItem | None = parse(rate) if rate else None
        self._limiter = SlidingWindowCounterRateLimiter(_Counts())

    def require(self, key: str) -> None:
        """Count one; raises TooManyRequests where that is one too many."""
        if self._item is not None and not self._limiter.hit(self._item, key):
            raise self._refusal(self._item, key)

    def require_left(self, key: str, count: int = 1) -> None:
        """Count nothing; raises TooManyRequests where fewer than so many are left."""
        if self._item is not None and not self._limiter.test(self._item, key, cost=count):
            raise self._refusal(self._item, key)

    def count(self, key: str) -> None:
        """Count one that has been let through already."""
        if self._item is not None:
            self._limiter.hit(self._item, key)

    def _refusal(self, item: RateLimitItem, key: str) -> TooManyRequests:
        reset = self._limiter.get_window_stats(item, key).reset_time
        return TooManyRequests(retry_after=max(1, round(reset - time.time())))
