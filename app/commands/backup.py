"""Owns `python -m app backup`: one archive of a node, taken while it runs."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from app import __version__, logs
from app.adapters.backup import Node, write_backup
from app.adapters.wallets import read_key
from app.compose import now, open_bodies, open_database
from app.config import Settings
from app.core.errors import Misconfigured
from app.core.waybills import NodeSecret

MOST_CUSTODIANS = 32
"""Of the embedded default."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, and what besides the tables."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a new file, which gets mode 600")
    parser.add_argument("--bodies", action="store_true", help="with all that the body store holds")
    parser.add_argument("--keys", action="store_true", help="with the keys: then it is a secret")


def run(options: argparse.Namespace) -> int:
    """Write the archive; 0 only if nothing had to be left out."""
    settings = Settings.from_environment(os.environ)
    logs.begin("backup", settings.log_level)
    if not settings.node_key.exists():
        raise Misconfigured(name="CHARTKEY_NODE_KEY", reason="there is no such key file")
    contents = write_backup(
        options.file,
        node_of(settings),
        secret=NodeSecret(read_key(settings.node_key)),
        version=__version__,
        now=now(),
        keys=options.keys,
        bodies=options.bodies,
    )
    size = options.file.stat().st_size
    print(
        f"{options.file.name}: {size:,} bytes, {len(contents.sums):,} parts, each with a checksum."
    )
    if options.keys:
        print(
            "THIS ARCHIVE HOLDS KEYS. Whoever reads it can act as this node, spend its account, "
            "and release its custodians' shares. Keep it offline and encrypted."
        )
    else:
        print("The keys are not in it: keep them elsewhere; without the node's key it is no use.")
    if contents.left_out:
        print(
            f"{contents.left_out} bodies are damaged in the store and were left out; "
            "python -m app audit --repair looks for right ones.",
            file=sys.stderr,
        )
    return 1 if contents.left_out else 0


def node_of(settings: Settings) -> Node:
    """What a backup is taken of, and restored to."""
    return Node(
        database=open_database(settings),
        bodies=open_bodies(settings),
        files=kept_files(settings),
        keys=key_files(settings),
        node_key=settings.node_key,
    )


def kept_files(settings: Settings) -> dict[str, Path]:
    """What is backed up besides database and bodies, by the names in the archive."""
    files = {"deployment.json": settings.deployment}
    for folder in _custodian_folders():
        files |= {
            f"{folder}/{name}": settings.data / folder / name for name in ("log.db", "stopped")
        }
    return files


def key_files(settings: Settings) -> dict[str, Path]:
    """The keys, which are backed up only where that is asked for."""
    keys = {"node.key": settings.node_key, "relayer.key": settings.relayer_key}
    keys |= {f"custodian-key-{place}": path for place, path in enumerate(settings.custodian_key)}
    for folder in _custodian_folders():
        path = settings.data / folder / "key"
        if path not in settings.custodian_key:
            keys[f"{folder}/key"] = path
    return keys


def _custodian_folders() -> list[str]:
    """A custodian's own folder, and those of the embedded default."""
    return ["custodian", *(f"custodian-{number}" for number in range(1, MOST_CUSTODIANS + 1))]
