"""Measures what the design promises in numbers: `python -m scripts.bench gas|crypto [--json]`.

A part is a module scripts/bench_<part>.py with two names: `run()`, which measures and returns a mapping
from keys to figures, and `ROWS`, a sequence of `scripts.bench_table.Row` that says what each key means and
must reach. With --json the figures alone are printed, as one JSON object. The exit code is 1 where a
target is missed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys

from app.core.errors import ChartkeyError
from scripts.bench_table import table

PARTS = ("gas", "crypto")


def main(words: list[str] | None = None) -> int:
    """Run one part and print its figures."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench", description="Measure Chartkey."
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    chosen = parser.parse_args(words)
    part = importlib.import_module(f"scripts.bench_{chosen.part}")
    try:
        figures = part.run()
    except ChartkeyError as error:
        print(f"{error} {error.remedy}", file=sys.stderr)
        return 2
    print(json.dumps(figures, indent=1) if chosen.json else table(part.ROWS, figures))
    missed = [row.title for row in part.ROWS if not row.is_met(figures[row.key])]
    for title in missed:
        print(f"missed: {title}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
