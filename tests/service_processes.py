"""Owns services in processes of their own, for tests: forked, where an operator starts `python -m app`."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import requests

from app.adapters.processes import require_free
from tests.forks import Command

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 300.0
"""Seconds to wait for what must come, on any machine; only a failure takes them."""


def until(is_so: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait for a condition, generously; what it answered."""
    end = time.monotonic() + patience
    while not (answer := is_so()):
        assert time.monotonic() < end, f"{what} did not come about"
        time.sleep(0.05)
    return answer


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a service whose data is in the folder, and no other setting of this one."""
    bare = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CHARTKEY_") and name != "DATABASE_URL"
    }
    return {**bare, "CHARTKEY_DATA": str(folder), **settings}


@dataclass(kw_only=True)
class Service:
    """One `python -m app COMMAND`, its log in a file."""

    command: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    process: Command = field(init=False)
    url: str = ""

    def __enter__(self) -> Self:
        self.log.touch()
        self.process = Command(self.command, self.environ, self.log)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, and the exit code with which it did."""
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        """End it as a loss of power does."""
        self.process.kill()
        self.process.wait()

    def lines(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def wait_for_event(self, event: str) -> dict[str, Any]:
        """The first line of the log with that event."""

        def found() -> dict[str, Any] | None:
            assert self.process.poll() is None, f"it ended: {self.log.read_text()}"
            whole = self.log.read_text().rpartition("\n")[0].splitlines()
            return next((x for x in map(json.loads, whole) if x["event"] == event), None)

        return dict(until(found, event))

    def wait_until_ready(self) -> None:
        """Return when /readyz says so."""
        until(self._is_ready, f"{self.command[0]} being ready")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"it ended: {self.log.read_text()}"
        try:
            return requests.get(f"{self.url}/readyz", timeout=PATIENCE).status_code == 200
        except requests.ConnectionError:
            return False


def service(
    folder: Path, *command: str, settings: Mapping[str, str], port: int | None = None
) -> Service:
    """A service on a folder; with a port (0: a free one) it listens there."""
    chosen = dict(settings)
    url = ""
    if port is not None:
        port = require_free(port, command[0])
        url = f"http://127.0.0.1:{port}"
        chosen["CHARTKEY_BIND"] = f"127.0.0.1:{port}"
    number = len(list(folder.glob("*.log")))
    log = folder / f"{command[0]}-{number}.log"
    return Service(command=command, environ=environment(folder, **chosen), log=log, url=url)
