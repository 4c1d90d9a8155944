"""Where the programs that set-up installed are: Node, Anvil, Ganache and the Solidity compiler.

Each function answers with what to run, as an argv list or a path, and raises `CannotStart` where set-up
has not been made. Nothing is installed here: `make setup` (scripts/toolchain.py) does that.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from pathlib import Path

from app.core.errors import CannotStart

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools"
NODE_MODULES = ROOT / "node_modules"
SOLC_FOLDER = TOOLS / "solc"


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
    """Anvil's native binary itself, so that a signal to the process reaches the chain.

    Foundry's own installation on PATH serves where npm carries no Anvil for this machine.
    """
    packaged = NODE_MODULES / "@foundry-rs" / f"anvil-{_platform_name()}" / "bin" / "anvil"
    found = (
        str(packaged)
        if os.access(packaged, os.X_OK)
        else shutil.which("anvil", path=foreign_path())
    )
    if found is None:
        raise CannotStart("it is not installed for this machine", program="Anvil")
    return [found]


def ganache_command() -> list[str]:
    """Ganache, run by our Node."""
    script = NODE_MODULES / "ganache" / "dist" / "node" / "cli.js"
    if not script.is_file():
        raise CannotStart("it is not installed", program="Ganache")
    return [*node_command(), str(script)]


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
