"""Endpoints are believed together or not at all, and each answer belongs to one block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import pytest

from app.adapters.deployment import Deployment
from app.adapters.local_chain import LocalChain
from app.adapters.rpc import Rpc, RpcRefused
from app.adapters.view import RpcView
from app.adapters.witnesses import Witnesses
from app.core.errors import (
    ChainStale,
    ChainUnreachable,
    CodeDiffers,
    EndpointsDisagree,
    ForeignChain,
)
from app.core.statements import CONSENT
from tests.asking import wait_until
from tests.fault_proxy import KINDS, FaultProxy

PERSON = "0x" + "11" * 20


@pytest.fixture
def chain(anvil: LocalChain) -> Rpc:
    """The real endpoint."""
    return Rpc(anvil.url)


@pytest.fixture
def proxies(anvil: LocalChain) -> Iterator[list[FaultProxy]]:
    with FaultProxy(anvil.url) as first, FaultProxy(anvil.url) as second:
        yield [first, second]


@pytest.fixture
def witnesses(
    proxies: list[FaultProxy], deployment: Deployment, chain: Rpc
) -> Callable[..., Witnesses]:
    """Both endpoints, with a clock that starts at the newest block."""

    def make(ahead: int = 0, timeout: float = 20.0, **settings: Any) -> Witnesses:
        now = int(chain.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        chosen = {"most_block_age": 60, "clock": lambda: now + ahead, **settings}
        return Witnesses([Rpc(proxy.url, timeout) for proxy in proxies], deployment, **chosen)

    return make


def mine(chain: Rpc, blocks: int = 1) -> None:
    chain.call("anvil_mine", hex(blocks), "0x0")


def hash_of(view: Any) -> str:
    assert isinstance(view, RpcView)
    return view.hash


def test_each_endpoint_is_asked_at_its_own_newest_block(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy], chain: Rpc
) -> None:
    proxies[0].freeze()
    mine(chain, 3)
    first, second = witnesses().views()
    assert second.number - first.number == 3
    assert hash_of(first) != hash_of(second)


def test_heads_too_far_apart_are_refused(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy], chain: Rpc
) -> None:
    proxies[0].freeze()
    mine(chain, 4)
    with pytest.raises(EndpointsDisagree):
        witnesses().views()
    proxies[0].heal()
    assert len(witnesses().views()) == 2


@pytest.mark.parametrize("behind", [0, 1])
def test_another_block_at_the_same_height_is_refused(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy], chain: Rpc, behind: int
) -> None:
    """Both endpoints show a newest block, but one of them is on a fork of its own."""
    if behind:
        proxies[0].freeze()
        mine(chain)

    def fork(method: str, _: Sequence[Any], result: Any) -> Any:
        return result | {"hash": "0x" + "ab" * 32} if "Block" in method else result

    proxies[1].lie(fork)
    with pytest.raises(EndpointsDisagree):
        witnesses().views()


def test_a_block_that_is_too_old_is_refused_by_the_custodians_clock(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy]
) -> None:
    assert len(witnesses(ahead=60).views()) == 2
    with pytest.raises(ChainStale):
        witnesses(ahead=61).views()
    assert len(witnesses(ahead=61, most_block_age=0).views()) == 2


@pytest.mark.parametrize("which", [0, 1])
def test_an_endpoint_of_another_chain_is_refused(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy], which: int
) -> None:
    proxies[which].chain_id(1)
    with pytest.raises(ForeignChain):
        witnesses().views()


def test_other_code_at_a_contracts_address_is_refused(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy]
) -> None:
    proxies[1].lie(lambda method, _, result: result + "00" if method == "eth_getCode" else result)
    with pytest.raises(CodeDiffers):
        witnesses().views()


def test_chain_and_code_are_looked_at_once_and_again_after_an_error(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy]
) -> None:
    both = witnesses()
    both.views()
    both.views()
    assert [proxy.counts["eth_chainId"] for proxy in proxies] == [1, 1]
    proxies[0].down()
    with pytest.raises(ChainUnreachable):
        both.views()
    proxies[0].heal()
    proxies[0].chain_id(1)
    with pytest.raises(ForeignChain):
        both.views()
    assert proxies[1].counts["eth_chainId"] == 1


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("kind", ["down", "slow", *KINDS])
def test_an_endpoint_that_fails_closes_the_door(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy], which: int, kind: str
) -> None:
    both = witnesses(timeout=3.0 if kind == "slow" else 20.0)
    both.views()
    if kind == "down":
        proxies[which].down()
    elif kind == "slow":
        proxies[which].slow(60)
    else:
        proxies[which].errors(1.0, kinds=[kind])
    with pytest.raises(ChainUnreachable):
        both.views()
    proxies[which].heal()
    assert len(both.views()) == 2


def test_answers_are_reused_within_a_block_and_never_across(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy], chain: Rpc
) -> None:
    both = witnesses()
    for _ in range(3):
        for view in both.views():
            assert view.tag(PERSON) == 0
    assert [proxy.counts["eth_call"] for proxy in proxies] == [1, 1]
    mine(chain)
    for view in both.views():
        assert view.tag(PERSON) == 0
    assert [proxy.counts["eth_call"] for proxy in proxies] == [2, 2]


def test_what_is_prepared_is_asked_in_one_request_by_each(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy]
) -> None:
    both = witnesses()
    views = both.views()
    before = [proxy.requests for proxy in proxies]
    both.prepare(
        views,
        lambda view: [
            ("tag", (PERSON,)),
            ("keys_hash", (PERSON,)),
            ("anchored_at", (CONSENT, bytes(32))),
            ("tag", (PERSON,)),
        ],
    )
    assert [proxy.requests for proxy in proxies] == [one + 1 for one in before]
    for view in views:
        assert (view.tag(PERSON), view.keys_hash(PERSON)) == (0, bytes(32))
        assert view.anchored_at(CONSENT, bytes(32)) == 0
    assert [proxy.counts["eth_call"] for proxy in proxies] == [3, 3]


def test_an_endpoint_that_takes_no_batches_is_asked_singly(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy]
) -> None:
    both = witnesses()
    views = both.views()
    proxies[0].errors(1.0, kinds=["refusal"])
    both.prepare(views, lambda view: [("tag", (PERSON,))])
    proxies[0].heal()
    assert [view.tag(PERSON) for view in views] == [0, 0]


def test_an_answer_of_another_shape_is_no_answer(
    witnesses: Callable[..., Witnesses], proxies: list[FaultProxy]
) -> None:
    (view, _) = witnesses().views()
    for told in ("0x", "0x12", "nonsense", None, 7):
        proxies[0].heal()
        proxies[0].lie(lambda method, _, result, told=told: told)  # type: ignore[misc]
        with pytest.raises(ChainUnreachable):
            view.tag(PERSON)


def test_final_views_lie_deep_enough_in_the_chain(
    witnesses: Callable[..., Witnesses], chain: Rpc
) -> None:
    mine(chain, 5)
    heads = witnesses().views()
    final = witnesses(confirmations=5).final_views()
    depths = [head.number - view.number for head, view in zip(heads, final, strict=True)]
    assert depths == [5, 5]
    assert witnesses(confirmations=10**6).final_views() == []


def test_an_endpoint_that_knows_blocks_by_number_only_is_asked_by_number(
    chain: Rpc, deployment: Deployment
) -> None:
    """As Ganache, which takes no block hash."""

    class ByNumber(Gate):
        def call(self, method: str, *params: Any) -> Any:
            if any(isinstance(param, dict) and "blockHash" in param for param in params):
                raise RpcRefused('Cannot wrap a "object" as a json-rpc type', b"")
            return super().call(method, *params)

    endpoint = ByNumber(chain)
    endpoint.open.set()
    (view,) = Witnesses([endpoint], deployment, most_block_age=0, clock=lambda: 0).views()
    assert view.tag(PERSON) == 0


class Gate:
    """An endpoint that keeps a question waiting until it is opened."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self.polls, self.asked, self.open = 0, Event(), Event()

    def call(self, method: str, *params: Any) -> Any:
        answer = self._rpc.call(method, *params)
        if method == "eth_getBlockByNumber":
            self.polls += 1
            self.asked.set()
            assert self.open.wait(30)
        return answer

    def batch(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]:
        return self._rpc.batch(method, many)


