"""Tests of the pages' layout: which JavaScript may import which, and that every file says what it owns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

BROWSER = Path(__file__).resolve().parents[2] / "app" / "web" / "browser"
ALLOWED = {
    "core": {"core"},
    "client": {"client", "core"},
    "page": {"page"},
    "views": {"views", "page"},
    "worker.js": {"client", "core"},
    "main.js": {"page"},
}
"""Which parts each part may import. Keys and plaintext live where client and core run, in the worker:
a page that imported them could sign, or open, without it."""
LAZY = {"page/routes.js": {"views"}}
"""The table of pages, each of which is loaded when somebody goes there."""
AT_WORK = {"client": {"ethers"}, "core": {"ethers", "@hpke/core", "@hpke/hybridkem-x-wing",
           "@noble/hashes", "hash-wasm", "mlkem", "shamir-secret-sharing"},
           "page": {"lit-html", "uqr", "jsqr"}, "views": {"lit-html"},
           "worker.js": set(), "main.js": {"lit-html"}}  # fmt: skip
"""The libraries that each part may import."""
IMPORT = re.compile(r"""(?:^|\s)(?:import|export)[^"';]*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|^import\s+["']([^"']+)["']""", re.MULTILINE)  # fmt: skip
COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
SOURCES = sorted(BROWSER.rglob("*.js"))
LONGEST = 330


def part_of(path: Path) -> str:
    return path.relative_to(BROWSER).parts[0]


def imports_of(path: Path) -> list[str]:
    text = COMMENT.sub("", path.read_text(encoding="utf-8"))
    return [next(filter(None, found)) for found in IMPORT.findall(text)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(BROWSER)))
def test_a_part_imports_what_it_may(path: Path) -> None:
    own, name = part_of(path), str(path.relative_to(BROWSER))
    for imported in imports_of(path):
        if imported.startswith("."):
            target = part_of((path.parent / imported).resolve())
            assert target in ALLOWED[own] | LAZY.get(name, set()), f"{name} imports {imported}"
        else:
            library = "/".join(imported.split("/")[: 2 if imported.startswith("@") else 1])
            assert library in AT_WORK[own], f"{name} imports {imported}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(BROWSER)))
def test_a_file_says_what_it_owns_and_is_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("// Owns "), lines[0]
    assert len(lines) <= LONGEST


def test_no_view_imports_another() -> None:
    for path in SOURCES:
        if part_of(path) == "views":
            assert not [one for one in imports_of(path) if one.startswith("./")], path.name


def test_there_is_something_to_look_at() -> None:
    assert {part_of(path) for path in SOURCES} == set(ALLOWED)
