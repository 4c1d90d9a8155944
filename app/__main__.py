"""Owns the command line: `python -m app demo` and `python -m app verify`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app import verify
from app.core.errors import ChartkeyError
from app.demo import run as demo


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; errors are told as one sentence, what is unharmed, and what to do next."""
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo_parser = commands.add_parser("demo", help="tell the whole story on a local chain")
    demo.add_arguments(demo_parser)
    demo_parser.set_defaults(run=demo.run)
    verify_parser = commands.add_parser("verify", help="check a statement file against a chain")
    verify.add_arguments(verify_parser)
    verify_parser.set_defaults(run=verify.run)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except ChartkeyError as error:
        print(f"{error}\n{error.unharmed} {error.remedy}", file=sys.stderr)
        return 2
    except OSError as error:
        name = Path(str(error.filename or "")).name or "a file"
        print(
            f"{name} cannot be used: {error.strerror}.\nWhat was accepted is kept. "
            "Free some space, or choose another folder with --data.",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("Stopped. What was accepted is kept.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
