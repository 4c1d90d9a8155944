"""The command deploys from whatever account is named, tells the cost first, and Brownie's run does the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from app.adapters import tools
from app.adapters.deployment import NAMES, load
from app.adapters.local_chain import CHAIN_ID, LocalChain, start_anvil, start_ganache
from app.adapters.rpc import Rpc
from app.core.encoding import hex0x
from scripts import deploy

QUICK = 2
BROWNIE = """
import sys
from pathlib import Path
from scripts import toolchain
toolchain.BROWNIE_HOME = Path(sys.argv[1])  # other tests may be running Brownie at the same time
sys.exit(toolchain.main(["brownie", "run", "deploy", "--network", sys.argv[2]]))
"""
"""What scripts/brownie run deploy --network NAME does, but for the home."""
BROWNIES_PATIENCE = 600


@pytest.fixture(scope="module", params=[start_anvil, start_ganache], ids=["anvil", "ganache"])
def chain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalChain]:
    """A chain of this machine, of either kind; its accounts' keys are known, and it signs for them too."""
    with request.param(tmp_path_factory.mktemp("chain")) as chain:
        yield chain


@pytest.fixture
def environ(
    chain: LocalChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Sets the environment of a deployment; where its file will be."""
    for name in list(os.environ):
        if name.startswith("CHARTKEY_"):
            monkeypatch.delenv(name)

    def prepare(**more: str) -> Path:
        folder = tmp_path / "deployments"
        for name, value in {"RPC": chain.url, "DEPLOYMENTS": str(folder), **more}.items():
            monkeypatch.setenv(f"CHARTKEY_{name}", value)
        return folder / "mine.json"

    return prepare


def secret(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def mined(chain: LocalChain, address: str) -> int:
    return int(Rpc(chain.url).call("eth_getTransactionCount", address, "latest"), 16)


def test_the_nodes_own_account_pays_where_none_is_named(
    chain: LocalChain, environ: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path, before = environ(), mined(chain, chain.accounts[0].address)
    assert deploy.run(["--network", "mine"]) == 0
    deployment = load(path)
    assert (deployment.network, deployment.chain_id) == ("mine", CHAIN_ID)
    assert mined(chain, chain.accounts[0].address) == before + len(NAMES)
    said = capsys.readouterr().out
    assert "in all" in said
    assert str(path) in said
    # a second time, everything is there
    assert deploy.run(["--network", "mine"]) == 0
    assert capsys.readouterr().out.count(" found at ") == len(NAMES)
    assert load(path) == deployment


def test_the_file_tells_what_a_block_explorer_needs(environ: Callable[..., Path]) -> None:
    path = environ()
    assert deploy.run(["--network", "mine"]) == 0
    told: dict[str, Any] = json.loads(path.read_text())
    kept = json.loads((path.parent / told["verification"]["standardInput"]).read_text())
    assert kept["settings"]["evmVersion"] == told["compiler"]["evmVersion"] == "shanghai"
    for name in NAMES:
        entry = told["contracts"][name]
        assert entry["source"] == f"contracts/core/{name}.sol:{name}"
        assert entry["source"].split(":")[0] in kept["sources"]
        assert entry["block"] > 0
        assert len(entry["transaction"]) == 66


@pytest.mark.parametrize("way", ["keystore", "key file", "key"])
def test_an_account_of_ones_own_pays(
    chain: LocalChain,
    environ: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    way: str,
) -> None:
    payer, words, words_told = chain.accounts[2], "correct horse", ["--network", "mine"]
    key = hex0x(bytes(payer.key))
    if way == "keystore":
        sealed = json.dumps(Account.encrypt(payer.key, words, iterations=QUICK))
        words_told += ["--keystore", secret(tmp_path / "keystore", sealed)]
        path = environ(KEYSTORE_PASSPHRASE_FILE=secret(tmp_path / "words", words))
    elif way == "key file":
        path = environ(DEPLOYER_KEY_FILE=secret(tmp_path / "key", key))
    else:
        path = environ(DEPLOYER_KEY=key)
    before = mined(chain, payer.address)
    assert deploy.run(words_told) == 0
    assert mined(chain, payer.address) == before + len(NAMES)
    captured = capsys.readouterr()
    everything = captured.out + captured.err + path.read_text()
    assert payer.address in everything
    assert key.removeprefix("0x") not in everything.replace("0x", "")
    assert words not in everything


def test_a_dry_run_tells_and_sends_nothing(
    chain: LocalChain, environ: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path, block = environ(), Rpc(chain.url).call("eth_blockNumber")
    assert deploy.run(["--network", "mine", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name}" in said for name in NAMES)
    assert " ETH now, at the cap " in said
    assert said.endswith("Nothing was sent.\n")
    assert (path.exists(), Rpc(chain.url).call("eth_blockNumber")) == (False, block)


@pytest.mark.parametrize(
    ("more", "words", "told"),
    [
        ({}, ["--network", "sepolia"], "sepolia is chain 11155111"),
        ({"DEPLOYER_KEY": "0x" + "11" * 32}, ["--network", "mine"], "the deployment needs"),
        ({"DEPLOYER_KEY": "0x11"}, ["--network", "mine"], "CHARTKEY_DEPLOYER_KEY"),
        ({"FEE_CAP": "0.000001"}, ["--network", "mine"], "higher fee"),
        ({"FEE_CAP": "much"}, ["--network", "mine"], "CHARTKEY_FEE_CAP"),
        ({"RPC": "http://127.0.0.1:9"}, ["--network", "mine"], "The chain does not answer"),
    ],
    ids=["other chain", "no money", "no key", "dear", "no cap", "nobody there"],
)
def test_what_keeps_it_from_deploying_is_told_in_one_line(
    environ: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    more: dict[str, str],
    words: list[str],
    told: str,
) -> None:
    path = environ(**more)
    assert deploy.run(words) == 1
    error = capsys.readouterr().err
    assert told in error
    assert len(error.strip().splitlines()) == 1
    assert not path.exists()


def run_brownie(folder: Path, network: str, **more: str) -> str:
    """What `scripts/brownie run deploy --network NETWORK` says; it writes into the folder."""
    (folder / "home" / ".brownie").mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARTKEY_")}
    done = subprocess.run(
        [sys.executable, "-c", BROWNIE, str(folder / "home"), network],
        cwd=tools.ROOT,
        capture_output=True,
        text=True,
        env={**kept, "CHARTKEY_DEPLOYMENTS": str(folder), **more},
        timeout=BROWNIES_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_brownie_runs_the_same_function_on_a_chain_that_it_starts(tmp_path: Path) -> None:
    said = run_brownie(tmp_path, "development")
    deployment = load(tmp_path / "development.json")
    assert deployment.network == "development"
    assert (tmp_path / "development.input.json").exists()
    for name in NAMES:
        assert f"{name} deployed at {deployment[name].address}" in said


def test_brownie_runs_the_same_function_on_any_network(tmp_path: Path) -> None:
    """With an account of one's own, as there is none elsewhere."""
    with start_anvil(tmp_path) as chain:
        payer = chain.accounts[3]
        account = {"CHARTKEY_DEPLOYER_KEY": hex0x(bytes(payer.key))}
        said = run_brownie(tmp_path, "ours", CHARTKEY_RPC=chain.url, **account)
        assert payer.address in said
        assert mined(chain, payer.address) == len(NAMES)
        assert load(tmp_path / "ours.json").chain_id == CHAIN_ID
