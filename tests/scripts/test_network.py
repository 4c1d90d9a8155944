"""Chartkey on a network of three geth nodes: deployed, told its story while a node dies, reorganized.

These need geth; where it is not installed they are skipped, and say so. Blocks come a second apart, so
they take more than a minute, in which this machine has little to do.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rlp
import yaml
from eth_account import Account

from app.adapters import tools
from app.adapters.compiler import OLDER_RULES
from app.adapters.deployment import NAMES
from app.adapters.wallets import read_key
from app.demo.acts import ACTS
from app.demo.story import Story
from scripts.geth.build import geth_command
from scripts.networking import __main__ as command
from scripts.networking import story as told
from scripts.networking.besu import VALIDATORS, extra_data, prepare
from scripts.networking.genesis import clique
from scripts.networking.making import NUMBERS, PERIOD, NetworkUnfit
from scripts.networking.nodes import PrivateNetwork
from scripts.networking.reorganizing import reorganize
from tests.adapters.dying import connected
from tests.daemons import folder_in_memory, installed

COMPOSE = tools.ROOT / "deploy" / "network" / "compose.yaml"


@pytest.fixture(scope="module")
def network() -> Iterator[PrivateNetwork]:
    """Three nodes that seal by turns, with the contracts on them."""
    installed(geth_command, "python3 -m scripts.geth.build builds it.")
    made = PrivateNetwork(folder_in_memory("network"), attached=True)
    try:
        made.up()
        told.deploy_on(made, lambda _: None)
        yield made
    finally:
        made.remove()


def failed(story: Story) -> list[str]:
    return [f"{step.title}: {step.outcome}" for step in story.steps if not step.ok]


# --- the network ---


def test_the_contracts_are_on_every_node_in_code_that_clique_networks_run(
    network: PrivateNetwork,
) -> None:
    deployment = told.deployment_of(network)
    assert deployment.compiler["evmVersion"] == OLDER_RULES
    height = network.height(1)
    network.wait_until(lambda: all(network.height(n) >= height for n in NUMBERS), "a node lags")
    for number in NUMBERS:
        w3 = connected(network.node(number).url)
        for name in NAMES:
            code = w3.eth.get_code(deployment[name].address)  # type: ignore[arg-type]
            assert len(code) > 1000


def test_deploying_again_from_another_node_finds_everything(network: PrivateNetwork) -> None:
    said: list[str] = []
    before = network.deployment.read_text()
    told.deploy_on(network, said.append, by=3)
    assert [line.split()[0] for line in said if " found at " in line] == list(NAMES)
    assert network.deployment.read_text() == before


def test_every_node_takes_its_turn_and_listens_to_this_machine_alone(
    network: PrivateNetwork,
) -> None:
    newest = network.height(1)
    signers = {network.tell(1, "clique_getSigner", hex(number)) for number in range(1, newest + 1)}
    assert signers == {node.sealer.lower() for node in network.nodes}
    for number in NUMBERS:
        listening = network.tell(number, "admin_nodeInfo")
        assert listening["ports"]["discovery"] == 0
    for path in [network.passphrase, *network.folder.rglob("*.key")]:
        assert path.stat().st_mode & 0o077 == 0


def test_the_story_goes_on_to_its_end_when_a_node_dies(network: PrivateNetwork) -> None:
    story = Story(for_machines=True)
    assert told.tell(network, story), failed(story)
    assert not network.is_running(told.DIES)
    told.bring_back(network, story)
    assert failed(story) == []
    assert len(story.steps) > 3 * len(ACTS)
    assert network.is_running(told.DIES)


def test_a_nodes_index_survives_a_reorganization(network: PrivateNetwork) -> None:
    story = Story(for_machines=True)
    assert reorganize(network, told.deployment_of(network), story), failed(story)
    assert failed(story) == []
    [outcome] = [step.outcome for step in story.steps if "heavier" in step.title]
    assert int(outcome.split()[0]) >= 3


def test_two_nodes_that_wait_for_each_other_go_on(
    network: PrivateNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each seals a block that the third would have sealed in its turn; both weigh the same."""
    monkeypatch.setattr("scripts.networking.nodes.STANDSTILL", 3.0)
    rest(network)
    turn = sorted(node.sealer.lower() for node in network.nodes).index(sealer(network, 3))
    while (network.height(1) + 2) % 3 != turn or signer(network) == sealer(network, 3):
        seal_one(network, next(n for n in (1, 2) if sealer(network, n) != signer(network)))
    seal_one(network, 3)
    for other in (1, 2):
        network.cut(3, other)
    height = network.height(1)
    network.stop(2)
    network.tell(1, "miner_start")
    network.start(2, alone=True)
    network.wait_until(lambda: {network.height(1), network.height(2)} == {height + 1}, "no block")
    network.link(2, 1)
    first, second = network.block(1), network.block(2)
    assert first["hash"] != second["hash"]
    assert first["totalDifficulty"] == second["totalDifficulty"]
    network.go_on(1, 2)
    assert [network.block(n, height + 1)["hash"] for n in (1, 2)] == [first["hash"]] * 2


def rest(network: PrivateNetwork) -> None:
    """Have nobody seal any more, and all be at one block: what is being sealed still comes."""
    for number in NUMBERS:
        network.tell(number, "miner_stop")
    seen: set[str] = set()
    since = time.monotonic()

    def are_at_rest() -> bool:
        nonlocal seen, since
        heads = {network.block(number)["hash"] for number in NUMBERS}
        if heads != seen or len(heads) > 1:
            seen, since = heads, time.monotonic()
        return time.monotonic() - since > 3 * PERIOD

    network.wait_until(are_at_rest, "they do not come to rest")


