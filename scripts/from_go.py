"""Owns how a pinned Go program is built from source: once for this user, whole or not at all.

Standard library only, so that CI can run it before anything else is installed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts.steps import run


def ensure_made(target: Path, make: Callable[[Path], None], *, what: str) -> None:
    """See that a program is there: made as a draft beside it, tried, and only then put in its place."""
    if os.access(target, os.X_OK):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        draft = Path(name) / target.name
        make(draft)
        run([draft, "version"], what=what)
        draft.replace(target)


def build(go: str, module: Path, command: str, draft: Path, *flags: str, what: str) -> None:
    """Build a module exactly as its go.sum has it; no C compiler is needed."""
    run(
        [go, "build", "-C", module, "-mod=readonly", "-trimpath", *flags, "-o", draft, command],
        what=what,
        environment={"CGO_ENABLED": "0"},
    )
