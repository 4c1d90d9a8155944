"""Owns how services are put together from their parts; the embedded default and tests share it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from app.adapters import deployment as deployments
from app.adapters.access_log import SqliteAccessLog
from app.adapters.bodies import FolderBodies
from app.adapters.chain import EthereumChain
from app.adapters.custodian_client import HttpCustodian, NodeProofs
from app.adapters.database import Database
from app.adapters.deployment import Deployment
from app.adapters.endpoints import Endpoints
from app.adapters.followed import FollowedChain
from app.adapters.many_bodies import ManyBodies
from app.adapters.payer import Payer as ChainPayer
from app.adapters.peer import HttpPeer
from app.adapters.rpc import Caller, Rpc
from app.adapters.stop_file import StopFile
from app.adapters.wallets import own_key, read_key
from app.adapters.witnesses import Witnesses
from app.config import Settings
from app.core.errors import ChartkeyError, Misconfigured
from app.core.keys import PrivateKey
from app.core.ports import BodyKeeper, Custodian
from app.core.signatures import Proof
from app.core.statements import AUDIT
from app.core.waybills import NodeSecret
from app.services.batching import Batching
from app.services.custodian import LocalCustodian, Registry
from app.services.hearing import tell_custodians
from app.services.indexer import Indexer
from app.services.loops import Loop
from app.services.node import LocalNode
from app.services.ports import Chain, Payer, Store, Trial
from app.services.proofs import Proofs
from app.services.relayer import Plan, Relayer, Settled

LOG = logging.getLogger("chartkey.services")
SQLITE = "sqlite:///"
EAGER_PAUSE, SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.1, 1.0
"""Seconds between ticks: of a relayer that waits for no company, of other loops at least, of any at most."""
HEARING = 3.0
"""Seconds in which a custodian must hear of a revocation; the chain tells it in any case."""
HAND_IN_PAUSE = 5.0
RANGES = 20
"""Of blocks, in one tick of the index."""


def now() -> int:
    """The time of day in seconds."""
    return int(time.time())


def build_node(
    *,
    chain: Chain,
    database: Store,
    bodies: BodyKeeper,
    secret: NodeSecret,
    payer: Payer | None = None,
    custodians: Sequence[Custodian] = (),
    plan: Plan | None = None,
    pad_to: int = 0,
    clock: Callable[[], int] = now,
) -> LocalNode:
    """A node; where a payer is given, with a relayer of its own."""
    node = LocalNode(
        chain=chain,
        database=database,
        bodies=bodies,
        secret=secret,
        custodians=custodians,
        proofs=Proofs(database),
    )
    if payer is not None:
        node.relayer = Relayer(
            chain=chain,
            payer=payer,
            queue=database,
            bodies=bodies,
            batching=Batching(secret=secret, pad_to=pad_to),
            plan=plan or Plan(),
            tell=lambda many: tell_custodians(node.custodians, many),
            clock=clock,
            seen=node.settled.append,
        )
    return node


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the services of one node stand on."""

    settings: Settings
    deployment: Deployment
    rpc: Caller
    chain: EthereumChain
    database: Database
    bodies: BodyKeeper
    secret: NodeSecret
    custodians: Sequence[Custodian]
    payer: LocalAccount | None = None
    """Who pays; where nobody is named, the settings' key file is read."""
    trial: Trial | None = None
    """What newcomers may ask for, on a chain of one's own only."""

    def node(self) -> LocalNode:
        """A node that accepts, and leaves it to a relayer elsewhere to bring it to the chain."""
        node = build_node(
            chain=self.chain,
            database=self.database,
            bodies=self.bodies,
            secret=self.secret,
            custodians=self.custodians,
        )
        node.peers = [HttpPeer(url, self.chain.domains) for url in self.settings.peers]
        return node

    def relayer(self, seen: Callable[[Settled], None] = lambda _: None) -> Relayer:
        """A relayer, whose `seen` hears what came to the chain; raises Misconfigured, KeyFileExposed."""

        def tell(settled: Settled) -> None:
            log_settled(settled)
            seen(settled)

        account = self.payer or _account(self.settings.relayer_key)
        return Relayer(
            chain=self.chain,
            payer=ChainPayer(self.rpc, self.deployment, account, self.settings.fee_cap),
            queue=self.database,
            bodies=self.bodies,
            batching=Batching(secret=self.secret, pad_to=self.settings.pad_to),
            plan=plan_of(self.settings),
            tell=lambda many: tell_custodians(self.custodians, many),
            seen=tell,
        )

    def indexer(self) -> Indexer:
        """What keeps the index equal to the chain."""
        return Indexer(
            source=FollowedChain(self.rpc, self.deployment),
            index=self.database,
            bodies=self.bodies,
        )


def parts_of(settings: Settings) -> Parts:
    """Open what a node needs; raises Misconfigured, NotDeployed, StoreError, KeyFileExposed.

    The chain is not asked: a service starts while it is away, and says so when asked whether it
    is ready.
    """
    deployment = deployments.load(settings.deployment)
    rpc = Endpoints(_endpoints(settings), deployment.chain_id)
    return Parts(
        settings=settings,
        deployment=deployment,
        rpc=rpc,
        chain=EthereumChain(rpc, deployment, None),
        database=open_database(settings),
        bodies=open_bodies(settings),
        secret=NodeSecret(own_key(settings.node_key)),
        custodians=[HttpCustodian(url, HEARING) for url in settings.custodians],
    )