def sealer(network: PrivateNetwork, number: int) -> str:
    """The account with which a node seals."""
    return network.node(number).sealer.lower()


def signer(network: PrivateNetwork) -> str:
    """Who sealed the newest block that node 1 has."""
    return str(network.tell(1, "clique_getSigner", hex(network.height(1))))


def seal_one(network: PrivateNetwork, number: int) -> None:
    """Have one node alone seal one block, which all take."""
    height = network.height(number)
    network.tell(number, "miner_start")
    network.wait_until(lambda: all(network.height(n) > height for n in NUMBERS), "no block comes")
    network.tell(number, "miner_stop")


def test_the_command_tells_which_nodes_run(
    network: PrivateNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--folder", str(network.folder)]
    assert command.run(["kill", "2", *words]) == 0
    said = capsys.readouterr().out
    assert "stopped" in said.splitlines()[1]
    assert re.search(r"at block \d+", said.splitlines()[0])
    assert command.run(["down", *words]) == 0
    assert not any(network.is_running(number) for number in NUMBERS)
    assert command.run(["status", *words]) == 0
    assert capsys.readouterr().out.count("stopped") == len(NUMBERS)


# --- without geth ---


def test_what_is_no_network_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(["status", "--folder", str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_process_that_is_not_ours_is_never_stopped(tmp_path: Path) -> None:
    """A number in a file may have come to another program, such as this one."""
    network = PrivateNetwork(tmp_path)
    (tmp_path / "node-1.pid").write_text(f"{os.getpid()}\n")
    assert not network.is_running(1)
    network.kill(1)
    with pytest.raises(NetworkUnfit):
        network.node(1)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    network = PrivateNetwork(tmp_path)
    with pytest.raises(NetworkUnfit, match="something else"):
        network.up()
    network.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


def test_the_first_block_names_the_sealers_in_order() -> None:
    sealers = [Account.create().address for _ in range(3)]
    genesis = clique(7, 1, sealers, [])
    extra = bytes.fromhex(genesis["extraData"][2:])
    assert len(extra) == 32 + 3 * 20 + 65
    named = [extra[32 + 20 * n : 52 + 20 * n].hex() for n in range(3)]
    assert named == sorted(sealer[2:].lower() for sealer in sealers)
    assert not any("Time" in name for name in genesis["config"])  # Clique ends before Shanghai


# --- Besu ---


@pytest.fixture
def besu(tmp_path: Path) -> Path:
    """What the validators of compose.yaml need."""
    prepare(tmp_path, lambda _: None)
    return tmp_path


def test_besus_first_block_names_the_validators_whose_keys_were_made(besu: Path) -> None:
    genesis: dict[str, Any] = json.loads((besu / "genesis.json").read_text())
    vanity, validators, vote, round_, seals = rlp.decode(bytes.fromhex(genesis["extraData"][2:]))
    assert (vanity, vote, round_, seals) == (bytes(32), [], b"", [])
    keys = [read_key(besu / f"validator-{n}" / "key") for n in range(1, VALIDATORS + 1)]
    addresses = [Account.from_key(key).address[2:].lower() for key in keys]
    assert [validator.hex() for validator in validators] == sorted(addresses)
    operator = Account.from_key(read_key(besu / "operator.key")).address
    assert list(genesis["alloc"]) == [operator]
    assert genesis["config"]["shanghaiTime"] == 0
    assert "qbft" in genesis["config"]


def test_besus_extra_data_is_as_its_documentation_shows() -> None:
    """The shape of the example for four validators: lengths, vanity, vote, round and seals."""
    extra = extra_data([f"0x{n:040x}" for n in range(1, 5)]).hex()
    assert extra.startswith("f87aa0" + "00" * 32 + "f854" + "94")
    assert extra.endswith("c080c0")


def test_besus_keys_are_kept_when_it_is_prepared_again(besu: Path) -> None:
    before = {path: path.read_bytes() for path in besu.rglob("*") if path.is_file()}
    prepare(besu, lambda _: None)
    assert {path: path.read_bytes() for path in besu.rglob("*") if path.is_file()} == before


def test_besus_validators_mount_what_was_made_and_let_in_nobody_from_outside(besu: Path) -> None:
    compose = yaml.safe_load(COMPOSE.read_text())
    services: dict[str, dict[str, Any]] = compose["services"]
    assert len(services) == VALIDATORS
    nodes = json.loads((besu / "static-nodes.json").read_text())
    for number, (name, one) in enumerate(services.items(), start=1):
        mounted = [mount.split(":")[0] for mount in one["volumes"] if mount.startswith("..")]
        for path in mounted:
            made = (COMPOSE.parent / path).resolve().relative_to(tools.ROOT / "var" / "besu")
            assert (besu / made).is_file()
        assert f"../../var/besu/{name}/key" in mounted
        [address] = [to["ipv4_address"] for to in one["networks"].values()]
        assert f"@{address}:30303" in nodes[number - 1]
        assert all(port.startswith("127.0.0.1:") for port in one["ports"])
        assert "--rpc-http-api=ETH,NET,WEB3" in one["command"]


def test_no_key_stands_in_a_file_of_the_project() -> None:
    template = json.loads((COMPOSE.parent / "genesis.json").read_text())
    for path in COMPOSE.parent.iterdir():
        found = re.findall(r"[0-9a-f]{64}", path.read_text())
        assert {f"0x{one}" for one in found} <= {template["mixHash"]}
