"""Owns what a block explorer needs to verify the contracts: the compiler's input, kept beside a deployment."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from app.adapters import tools
from app.adapters.compiler import Build
from app.adapters.files import write_whole
from app.core.errors import CannotStart


def input_path(path: Path) -> Path:
    """Where the compiler's input is kept that belongs to a deployment file."""
    return path.with_name(f"{path.stem}.input.json")


def keep_input(path: Path, build: Build) -> dict[str, str]:
    """Write the compiler's standard JSON input beside a deployment file; what the file tells of it."""
    target = input_path(path)
    write_whole(target, json.dumps(build.standard_input, indent=1, sort_keys=True) + "\n")
    return {"compilerVersion": compiler_version(), "standardInput": target.name}


def compiler_version() -> str:
    """The compiler's version with its commit, as explorers list it; raises CannotStart."""
    command = [str(tools.solc_path()), "--version"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+\.\d+\+commit\.[0-9a-f]+", asked.stdout)
    if found is None:
        raise CannotStart("it does not tell its version", program="The Solidity compiler")
    return f"v{found[0]}"
