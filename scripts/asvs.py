"""Prints how much of the OWASP ASVS 5.0, level 1, is held: by which tests, by which documents, and what is open.

    python -m scripts.asvs            the count, and what is open
    python -m scripts.asvs --check    1 where docs/asvs.md and the tests do not fit each other
    python -m scripts.asvs --write    put the tests' names into docs/asvs.md

Tests say which requirements they hold: `@pytest.mark.asvs("7.2.4")`. docs/asvs.md lists the requirements of
level 1 by their ids; the standard's text is not in it.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "asvs.md"
TESTS = ROOT / "tests"
ID = re.compile(r"[1-9][0-9]?(\.[1-9][0-9]?){2}")
ROW = re.compile(r"\| (?P<id>[0-9.]+) \| (?P<held>.*) \|")
APART, DOCUMENT, OPEN = "does not apply, because ", "see ", "open: "
UNHELD = OPEN + "no test holds it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The requirements of level 1, by how they are held."""

    tested: Sequence[str]
    documented: Sequence[str]
    apart: Sequence[str]
    open: Sequence[str]

    @property
    def lines(self) -> Iterator[str]:
        """What is printed."""
        applies = len(self.tested) + len(self.documented) + len(self.open)
        held = len(self.tested) + len(self.documented)
        yield f"OWASP ASVS 5.0, level 1: {applies + len(self.apart)} requirements"
        yield f"  {len(self.apart):3} do not apply"
        yield f"  {applies:3} apply, of which {held} are held ({100 * held // max(applies, 1)} %):"
        yield f"  {len(self.tested):3}   by tests"
        yield f"  {len(self.documented):3}   by documents"
        yield f"  {len(self.open):3}   not yet" + (f": {', '.join(self.open)}" if self.open else "")


def marked(folder: Path = TESTS) -> dict[str, list[str]]:
    """The tests of each requirement, as `file::test`, from their markers."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                for id_ in _ids_of(node):
                    name = f"{path.relative_to(folder.parent)}::{node.name}"
                    found.setdefault(id_, []).append(name)
    return found


def _ids_of(test: ast.FunctionDef) -> Iterator[str]:
    for decorator in test.decorator_list:
        if not isinstance(decorator, ast.Call) or ast.unparse(decorator.func) != "pytest.mark.asvs":
            continue
        for argument in decorator.args:
            id_ = ast.literal_eval(argument)
            if not isinstance(id_, str) or not ID.fullmatch(id_):
                raise ValueError(f"{test.name} names {id_!r}, which is no requirement")
            yield id_


def rows(text: str) -> dict[str, str]:
    """How each requirement of the table is held."""
    return {row["id"]: row["held"] for row in ROW.finditer(text) if ID.fullmatch(row["id"])}


def counted(table: Mapping[str, str], tests: Mapping[str, Sequence[str]]) -> Count:
    """The requirements of a table, by how they are held."""
    kinds: dict[str, list[str]] = {"tested": [], "documented": [], "apart": [], "open": []}
    for id_, held in table.items():
        if held.startswith(APART):
            kinds["apart"].append(id_)
        elif held.startswith(DOCUMENT):
            kinds["documented"].append(id_)
        elif tests.get(id_):
            kinds["tested"].append(id_)
        else:
            kinds["open"].append(id_)
    return Count(**kinds)


def written(text: str, tests: Mapping[str, Sequence[str]]) -> str:
    """The table with the tests of today; rows that say why there are none stay as they are."""

    def row(found: re.Match[str]) -> str:
        id_, held = found["id"], found["held"]
        if not ID.fullmatch(id_) or held.startswith((APART, DOCUMENT)):
            return found[0]
        if id_ in tests:
            held = "<br>".join(f"`{name.removeprefix('tests/')}`" for name in tests[id_])
        elif not held.startswith(OPEN):
            held = UNHELD
        return f"| {id_} | {held} |"

    return ROW.sub(row, text)


def faults(text: str, tests: Mapping[str, Sequence[str]]) -> list[str]:
    """Where table and tests do not fit each other."""
    found = [
        f"{id_} is said not to apply, and has tests"
        for id_, held in rows(text).items()
        if held.startswith(APART) and id_ in tests
    ]
    if written(text, tests) != text:
        found.append("docs/asvs.md is behind the tests: run python -m scripts.asvs --write")
    return found


def run(words: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.asvs", description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(words)
    text, tests = TABLE.read_text(encoding="utf-8"), marked()
    if options.write:
        text = written(text, tests)
        TABLE.write_text(text, encoding="utf-8")
    for line in counted(rows(text), tests).lines:
        print(line)
    wrong = faults(text, tests) if options.check else []
    for fault in wrong:
        print(fault, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(run())
