"""Owns the folders that tools work in: a copy of the contracts and their tests, with the same compiler and libraries.

Tools rebuild, and mutation changes sources; the project's own folder stays as it is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.adapters import tools
from scripts.steps import ROOT, TOOLS

FORGE = TOOLS / "forge"
PROVE = TOOLS / "prove"
"""The analysis tools' own environment: Slither and Halmos are under the AGPL, and no part of the project."""
COPIED = ("contracts", "tests/foundry", "foundry.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a program printed, and its exit code."""

    code: int
    output: str


def run(
    words: Sequence[str | Path],
    *,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    cpu_seconds: int | None = None,
) -> Ran:
    """Run a program to its end; one that computes for longer than `cpu_seconds` is killed.

    Computing time, not time that passes: what waits for a busy machine is not in a loop.
    """
    command = [str(word) for word in words]
    if cpu_seconds is not None:
        command = ["sh", "-c", f'ulimit -t {cpu_seconds}; exec "$@"', "sh", *command]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return Ran(code=done.returncode, output=done.stdout)


def forge(
    *words: str,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    cpu_seconds: int | None = None,
) -> Ran:
    """Run Forge with the project's compiler, on two threads at most."""
    settings = {
        "FOUNDRY_SOLC": str(tools.solc_path()),
        "FOUNDRY_THREADS": "2",
        "NO_COLOR": "1",
        **(environment or {}),
    }
    return run(
        [*tools.forge_command(), *words],
        folder=folder,
        environment=settings,
        cpu_seconds=cpu_seconds,
    )


def with_forge() -> dict[str, str]:
    """PATH for tools that look for `forge` and `solc` by name."""
    folders = [str(Path(tools.forge_command()[0]).parent), str(PROVE / "bin"), tools.foreign_path()]
    return {"PATH": os.pathsep.join(folders), "FOUNDRY_SOLC": str(tools.solc_path())}


@contextlib.contextmanager
def workbench() -> Iterator[Path]:
    """A temporary folder that Forge takes for the project."""
    with tempfile.TemporaryDirectory(prefix="chartkey-prove-") as name:
        folder = Path(name)
        for part in COPIED:
            source, target = ROOT / part, folder / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        (folder / ".tools").mkdir()
        (folder / ".tools" / "solc").symlink_to(tools.SOLC_FOLDER)
        (folder / "node_modules").symlink_to(tools.NODE_MODULES)
        yield folder
