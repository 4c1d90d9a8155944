"""Endpoints that fail, hang or lie cost time, and no statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.adapters.endpoints import Endpoints
from app.core.errors import ChainError, ChainUnreachable
from tests.fault_proxy import FaultProxy
from tests.faults.conftest import OwnChain
from tests.faults.site import Ledger, Site, settle_whatever_comes

OTHER_CHAIN = 5


@pytest.fixture
def proxy(shared_chain: OwnChain) -> Iterator[FaultProxy]:
    """An endpoint that fails as it is told to."""
    with FaultProxy(shared_chain.url) as proxy:
        yield proxy


@pytest.fixture
def site(shared_chain: OwnChain, proxy: FaultProxy, make_site: Callable[..., Site]) -> Site:
    """A node that knows no other endpoint."""
    return make_site(shared_chain, rpc=proxy.url)


def test_an_endpoint_that_is_down_delays_and_loses_nothing(
    shared_chain: OwnChain, proxy: FaultProxy, site: Site
) -> None:
    node, ledger = site.node(), Ledger()
    ledger.hand_in(node, 6)
    proxy.down()
    ledger.hand_in(node, 6)
    with pytest.raises(ChainUnreachable):
        node.settle()
    proxy.heal()
    node.settle()
    ledger.require_all_anchored(shared_chain.url, site)


@pytest.mark.parametrize("method", ["eth_sendRawTransaction", "eth_getTransactionReceipt"])
def test_an_endpoint_too_slow_to_be_heard_takes_nothing_twice(
    shared_chain: OwnChain, proxy: FaultProxy, site: Site, method: str
) -> None:
    """What was sent may arrive long after the relayer has stopped waiting for an answer."""
    node, ledger = replace(site, timeout=1.0).node(), Ledger()
    ledger.hand_in(node, 6)
    proxy.slow(5.0)
    proxy.only(method)
    with pytest.raises(ChainUnreachable):
        node.settle()
    proxy.heal()
    settle_whatever_comes(node)
    ledger.require_all_anchored(shared_chain.url, site)


def test_a_transaction_whose_answer_got_lost_is_mined_once(
    shared_chain: OwnChain, proxy: FaultProxy, site: Site
) -> None:
    node, ledger = site.node(), Ledger()
    ledger.hand_in(node, 6)
    proxy.errors(1.0, kinds=["unanswered"])
    proxy.only("eth_sendRawTransaction")
    with pytest.raises(ChainUnreachable):
        node.settle()
    assert proxy.forwarded["eth_sendRawTransaction"] > 0
    proxy.heal()
    site.node().settle()
    ledger.require_all_anchored(shared_chain.url, site)


def test_an_endpoint_that_counts_a_nonce_before_it_shows_the_receipt_doubles_nothing(
    shared_chain: OwnChain, proxy: FaultProxy, site: Site
) -> None:
    """As where one name stands for several machines, of which some lag."""
    node, ledger = site.node(), Ledger()
    ledger.hand_in(node, 6)
    blind = [30]

    def tell(method: str, _: Any, result: Any) -> Any:
        if method != "eth_getTransactionReceipt" or not result or not blind[0]:
            return result
        blind[0] -= 1
        return None

    proxy.lie(tell)
    node.settle()
    assert blind == [0]
    ledger.require_all_anchored(shared_chain.url, site)


@pytest.mark.parametrize("seed", range(3))
def test_answers_that_fail_at_random_lose_and_double_nothing(
    shared_chain: OwnChain, proxy: FaultProxy, site: Site, seed: int
) -> None:
    node, ledger = site.node(), Ledger()
    proxy.errors(0.3, seed=seed)
    faults = 0
    for _ in range(4):
        ledger.insist(node, 9)
        faults += settle_whatever_comes(node)
    assert faults > 0
    proxy.heal()
    node.settle()
    ledger.require_all_anchored(shared_chain.url, site)


def test_nothing_is_sent_to_an_endpoint_on_another_chain(
    shared_chain: OwnChain, proxy: FaultProxy, site: Site
) -> None:
    chain_id = shared_chain.deployment.chain_id
    proxy.chain_id(OTHER_CHAIN)
    node, ledger = site.node(Endpoints([proxy.url], chain_id)), Ledger()
    ledger.hand_in(node, 6)
    with pytest.raises(ChainError):
        node.settle()
    assert set(proxy.counts) <= {"eth_chainId", "eth_blockNumber", "eth_getBlockByNumber"}
    both = site.node(Endpoints([proxy.url, shared_chain.url], chain_id))
    both.settle()
    assert proxy.forwarded["eth_sendRawTransaction"] == 0
    ledger.require_all_anchored(shared_chain.url, site)


def test_an_endpoint_that_stands_still_is_left_for_one_that_follows(
    shared_chain: OwnChain, proxy: FaultProxy, site: Site
) -> None:
    time = [0.0]
    endpoints = Endpoints(
        [proxy.url, shared_chain.url], shared_chain.deployment.chain_id, clock=lambda: time[0]
    )
    node, ledger = site.node(endpoints), Ledger()
    ledger.hand_in(node, 6)
    node.settle()
    proxy.freeze()
    shared_chain.tell("anvil_mine", "0x5")
    time[0] += 60
    ledger.hand_in(node, 6)
    node.settle()
    ledger.require_all_anchored(shared_chain.url, site)
