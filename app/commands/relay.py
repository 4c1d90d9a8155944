"""Owns `python -m app relay`: bringing what was accepted to the chain, until told to stop."""

from __future__ import annotations

import argparse
import os

from app import logs
from app.compose import parts_of, relay_loop
from app.config import Settings
from app.running import run_until_told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none: the environment says everything."""


def run(_options: argparse.Namespace) -> int:
    """Relay; any number may run on one database."""
    settings = Settings.from_environment(os.environ)
    logs.begin("relay", settings.log_level)
    return run_until_told([relay_loop(parts_of(settings).relayer())])
