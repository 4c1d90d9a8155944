"""Owns the list of commands: `python -m app NAME`, and the module that each is in.

A module of a command has `add_arguments(parser)` and `run(options) -> int`, the exit code. It is
imported only when it is called for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Where a command is, and what it does in one sentence."""

    module: str
    sentence: str

    def load(self) -> ModuleType:
        """The module, imported."""
        return importlib.import_module(self.module)


COMMANDS: Mapping[str, Command] = {
    "demo": Command(module="app.demo.run", sentence="tell the whole story on a local chain"),
    "verify": Command(module="app.verify", sentence="check a statement file against a chain"),
    "all": Command(module="app.commands.everything", sentence="run every service in one process"),
    "web": Command(module="app.commands.web", sentence="take statements over HTTP"),
    "relay": Command(module="app.commands.relay", sentence="bring what was accepted to the chain"),
    "index": Command(module="app.commands.index", sentence="follow the chain into the database"),
    "custodian": Command(
        module="app.commands.custodian", sentence="release shares when the contracts allow it"
    ),
    "rebuild": Command(
        module="app.commands.rebuild", sentence="fill an empty database from chain and store"
    ),
    "audit": Command(
        module="app.commands.audit", sentence="compare this node with the chain and its peers"
    ),
    "erase": Command(module="app.commands.erase", sentence="delete a record that was retracted"),
    "backup": Command(module="app.commands.backup", sentence="write this node into one archive"),
    "restore": Command(module="app.commands.restore", sentence="put an archive in place again"),
    "settings": Command(module="app.commands.settings", sentence="show every setting"),
}
