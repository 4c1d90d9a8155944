"""npm's compiler behind the native one's command line: what py-solc-x and Brownie ask of it, and what it refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import solcx

from app.adapters import tools

LICENSED = "// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.0;\n"


def solc(*words: str, source: str = "", cwd: Path = tools.ROOT) -> subprocess.CompletedProcess[str]:
    wanted = {
        "language": "Solidity",
        "sources": {"Main.sol": {"content": LICENSED + source}},
        "settings": {"outputSelection": {"*": {"*": ["evm.bytecode.object"]}}},
    }
    return subprocess.run(
        [*tools.node_command(), str(tools.ROOT / "scripts" / "solc.mjs"), *words],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


def errors(*words: str, source: str, cwd: Path) -> list[str]:
    output = json.loads(solc("--standard-json", *words, source=source, cwd=cwd).stdout)
    return [error["message"] for error in output.get("errors", []) if error["severity"] == "error"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "inside" / "Near.sol").write_text(LICENSED + "contract Near {}", encoding="utf-8")
    (tmp_path / "outside" / "Far.sol").write_text(LICENSED + "contract Far {}", encoding="utf-8")
    (tmp_path / "inside" / "Link.sol").symlink_to(tmp_path / "outside" / "Far.sol")
    return tmp_path


def test_py_solc_x_compiles_through_it() -> None:
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {"Main.sol": {"content": LICENSED + "contract Main {}"}},
            "settings": {
                "evmVersion": "shanghai",
                "outputSelection": {"*": {"*": ["evm.bytecode.object"]}},
            },
        },
        solc_binary=tools.solc_path(),
    )
    assert output["contracts"]["Main.sol"]["Main"]["evm"]["bytecode"]["object"]


def test_an_import_is_read_from_the_current_and_the_base_folder(elsewhere: Path) -> None:
    source = 'import "Near.sol";'
    assert errors(source=source, cwd=elsewhere / "inside") == []
    assert errors("--base-path", str(elsewhere / "inside"), source=source, cwd=elsewhere) == []
    assert (
        errors(
            "--include-path", str(elsewhere / "inside"), source=source, cwd=elsewhere / "outside"
        )
        == []
    )


def test_an_import_from_an_allowed_folder_is_read(elsewhere: Path) -> None:
    source = f'import "{elsewhere}/outside/Far.sol";'
    assert (
        errors(
            "--allow-paths",
            f"{elsewhere}/outside,/nowhere",
            source=source,
            cwd=elsewhere / "inside",
        )
        == []
    )


@pytest.mark.parametrize("name", ["{}/outside/Far.sol", "../outside/Far.sol", "Link.sol"])
def test_an_import_from_any_other_folder_is_refused(elsewhere: Path, name: str) -> None:
    (message,) = errors(source=f'import "{name.format(elsewhere)}";', cwd=elsewhere / "inside")
    assert "not found" in message


def test_an_unknown_option_is_refused_as_the_native_compiler_does() -> None:
    result = solc("--gas")
    assert (result.returncode, result.stderr) == (1, "unrecognised option '--gas'\n")


def test_a_call_without_a_task_is_refused() -> None:
    assert solc("Main.sol").returncode == 1
