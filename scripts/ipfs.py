"""What `make ipfs` runs: a Kubo daemon on loopback, in the foreground, kept in var/ipfs.

    python -m scripts.ipfs [PORT]          another port than 5001

It is for trying and for development: without a network, and everybody on this machine may use it.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

from app.adapters.daemons import start_kubo
from app.core.errors import CannotStart
from scripts.kubo.build import main as build
from scripts.steps import ROOT, as_command

PORT = 5001
FOLDER = ROOT / "var" / "ipfs"


def main(words: list[str]) -> int:
    if len(words) > 1 or not all(word.isdecimal() for word in words):
        print(__doc__, file=sys.stderr)
        return 2
    status = as_command(build)
    return status or serve(int(words[0]) if words else PORT)


def serve(port: int) -> int:
    """Start the daemon and stay until it ends, or until somebody ends us."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        with start_kubo(FOLDER, port) as kubo:
            print(f"Kubo is running on {kubo.api} and keeps what it holds in var/ipfs.")
            print(f"To use it: CHARTKEY_IPFS={kubo.api} (Ctrl-C ends it)", flush=True)
            return kubo.process.wait()
    except CannotStart as fault:
        print(f"{fault} {fault.remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
