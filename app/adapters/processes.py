"""Owns programs that run beside us on this machine: on loopback, and never left behind."""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.core.errors import CannotStart

PATIENCE = 60.0
STOPPING = 15.0
PORTS = range(20_000, 32_768)
"""Where free ones are looked for: below those that systems give to connections that go out, which might
take one before the program listens; and who calls a program that is down from its own port hears itself."""
MOST_TRIES = 100
_given: deque[int] = deque(maxlen=1000)
"""Ports found free a while ago: whom they were given to may not listen yet."""


@dataclass(kw_only=True)
class Program:
    """A program in a process of our own, which ends with us even if we are killed."""

    name: str
    process: subprocess.Popen[bytes]
    quiet_signal: int = signal.SIGTERM
    """What asks it to end in good order."""

    def stop(self) -> None:
        """End the process, giving it time to write what it holds; once more is no fault."""
        if self.process.poll() is None:
            self.process.send_signal(self.quiet_signal)
            try:
                self.process.wait(timeout=STOPPING)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End the process as a crash does: at once, and with whatever it had in hand."""
        self.process.kill()
        self.process.wait()

    def wait_until(self, is_up: Callable[[], bool]) -> None:
        """Return when it serves; raises CannotStart where it ends, or stays silent, and stops it."""
        until = time.monotonic() + PATIENCE
        try:
            while not is_up():
                if self.process.poll() is not None:
                    reason = f"it ended with {self.process.returncode}"
                    raise CannotStart(program=self.name, reason=reason)
                if time.monotonic() > until:
                    raise CannotStart(program=self.name, reason="it does not answer")
                time.sleep(0.02)
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    quiet_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program that writes to a log, as another user where one is named."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=log.parent if user else None,  # another user may not see where we stand
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            group=user and primary_group(user),
            extra_groups=[] if user else None,
            preexec_fn=(lambda: end_with_parent(quiet_signal)) if sys.platform == "linux" else None,
        )


def primary_group(user: str) -> int:
    """The group that a user of this machine belongs to first."""
    return pwd.getpwnam(user).pw_gid


def end_with_parent(quiet_signal: int = signal.SIGTERM) -> None:
    """Have the kernel end this process should its parent die without a word (prctl(2))."""
    death_signal = 1
    ctypes.CDLL(None).prctl(death_signal, int(quiet_signal))


def require_free(port: int, program: str) -> int:
    """The port, or for 0 one that is free, on loopback; raises CannotStart where it is taken."""
    tried = [port] if port else (secrets.choice(PORTS) for _ in range(MOST_TRIES))
    for one in tried:
        if (port or one not in _given) and _is_free(one):
            _given.append(one)
            return one
    reason = f"port {port} is taken" if port else "no port is free"
    raise CannotStart(program=program, reason=reason)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # a program that ended a moment ago leaves its port waiting, not taken
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
