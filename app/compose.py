"""Owns how services are put together from their parts; the embedded default and tests share it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from app.adapters import deployment as deployments
from app.adapters.bodies import FolderBodies
from app.adapters.chain import EthereumChain
from app.adapters.database import Database
from app.adapters.deployment import Deployment
from app.adapters.kubo import KuboBodies
from app.adapters.many_bodies import ManyBodies
from app.adapters.payer import Payer as ChainPayer
from app.adapters.rpc import Rpc
from app.adapters.wallets import own_key, read_key
from app.config import Settings
from app.core.errors import Misconfigured
from app.core.ports import BodyKeeper, BodyKeeper, Custodian
from app.core.waybills import NodeSecret
from app.services.batching import Batching
from app.services.hearing import tell_custodians
from app.services.loops import Loop
from app.services.node import LocalNode
from app.services.ports import Chain, Payer, Store
from app.services.relayer import Plan, Relayer, Settled

LOG = logging.getLogger("chartkey.services")
SQLITE = "sqlite:///"
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between a relayer's ticks: how long a revocation waits at most."""


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
    clock: Callable[[], int] = lambda: int(time.time()),
) -> LocalNode:
    """A node; where a payer is given, with a relayer of its own."""
    node = LocalNode(
        chain=chain, database=database, bodies=bodies, secret=secret, custodians=custodians
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
    """What the services of one node stand on, as its settings say."""

    settings: Settings
    deployment: Deployment
    rpc: Rpc
    chain: EthereumChain
    database: Database
    bodies: BodyKeeper
    secret: NodeSecret
    custodians: Sequence[Custodian]

    def node(self) -> LocalNode:
        """A node that accepts, and leaves it to a relayer elsewhere to bring it to the chain."""
        return build_node(
            chain=self.chain,
            database=self.database,
            bodies=self.bodies,
            secret=self.secret,
            custodians=self.custodians,
        )

    def relayer(self, seen: Callable[[Settled], None]) -> Relayer:
        """A relayer that pays from the key file; raises Misconfigured, KeyFileExposed."""
        account = _payer_account(self.settings.relayer_key)
        return Relayer(
            chain=self.chain,
            payer=ChainPayer(self.rpc, self.deployment, account, self.settings.fee_cap_gwei),
            queue=self.database,
            bodies=self.bodies,
            batching=Batching(secret=self.secret, pad_to=self.settings.pad_to),
            plan=plan_of(self.settings),
            tell=lambda many: tell_custodians(self.custodians, many),
            seen=seen,
        )


def parts_of(settings: Settings) -> Parts:
    """Open what a node needs; raises Misconfigured, NotDeployed, StoreError, KeyFileExposed.

    The chain is not asked: a service starts while it is away, and says so when asked whether it
    is ready.
    """
    if not settings.rpc:
        raise Misconfigured(name="CHARTKEY_RPC", reason="it names no endpoint")
    deployment = deployments.load(settings.deployment)
    rpc = Rpc(settings.rpc[0])
    return Parts(
        settings=settings,
        deployment=deployment,
        rpc=rpc,
        chain=EthereumChain(rpc, deployment, None),
        database=open_database(settings),
        bodies=open_bodies(settings),
        secret=NodeSecret(own_key(settings.node_key)),
        custodians=(),
    )


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
    pause = min(max(relayer.plan.batch_seconds / 10, SHORTEST_PAUSE), LONGEST_PAUSE)
    return Loop(name="relay", tick=relayer.tick, pause=pause)


def log_settled(settled: Settled) -> None:
    """Say in the log what came to the chain."""
    where = {"count": settled.count, "block": settled.receipt.block}
    LOG.info("brought to the chain", extra=where)


def _payer_account(path: Path) -> LocalAccount:
    if not path.exists():
        reason = "there is no such key file; the account in it pays for transactions"
        raise Misconfigured(name="CHARTKEY_RELAYER_KEY", reason=reason)
    account: LocalAccount = Account.from_key(read_key(path))
    return account
