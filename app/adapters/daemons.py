"""Owns the servers that a node leans on, started on this machine: Kubo and PostgreSQL.

Tests and `make ipfs` use them. Both listen on loopback only, and end with their parent.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import time
from base64 import b32decode, b32encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from pg8000.native import (  # type: ignore[import-untyped]
    Connection,
    DatabaseError,
    InterfaceError,
)

from app.adapters import tools
from app.adapters.processes import Program, primary_group, require_free, start
from app.core.errors import CannotStart

_OWNER = "chartkey"
_KUBO_PROFILES = "announce-off,autoconf-off"
_KUBO_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    # Nothing is announced, nothing is sought: copies are made by adding to each daemon.
    "Addresses": {"Swarm": [], "Gateway": []},
    "Routing": {"Type": "none"},
    "Discovery": {"MDNS": {"Enabled": False}},
    "Version": {"SwarmCheckEnabled": False},
    # A block that is there is written all the same: so putting it again repairs one that was altered.
    "Datastore": {"BlockKeyCacheSize": 0},
}


@dataclass(kw_only=True)
class Kubo(Program):
    """A Kubo daemon without a network; `api` is what `KuboBodies` takes."""

    name: str = "Kubo"
    folder: Path
    api: str

    def block_path(self, address: str) -> Path:
        """The file of one block, in flatfs's layout: its folder is two letters of its name."""
        multihash = b32decode(address[1:].upper() + "=" * (-len(address[1:]) % 8))[2:]
        name = b32encode(multihash).decode().rstrip("=")
        return self.folder / "blocks" / name[-3:-1] / f"{name}.data"


def start_kubo(
    folder: Path, port: int = 0, *, settings: Mapping[str, Mapping[str, Any]] | None = None
) -> Kubo:
    """A daemon on a repository in the folder, made where there is none; raises CannotStart.

    `settings` replace ours, part by part and name by name, as Kubo's configuration has them.
    """
    command = tools.ipfs_command()[0]
    port = require_free(port, "Kubo")
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"IPFS_PATH": str(folder), "IPFS_TELEMETRY": "off"}
    if not (folder / "config").exists():
        made = [command, "init", f"--profile={_KUBO_PROFILES}"]
        _prepare("Kubo", made, environment=environment)
    _configure_kubo(folder / "config", f"/ip4/127.0.0.1/tcp/{port}", settings or {})
    process = start(
        [command, "daemon", "--offline"], folder / "daemon.log", environment=environment
    )
    kubo = Kubo(process=process, folder=folder, api=f"http://127.0.0.1:{port}")
    kubo.wait_until(lambda: _answers(port))
    return kubo


def _configure_kubo(path: Path, api: str, settings: Mapping[str, Mapping[str, Any]]) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    for part, values in [*_KUBO_SETTINGS.items(), *settings.items()]:
        config[part] = {**config.get(part, {}), **values}
    config["Addresses"]["API"] = api
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
    """The user of this machine as whom it runs, where that is not us."""
    owner: str = _OWNER
    """Who owns every database in it."""
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql+pg8000://{self.owner}@127.0.0.1:{self.port}/{database}"

    def kill(self) -> None:
        """End the server and all of its processes at once, as a loss of power does."""
        children = _children_of(self.process.pid)
        super().kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        while any(_is_running(child) for child in children):
            time.sleep(0.005)

    def restart(self) -> None:
        """Stop it where it runs, and start it again on the same data and port."""
        self.stop()
        self.start()

    def start(self) -> None:
        """Start it again after a stop or a crash; raises CannotStart."""
        self.process = _start_server(self.folder, self.port, self.user)
        self.wait_until(lambda: _takes_connections(self.port))


def start_postgres(folder: Path) -> Postgres:
    """A server on a cluster in the folder, made where there is none; raises CannotStart.

    PostgreSQL refuses to run as root; then it runs as `postgres` or `nobody`, to whom the folder is
    given, and who must be able to reach it.
    """
    programs = tools.postgres_folder()
    user = _unprivileged_user() if os.geteuid() == 0 else None
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if user is not None:
        shutil.chown(folder, user, primary_group(user))
    if not (folder / "data" / "PG_VERSION").exists():
        layout = ["--username", _OWNER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]
        layout += ["--pgdata", str(folder / "data"), "--no-sync"]
        _prepare("PostgreSQL", [programs / "initdb", *layout], cwd=folder, user=user)
    port = require_free(0, "PostgreSQL")
    process = _start_server(folder, port, user)
    postgres = Postgres(process=process, folder=folder, port=port, user=user)
    postgres.wait_until(lambda: _takes_connections(port))
    return postgres


def _start_server(folder: Path, port: int, user: str | None) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "shared_buffers": "32MB",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = tools.postgres_folder() / "postgres"
    return start(
        [server, "-D", folder / "data", *options],
        folder / "server.log",
        user=user,
        quiet_signal=signal.SIGINT,
    )


def _unprivileged_user() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    raise CannotStart(program="PostgreSQL", reason="it refuses to run as root")


def _prepare(
    program: str,
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
) -> None:
    """Run a program that lays out a folder; raises CannotStart with its last words."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=user,
        group=user and primary_group(user),
        extra_groups=[] if user else None,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CannotStart(program=program, reason=last)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", "/api/v0/version")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _takes_connections(port: int) -> bool:
    try:
        Connection(_OWNER, host="127.0.0.1", port=port, database="postgres", timeout=5).close()
    except (InterfaceError, DatabaseError):  # it does not listen yet, or is recovering
        return False
    return True


def _children_of(pid: int) -> list[int]:
    """Its child processes, where the system tells (Linux)."""
    table = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in table.read_text().split()] if table.exists() else []


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
