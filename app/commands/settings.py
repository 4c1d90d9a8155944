"""Owns `python -m app settings`: every setting, what it says now, and what it is for."""

from __future__ import annotations

import argparse
import os

from app.config import Settings, explained


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none: the environment says everything."""


def run(_options: argparse.Namespace) -> int:
    """Print the settings; one that cannot be used is named instead."""
    Settings.from_environment(os.environ)
    for setting, word in explained(os.environ):
        print(f"{setting.name}={word}\n    {setting.sentence}")
    return 0