def test_no_answer_is_older_than_its_question_and_many_share_the_next(
    chain: Rpc, deployment: Deployment
) -> None:
    """Whoever comes while the head is asked for waits for the next time, with all who wait."""
    gate = Gate(chain)
    both = Witnesses([gate], deployment, most_block_age=0, clock=lambda: 0)
    gate.open.set()
    both.views()  # looks at the contracts' code first
    gate.open.clear()
    gate.asked.clear()
    gate.polls = 0
    seen: dict[int, str] = {}

    def look(number: int) -> None:
        seen[number] = hash_of(both.views()[0])

    threads = [Thread(target=look, args=(number,)) for number in range(6)]
    threads[0].start()
    assert gate.asked.wait(30)
    mine(chain)
    for thread in threads[1:]:
        thread.start()
    wait_until(lambda: len(both._heads._queue) == 5)
    gate.open.set()
    for thread in threads:
        thread.join(300)
    newest = chain.call("eth_getBlockByNumber", "latest", False)["hash"]
    assert seen[0] != newest
    assert {seen[number] for number in range(1, 6)} == {newest}
    assert gate.polls == 2


def test_nobody_to_ask_is_a_mistake(deployment: Deployment) -> None:
    with pytest.raises(ValueError, match="asked"):
        Witnesses([], replace(deployment), most_block_age=0, clock=lambda: 0)


def test_a_block_that_a_reorganization_took_away_answers_nothing(
    witnesses: Callable[..., Witnesses], chain: Rpc
) -> None:
    """Its number is another block's by now, which is not the one that was agreed upon."""
    before = chain.call("evm_snapshot")
    mine(chain)
    views = witnesses().views()
    chain.call("evm_revert", before)
    chain.call("anvil_setCoinbase", PERSON)  # so that it becomes another block
    mine(chain)
    for view in views:
        with pytest.raises(ChainUnreachable):
            view.tag(PERSON)
