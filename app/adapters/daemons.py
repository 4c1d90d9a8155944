"""Owns the servers that a node leans on, started on this machine: Kubo and PostgreSQL.

Tests and `make ipfs` use them. Both listen on loopback only, and end with their parent.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.adapters import tools
from app.adapters.processes import Program, require_free, start
from app.core.errors import CannotStart

_KUBO_PROFILES = "announce-off,autoconf-off"
_KUBO_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    # Nothing is announced, nothing is sought: copies are made by adding to each daemon.
    "Addresses": {"Swarm": [], "Gateway": []},
    "Routing": {"Type": "none"},
    "Discovery": {"MDNS": {"Enabled": False}},
    "Version": {"SwarmCheckEnabled": False},
}


@dataclass(kw_only=True)
class Kubo(Program):
    """A Kubo daemon without a network; `api` is what `KuboBodies` takes."""

    name: str = "Kubo"
    folder: Path
    api: str

    @property
    def blocks(self) -> Path:
        """The folder with one file for each block."""
        return self.folder / "blocks"


def start_kubo(folder: Path, port: int = 0) -> Kubo:
    """A daemon on a repository in the folder, made where there is none; raises CannotStart."""
    command = tools.ipfs_command()[0]
    port = require_free(port, "Kubo")
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"IPFS_PATH": str(folder), "IPFS_TELEMETRY": "off"}
    if not (folder / "config").exists():
        made = [command, "init", f"--profile={_KUBO_PROFILES}"]
        _prepare("Kubo", made, environment=environment)
    _configure_kubo(folder / "config", f"/ip4/127.0.0.1/tcp/{port}")
    process = start([command, "daemon", "--offline"], folder / "daemon.log", environment=environment)
    kubo = Kubo(process=process, folder=folder, api=f"http://127.0.0.1:{port}")
    kubo.wait_until(lambda: _is_listening(port))
    return kubo


def _configure_kubo(path: Path, api: str) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    for part, settings in _KUBO_SETTINGS.items():
        config[part] = {**config.get(part, {}), **settings}
    config["Addresses"]["API"] = api
    # A block that is there is written all the same: so putting it again repairs one that was altered.
    config["Datastore"]["BlockKeyCacheSize"] = 0
    for mount in config["Datastore"]["Spec"]["mounts"]:
        if mount["type"] == "flatfs":
            mount["sync"] = True  # what was accepted must outlast a loss of power
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")


@dataclass(kw_only=True)
class Postgres(Program):
    """A PostgreSQL server that trusts everybody on loopback, for tests; `url` is SQLAlchemy's."""

    name: str = "PostgreSQL"
    quiet_signal: int = signal.SIGINT
    """A fast shutdown: it does not wait for clients."""
    folder: Path
    port: int
    user: str | None
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql+pg8000://chartkey@127.0.0.1:{self.port}/{database}"

    def kill(self) -> None:
        """End the server and all of its processes at once, as a loss of power does."""
        children = _children(self.process.pid)
        super().kill()
        for child in children:
            # They are gone, or see by themselves that the server is, and go.
            with socket.socket():
                _kill(child)

    def restart(self) -> None:
        """Stop it where it runs, and start it again on the same data and port."""
        self.stop()
        self.process = _start_server(self.folder, self.port, self.user)
        self.wait_until(lambda: _is_listening(self.port))


def start_postgres(folder: Path) -> Postgres:
    """A server on a cluster in the folder, made where there is none; raises CannotStart.

    PostgreSQL refuses to run as root; then it runs as `postgres` or `nobody`, to whom the folder is
    given, and who must be able to reach it.
    """
