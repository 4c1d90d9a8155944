"""Where the programs are that Chartkey runs: Node, Anvil, Ganache, the Solidity compiler, Kubo, PostgreSQL.

Each function answers with what to run, as an argv list or a path, and raises `CannotStart` where set-up
has not been made. Nothing is installed here: `make setup` (scripts/toolchain.py) does that, and
`make ipfs` (scripts/kubo/build.py) for Kubo.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
from pathlib import Path

from app.core.errors import CannotStart

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools"
NODE_MODULES = ROOT / "node_modules"
SOLC_FOLDER = TOOLS / "solc"
KUBO_MODULE = ROOT / "scripts" / "kubo" / "go.mod"
DEBIANS_POSTGRES = Path("/usr/lib/postgresql")


def solc_version() -> str:
    """The one version of Solidity that compiles the contracts, as package.json pins it."""
    manifest = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    return str(manifest["dependencies"]["solc"])


def solc_path() -> Path:
    """The compiler, native or WebAssembly behind the same command line; for py-solc-x's `solc_binary`."""
    return _require_runnable(SOLC_FOLDER / f"solc-v{solc_version()}", "The Solidity compiler")


def node_command() -> list[str]:
    """Node 20 or newer: the host's, or the one that set-up took from PyPI."""
    return [str(_require_runnable(TOOLS / "bin" / "node", "Node"))]


def anvil_command() -> list[str]:
    """Anvil's native binary itself, so that a signal to the process reaches the chain."""
    return _of_foundry("anvil", "Anvil")


def forge_command() -> list[str]:
    """Forge's native binary itself: npm's launcher of it answers 0 even where tests fail."""
    return _of_foundry("forge", "Forge")


def _of_foundry(name: str, program: str) -> list[str]:
    """npm's, or Foundry's own installation on PATH where npm carries none for this machine."""
    packaged = NODE_MODULES / "@foundry-rs" / f"{name}-{_platform_name()}" / "bin" / name
    found = (
        str(packaged) if os.access(packaged, os.X_OK) else shutil.which(name, path=foreign_path())
    )
    if found is None:
        raise CannotStart("it is not installed for this machine", program=program)
    return [found]


def ganache_command() -> list[str]:
    """Ganache, run by our Node."""
    script = NODE_MODULES / "ganache" / "dist" / "node" / "cli.js"
    if not script.is_file():
        raise CannotStart("it is not installed", program="Ganache")
    return [*node_command(), str(script)]


def kubo_version() -> str:
    """The one version of Kubo that set-up builds, as scripts/kubo/go.mod pins it."""
    return pinned_by(KUBO_MODULE, "github.com/ipfs/kubo")


def pinned_by(go_mod: Path, module: str) -> str:
    """The version of a module that a go.mod pins."""
    pinned = re.findall(rf"^\s*{re.escape(module)} v(\S+)", go_mod.read_text("utf-8"), re.MULTILINE)
    return str(pinned[0])


def kept_path(name: str, version: str, program: str) -> Path:
    """Where a program is kept that was built from source: once for this user, since that takes minutes."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "chartkey" / f"{name}-{version}-{_platform_name()}" / program


def kubo_path() -> Path:
    """Where set-up puts the Kubo that it built."""
    return kept_path("kubo", kubo_version(), "ipfs")


def ipfs_command() -> list[str]:
    """Kubo: set-up's own, then one on PATH, then what npm's package kubo downloaded."""
    for path in (TOOLS / "bin" / "ipfs", kubo_path()):
        if os.access(path, os.X_OK):
            return [str(path)]
    found = shutil.which("ipfs", path=os.pathsep.join([foreign_path(), str(NODE_MODULES / ".bin")]))
    if found is None:
        raise CannotStart("it is not installed", program="Kubo")
    return [found]


def postgres_folder() -> Path:
    """The folder of PostgreSQL's server programs: on PATH, or the newest of Debian's."""
    on_path = shutil.which("postgres", path=foreign_path())
    folders = [Path(on_path).resolve().parent] if on_path else []
    versions = [path for path in DEBIANS_POSTGRES.glob("*/bin") if path.parent.name.isdecimal()]
    folders += sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    for folder in folders:
        if all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
            return folder
    raise CannotStart("it is not installed", program="PostgreSQL")


def _platform_name() -> str:
    """This machine in Foundry's words, such as linux-amd64."""
    machine = platform.machine().lower()
    words = {"x86_64": "amd64", "aarch64": "arm64"}
    return f"{sys.platform}-{words.get(machine, machine)}"


def foreign_path() -> str:
    """PATH without our own launchers, which would only lead back here."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if folder != str(TOOLS / "bin"))


def _require_runnable(path: Path, program: str) -> Path:
    if not os.access(path, os.X_OK):
        raise CannotStart("it is not installed", program=program)
    return path
