"""Owns what tests of the index stand on: a chain that forks, published lists, and an oracle."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

from app.adapters.bodies import FolderBodies
from app.adapters.chain import EthereumChain
from app.adapters.database import Database
from app.adapters.deploying import deploy
from app.adapters.deployment import Deployment
from app.adapters.followed import FollowedChain
from app.adapters.local_chain import LocalChain, start_anvil
from app.adapters.rpc import Caller, Rpc
from app.core.encoding import from_hex, hex0x, keccak
from app.core.merkle import ManifestEntry, decode_manifest, encode_manifest, merkle_root
from app.core.statements import BOOKS, CONSENT, RECORDS
from app.services.indexer import Indexer

ANCHORED = hex0x(keccak(b"Anchored(bytes32,bytes32,address)"))


@dataclass(kw_only=True)
class World:
    """A chain of a test module's own, which it may fork, and lists anchored on it."""

    process: LocalChain
    deployment: Deployment
    bodies: FolderBodies
    rpc: Rpc = field(init=False)
    chain: EthereumChain = field(init=False)
    published: dict[bytes, bytes] = field(default_factory=dict)
    """Every list that was made, by its SHA-256."""

    def __post_init__(self) -> None:
        self.rpc = Rpc(self.process.url)
        self.chain = EthereumChain(self.rpc, self.deployment, self.process.accounts[0])

    # what happens on the chain

    def make_list(self, count: int = 3) -> tuple[bytes, bytes]:
        """(root, list) over random digests."""
        entries = [
            ManifestEntry(digest=os.urandom(32), envelope=os.urandom(32)) for _ in range(count)
        ]
        manifest = encode_manifest(entries)
        self.published[sha256(manifest).digest()] = manifest
        return merkle_root(entry.digest for entry in entries), manifest

    def anchor(self, count: int = 3, judge: str = RECORDS, *, publish: bool = True) -> bytes:
        """Anchor a new list; returns it."""
        root, manifest = self.make_list(count)
        if publish:
            self.bodies.put(iter([manifest]))
        self.chain.anchor(judge, root, sha256(manifest).digest())
        return manifest

    def revoke(self) -> int:
        """An event of another kind; returns the word of revocations that it is about."""
        word = int.from_bytes(os.urandom(32), "big")
        self.chain.transact(CONSENT, "revoke", word, 1)
        return word

    def mine(self, count: int = 1) -> None:
        """Blocks in which nothing happens."""
        self.rpc.call("anvil_mine", hex(count))

    def reorganize(self, depth: int) -> None:
        """Replace that many blocks by empty ones."""
        [before] = self.rpc.batch("eth_getBlockByNumber", [("latest", False)])
        self.rpc.call("anvil_setCoinbase", hex0x(os.urandom(20)))  # or empty ones stay the same
        self.rpc.call("anvil_reorg", depth, [])
        [after] = self.rpc.batch("eth_getBlockByNumber", [(before["number"], False)])
        assert after["hash"] != before["hash"]

    def head(self) -> int:
        return int(self.rpc.call("eth_blockNumber"), 16)

    # following it

    def indexer(self, database: Database, rpc: Caller | None = None, **more: Any) -> Indexer:
        """An indexer over an endpoint of one's own, or over what is given."""
        return Indexer(
            source=FollowedChain(rpc or Rpc(self.process.url), self.deployment),
            index=database,
            bodies=self.bodies,
            **{"clock": lambda: 0, **more},
        )

    # what must come out

    def truth(self) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]], set[tuple[Any, ...]]]:
        """Anchors, other events and digests, as one plain question to the chain tells them."""
        names = {
            from_hex(self.deployment[name].address): name for name in self.deployment.contracts
        }
        addresses = [hex0x(address) for address in names]
        wanted = {"address": addresses, "fromBlock": "0x0", "toBlock": "latest"}
        anchors, events, digests = set(), set(), set()
        for log in self.rpc.call("eth_getLogs", wanted):
            at = int(log["blockNumber"], 16), int(log["logIndex"], 16)
            name = names[from_hex(log["address"])]
            if log["topics"][0] != ANCHORED:
                events.add((*at, name))
                continue
            root, manifest = from_hex(log["topics"][1]), from_hex(log["data"])[:32]
            anchors.add((*at, name, root, manifest))
            for entry in self._entries(manifest):
                digests.add((name, root, entry.digest, entry.envelope))
        return anchors, events, digests

    def _entries(self, manifest: bytes) -> Sequence[ManifestEntry]:
        return decode_manifest(self.published[manifest]) if manifest in self.published else []


def indexed(
    database: Database,
) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """Anchors, other events and digests, as a database has them."""
    with database._engine.connect() as connection:
        anchors = "SELECT block, place, judge, root, manifest FROM anchors"
        events = "SELECT block, place, contract FROM events"
        digests = "SELECT judge, root, digest, envelope FROM digests JOIN manifests ON manifests.id = list"
        return tuple(  # type: ignore[return-value]
            {tuple(row) for row in connection.exec_driver_sql(query)}
            for query in (anchors, events, digests)
        )


def books() -> Iterator[str]:
    """The contracts that keep anchors, in turn."""
    return itertools.cycle(BOOKS)


@contextmanager
def start_world(folder: Path) -> Iterator[World]:
    """A fresh chain with the contracts on it, which nobody else's tests stand on."""
    with start_anvil(folder / "chain") as process:
        yield make_world(process, folder)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A chain of a module's own, since its tests fork it: Anvil cannot forget what has forked."""
    with start_world(tmp_path_factory.mktemp("world")) as world:
        yield world


def catch_up(indexer: Indexer) -> None:
    """Follow to the head and read every list that is due."""
    indexer.follow()
    while indexer.read_manifests(0):
        pass


def make_world(process: LocalChain, folder: Path) -> World:
    """Deploy on a fresh chain, behind blocks that even a deep reorganization leaves alone."""
    operator, governor, *_ = process.accounts
    deployment = deploy(
        Web3(Web3.HTTPProvider(process.url)),
        operator,
        network="local",
        path=folder / "local.json",
        governor=governor.address,
    )
    world = World(process=process, deployment=deployment, bodies=FolderBodies(folder / "bodies"))
    world.mine(5)
    return world
