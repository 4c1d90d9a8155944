"""Owns the real things that tests stand on: one Anvil for the session, and places on it.

A `place` is a node with its own database, folder and custodians on the shared chain; people in it have
fresh wallets, so tests do not meet. Folders' conftest.py registers this module as a plugin.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

from app.adapters.access_log import SqliteAccessLog
from app.adapters.bodies import FolderBodies
from app.adapters.chain import EthereumChain, Receipt
from app.adapters.contracts import Contract
from app.adapters.database import Database
from app.adapters.deploying import deploy
from app.adapters.deployment import Deployment, load
from app.adapters.local_chain import LocalChain, start_anvil
from app.adapters.payer import Payer
from app.adapters.rpc import Rpc
from app.adapters.wallets import new_wallet, own_key
from app.client.person import Person
from app.compose import build_node
from app.core.encoding import ZERO_ADDRESS
from app.core.keys import PrivateKey
from app.core.records import Role
from app.core.statements import PEOPLE, Enrolment
from app.core.vault import Vault
from app.core.waybills import NodeSecret
from app.embedded import Embedded
from app.services.custodian import LocalCustodian, OneWitness, Registry
from app.services.node import LocalNode

NOTE = b'{"resourceType":"Observation","status":"final","code":{"text":"A note"}}'
HOUR = 3600
DAY = 24 * HOUR
GOVERNOR, REGISTRAR = 1, 2
"""Which of a chain's accounts they are."""
DEAD_URL = "http://127.0.0.1:9"
"""The discard port, on which nothing listens."""


@dataclass
class Clock:
    """The time of day, moved by tests instead of waiting."""

    ahead: int = 0

    def __call__(self) -> int:
        return int(time.time()) + self.ahead


def make_key() -> PrivateKey:
    """A custodian's key."""
    return PrivateKey(os.urandom(32))


def make_node(folder: Path, chain: EthereumChain, payer: Payer) -> LocalNode:
    """A node on a folder, with a relayer of its own; a second one finds what the first left."""
    return build_node(
        chain=chain,
        payer=payer,
        database=Database(f"sqlite:///{folder / 'node.db'}"),
        bodies=FolderBodies(folder / "bodies"),
        secret=NodeSecret(own_key(folder / "node.key")),
    )


@dataclass(kw_only=True)
class Place(Embedded):
    """An embedded Chartkey on the shared chain, whose clock and chain can be tampered with."""

    time: Clock = field(default_factory=Clock)
    payer: Payer
    line: Rpc = field(default_factory=lambda: Rpc(DEAD_URL))
    """The endpoint over which the node itself asks, where a test shuts it."""

    def close_down(self) -> None:
        """The chain stops answering."""
        self.line.url = DEAD_URL

    def come_back(self) -> None:
        """The chain answers again."""
        self.line.url = self.chain_process.url

    def restart(self) -> LocalNode:
        """Another process takes over: a new node on the same database and folder."""
        self.node = make_node(self.folder, self.chain, self.payer)
        self.node.custodians = self.custodians
        return self.node

    def add_custodian(self, key: PrivateKey | None = None) -> LocalCustodian:
        """One more custodian with a key, fresh unless named, and a log of its own."""
        number = len(self.custodians) + 1
        custodian = LocalCustodian(
            name=f"custodian {number}",
            key=key or make_key(),
            registries=[
                Registry(
                    domains=self.chain.domains, witnesses=OneWitness(lambda: self.chain.view())
                )
            ],
            log=SqliteAccessLog(self.folder / f"custodian-{number}" / "log.db"),
            clock=self.time,
            random=os.urandom,
        )
        self.custodians.append(custodian)
        return custodian

    def choosing(self, *custodians: LocalCustodian, threshold: int) -> Person:
        """A patient, enrolled, who chose these custodians."""
        person = Person(
            node=self.node,
            wallet=new_wallet(),
            vault=Vault(os.urandom(32)),
            custodians=[custodian.key.public for custodian in custodians],
            threshold=threshold,
            clock=self.time,
        ).enrol()
        self.settle()
        return person

    def enrol(self, *, patient: bool = False, keeps_archive: bool = False) -> Person:
        """A new person, in the registry when this returns.

        Handed in without the node's queue and relayer, of which other tests take care: most tests
        begin with two or three people.
        """
        person = self.person(patient=patient, keeps_archive=keeps_archive)
        enrolment = Enrolment(
            person=person.address,
            keys_hash=self.node.keep_document(person.keys_document()),
            recovery=ZERO_ADDRESS,
            nonce=0,
            deadline=self.clock() + DAY,
        )
        signed = person.sign(enrolment)
        people = self.chain._contracts[PEOPLE]
        self._send(people.relayed(enrolment, signed.signature))
        if patient:
            person.publish_category_keys(epoch=0)
        return person

    def credential(
        self, person: Person, role: Role = Role.PRACTITIONER, *, seconds: int = 365 * DAY
    ) -> Receipt:
        """Have the registrar of the deployment credential a person."""
        until = self.clock() + seconds
        people = self.chain._contracts[PEOPLE]
        calldata = people.encode("credential", person.address, int(role), until)
        return self.chain._receipt(self._send(calldata))

    def _send(self, calldata: bytes) -> dict[str, Any]:
        """Have the registrar's account send a transaction to the registry; its receipt."""
        return send(self.chain_process, self.chain._contracts[PEOPLE].address, calldata)

    def next_block(self) -> None:
        """A block in which nothing happens."""
        self.rpc.call("evm_mine")

    def anchors(self, root: bytes) -> int:
        """How many events of the four contracts name this root."""
        topic = Web3.to_hex(Web3.keccak(text="Anchored(bytes32,bytes32,address)"))
        question = {"fromBlock": "0x0", "toBlock": "latest", "topics": [topic, Web3.to_hex(root)]}
        return len(self.rpc.call("eth_getLogs", question))


