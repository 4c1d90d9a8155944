"""Builds the pinned Kubo, once for this user: `make ipfs` and CI's set-up call it, `make setup` does not.

    python3 -m scripts.kubo.build

Standard library only, so that CI can run it before anything else is installed. Where Go is present,
go.mod beside this file is built; elsewhere npm's package kubo, which downloads a binary, takes its place.

(`go install github.com/ipfs/kubo/cmd/ipfs@latest` builds one as well, and on PATH it is found; but that
is another version each time, and some do not build with the newest Go.)
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from app.adapters import tools
from scripts.from_go import build, ensure_made
from scripts.steps import SetupFailed, alone, as_command, require_room, run, say

MODULE = tools.KUBO_MODULE.parent
COMMAND = "github.com/ipfs/kubo/cmd/ipfs"
NEEDED_MEGABYTES = 2500
NO_KUBO = (
    "Kubo needs Go or npm to be set up, and neither is on PATH: install Go, run make ipfs again, "
    "or put an ipfs of your own on PATH."
)


def main() -> None:
    with alone():
        ensure_kubo()


def ensure_kubo() -> Path:
    """The pinned Kubo, built or downloaded where it is not there yet; .tools/bin/ipfs leads to it."""
    target = tools.kubo_path()
    ensure_made(target, _make, what="Kubo")
    link = tools.TOOLS / "bin" / "ipfs"
    if not link.is_symlink() or link.readlink() != target:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    return target


def _make(draft: Path) -> None:
    go = shutil.which("go")
    npm = shutil.which("npm", path=tools.foreign_path())
    if go is not None:
        say(f"Kubo {tools.kubo_version()}: built from source by Go, two to five minutes, once")
        require_room(NEEDED_MEGABYTES)
        build(go, MODULE, COMMAND, draft, "-v", what="Kubo")
    elif npm is not None:
        say(f"Kubo {tools.kubo_version()}: npm's package kubo downloads it (there is no Go here)")
        _download(npm, draft)
    else:
        raise SetupFailed(NO_KUBO)


def _download(npm: str, draft: Path) -> None:
    """npm's package, in a folder of its own: its install script downloads, which fails offline."""
    with tempfile.TemporaryDirectory(dir=draft.parent) as folder:
        package = f"kubo@{tools.kubo_version()}"
        run([npm, "install", "--no-save", "--prefix", folder, package], what="Kubo")
        shutil.copy(Path(folder) / "node_modules" / "kubo" / "kubo" / "ipfs", draft)


if __name__ == "__main__":
    sys.exit(as_command(main))
