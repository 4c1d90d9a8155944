"""The command line knows every command, and says plainly what it cannot do."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.__main__ import main, parser_for
from app.commands import COMMANDS
from app.config import ROOT
from app.core.errors import ChartkeyError

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def unlogged() -> Iterator[None]:
    """What a command sets up for its logs is undone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_called_and_has_a_sentence(name: str) -> None:
    module = COMMANDS[name].load()
    module.add_arguments(argparse.ArgumentParser())
    assert callable(module.run)
    helped = " ".join(parser_for([]).format_help().split())
    assert f"{name} {COMMANDS[name].sentence}" in helped


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("demo", "verify")])
def test_every_service_and_tool_is_in_the_documentation(name: str) -> None:
    assert f"app {name}" in OPERATIONS or f"`{name}`" in OPERATIONS


def test_every_error_that_the_documentation_explains_is_one() -> None:
    section = OPERATIONS.split("## What to do when")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = [word.strip(" `") for row in rows for word in row.split(",")]
    classes: set[str] = set()
    found = [ChartkeyError]
    while found:
        one = found.pop()
        classes.add(one.__name__)
        found += one.__subclasses__()
    assert len(named) > 15
    assert set(named) <= classes


@pytest.mark.parametrize("command", ["web", "relay", "index", "custodian", "rebuild"])
def test_a_service_without_an_endpoint_says_which_setting_is_missing(
    command: str,
    tmp_path: Path,
    deployment_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CHARTKEY_DATA", str(tmp_path))
    monkeypatch.setenv("CHARTKEY_DEPLOYMENT", str(deployment_file))
    monkeypatch.delenv("CHARTKEY_RPC", raising=False)
    assert main([command]) == 2
    assert "CHARTKEY_RPC" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["relay", "custodian"])
def test_who_pays_must_have_a_key(
    command: str,
    tmp_path: Path,
    deployment_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CHARTKEY_DATA", str(tmp_path))
    monkeypatch.setenv("CHARTKEY_DEPLOYMENT", str(deployment_file))
    monkeypatch.setenv("CHARTKEY_RPC", "http://127.0.0.1:9")
    assert main([command]) == 2
    assert "CHARTKEY_RELAYER_KEY" in capsys.readouterr().err
    key = tmp_path / "relayer.key"
    key.write_text("0x" + "11" * 32 + "\n")
    key.chmod(0o644)
    assert main([command]) == 2
    assert "can be read by others" in capsys.readouterr().err


def test_a_setting_that_is_none_stops_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHARTKEY_RELAY_KEY", "x")
    assert main(["settings"]) == 2
    assert "CHARTKEY_RELAY_KEY" in capsys.readouterr().err


def test_settings_are_shown_with_what_they_are_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHARTKEY_THREADS", "16")
    assert main(["settings"]) == 0
    shown = capsys.readouterr().out
    assert "CHARTKEY_THREADS=16\n    Requests that one web process answers at once" in shown


def test_an_unknown_command_is_told_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fly"])
    assert "custodian" in capsys.readouterr().err
