"""Tests of the layout: who may import whom, and that every file says what it owns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"

COMPOSITION = (
    "app", "app.__main__", "app.applications", "app.commands", "app.compose", "app.config",
    "app.demo", "app.embedded", "app.logs", "app.running", "app.serving", "app.together",
    "app.verify",
)  # fmt: skip
"""The places that put everything together."""

ALLOWED = {
    "core": {"core"},
    "client": {"client", "core"},
    "adapters": {"adapters", "core", "migrations"},
    "migrations": {"adapters", "core", "migrations"},
    "services": {"services", "core"},
    "web": {"web", "core", "services"},
    "features": {"core", "web"},
}
"""Which parts of app each part may import; a feature also itself."""

CORE_STANDARD = {
    "__future__", "abc", "base64", "binascii", "bisect", "collections", "contextlib", "dataclasses",
    "decimal", "enum", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math",
    "operator", "re", "string", "struct", "types", "typing", "unicodedata",
}  # fmt: skip
"""The standard library's modules without I/O, clock or randomness."""

CORE_THIRD_PARTY = {"coincurve", "cryptography", "mnemonic", "msgspec", "sha3", "shamir_mnemonic"}
"""What computes and does nothing else."""

CORE_CALLS = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}
"""Built-in functions that reach outside."""

LONGEST = 400
WHOLE = {"app/core/errors.py": 600}
"""Longer than others may be, and why: the errors are one tree, drawn at the top of the one file that keeps it."""


def files(folder: Path) -> list[Path]:
    """The Python files below a folder."""
    return sorted(folder.rglob("*.py"))


def name_of(file: Path) -> str:
    """The dotted name of a module of the project."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, module: str, *, package: bool = False) -> Iterator[str]:
    """Every module that a module imports, wherever the import stands; relative ones resolved."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".")
                kept = above[: len(above) - node.level + package]
                base = ".".join([*kept, base] if base else kept)
            # `from app import core` imports app.core
            yield from (f"{base}.{alias.name}" if base == "app" else base for alias in node.names)


@cache
def imports(file: Path) -> set[str]:
    """Every module that a file imports."""
    source = file.read_text(encoding="utf-8")
    return set(imports_of(source, name_of(file), package=file.name == "__init__.py"))


def is_composition(module: str) -> bool:
    """Whether a module may know everything."""
    return module == "app" or any(
        module == one or module.startswith(one + ".") for one in COMPOSITION if one != "app"
    )


def faults_of(module: str, imported: set[str]) -> list[str]:
    """What a module of app imports against the rules."""
    if is_composition(module):
        return []
    part = module.split(".")[1]
    faults = []
    for name in sorted(imported):
        top, *rest = name.split(".")
        if top in ("scripts", "tests", "brownie"):
            faults.append(name)
        if top == "app" and (not rest or rest[0] not in ALLOWED[part]):
            own = part == "features" and module.split(".")[:3] == name.split(".")[:3]
            faults += [] if own else [name]
        if part == "core" and top != "app" and top not in CORE_STANDARD | CORE_THIRD_PARTY:
            faults.append(name)
    return faults


MODULES = {name_of(file): file for file in files(APP)}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_part_may(module: str) -> None:
    assert faults_of(module, imports(MODULES[module])) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("app.core.x", "import os"),
        ("app.core.x", "def f():\n    import time"),
        ("app.core.x", "from random import random"),
        ("app.core.x", "import secrets, json"),
        ("app.core.x", "from app.adapters import chain"),
        ("app.core.x", "from app import adapters"),
        ("app.core.x", "from ..adapters import chain"),
        ("app.core.x", "from .. import adapters"),
        ("app.core.x", "import web3.auto"),
        ("app.core.x", "import app"),
        ("app.client.x", "import app.adapters.chain"),
        ("app.adapters.x", "from app.services.relayer import run"),
        ("app.services.x", "from app.web import pages"),
        ("app.web.x", "import app.adapters"),
        ("app.features.lab.x", "from app.features.billing import rules"),
        ("app.features.lab.x", "from app.services import relayer"),
        ("app.adapters.x", "import scripts.deploy"),
        ("app.adapters.x", "from brownie import network"),
        ("app.client.x", "from app.demo import acts"),
    ],
)
def test_what_breaks_a_rule_is_found(module: str, source: str) -> None:
    assert faults_of(module, set(imports_of(source, module)))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("app.core.x", "from app.core.keys import derive"),
        ("app.core.x", "from . import keys"),
        ("app.core.x", "from app import core"),
        ("app.client.x", "from app.core import keys"),
        ("app.adapters.x", "import os, requests"),
        ("app.services.x", "from app.core.ports import Node"),
        ("app.web.x", "import app.services.relayer"),
        ("app.features.lab.x", "from app.features.lab import rules"),
        ("app.features.lab.x", "from app.web.forms import Form"),
        ("app.embedded", "import app.adapters.chain"),
        ("app.demo.acts", "from app.adapters import chain"),
    ],
)
def test_what_keeps_the_rules_is_not(module: str, source: str) -> None:
    assert faults_of(module, set(imports_of(source, module))) == []


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("app.core")])
def test_the_core_calls_nothing_that_reaches_outside(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called & CORE_CALLS == set()


def test_brownie_is_imported_in_tests_and_scripts_only() -> None:
    found = {
        name_of(file).split(".")[0]
        for folder in ("app", "scripts", "tests")
        for file in files(ROOT / folder)
        if any(name.split(".")[0] == "brownie" for name in imports(file))
    }
    assert found <= {"tests", "scripts"}


def owned(folder: str) -> list[Path]:
    """The files of a folder, without what tools have put there."""
    kept = [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.sol")]
    return sorted(file for file in kept if "node_modules" not in file.parts)


OWNED = [file for folder in ("app", "contracts", "scripts") for file in owned(folder)]


@pytest.mark.parametrize("file", OWNED, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_says_in_its_first_line_what_it_owns(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    first = next((line for line in lines if not line.startswith("#!")), "")
    opening = '"""' if file.suffix == ".py" else "// "
    assert first.startswith(opening)
    assert len(first.removeprefix(opening).strip()) > 15


@pytest.mark.parametrize("file", OWNED, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_stays_short(file: Path) -> None:
    longest = WHOLE.get(str(file.relative_to(ROOT)), LONGEST)
    assert len(file.read_text(encoding="utf-8").splitlines()) <= longest
