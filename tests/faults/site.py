"""Owns a node that fault tests may break: where its parts are, and the count of what came of them."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Event

from eth_account import Account
from web3 import Web3

from app.adapters.bodies import FolderBodies
from app.adapters.chain import EthereumChain
from app.adapters.database import Database
from app.adapters.deployment import load
from app.adapters.followed import FollowedChain
from app.adapters.kubo import KuboBodies
from app.adapters.many_bodies import ManyBodies
from app.adapters.payer import Payer
from app.adapters.rpc import Caller, Rpc
from app.adapters.wallets import LocalWallet, new_wallet
from app.compose import build_node
from app.core.cid import raw_cid
from app.core.encoding import ZERO_ADDRESS
from app.core.errors import ChartkeyError, NotStored
from app.core.merkle import decode_manifest, merkle_root
from app.core.ports import BodyKeeper
from app.core.signatures import Signed
from app.core.statements import BOOKS, Enrolment
from app.core.typed_data import Statement
from app.core.waybills import NodeSecret
from app.services.indexer import Indexer
from app.services.node import LocalNode
from app.services.relayer import Plan, Relayer

ANCHORED = Web3.to_hex(Web3.keccak(text="Anchored(bytes32,bytes32,address)"))
QUICK = Plan(batch_seconds=0, batch_size=16, resend_seconds=3)
"""Small batches that do not wait for company."""
GENEROUS = 300.0
"""Seconds to wait for what must come; only a failure takes them."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What any process needs to build the same node: addresses, folders and keys of tests."""

    rpc: str
    deployment: Path
    database: str
    bodies: Path
    payer: bytes
    secret: bytes = field(default_factory=lambda: os.urandom(32))
    kubos: Sequence[str] = ()
    plan: Plan = QUICK
    timeout: float = 20.0

    def store(self) -> BodyKeeper:
        """The body store: a folder, or Kubo daemons that hold the same."""
        if not self.kubos:
            return FolderBodies(self.bodies)
        return ManyBodies([KuboBodies(api) for api in self.kubos])

    def indexer(self) -> Indexer:
        """An indexer on the site's database."""
        source = FollowedChain(Rpc(self.rpc), load(self.deployment))
        return Indexer(source=source, index=Database(self.database), bodies=self.store())

    def node(self, caller: Caller | None = None) -> LocalNode:
        """The node with a relayer of its own, as a process that has just started builds it."""
        rpc, deployment = caller or Rpc(self.rpc, timeout=self.timeout), load(self.deployment)
        return build_node(
            chain=EthereumChain(rpc, deployment, None),
            payer=Payer(rpc, deployment, Account.from_key(self.payer)),
            database=Database(self.database),
            bodies=self.store(),
            secret=NodeSecret(self.secret),
            plan=self.plan,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What became of accepted statements; `lost` are those in no block, or without their envelope."""

    accepted: int
    anchored: int
    lost: int
    doubled: int


@dataclass(kw_only=True)
class Ledger:
    """What a node said yes to: (book, digest) and the envelope that came with it."""

    accepted: dict[tuple[str, bytes], bytes] = field(default_factory=dict)

    def hand_in(self, node: LocalNode, many: int) -> None:
        """Have the node take fresh digests, spread over the books; it may raise at any of them."""
        for number in range(many):
            digest, envelope = os.urandom(32), os.urandom(200)
            judge = BOOKS[number % len(BOOKS)]
            node.accept_digest(digest, judge, envelope)
            self.accepted[judge, digest] = envelope

    def insist(self, node: LocalNode, many: int) -> None:
        """The same by a client that hands in again what it heard no yes to."""
        until = time.monotonic() + GENEROUS
        for number in range(many):
            digest, envelope = os.urandom(32), os.urandom(200)
            judge = BOOKS[number % len(BOOKS)]
            while True:
                try:
                    node.accept_digest(digest, judge, envelope)
                except ChartkeyError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.02)
                    continue
                break
            self.accepted[judge, digest] = envelope

    def count(self, url: str, site: Site) -> Count:
        """Hold what was accepted against the chain's events and the lists that they name.

        `url` is an endpoint that tells the truth. A list counts only where it makes the root.
        """
        store, books = site.store(), {load(site.deployment).contracts[b].address: b for b in BOOKS}
        found: Counter[tuple[str, bytes]] = Counter()
        filter_ = {"fromBlock": "0x0", "toBlock": "latest", "topics": [ANCHORED]}
        for log in Rpc(url).call("eth_getLogs", filter_):
            judge = books[Web3.to_checksum_address(log["address"])]
            try:
                entries = decode_manifest(store.fetch(raw_cid(bytes.fromhex(log["data"][2:66]))))
            except NotStored:
                continue  # somebody else's
            assert merkle_root(entry.digest for entry in entries).hex() == log["topics"][1][2:]
            found.update((judge, entry.digest) for entry in entries)
        anchored = [key for key in self.accepted if found[key]]
        kept = [e for e in self.accepted.values() if store.holds(raw_cid(sha256(e).digest()))]
        count = Count(
            accepted=len(self.accepted),
            anchored=len(anchored),
            lost=len(self.accepted) - min(len(anchored), len(kept)),
            doubled=sum(found[key] > 1 for key in self.accepted),
        )
        print(f"accepted {count.accepted}, anchored {count.anchored}, lost {count.lost}")
        return count

    def require_all_anchored(self, url: str, site: Site) -> None:
        """Assert that everything accepted is in a block exactly once, with its envelope stored."""
        assert self.accepted
        count, all_ = self.count(url, site), len(self.accepted)
        assert count == Count(accepted=all_, anchored=all_, lost=0, doubled=0)


def signed_by(node: LocalNode, wallet: LocalWallet, statement: Statement) -> Signed[Statement]:
    """A statement as a wallet signs it for the node's chain."""
    signature = wallet.sign(statement, node.domains.judging(statement))
    return Signed(statement=statement, signature=signature)


def enrol(node: LocalNode) -> LocalWallet:
    """A person of whom the registry knows when this returns."""
    wallet = new_wallet()
    statement = Enrolment(
        person=wallet.address,
        keys_hash=os.urandom(32),
        recovery=ZERO_ADDRESS,
        nonce=0,
        deadline=2**40,
    )
    node.accept(signed_by(node, wallet, statement))
    node.settle()
    return wallet


def relayer_of(node: LocalNode) -> Relayer:
    """The relayer of a node that has one."""
    assert node.relayer is not None
    return node.relayer


def wait_until(holds: Callable[[], bool], seconds: float = GENEROUS) -> None:
    """Return when it holds; it must within the time."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


def settle_whatever_comes(node: LocalNode, between: Callable[[], None] = lambda: None) -> int:
    """Tick, as a relayer's loop does, over faults of Chartkey's own kinds, until all is done; the faults."""
    relayer, faults, until = relayer_of(node), 0, time.monotonic() + GENEROUS
    while True:
        try:
            relayer.tick(at_once=True)
            if relayer.is_idle():
                return faults
        except ChartkeyError:
            faults += 1
        assert time.monotonic() < until, "it did not come to an end"
        between()


@contextmanager
def working(*ticks: Callable[[], object]) -> Iterator[None]:
    """Services that tick meanwhile, each in a thread; a fault that is not ours fails the test."""
    stop = Event()

    def work(tick: Callable[[], object]) -> None:
        while not stop.wait(0.01):
            with suppress(ChartkeyError):
                tick()

    with ThreadPoolExecutor(len(ticks)) as threads:
        done = [threads.submit(work, tick) for tick in ticks]
        try:
            yield
        finally:
            stop.set()
        for one in done:
            one.result()
