"""Owns how a node is put together from its parts; the embedded default, the services and tests share it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from app.core.ports import BodyStore, Custodian
from app.core.waybills import NodeSecret
from app.services.batching import Batching
from app.services.hearing import tell_custodians
from app.services.node import LocalNode
from app.services.ports import Chain, Payer, Store
from app.services.relayer import Plan, Relayer


def build_node(
    *,
    chain: Chain,
    database: Store,
    bodies: BodyStore,
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
