"""The programs that set-up installed are where app/adapters/tools.py says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from app.adapters import tools
from app.core.errors import CannotStart


def answer(command: list[str]) -> str:
    return subprocess.run(
        [*command, "--version"], capture_output=True, text=True, check=True
    ).stdout


def test_node_is_recent_enough() -> None:
    assert int(answer(tools.node_command()).lstrip("v").split(".")[0]) >= 20


def test_anvil_is_called_without_a_launcher() -> None:
    command = tools.anvil_command()
    assert "anvil" in answer(command).lower()
    assert Path(command[0]).read_bytes()[:2] != b"#!"


def test_ganache_answers() -> None:
    assert "ganache" in answer(tools.ganache_command())


def test_the_compiler_is_the_pinned_one_everywhere() -> None:
    version = tools.solc_version()
    brownie = yaml.safe_load((tools.ROOT / "brownie-config.yaml").read_text(encoding="utf-8"))
    assert brownie["compiler"]["solc"]["version"] == version
    assert f"Version: {version}+commit." in answer([str(tools.solc_path())])


@pytest.mark.parametrize("find", [tools.anvil_command, tools.ganache_command, tools.node_command])
def test_a_missing_program_is_named(find, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "NODE_MODULES", tmp_path)
    monkeypatch.setattr(tools, "TOOLS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotStart, match="not installed"):
        find()
