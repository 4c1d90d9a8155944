"""The build: compiled once per change, and recognized on chain whatever its immutables hold."""

import json
from shutil import copytree

import pytest

from app.adapters import compiler, tools
from app.adapters.compiler import CompiledContract, ContractsDoNotCompile, compile_contracts

SOURCE = """
pragma solidity 0.8.37;
import {Base} from "./parts/Base.sol";
contract Answer is Base { function answer() external pure returns (uint256) { return 42; } }
"""
BASE = 'pragma solidity 0.8.37;\nimport "../Leaf.sol";\nabstract contract Base is Leaf {}\n'
LEAF = "pragma solidity 0.8.37;\nabstract contract Leaf {}\n"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Contracts that were compiled once; the compiler takes a second or two to start."""
    found = tmp_path_factory.mktemp("compiled")
    (found / "contracts" / "parts").mkdir(parents=True)
    (found / "contracts" / "Answer.sol").write_text(SOURCE)
    (found / "contracts" / "parts" / "Base.sol").write_text(BASE)
    (found / "contracts" / "Leaf.sol").write_text(LEAF)
    return found, compile_contracts(found / "contracts", found / "cache")


@pytest.fixture
def first(compiled, tmp_path):
    """What came of them the first time; the sources and the cache are this test's own."""
    copytree(compiled[0], tmp_path, dirs_exist_ok=True)
    return compiled[1]


@pytest.fixture
def folder(first, tmp_path):
    return tmp_path / "contracts"


def test_what_did_not_change_is_not_compiled_again(folder, first, tmp_path, monkeypatch):
    monkeypatch.setattr(compiler, "_compile", lambda _: pytest.fail("it was compiled again"))

    assert compile_contracts(folder, tmp_path / "cache") == first
    assert first["Answer"].creation
    assert first["Answer"].source == "contracts/Answer.sol"


def test_a_damaged_cache_is_made_anew(folder, first, tmp_path):
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text("{")

    assert compile_contracts(folder, tmp_path / "cache") == first
    assert json.loads(kept.read_text())


def test_a_changed_comment_is_not_a_changed_contract(folder, first, tmp_path):
    (folder / "Answer.sol").write_text(f"// a comment\n{SOURCE}")

    assert (
        compile_contracts(folder, tmp_path / "cache")["Answer"].runtime == first["Answer"].runtime
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SOURCE.replace("42", "forty"), "forty|Undeclared"),
        (SOURCE.replace("Base.sol", "None.sol"), "None.sol"),
    ],
)
def test_what_does_not_compile_is_said_in_a_sentence(folder, tmp_path, text, reason):
    (folder / "Answer.sol").write_text(text)

    with pytest.raises(ContractsDoNotCompile, match=reason):
        compile_contracts(folder, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_code_is_recognized_whatever_its_immutables_hold():
    contract = CompiledContract(
        name="Any",
        source="Any.sol",
        abi=[],
        creation=b"",
        runtime=b"\x01\x02" + bytes(4) + b"\x03",
        immutables=((2, 4),),
    )

    assert contract.is_code(b"\x01\x02" + b"\xff" * 4 + b"\x03")
    assert not contract.is_code(b"\x01\x02" + b"\xff" * 4 + b"\x04")
    assert not contract.is_code(b"\x01\x02")
    assert not contract.is_code(b"")


def test_the_settings_are_those_of_brownie_too():
    """The contract tests run on Brownie's build of the test contracts: the same compiler and rules."""
    text = (tools.ROOT / "brownie-config.yaml").read_text()

    assert f"version: {tools.solc_version()}" in text
    assert f"evm_version: {compiler.SETTINGS['evmVersion']}" in text
    assert f"runs: {compiler.SETTINGS['optimizer']['runs']}" in text
