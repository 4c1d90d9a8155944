"""Owns client processes: each gets its task as JSON, and answers with JSON when it is done."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from app.adapters import tools
from app.adapters.processes import end_with_parent
from app.core.errors import CannotStart

Task = Mapping[str, Any]


class Client:
    """One process that runs a module of this package on a task."""

    def __init__(self, module: str, task: Task, environment: Mapping[str, str] | None) -> None:
        self._name = module
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"scripts.load.{module}"],
            cwd=tools.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            preexec_fn=end_with_parent if sys.platform == "linux" else None,
        )
        self._tell(json.dumps(task))

    def until_ready(self) -> None:
        """Return once it has said that it is; raises CannotStart."""
        self._heard()

    def go(self) -> None:
        """Let it begin: until then it has only read its task and imported what it needs."""
        self._tell("go")

    def answer(self) -> dict[str, Any]:
        """What it found, once it has ended."""
        return dict(json.loads(self._heard()))

    def end(self) -> None:
        """End it, wherever it stands."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def _tell(self, line: str) -> None:
        if self.process.stdin is None:
            raise AssertionError("it was started with a pipe")
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _heard(self) -> str:
        if self.process.stdout is None:
            raise AssertionError("it was started with a pipe")
        line = self.process.stdout.readline()
        if not line:
            reason = f"it ended with {self.process.wait()}"
            raise CannotStart(program=f"the client {self._name!r}", reason=reason)
        return line


@contextmanager
def clients(
    module: str, tasks: Sequence[Task], environment: Mapping[str, str] | None = None
) -> Iterator[list[Client]]:
    """Processes that are ready to go, in our environment unless one is given; ended in any case."""
    started: list[Client] = []
    try:
        for task in tasks:
            started.append(Client(module, task, environment))
        for client in started:
            client.until_ready()
        yield started
    finally:
        for client in started:
            client.end()


def serve_one(work: Callable[[Task], Callable[[], Mapping[str, Any]]]) -> None:
    """The client's side: `work` prepares the task and answers what to do when told to go."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our parent, which ends us
    begin = work(json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(begin()), flush=True)


def split(count: int, parts: int) -> list[int]:
    """A count in nearly equal parts."""
    return [count // parts + (place < count % parts) for place in range(parts)]
