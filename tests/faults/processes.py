"""Owns relayers in processes of their own, which fault tests kill: forked from one that has loaded the code."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Any

from app.core.errors import ChartkeyError
from app.core.signatures import Signed
from tests.faults.site import Site, relayer_of

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


def relay(site: Site, stop: Event) -> None:
    """Tick until told to stop, living with every fault of Chartkey's own kinds."""
    relayer = relayer_of(site.node())
    while not stop.is_set():
        try:
            relayer.tick()
        except ChartkeyError:
            time.sleep(0.02)
        stop.wait(0.01)


def fork(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start one of the above in a process of its own."""
    process = FORKS.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process
