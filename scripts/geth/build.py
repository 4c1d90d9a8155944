"""Builds the pinned geth, once for this user: CI's set-up and `scripts/network.sh up` call it.

    python3 -m scripts.geth.build

Standard library only, so that CI can run it before anything else is installed. It is the last geth that
seals blocks by Clique, and only for the private network that tests and trials run.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from app.adapters import tools
from app.core.errors import CannotStart
from scripts.from_go import build, ensure_made
from scripts.steps import SetupFailed, alone, as_command, require_room, run, say

MODULE = Path(__file__).resolve().parent
COMMAND = "github.com/ethereum/go-ethereum/cmd/geth"
NEEDED_MEGABYTES = 1500
NO_GO = (
    "geth is built by Go, which is not on PATH: install Go and run this again, or put a geth of "
    "version {version} on PATH."
)


def main() -> None:
    with alone():
        ensure_geth()


def geth_version() -> str:
    """The one version of geth that is built, as go.mod pins it."""
    return tools.pinned_by(MODULE / "go.mod", "github.com/ethereum/go-ethereum")


def geth_path() -> Path:
    """Where the geth is kept that was built here."""
    return tools.kept_path("geth", geth_version(), "geth")


def geth_command() -> list[str]:
    """geth: the one that was built here, then one of the same version on PATH; raises CannotStart."""
    if os.access(geth_path(), os.X_OK):
        return [str(geth_path())]
    found = shutil.which("geth", path=tools.foreign_path())
    if found is None or geth_version() not in run([found, "version"], what="geth"):
        raise CannotStart("it is not installed", program=f"geth {geth_version()}")
    return [found]


def ensure_geth() -> Path:
    """The pinned geth, built where it is not there yet."""
    target = geth_path()
    ensure_made(target, _make, what="geth")
    return target


def _make(draft: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise SetupFailed(NO_GO.format(version=geth_version()))
    say(f"geth {geth_version()}: built from source by Go, two to five minutes, once")
    require_room(NEEDED_MEGABYTES)
    # Newer Go refuses by default how one of its packages looks into Go's runtime.
    build(go, MODULE, COMMAND, draft, "-ldflags=-checklinkname=0", what="geth")


if __name__ == "__main__":
    sys.exit(as_command(main))
