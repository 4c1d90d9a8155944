"""Owns `python -m app restore`: an archive put in an empty place, and brought up to the chain."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from app import logs
from app.adapters.backup import restore_backup
from app.adapters.database import Database
from app.adapters.database.dump import Dump
from app.commands.backup import node_of
from app.compose import Parts, parts_of
from app.config import Settings
from app.core.errors import ChainError, NotStored, StoreUnreachable
from app.core.ports import BodyKeeper
from app.services.rebuild import rebuild

AGAIN = (
    "The archive is in place. Start nothing yet: run python -m app restore --catch-up when this "
    "is set right."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The archive, or only the second half of the work."""
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("file", type=Path, nargs="?", metavar="FILE")
    choice.add_argument(
        "--catch-up", action="store_true", help="only learn what happened since the archive"
    )


def run(options: argparse.Namespace) -> int:
    """Restore; 0 only if the node may be started."""
    settings = Settings.from_environment(os.environ)
    logs.begin("restore", settings.log_level)
    if options.file is not None:
        contents = restore_backup(options.file, node_of(settings))
        print(f"{options.file.name} was right, and is in place: {len(contents.sums):,} parts.")
    try:
        closed = catch_up(parts_of(settings))
    except (ChainError, StoreUnreachable):
        print(AGAIN, file=sys.stderr)
        raise
    print(f"{closed:,} batches had come to the chain since. The node may be started.")
    print("Run python -m app audit --repair once: it fetches what the body store lacks.")
    return 0


def catch_up(parts: Parts) -> int:
    """Learn from the chain and from waybills what the node did after the backup; batches closed.

    Otherwise batches would be sent twice, and what was erased since would be back. Waybills are
    told in their order; what no waybill tells yet is newer than all of them, and is told last.
    """
    telling = Telling(parts.database, parts.bodies)
    rebuild(telling, parts.indexer(), parts.bodies, parts.secret, on_top=True)
    dump = Dump(parts.database)
    parts.database.restore(dump.take_untold(telling.told), {})
    return dump.close_shown()


class Telling:
    """A database in which a rebuild replays waybills, and which remembers what they told."""

    def __init__(self, database: Database, bodies: BodyKeeper) -> None:
        self._database, self._bodies = database, bodies
        self.told: set[str] = set()
        self.is_empty, self.counts = database.is_empty, database.counts
        self.read_lists, self.entries_of = database.read_lists, database.entries_of

    def restore(self, entries: Sequence[Sequence[Any]], sealed_sheets: dict[str, bytes]) -> None:
        """Replay entries; what they tell to forget is deleted from the store as well."""
        self.told.update(json.dumps(entry) for entry in entries)
        for entry in entries:
            if entry[0] == "forget":
                for address in self._database.belongings(bytes.fromhex(entry[1])):
                    with suppress(NotStored):
                        self._bodies.delete(address)
        self._database.restore(entries, sealed_sheets)
