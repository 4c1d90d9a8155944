"""A deployment tells what it costs, pays no more than the cap, and is the one that the build says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import solcx
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3

from app.adapters import creation, tools
from app.adapters.compiler import OLDER_RULES, compile_contracts
from app.adapters.creation import AnotherPays
from app.adapters.deploying import deploy, quote, require_deployed
from app.adapters.deployment import NAMES
from app.adapters.explorers import input_path
from app.adapters.fees import GWEI
from app.adapters.local_chain import start_anvil
from app.adapters.networks import KNOWN, AnotherNetwork, RulesUnknown, ask, rules_of
from app.adapters.processes import Program, require_free, start
from app.adapters.quote import CannotAfford
from app.core.errors import FeeCapReached, NotDeployed
from tests.adapters.dying import connected
from tests.faults.site import wait_until

PUSH0 = 0x5F


@contextmanager
def anvil_with(folder: Path, *options: str) -> Iterator[Web3]:
    """An Anvil that follows other rules than most do."""
    port = require_free(0, "Anvil")
    command = [*tools.anvil_command(), "--port", str(port), "--quiet", *options]
    with Program(name="Anvil", process=start(command, folder / "anvil.log")) as program:
        w3 = connected(f"http://127.0.0.1:{port}")
        program.wait_until(w3.is_connected)
        yield w3


@pytest.fixture(scope="module")
def w3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web3]:
    """A chain whose mining these tests may stop."""
    with start_anvil(tmp_path_factory.mktemp("own")) as chain:
        yield connected(chain.url)


@pytest.fixture
def tell(w3: Web3) -> Callable[..., Any]:
    """One of Anvil's own methods."""
    return lambda method, *params: ask(w3, method, *params)


@pytest.fixture
def payer(w3: Web3) -> LocalAccount:
    """A fresh account with money."""
    return funded(w3)


def funded(w3: Web3, wei: int = 10**18) -> LocalAccount:
    account: LocalAccount = Account.create()
    ask(w3, "anvil_setBalance", account.address, hex(wei))
    return account


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.json"


