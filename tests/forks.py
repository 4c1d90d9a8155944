"""Owns processes that tests fork from one that has loaded the code: to load it takes longer than most tests do."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import Any

from app.__main__ import main

_LOADED = [
    "app.commands.backup",
    "app.commands.index",
    "app.commands.relay",
    "app.commands.restore",
    "app.commands.web",
    "tests.adapters.database_others",
    "tests.adapters.dying",
    "tests.faults.processes",
    "tests.forks",
]
"""What nearly all of them need, but for prometheus_client: of several web processes, each must find the
folder in which they add up when it imports that."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(_LOADED)


def fork(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Call a function of a module in a process of its own, which ends with this one at the latest."""
    process = _CONTEXT.Process(target=_call, args=(target, *arguments), daemon=True)
    process.start()
    return process


def _call(target: Callable[..., None], *arguments: Any) -> None:
    Thread(target=_end_with_starter, daemon=True).start()
    target(*arguments)


def _end_with_starter() -> None:
    """The kernel tells of a parent's end (prctl), but the parent is the one that forks for the starter."""
    starter = multiprocessing.parent_process()
    assert starter is not None
    starter.join()
    os.kill(os.getpid(), signal.SIGKILL)


class Command:
    """`python -m app …` in a process of its own, with the words of subprocess.Popen."""

    def __init__(self, words: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self.words = words
        self._process = fork(_run, words, dict(environ), log)

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code of one that has ended; that of one that a signal ended is negative."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when it has ended; raises TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(list(self.words), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to one that has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a loss of power does."""
        self.send_signal(signal.SIGKILL)


def _run(words: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
    os.environ.clear()
    os.environ.update(environ)
    with log.open("ab") as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
    sys.exit(main(words))
