"""Owns a node to look at with a real browser: a chain in memory, three custodians, all over HTTP.

The tests of the pages, their pictures and their measurements meet this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app import embedded
from app.adapters.processes import require_free
from app.config import Settings
from app.embedded import Embedded
from app.together import Together, running

EAGER = 0
"""Seconds for which statements wait for company: none, so that nobody need wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A node with pages, and everything behind it."""

    url: str
    place: Embedded
    services: Together
    folder: Path

    def settle(self) -> None:
        """Wait until what was accepted is in blocks."""
        self.services.settle()


@contextmanager
def running_site(folder: Path, **overrides: object) -> Iterator[Site]:
    """Everything, until the block ends; `overrides` are settings. The governor administers the node."""
    port = require_free(0, "The web service")
    settings = replace(
        Settings.from_environment({}),
        data=folder,
        bind=("127.0.0.1", port),
        batch_seconds=EAGER,
        sign_in_rate=0,  # everybody comes from this machine
        **overrides,  # type: ignore[arg-type]
    )
    with embedded.start(folder, anvil=True) as place:
        settings = replace(settings, admins=(place.chain_process.accounts[1].address,))
        with running(place, settings) as services:
            url = f"http://localhost:{port}"
            yield Site(url=url, place=place, services=services, folder=folder)
