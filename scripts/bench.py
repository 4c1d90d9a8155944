"""Measures what the design promises in numbers: `python -m scripts.bench gas|crypto|load|web [--json]`.

A part is a module scripts/bench_<part>.py with two names: `run()`, which measures and returns a mapping
from keys to figures, and `ROWS`, a sequence of `scripts.bench_table.Row` that says what each key means and
must reach. With --json the figures alone are printed, as one JSON object. The exit code is 1 where a
target is missed. A part whose tools are not installed (`web` needs a Chromium) says so, and misses nothing.
"""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
from pathlib import Path

from app.core.errors import ChartkeyError
from scripts.bench_table import table
from scripts.steps import SetupFailed

PARTS = ("gas", "crypto", "load", "web")


def main(words: list[str] | None = None) -> int:
    """Run one part and print its figures."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench", description="Measure Chartkey."
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        help="of `load` alone: how much of its full size, for trying it out",
    )
    parser.add_argument(
        "--folder", type=Path, help="of `load` alone: where, and so on which disk, services write"
    )
    parser.add_argument(
        "--picture", type=Path, help="of `load` alone: where its picture goes (docs/load.svg)"
    )
    chosen, ctrl_c = parser.parse_args(words), _CtrlC()
    part = importlib.import_module(f"scripts.bench_{chosen.part}")
    try:
        figures = part.run(*_options_of_load(chosen)) if chosen.part == "load" else part.run()
    except ChartkeyError as error:
        if ctrl_c.was_pressed:
            print("Stopped.", file=sys.stderr)
            return 130
        print(f"{error} {error.remedy}", file=sys.stderr)
        return 2
    except SetupFailed as missing:
        print(f"Not measured: {missing}", file=sys.stderr)
        return 0
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    print(json.dumps(figures, indent=1) if chosen.json else table(part.ROWS, figures))
    missed = [row.title for row in part.ROWS if not row.is_met(figures.get(row.key))]
    for title in missed:
        print(f"missed: {title}", file=sys.stderr)
    return 1 if missed else 0


class _CtrlC:
    """Remembers that Ctrl-C was pressed, whatever then fails because of it."""

    def __init__(self) -> None:
        self.was_pressed = False
        signal.signal(signal.SIGINT, self._pressed)

    def _pressed(self, *_: object) -> None:
        self.was_pressed = True
        raise KeyboardInterrupt


def _options_of_load(chosen: argparse.Namespace) -> tuple[float, Path, Path]:
    from scripts.bench_load import FOLDER, PICTURE

    return chosen.share, chosen.folder or FOLDER, chosen.picture or PICTURE


if __name__ == "__main__":
    sys.exit(main())
