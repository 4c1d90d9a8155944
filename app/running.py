"""Owns how services run in a process: signals, loops in threads, and an orderly end."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType

from app.services.loops import Loop

LOG = logging.getLogger("chartkey.running")
ENDED_WELL, BROKEN, AT_ONCE = 0, 1, 130


@contextmanager
def told_by_signals() -> Iterator[Event]:
    """An event that SIGTERM and Ctrl-C set; a second one ends the process where it stands."""
    stop = Event()

    def tell(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(AT_ONCE)
        LOG.info("stops", extra={"signal": signal.Signals(number).name})
        stop.set()

    before = {one: signal.signal(one, tell) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


class Crew:
    """Loops in threads of their own, which all end when one of them breaks."""

    def __init__(
        self, loops: Sequence[Loop], stop: Event, when_broken: Callable[[], None] = lambda: None
    ) -> None:
        self._stop, self._when_broken = stop, when_broken
        self._threads = [Thread(target=self._work, args=(one,), name=one.name) for one in loops]
        self.is_broken = False

    def _work(self, loop: Loop) -> None:
        try:
            loop.run(self._stop)
        except Exception as fault:  # noqa: BLE001  (whatever it is: the others must not go on alone)
            LOG.error("broke", extra={"error": type(fault).__name__, "program": loop.name})
            self.is_broken = True
            self._stop.set()
            self._when_broken()

    def start(self) -> None:
        """Have all of them begin."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Have those that began finish what is under way, and return when they have."""
        self._stop.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()


def run_until_told(loops: Sequence[Loop]) -> int:
    """Run loops until a signal comes, or one of them breaks; the exit code."""
    with told_by_signals() as stop:
        crew = Crew(loops, stop)
        LOG.info("runs")
        crew.start()
        stop.wait()
        crew.end()
    LOG.info("has stopped")
    return BROKEN if crew.is_broken else ENDED_WELL
