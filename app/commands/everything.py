"""Owns `python -m app all`: every service in one process, until told to stop."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from threading import Event

from app import embedded, logs
from app.compose import Parts, custodian_of, parts_of
from app.config import Settings
from app.running import BROKEN, ENDED_WELL, told_by_signals
from app.services.custodian import LocalCustodian
from app.together import parts_of_place, together


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none: the environment says everything."""


def run(_options: argparse.Namespace) -> int:
    """Run on the chain that is configured, or else on one of our own with three custodians."""
    settings = Settings.from_environment(os.environ)
    logs.begin("all", settings.log_level)
    with told_by_signals() as stop:
        if settings.rpc:
            return _run(parts_of(settings), [custodian_of(settings)], stop)
        with embedded.start(settings.data, say=_say) as place:
            return _run(parts_of_place(place, settings), place.custodians, stop)


def _run(parts: Parts, custodians: Sequence[LocalCustodian], stop: Event) -> int:
    with together(parts, custodians, stop=stop) as services:
        _say(f"The node listens at {services.url}")
        for url in services.custodians:
            _say(f"A custodian listens at {url}")
        _say("Ctrl-C ends everything; what was accepted is kept.")
        stop.wait()
    return BROKEN if services.crew.is_broken else ENDED_WELL


def _say(line: str) -> None:
    print(line, flush=True, file=sys.stdout)
