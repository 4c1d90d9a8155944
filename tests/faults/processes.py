"""Owns what relayers do in processes of their own, which fault tests kill."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.core.errors import ChartkeyError
from app.core.signatures import Signed
from tests.faults.site import GENEROUS, Site, relayer_of
from tests.forks import fork

__all__ = ["GENEROUS", "accept", "fork", "relay", "settle"]


def settle(site: Site, failpoint: str) -> None:
    """Bring all to the chain, and die at the failpoint on the way."""
    os.environ["CHARTKEY_FAILPOINT"] = failpoint
    relayer_of(site.node()).settle(patience=GENEROUS)


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