def send(process: LocalChain, to: str, calldata: bytes, sender: int = REGISTRAR) -> dict[str, Any]:
    """Have one of Anvil's own accounts send a transaction, and wait for its block; its receipt."""
    rpc = Rpc(process.url)
    transaction = {
        "from": process.accounts[sender].address,
        "to": to,
        "data": Web3.to_hex(calldata),
        "gas": hex(10**6),
    }
    hash_ = rpc.call("eth_sendTransaction", transaction)
    until = time.monotonic() + 300
    while (receipt := rpc.call("eth_getTransactionReceipt", hash_)) is None:
        assert time.monotonic() < until, "no block came"
        time.sleep(0.001)
    assert receipt["status"] == "0x1", "the contract refused it"
    return dict(receipt)


def place_on(
    process: LocalChain,
    deployment: Deployment,
    folder: Path,
    *,
    keys: Sequence[PrivateKey],
    threshold: int = 2,
) -> Place:
    """A place on a chain: a node on the folder, and custodians of whom a threshold open together."""
    rpc, clock = Rpc(process.url), Clock()
    operator = process.accounts[0]
    chain = EthereumChain(rpc, deployment, operator)
    payer = Payer(rpc, deployment, operator)
    place = Place(
        folder=folder,
        chain_process=process,
        deployment=deployment,
        chain=chain,
        node=make_node(folder, chain, payer),
        custodians=[],
        threshold=threshold,
        rpc=Rpc(process.url),
        clock=clock,
        time=clock,
        payer=payer,
        line=rpc,
    )
    place.node.custodians = place.custodians
    for key in keys:
        place.add_custodian(key)
    return place


def pytest_configure(config: pytest.Config) -> None:
    """Bring the scenes along, wherever this module is registered."""
    from tests import scenes  # here, for it stands on this module

    if not config.pluginmanager.is_registered(scenes):
        config.pluginmanager.register(scenes, "scenes")


@pytest.fixture(scope="session")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalChain]:
    """One Anvil for the whole session."""
    with start_anvil(tmp_path_factory.mktemp("anvil")) as chain:
        yield chain


def deploy_on(process: LocalChain, path: Path) -> Deployment:
    """Deploy to a fresh chain and write it down; one of its accounts is registrar of all roles."""
    operator, governor, registrar, *_ = process.accounts
    web3 = Web3(Web3.HTTPProvider(process.url))
    deployment = deploy(web3, operator, network="local", path=path, governor=governor.address)
    people = deployment[PEOPLE]
    contract = Contract(name=PEOPLE, address=people.address, abi=people.abi)
    for role in list(Role)[1:]:
        appointment = contract.encode("appointRegistrar", registrar.address, int(role), 2**47)
        send(process, people.address, appointment, GOVERNOR)
    return deployment


@pytest.fixture(scope="session")
def deployment_file(anvil: LocalChain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the deployment on the session's Anvil is written down."""
    path = tmp_path_factory.mktemp("deployments") / "local.json"
    deploy_on(anvil, path)
    return path


@pytest.fixture(scope="session")
def deployment(deployment_file: Path) -> Deployment:
    """The four contracts on the session's Anvil."""
    return load(deployment_file)


@pytest.fixture(scope="session")
def empty_databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node's and a custodian's database without a row: to copy them is quicker than to make them."""
    folder = tmp_path_factory.mktemp("empty")
    Database(f"sqlite:///{folder / 'node.db'}")._engine.dispose()
    SqliteAccessLog(folder / "log.db")._engine.dispose()
    return folder
