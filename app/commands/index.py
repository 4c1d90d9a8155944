"""Owns `python -m app index`: following the chain into the database, until told to stop."""

from __future__ import annotations

import argparse
import os

from app import logs
from app.compose import index_loop, parts_of
from app.config import Settings
from app.running import run_until_told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none: the environment says everything."""


def run(_options: argparse.Namespace) -> int:
    """Follow; any number may work on one database."""
    settings = Settings.from_environment(os.environ)
    logs.begin("index", settings.log_level)
    return run_until_told([index_loop(parts_of(settings).indexer())])
