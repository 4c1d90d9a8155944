"""docs/permissions.md names a test for each permission, and each function that changes something."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app.adapters.compiler import compile_contracts
from app.adapters.deployment import NAMES

HERE = Path(__file__).parent
TEXT = (HERE.parent / "docs" / "permissions.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT)))
ROW = re.compile(r"^\| `(\w+)` \| (.+) \| `[\w/]+\.py::\w+` \|$", re.MULTILINE)


@cache
def defined_in(path: Path) -> frozenset[str]:
    """The tests that a file defines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def described() -> Iterator[tuple[str, str, str]]:
    """(contract, function, permission) of each row about a contract."""
    for part in TEXT.split("\n## ")[1:]:
        contract = part.split("\n", 1)[0]
        for function, permission in ROW.findall(part):
            yield contract, function, permission


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda value: value)
def test_each_test_that_holds_a_permission_exists(file: str, name: str) -> None:
    assert name in defined_in(HERE / file)


def test_each_function_that_changes_something_has_its_permission() -> None:
    build = compile_contracts()
    changing = {
        (name, entry["name"])
        for name in NAMES
        for entry in build[name].abi
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }
    refused_to_all = {("PeopleRegistry", "renounceOwnership")}
    rows = [(contract, function) for contract, function, _ in described()]
    assert len(rows) == len(set(rows))
    assert set(rows) == changing | refused_to_all


def test_each_permission_is_one_sentence_with_one_test() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "::" in line]
    assert len(rows) > 50
    for row in rows:
        *_, permission, test = row.strip("| ").split(" | ")
        assert re.fullmatch(r"[A-Z][^.]*\.", permission), permission
        assert re.fullmatch(r"`[\w/]+\.py::\w+`", test), test