def _endpoints(settings: Settings) -> tuple[str, ...]:
    if not settings.rpc:
        raise Misconfigured(name="CHARTKEY_RPC", reason="it names no endpoint")
    return settings.rpc


def open_database(settings: Settings) -> Database:
    """The node's database, its folder made where it is a file."""
    url = settings.database_url
    if url.startswith(SQLITE):
        Path(url.removeprefix(SQLITE)).parent.mkdir(parents=True, exist_ok=True)
    database = Database(url)
    database.quota = settings.daily_quota
    return database


def open_bodies(settings: Settings) -> BodyKeeper:
    """The body store: the daemons that are named, or the folder."""
    if settings.ipfs:
        from app.adapters.kubo import KuboBodies  # here, for few nodes have it and all load this

        return ManyBodies([KuboBodies(url) for url in settings.ipfs], least=settings.ipfs_least)
    return FolderBodies(settings.bodies)


def plan_of(settings: Settings) -> Plan:
    """When the relayer does what."""
    return Plan(
        batch_seconds=settings.batch_seconds,
        batch_size=settings.batch_size,
        journal_seconds=settings.journal_seconds,
        resend_seconds=settings.resend_seconds,
        final_depth=settings.final_depth,
        balance_floor=settings.balance_floor,
    )


def relay_loop(relayer: Relayer) -> Loop:
    """What `python -m app relay` does."""

    def tick() -> Sequence[ChartkeyError]:
        return relayer.tick() if relayer.is_due() else ()

    pause = min(max(relayer.plan.batch_seconds / 10, EAGER_PAUSE), LONGEST_PAUSE)
    return Loop(name="relay", tick=tick, pause=pause)


def index_loop(indexer: Indexer) -> Loop:
    """What `python -m app index` does: some ranges of blocks, then lists that are due."""

    def tick() -> Sequence[ChartkeyError]:
        for _ in range(RANGES):
            if not indexer.tick():
                break
        indexer.read_manifests()
        return ()

    return Loop(name="index", tick=tick, pause=LONGEST_PAUSE)


def log_settled(settled: Settled) -> None:
    """Say in the log what came to the chain."""
    where = {"count": settled.count, "block": settled.receipt.block}
    LOG.info("brought to the chain", extra=where)


def _account(path: Path) -> LocalAccount:
    if not path.exists():
        reason = "there is no such key file; the account in it pays for transactions"
        raise Misconfigured(name="CHARTKEY_RELAYER_KEY", reason=reason)
    account: LocalAccount = Account.from_key(read_key(path))
    return account


# custodians


def custodian_of(settings: Settings) -> LocalCustodian:
    """A custodian with its keys and its log; it asks every endpoint, and all must agree."""
    deployment = deployments.load(settings.deployment)
    witnesses = Witnesses(
        [Rpc(url) for url in _endpoints(settings)],
        deployment,
        most_block_age=settings.most_block_age,
        clock=now,
        confirmations=settings.final_depth,
    )
    current, *older = settings.custodian_key
    return LocalCustodian(
        name=settings.custodian_name,
        key=PrivateKey(own_key(current)),
        older_keys=[PrivateKey(read_key(path)) for path in older],
        registries=[Registry(domains=deployment.domains, witnesses=witnesses)],
        log=SqliteAccessLog(settings.data / "custodian" / "log.db"),
        clock=now,
        random=os.urandom,
        stop=operators_stop(settings),
    )


def operators_stop(settings: Settings) -> StopFile:
    """The file that keeps a custodian from releasing anything."""
    return StopFile(settings.data / "custodian" / "stopped")


def hand_in_loop(
    settings: Settings,
    custodian: LocalCustodian,
    node: LocalNode,
    proof_of: Callable[[bytes], Proof | None],
) -> Loop:
    """What a custodian does besides answering: accesses that nobody else anchored, it queues."""

    def accept(access: bytes, patient: str, entry: bytes) -> None:
        node.accept_digest(access, AUDIT, entry, [patient])

    def tick() -> Sequence[ChartkeyError]:
        custodian.hand_in(accept, older_than=settings.hand_in_seconds, proof_of=proof_of)
        custodian.forget_final()
        return ()

    pause = min(HAND_IN_PAUSE, max(settings.hand_in_seconds / 4, SHORTEST_PAUSE))
    return Loop(name="hand in", tick=tick, pause=pause)


def custodian_loops(settings: Settings, custodian: LocalCustodian, parts: Parts) -> list[Loop]:
    """The loops of a custodian of its own.

    It has a queue, an account and a body store of its own, so that no node can keep accesses off
    the chain.
    """
    return [
        hand_in_loop(settings, custodian, parts.node(), NodeProofs(settings.nodes)),
        relay_loop(parts.relayer()),
    ]
