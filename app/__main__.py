"""Owns the command line: `python -m app`, whose commands app/commands lists."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app.commands import COMMANDS
from app.core.errors import ChartkeyError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; errors are told as one sentence, what is unharmed, and what to do next."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = parser_for(words).parse_args(words)
    try:
        return int(COMMANDS[options.command].load().run(options))
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


def parser_for(words: Sequence[str]) -> argparse.ArgumentParser:
    """A parser that knows every command by name, and the options of the one that is called for."""
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description="Patients decide, by signing with their wallet, who may open their records.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.sentence, description=command.sentence)
        if name in words[:1]:
            command.load().add_arguments(one)
    return parser


if __name__ == "__main__":
    sys.exit(main())
