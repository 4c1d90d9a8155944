"""Tests of rate limits: what is counted, what is forgotten, and that counting starts no threads."""

from __future__ import annotations

import threading
import time
from typing import cast

import pytest
from limits.storage import MemoryStorage

from app.core.errors import TooManyRequests
from app.web import limits
from app.web.limits import Limit


def test_one_too_many_is_refused_and_told_when_to_come_back() -> None:
    limit = Limit("2/minute")
    limit.require("a")
    limit.require("a")
    with pytest.raises(TooManyRequests) as refused:
        limit.require("a")
    assert 1 <= refused.value.facts["retry_after"] <= 60
    limit.require("b")


def test_looking_counts_nothing_and_counting_refuses_nothing() -> None:
    limit = Limit("1/minute")
    for _ in range(3):
        limit.require_left("a")
    limit.count("a")
    limit.count("a")
    with pytest.raises(TooManyRequests):
        limit.require_left("a")


def test_without_a_rate_nothing_is_refused() -> None:
    limit = Limit("")
    for _ in range(100):
        limit.require("a")
        limit.require_left("a")
        limit.count("a")


def test_counting_starts_few_threads_and_still_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    started = 0
    start = threading.Timer.start

    def counted(timer: threading.Timer) -> None:
        nonlocal started
        started += 1
        start(timer)

    monkeypatch.setattr(threading.Timer, "start", counted)
    limit = Limit("1/second")
    for number in range(200):
        limit.require(f"person {number}")
        time.sleep(0.0002)
    assert started <= 2
    counts = cast(MemoryStorage, limit._limiter.storage).storage
    assert len(counts) >= 200
    monkeypatch.setattr(limits, "SWEEP_EVERY", 0.0)
    end = time.monotonic() + 300
    while len(counts) >= 100 and time.monotonic() < end:
        time.sleep(0.05)
        limit.count("somebody else")
    assert len(counts) < 100, "what has run out is forgotten"
