"""Owns what tests of the relayer share: a chain that mines when it is told to, plans and clocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from app.adapters.payer import GWEI
from app.core.relaying import Transaction
from app.services.node import LocalNode
from app.services.relayer import Plan, Relayer
from tests.faults.conftest import OwnChain, folder, make_site, shared_chain
from tests.faults.site import Site, relayer_of

__all__ = ["folder", "make_site", "not_mining", "shared_chain", "site"]

LONG = 1000
"""Seconds: more than a test takes on the slowest machine."""


@pytest.fixture
def site(shared_chain: OwnChain, make_site: Callable[..., Site]) -> Site:
    """A node of its own on the folder's chain, which may be told when to mine."""
    return make_site(shared_chain)


@pytest.fixture
def not_mining(shared_chain: OwnChain) -> Iterator[OwnChain]:
    """The chain, which makes a block only when it is told to; after the test it is as before."""
    shared_chain.tell("evm_setAutomine", False)
    yield shared_chain
    shared_chain.tell("evm_setAutomine", True)
    shared_chain.tell("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    shared_chain.tell("evm_mine")


class Clock:
    """The relayer's clock, which a test sets ahead."""

    def __init__(self) -> None:
        self.ahead = 0
        self._start = int(time.time())

    def __call__(self) -> int:
        return self._start + self.ahead


def planned(node: LocalNode, clock: Callable[[], int] | None = None, **plan: int) -> Relayer:
    """The node's relayer with another plan, or by another clock."""
    relayer = relayer_of(node)
    changed = replace(relayer, plan=Plan(**plan))
    return replace(changed, clock=clock) if clock else changed


def under_way(node: LocalNode) -> list[Transaction]:
    """What is in no block, by nonce."""
    relayer = relayer_of(node)
    return list(relayer.queue.under_way(relayer.payer.address))
