"""Owns the real things that tests stand on: one Anvil for the session, and a whole place for each test.

A `place` is a node with its own database, folder and custodians on the shared chain; people in it have
fresh wallets, so tests do not meet. Folders' conftest.py registers this module as a plugin.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from web3 import Web3

from app.adapters.access_log import SqliteAccessLog
from app.adapters.bodies import FolderBodies
from app.adapters.chain import EthereumChain
from app.adapters.database import Database
from app.adapters.deploying import deploy
from app.adapters.deployment import Deployment, load
from app.adapters.local_chain import LocalChain, start_anvil
from app.adapters.payer import Payer
from app.adapters.rpc import Rpc
from app.adapters.wallets import new_wallet, own_key
from app.client.person import Person
from app.compose import build_node
from app.core.keys import PrivateKey
from app.core.vault import Vault
from app.core.waybills import NodeSecret
from app.embedded import Embedded
from app.services.custodian import LocalCustodian, OneWitness, Registry
from app.services.node import LocalNode

NOTE = b'{"resourceType":"Observation","status":"final","code":{"text":"A note"}}'
HOUR = 3600
DAY = 24 * HOUR
DEAD_URL = "http://127.0.0.1:9"
"""The discard port, on which nothing listens."""


@dataclass
class Clock:
    """The time of day, moved by tests instead of waiting."""

    ahead: int = 0

    def __call__(self) -> int:
        return int(time.time()) + self.ahead


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

    def add_custodian(self) -> LocalCustodian:
        """One more custodian with a key and a log of its own."""
        number = len(self.custodians) + 1
        custodian = LocalCustodian(
            name=f"custodian {number}",
            key=PrivateKey(os.urandom(32)),
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

    def next_block(self) -> None:
        """A block in which nothing happens."""
        self.rpc.call("evm_mine")

    def anchors(self, root: bytes) -> int:
        """How many events of the four contracts name this root."""
        topic = Web3.to_hex(Web3.keccak(text="Anchored(bytes32,bytes32,address)"))
        question = {"fromBlock": "0x0", "toBlock": "latest", "topics": [topic, Web3.to_hex(root)]}
        return len(self.rpc.call("eth_getLogs", question))


@pytest.fixture(scope="session")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalChain]:
    """One Anvil for the whole session."""
    with start_anvil(tmp_path_factory.mktemp("anvil")) as chain:
        yield chain


@pytest.fixture(scope="session")
def deployment_file(anvil: LocalChain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the deployment on the session's Anvil is written down."""
    path = tmp_path_factory.mktemp("deployments") / "local.json"
    operator, governor, *_ = anvil.accounts
    deploy(
        Web3(Web3.HTTPProvider(anvil.url)),
        operator,
        network="local",
        path=path,
        governor=governor.address,
    )
    return path


@pytest.fixture(scope="session")
def deployment(deployment_file: Path) -> Deployment:
    """The four contracts on the session's Anvil."""
    return load(deployment_file)


@pytest.fixture(scope="session")
def make_place(anvil: LocalChain, deployment: Deployment) -> Iterator[Callable[..., Place]]:
    """Makes a place: a node, a folder, and custodians.

    Folders are in memory where the machine has room for that: databases sync at every commit.
    """
    memory = Path("/dev/shm")
    root = Path(mkdtemp(prefix="chartkey-", dir=memory if memory.is_dir() else None))

    def make(custodians: int = 3, threshold: int = 2) -> Place:
        folder = Path(mkdtemp(prefix="place-", dir=root))
        rpc, clock = Rpc(anvil.url), Clock()
        chain = EthereumChain(rpc, deployment, anvil.accounts[0])
        payer = Payer(rpc, deployment, anvil.accounts[0])
        node = make_node(folder, chain, payer)
        place = Place(
            folder=folder,
            chain_process=anvil,
            deployment=deployment,
            chain=chain,
            node=node,
            custodians=[],
            threshold=threshold,
            rpc=Rpc(anvil.url),
            clock=clock,
            time=clock,
            payer=payer,
            line=rpc,
        )
        node.custodians = place.custodians
        for _ in range(custodians):
            place.add_custodian()
        return place

    yield make
    rmtree(root)
