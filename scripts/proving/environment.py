"""Owns .tools/prove: the environment of Slither and Halmos, which are under the AGPL and no part of the project.

They are run as programs on the sources, nothing is linked with them, and requirements.txt does not name them.
"""

from __future__ import annotations

import sys

from scripts.proving.workbench import PROVE
from scripts.steps import ROOT, alone, fingerprint, is_stamped, require_room, run, say, write_stamp

PINNED = ROOT / "scripts" / "proving" / "environment.txt"
NEEDED_MEGABYTES = 500


def ensure_environment() -> None:
    """Make it where it is missing or pinned otherwise; raises SetupFailed."""
    stamp = PROVE / ".chartkey"
    key = fingerprint(PINNED, sys.version)
    if is_stamped(stamp, key):
        return
    with alone():
        say("Slither, Halmos and the solver Yices, into .tools/prove: 300 MB")
        require_room(NEEDED_MEGABYTES)
        run([sys.executable, "-m", "venv", "--clear", PROVE], what="the analysis tools")
        python = PROVE / "bin" / "python"
        plain = [
            "--no-input",
            "--retries",
            "3",
            "--disable-pip-version-check",
            "--progress-bar",
            "off",
        ]
        chosen = ["--no-deps", "-r", str(PINNED)]
        run([python, "-m", "pip", "install", *plain, *chosen], what="the analysis tools")
        write_stamp(stamp, key)