def kept(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def created(w3: Web3, payer: LocalAccount) -> int:
    """How many transactions the account has in blocks: one for each contract."""
    return w3.eth.get_transaction_count(payer.address)


# --- what it costs ---


def test_a_quote_tells_the_cost_and_sends_nothing(
    w3: Web3, payer: LocalAccount, path: Path
) -> None:
    block = w3.eth.block_number
    told = quote(w3, payer, network="test", path=path)
    text = "\n".join(told.lines())
    assert all(name in text for name in NAMES)
    assert payer.address in text
    assert "1.000000 ETH" in text
    assert told.gas == sum(item.gas for item in told.items)
    assert min(item.gas for item in told.items) > 500_000
    assert (w3.eth.block_number, path.exists()) == (block, False)


def test_contracts_stand_where_the_quote_says_and_cost_no_more(
    w3: Web3, payer: LocalAccount, path: Path
) -> None:
    told = quote(w3, payer, network="test", path=path)
    deployment = deploy(w3, payer, network="test", path=path)
    assert [item.address for item in told.items] == [deployment[name].address for name in NAMES]
    spent = told.balance - w3.eth.get_balance(payer.address)
    assert 0 < spent <= told.needed
    again = quote(w3, payer, network="test", path=path)
    assert (again.gas, all(item.stands for item in again.items)) == (0, True)


def test_a_balance_that_does_not_reach_is_told_before_anything_is_sent(
    w3: Web3, path: Path
) -> None:
    poor = funded(w3, 10**12)
    with pytest.raises(CannotAfford, match=r"holds 0\.000001 ETH, and the deployment needs 0\."):
        deploy(w3, poor, network="test", path=path)
    assert (created(w3, poor), path.exists()) == (0, False)


def test_a_chain_dearer_than_the_cap_is_not_paid(w3: Web3, payer: LocalAccount, path: Path) -> None:
    with pytest.raises(FeeCapReached):
        deploy(w3, payer, network="test", path=path, cap=GWEI // 2)
    assert created(w3, payer) == 0
    first = deploy(w3, payer, network="test", path=path)
    assert deploy(w3, payer, network="test", path=path, cap=GWEI // 2) == first  # nothing to pay


def test_no_transaction_offers_more_than_the_cap(w3: Web3, payer: LocalAccount, path: Path) -> None:
    cap = quote(w3, payer, network="test", path=path).prices.now + 7
    deployment = deploy(w3, payer, network="test", path=path, cap=cap)
    for name in NAMES:
        sent = w3.eth.get_transaction(deployment[name].transaction)  # type: ignore[arg-type]
        assert sent["maxFeePerGas"] <= cap
        assert sent["type"] == 2


def test_a_quote_says_where_ether_costs_money(w3: Web3, payer: LocalAccount, path: Path) -> None:
    told = quote(w3, payer, network="test", path=path)
    warned = {
        name
        for name in KNOWN
        if "ether costs money" in "\n".join(replace(told, network=name).lines())
    }
    assert warned == {"mainnet", "gnosis"}


# --- which chain ---


@pytest.mark.parametrize("network", KNOWN)
def test_a_name_that_everybody_knows_is_refused_on_another_chain(
    w3: Web3, payer: LocalAccount, path: Path, network: str
) -> None:
    with pytest.raises(AnotherNetwork, match=str(KNOWN[network].chain_id)):
        deploy(w3, payer, network=network, path=path)
    assert (created(w3, payer), path.exists()) == (0, False)


def test_a_name_of_ones_own_keeps_the_chain_of_its_first_deployment(
    w3: Web3, payer: LocalAccount, path: Path, tmp_path: Path
) -> None:
    deploy(w3, payer, network="ours", path=path)
    assert kept(path)["chainId"] == w3.eth.chain_id
    with (
        anvil_with(tmp_path, "--chain-id", "4242") as other,
        pytest.raises(NotDeployed, match="this is chain 4242"),
    ):
        deploy(other, funded(other), network="ours", path=path)


@pytest.mark.parametrize(
    ("hardfork", "fields", "kind"),
    [("berlin", {"gasPrice"}, 0), ("london", {"maxFeePerGas"}, 2)],
)
def test_a_chain_with_older_rules_gets_code_that_it_runs(
    tmp_path: Path, path: Path, hardfork: str, fields: set[str], kind: int
) -> None:
    with anvil_with(tmp_path, "--hardfork", hardfork) as old:
        deployment = deploy(old, funded(old), network="old", path=path)
        require_deployed(old, deployment)
        assert deployment.compiler["evmVersion"] == OLDER_RULES
        people = deployment["PeopleRegistry"]
        sent = old.eth.get_transaction(people.transaction)  # type: ignore[arg-type]
        assert sent["type"] == kind
        assert fields <= set(sent)
        place = Web3.to_checksum_address(people.address)
        owner = old.eth.contract(address=place, abi=people.abi).functions.owner().call()
        assert owner == sent["from"]


def test_a_chain_without_a_base_fee_is_paid_the_tip_alone(tmp_path: Path, path: Path) -> None:
    with anvil_with(tmp_path, "--hardfork", "london", "--base-fee", "0") as free:
        deployment = deploy(free, funded(free), network="free", path=path)
        require_deployed(free, deployment)
        for name in NAMES:
            receipt = free.eth.get_transaction_receipt(deployment[name].transaction)  # type: ignore[arg-type]
            assert receipt["effectiveGasPrice"] <= GWEI


def test_what_stands_keeps_its_rules_when_the_chain_learns_newer_ones(
    tmp_path: Path, path: Path
) -> None:
    state = tmp_path / "state.json"
    with anvil_with(tmp_path, "--hardfork", "london", "--dump-state", str(state)) as old:
        first = deploy(old, payer := funded(old), network="old", path=path)
    with anvil_with(tmp_path, "--hardfork", "shanghai", "--load-state", str(state)) as new:
        assert deploy(new, payer, network="old", path=path) == first


def test_an_endpoint_that_runs_nothing_on_trial_is_not_deployed_to(
    w3: Web3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.adapters.networks._runs", lambda *_: False)
    with pytest.raises(RulesUnknown):
        rules_of(w3)


# --- one contract each, whatever happens ---


def test_a_stuck_transaction_is_replaced_below_the_cap_and_one_contract_comes_of_it(
    w3: Web3, payer: LocalAccount, path: Path, tell: Callable[..., Any]
) -> None:
    cap = 20 * GWEI
    tell("evm_setAutomine", False)
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(
            deploy, w3, payer, network="test", path=path, cap=cap, resend_seconds=0.2
        )
        try:
            wait_until(lambda: path.exists() and len(attempts(path)) >= 3)
            offered = [int(one["maxFeePerGas"]) for one in attempts(path)]
        finally:
            tell("evm_setAutomine", True)
            tell("evm_mine")
        deployment = done.result()
    assert offered == sorted(offered)
    assert all(later * 10 >= sooner * 11 for sooner, later in pairwise(offered))
    assert offered[-1] <= cap
    assert created(w3, payer) == len(NAMES)
    require_deployed(w3, deployment)


def attempts(path: Path) -> list[dict[str, Any]]:
    [pending] = kept(path)["pending"].values()
    found: list[dict[str, Any]] = pending["attempts"]
    return found


def test_a_transaction_that_the_chain_took_back_is_waited_for(
    w3: Web3, payer: LocalAccount, path: Path, tell: Callable[..., Any]
) -> None:
    snapshot = tell("evm_snapshot")
    first = deploy(w3, payer, network="test", path=path)
    raw = w3.eth.get_raw_transaction(first["PeopleRegistry"].transaction)  # type: ignore[arg-type]
    tell("evm_revert", snapshot)
    tell("evm_setAutomine", False)
    w3.eth.send_raw_transaction(raw)
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(deploy, w3, payer, network="test", path=path)
        tell("evm_setAutomine", True)
        tell("evm_mine")
        again = done.result()
    assert again["PeopleRegistry"].address == first["PeopleRegistry"].address
    assert created(w3, payer) == len(NAMES)


def test_a_nonce_that_went_to_something_else_is_not_waited_for(
    w3: Web3, payer: LocalAccount, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creation, "LAG", 0.2)  # this endpoint does not lag
    interrupt(w3, payer, path, "chosen")
    send_nothing(w3, payer)
    deployment = deploy(w3, payer, network="test", path=path)
    require_deployed(w3, deployment)
    assert created(w3, payer) == len(NAMES) + 1


def test_another_account_does_not_deploy_what_is_under_way(
    w3: Web3, payer: LocalAccount, path: Path
) -> None:
    interrupt(w3, payer, path, "kept")
    with pytest.raises(AnotherPays, match=payer.address):
        deploy(w3, funded(w3), network="test", path=path)
    require_deployed(w3, deploy(w3, payer, network="test", path=path))
    assert created(w3, payer) == len(NAMES)


def test_what_was_never_sent_offers_what_the_chain_asks_for_by_now(
    w3: Web3, payer: LocalAccount, path: Path, tell: Callable[..., Any]
) -> None:
    interrupt(w3, payer, path, "kept")
    [before] = attempts(path)
    tell("anvil_setNextBlockBaseFeePerGas", hex(2 * int(before["maxFeePerGas"])))
    tell("evm_mine")
    deployment = deploy(w3, payer, network="test", path=path)
    sent = w3.eth.get_transaction(deployment["PeopleRegistry"].transaction)  # type: ignore[arg-type]
    assert sent["maxFeePerGas"] > int(before["maxFeePerGas"])
    assert created(w3, payer) == len(NAMES)


class Interrupted(Exception):
    """What a test stops a deployment with."""


def interrupt(w3: Web3, payer: LocalAccount, path: Path, point: str) -> None:
    """Stop a deployment when it first reaches a point."""

    def reach(name: str) -> None:
        if name == point:
            raise Interrupted

    with pytest.raises(Interrupted):
        deploy(w3, payer, network="test", path=path, reached=reach)


def send_nothing(w3: Web3, payer: LocalAccount) -> None:
    """A transaction that has nothing to do with any deployment."""
    signed = payer.sign_transaction(
        {
            "chainId": w3.eth.chain_id,
            "nonce": w3.eth.get_transaction_count(payer.address),
            "to": payer.address,
            "value": 0,
            "gas": 21000,
            "maxFeePerGas": 10 * GWEI,
            "maxPriorityFeePerGas": GWEI,
        }
    )
    w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction))


# --- for block explorers ---


def test_the_kept_input_compiles_to_what_was_sent(
    w3: Web3, payer: LocalAccount, path: Path
) -> None:
    """What a block explorer does: compile the input anew, and compare with the chain."""
    deployment = deploy(w3, payer, network="test", path=path, for_explorers=True)
    told = kept(path)
    version = told["verification"]["compilerVersion"]
    assert version.startswith(f"v{told['compiler']['solc']}+commit.")
    given = json.loads((path.parent / told["verification"]["standardInput"]).read_text())
    output = solcx.compile_standard(given, solc_binary=tools.solc_path())
    for name in NAMES:
        entry = told["contracts"][name]
        source, contract = entry["source"].split(":")
        made = output["contracts"][source][contract]["evm"]["bytecode"]["object"]
        sent = w3.eth.get_transaction(deployment[name].transaction)  # type: ignore[arg-type]
        arguments = entry["constructorArguments"].removeprefix("0x")
        assert bytes(sent["input"]).hex() == made + arguments
    assert input_path(path).stat().st_size < 2_000_000


def test_both_builds_differ_in_their_rules_alone() -> None:
    new, old = compile_contracts(), compile_contracts(rules=OLDER_RULES)
    assert new.standard_input["sources"] == old.standard_input["sources"]
    for name in NAMES:
        assert new[name].abi == old[name].abi
        assert not new[name].is_code(old[name].runtime)
