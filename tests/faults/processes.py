"""Owns relayers in processes of their own, which fault tests kill: forked from one that has loaded the code."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from app.core.errors import ChartkeyError
from app.core.signatures import Signed
from tests.faults.site import GENEROUS, Site, relayer_of

__all__ = ["GENEROUS", "accept", "fork", "relay", "settle"]

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.processes"])


def settle(site: Site, failpoint: str) -> None:
    """Bring all to the chain, and die at the failpoint on the way."""
    os.environ["CHARTKEY_FAILPOINT"] = failpoint
    relayer_of(site.node()).settle(patience=20)


def accept(site: Site, failpoint: str, signed: Signed[Any]) -> None:
    """Take one statement, and die at the failpoint on the way."""
    os.environ["CHARTKEY_FAILPOINT"] = failpoint
    site.node().accept(signed)


def relay(site: Site, stop: Path) -> None:
    """Tick until the file `stop` appears, living with every fault of Chartkey's own kinds.

    A file, for a process that is killed would take the lock of an `Event` with it.
    """
    relayer = relayer_of(site.node())
    while not stop.exists():
        with suppress(ChartkeyError):
            relayer.tick()
        time.sleep(0.01)


def fork(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start one of the above in a process of its own."""
    process = FORKS.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process
