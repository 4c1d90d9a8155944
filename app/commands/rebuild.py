"""Owns `python -m app rebuild`: from the chain and the body store to the rows that were lost."""

from __future__ import annotations

import argparse
import os
import sys

from app import logs
from app.adapters.database.fingerprint import fingerprint
from app.compose import parts_of
from app.config import Settings
from app.services.rebuild import rebuild


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whether to go on where a rebuild broke off."""
    parser.add_argument(
        "--on-top", action="store_true", help="go on in a database that is not empty"
    )


def run(options: argparse.Namespace) -> int:
    """Rebuild; 0 only if nothing was missing."""
    settings = Settings.from_environment(os.environ)
    logs.begin("rebuild", settings.log_level)
    parts = parts_of(settings)
    done = rebuild(
        parts.database,
        parts.indexer(),
        parts.bodies,
        parts.secret,
        on_top=options.on_top,
        say=lambda line: print(line, file=sys.stderr),
    )
    for name, count in done.index.items():
        print(f"{count:>12,} {name}")
    print(f"{done.waybills:>12,} waybills, which told of {done.entries:,} things kept")
    print(f"fingerprint {fingerprint(parts.database.engine).total}")
    if not done.is_complete:
        print(
            f"Missing: {done.index['lists wanted']} lists, {done.missing_waybills} waybills, "
            f"{done.missing_sheets} sheets. Where a peer or a backup has them, repair the store "
            "(python -m app audit --repair) and run this again with --on-top.",
            file=sys.stderr,
        )
    return 0 if done.is_complete else 1
