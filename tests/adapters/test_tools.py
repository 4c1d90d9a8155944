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


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is installed yet."""
    monkeypatch.setattr(tools, "NODE_MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(tools, "TOOLS", tmp_path / ".tools")
    monkeypatch.setattr(tools, "DEBIANS_POSTGRES", tmp_path / "postgresql")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def put_program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return str(path)


def test_kubo_is_the_pinned_one_before_any_other(bare: Path) -> None:
    with pytest.raises(CannotStart, match=r"Kubo .* not installed"):
        tools.ipfs_command()
    for path in (  # each is preferred to those before it
        bare / "node_modules" / ".bin" / "ipfs",
        bare / "path" / "ipfs",
        tools.kubo_path(),
        bare / ".tools" / "bin" / "ipfs",
    ):
        assert [put_program(path)] == tools.ipfs_command()
    assert str(tools.kubo_path()).startswith(str(bare / "cache" / "chartkey" / "kubo-"))


def test_the_newest_postgres_is_taken(bare: Path) -> None:
    with pytest.raises(CannotStart, match=r"PostgreSQL .* not installed"):
        tools.postgres_folder()
    for version in ("9", "17", "15"):
        folder = bare / "postgresql" / version / "bin"
        put_program(folder / "postgres")
        if version != "17":
            put_program(folder / "initdb")
    assert tools.postgres_folder() == bare / "postgresql" / "15" / "bin"
    put_program(bare / "postgresql" / "17" / "bin" / "initdb")
    assert tools.postgres_folder() == bare / "postgresql" / "17" / "bin"
    for program in ("initdb", "postgres"):
        put_program(bare / "path" / program)
    assert tools.postgres_folder() == bare / "path"
