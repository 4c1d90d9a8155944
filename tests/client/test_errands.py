"""Tests of threads for errands: they are kept, none waits for another, and they end when nobody comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from threading import Event

from app.client.errands import Errands


def until(holds: Callable[[], bool]) -> bool:
    """Wait for what must come."""
    end = time.monotonic() + 300
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    return holds()


def ran_in(errands: Errands) -> int:
    """Which thread did an errand."""
    seen: list[int] = []
    errands.run(lambda: seen.append(threading.get_ident()))
    assert until(lambda: bool(seen))
    assert until(lambda: bool(errands._idle)), "it rests"
    return seen[0]


def test_a_thread_that_came_back_is_sent_again() -> None:
    errands = Errands()
    assert len({ran_in(errands) for _ in range(5)}) == 1


def test_an_errand_that_hangs_keeps_no_other_waiting() -> None:
    errands, end, done = Errands(), Event(), Event()

    def hang() -> None:
        end.wait(20)

    for _ in range(3):
        errands.run(hang)
    errands.run(done.set)
    assert done.wait(20)
    end.set()
    assert until(lambda: len(errands._idle) == 4)


def test_a_thread_that_nobody_sends_ends() -> None:
    errands = Errands(rest=0.01)
    ran_in(errands)
    assert until(lambda: not errands._idle)
    ran_in(errands)


def test_every_errand_is_run_once_while_threads_come_and_go() -> None:
    errands, lock, seen = Errands(rest=0.0005), threading.Lock(), []

    def note(number: int) -> None:
        with lock:
            seen.append(number)

    for number in range(2000):
        errands.run(lambda number=number: note(number))  # type: ignore[misc]
        if number % 7 == 0:
            time.sleep(0.0006)
    assert until(lambda: len(seen) == 2000)
    assert sorted(seen) == list(range(2000))
