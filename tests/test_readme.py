"""What the README shows runs: its library example, its commands, and the places that it names."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from app.adapters import tools

README = tools.ROOT / "README.md"
OUTPUT_FOLDERS = ("var/", ".tools/", ".venv/", "node_modules/")


def text() -> str:
    if not README.is_file():
        pytest.fail("there is no README.md")
    return README.read_text(encoding="utf-8")


def section(heading: str) -> str:
    """The text below a heading, up to the next of its level."""
    found = re.search(
        rf"^(#+) {re.escape(heading)}\s*$\n(.*?)(?=^#{{1,6}} |\Z)", text(), re.MULTILINE | re.DOTALL
    )
    if found is None:
        pytest.fail(f'README.md has no section "{heading}"')
    return found[2]


def blocks(languages: Collection[str], within: str) -> list[str]:
    """The fenced blocks of these languages; a fence without a word has the language ""."""
    found, language, lines = [], None, []
    for line in within.splitlines():
        if not line.startswith("```"):
            lines.append(line)
        elif language is None:
            language, lines = line.removeprefix("```").strip(), []
        else:
            if language in languages:
                found.append("\n".join(lines))
            language = None
    return found


def commands() -> list[list[str]]:
    """The commands in the README's shell blocks, without prompts, comments and output."""
    lines = [
        line.strip().removeprefix("$ ")
        for block in blocks(("", "sh", "bash", "shell", "console"), text())
        for line in block.splitlines()
    ]
    return [
        shlex.split(line, comments=True)
        for line in lines
        if re.match(r"(make|git|cd|python\S*|\.venv/bin/python)\b", line)
    ]


def test_the_library_example_runs(tmp_path: Path) -> None:
    found = blocks(("python",), section("As a library"))
    if not found:
        pytest.fail('README.md has no ```python block under "As a library"')
    assert len(found) == 1
    assert len(found[0].strip().splitlines()) <= 20  # about ten, and the lines of `try`
    environment = os.environ | {"CHARTKEY_DATA": str(tmp_path), "PYTHONPATH": str(tools.ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", found[0]],
        cwd=tools.ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert any(tmp_path.iterdir()), "the example kept nothing in CHARTKEY_DATA"


def test_the_readme_shows_commands() -> None:
    shown = commands()
    assert ["make", "run"] in shown
    assert ["make", "test"] in shown


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(
        re.findall(
            r"^([a-z-]+):", (tools.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    shown = {word for command in commands() if command[0] == "make" for word in command[1:2]}
    inline = set(re.findall(r"`make ([a-z-]+)", text()))
    assert shown | inline <= targets


def test_every_app_command_that_is_shown_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.__main__ import main
    from app.commands import COMMANDS

    shown = [
        c[3:]
        for c in commands()
        if c[0].startswith(("python", ".venv")) and c[1:3] == ["-m", "app"]
    ]
    inline = [
        shlex.split(line)[3:] for line in re.findall(r"`(python -m app [a-z]+[^`]*)`", text())
    ]
    assert shown or inline, "README.md shows no `python -m app …` command"
    parsed: list[argparse.Namespace] = []

    def note(options: argparse.Namespace) -> int:
        parsed.append(options)
        return 0

    for command in COMMANDS.values():
        monkeypatch.setattr(command.load(), "run", note)
    for words in [*shown, *inline]:
        plain = [re.sub(r"[\[\]…]", "", word) for word in words]
        assert main([word for word in plain if word]) == 0
    assert len(parsed) == len(shown) + len(inline)


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", text())
    missing = [
        link
        for link in links
        if not link.startswith(OUTPUT_FOLDERS) and not (tools.ROOT / link).exists()
    ]
    assert missing == []
