"""The fault proxy fails, lags and lies exactly as it is told: other tests stand on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.adapters.local_chain import LocalChain
from app.adapters.rpc import Rpc, RpcRefused
from app.core.errors import ChainUnreachable
from tests.fault_proxy import KINDS, FaultProxy


@pytest.fixture
def proxy(anvil: LocalChain) -> Iterator[FaultProxy]:
    with FaultProxy(anvil.url) as running:
        yield running


def test_what_is_asked_is_passed_on_and_counted(proxy: FaultProxy, anvil: LocalChain) -> None:
    rpc, real = Rpc(proxy.url), Rpc(anvil.url)
    assert rpc.call("eth_chainId") == real.call("eth_chainId")
    block = hex(int(real.call("eth_blockNumber"), 16))
    many = [(block, False), ("0x0", False)]
    assert rpc.batch("eth_getBlockByNumber", many) == real.batch("eth_getBlockByNumber", many)
    assert proxy.counts == {"eth_chainId": 1, "eth_getBlockByNumber": 2}
    assert proxy.requests == 2


def test_one_that_is_down_answers_nothing_until_it_is_healed(proxy: FaultProxy) -> None:
    rpc = Rpc(proxy.url)
    proxy.down()
    with pytest.raises(ChainUnreachable):
        rpc.call("eth_chainId")
    assert not proxy.forwarded
    proxy.heal()
    assert rpc.call("eth_chainId")


def test_a_slow_one_runs_into_the_callers_patience(proxy: FaultProxy) -> None:
    proxy.slow(60)
    with pytest.raises(ChainUnreachable):
        Rpc(proxy.url, timeout=0.2).call("eth_chainId")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_error_is_an_error(proxy: FaultProxy, kind: str) -> None:
    proxy.errors(1.0, kinds=[kind])
    with pytest.raises((ChainUnreachable, RpcRefused)):
        Rpc(proxy.url).call("eth_chainId")
    reached = kind in ("garbage", "truncated", "other shape", "unanswered")
    assert proxy.forwarded["eth_chainId"] == reached


def test_errors_come_at_their_rate_and_the_same_each_time(proxy: FaultProxy) -> None:
    def outcomes() -> list[bool]:
        proxy.errors(0.4, seed=7, kinds=["status"])
        found = []
        for _ in range(50):
            try:
                Rpc(proxy.url).call("eth_chainId")
                found.append(True)
            except ChainUnreachable:
                found.append(False)
        return found

    first = outcomes()
    assert first == outcomes()
    assert 5 < first.count(False) < 45


def test_faults_may_meet_some_methods_only(proxy: FaultProxy) -> None:
    rpc = Rpc(proxy.url)
    proxy.down()
    proxy.only("eth_blockNumber")
    assert rpc.call("eth_chainId")
    with pytest.raises(ChainUnreachable):
        rpc.call("eth_blockNumber")


def test_a_frozen_one_sees_no_block_that_came_later(proxy: FaultProxy, anvil: LocalChain) -> None:
    rpc, real = Rpc(proxy.url), Rpc(anvil.url)
    proxy.freeze()
    before = real.call("eth_getBlockByNumber", "latest", False)
    real.call("evm_mine")
    after = real.call("eth_blockNumber")
    assert rpc.call("eth_getBlockByNumber", "latest", False)["hash"] == before["hash"]
    assert rpc.call("eth_blockNumber") == before["number"] != after
    assert rpc.call("eth_getBlockByNumber", after, False) is None
    with pytest.raises(RpcRefused):
        rpc.call("eth_getBalance", anvil.accounts[0].address, after)


def test_a_liar_tells_what_it_is_told_to_tell(proxy: FaultProxy) -> None:
    rpc = Rpc(proxy.url)
    proxy.chain_id(1)
    proxy.lie(lambda method, _, result: "0x00" if method == "eth_blockNumber" else result)
    assert (rpc.call("eth_chainId"), rpc.call("eth_blockNumber")) == ("0x1", "0x00")
