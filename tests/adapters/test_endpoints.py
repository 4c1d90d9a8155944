"""Several endpoints: one that fails, lags or is on another chain never answers in another's place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from app.adapters.endpoints import LONGEST_REST, SWEEP, EndpointReport, Endpoints
from app.adapters.local_chain import CHAIN_ID, LocalChain
from app.adapters.rpc import Rpc, RpcRefused
from app.core.encoding import from_hex, hex0x, keccak
from app.core.errors import ChainUnreachable, ForeignChain
from tests.chain_fixtures import DEAD_URL
from tests.fault_proxy import FaultProxy

OTHER_CHAIN = 5


class Time:
    """Seconds, moved by tests."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def proxies(anvil: LocalChain) -> Iterator[list[FaultProxy]]:
    """Three endpoints of one chain."""
    with ExitStack() as stack:
        yield [stack.enter_context(FaultProxy(anvil.url)) for _ in range(3)]


@pytest.fixture
def endpoints(proxies: list[FaultProxy], time: Time) -> Endpoints:
    return Endpoints([proxy.url for proxy in proxies], CHAIN_ID, clock=time, timeout=10)


def answered(proxies: list[FaultProxy], ask: Callable[[], object]) -> list[int]:
    """Which of the endpoints were asked for a balance meanwhile."""
    before = [proxy.counts["eth_getBalance"] for proxy in proxies]
    ask()
    after = [proxy.counts["eth_getBalance"] for proxy in proxies]
    return [at for at, (old, new) in enumerate(zip(before, after, strict=True)) if new > old]


def balance(endpoints: Endpoints, anvil: LocalChain) -> Callable[[], object]:
    return lambda: endpoints.call("eth_getBalance", anvil.accounts[0].address, "latest")


def states(endpoints: Endpoints) -> list[str]:
    return [one.state for one in endpoints.report()]


def mine(anvil: LocalChain, count: int) -> None:
    Rpc(anvil.url).call("anvil_mine", hex(count))


def test_the_first_healthy_one_answers(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain
) -> None:
    assert answered(proxies, balance(endpoints, anvil)) == [0]
    assert endpoints.url == proxies[0].url
    assert int(endpoints.batch("eth_getBalance", [(anvil.accounts[0].address, "latest")])[0], 16)
    mixed = [("eth_chainId", []), ("eth_getBalance", ["nobody", "latest"])]
    answers = endpoints.batch_answers(mixed)
    assert int(answers[0], 16) == CHAIN_ID
    assert isinstance(answers[1], RpcRefused)
    with pytest.raises(RpcRefused):
        endpoints.batch_mixed(mixed)
    assert endpoints.batch_mixed(mixed[:1]) == [hex(CHAIN_ID)]


def test_when_one_fails_the_next_answers_at_once(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain
) -> None:
    balance(endpoints, anvil)()
    proxies[0].down()
    assert answered(proxies, balance(endpoints, anvil)) == [0, 1]
    proxies[1].down()
    assert answered(proxies, balance(endpoints, anvil)) == [1, 2]
    assert answered(proxies, balance(endpoints, anvil)) == [2]
    assert endpoints.url == proxies[2].url


@pytest.mark.parametrize("kind", ["status", "garbage", "truncated", "other shape", "unsent"])
def test_whatever_way_one_fails_the_next_answers(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain, kind: str
) -> None:
    balance(endpoints, anvil)()
    proxies[0].errors(1.0, kinds=[kind])
    assert answered(proxies, balance(endpoints, anvil))[-1] == 1


def test_one_that_failed_comes_back_after_a_rest_that_grows(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain, time: Time
) -> None:
    balance(endpoints, anvil)()
    proxies[0].down()
    balance(endpoints, anvil)()
    asked = []
    for _ in range(60):  # five minutes
        time.now += SWEEP
        before = proxies[0].requests
        balance(endpoints, anvil)()
        asked.append(proxies[0].requests > before)
    assert 4 <= sum(asked) <= 5 + 300 / LONGEST_REST + 1
    proxies[0].heal()
    time.now += LONGEST_REST + SWEEP
    assert answered(proxies, balance(endpoints, anvil)) == [0]
    assert states(endpoints) == ["healthy"] * 3


def test_when_all_fail_it_says_so_and_the_first_to_come_back_answers_at_once(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain
) -> None:
    for proxy in proxies:
        proxy.down()
    for _ in range(3):
        with pytest.raises(ChainUnreachable):
            balance(endpoints, anvil)()
    assert states(endpoints) == ["unreachable"] * 3
    proxies[1].heal()
    assert answered(proxies, balance(endpoints, anvil)) == [1]


def test_one_on_another_chain_is_never_asked_until_it_is_on_the_right_one(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain, time: Time
) -> None:
    proxies[0].chain_id(OTHER_CHAIN)
    proxies[1].down()
    proxies[2].down()
    for _ in range(3):
        with pytest.raises(ChainUnreachable):
            balance(endpoints, anvil)()
        time.now += LONGEST_REST + SWEEP
    assert set(proxies[0].counts) == {"eth_chainId", "eth_blockNumber"}
    proxies[0].heal()
    time.now += SWEEP
    assert answered(proxies, balance(endpoints, anvil)) == [0]


def test_one_that_moves_to_another_chain_is_found_out(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain, time: Time
) -> None:
    balance(endpoints, anvil)()
    proxies[0].chain_id(OTHER_CHAIN)
    time.now += SWEEP
    assert answered(proxies, balance(endpoints, anvil)) == [1]
    assert states(endpoints) == ["foreign", "healthy", "healthy"]


def test_one_that_went_away_is_asked_for_its_chain_before_it_is_used_again(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain
) -> None:
    balance(endpoints, anvil)()
    for proxy in proxies:
        proxy.down()
    with pytest.raises(ChainUnreachable):
        balance(endpoints, anvil)()
    for proxy in proxies:
        proxy.heal()
        proxy.chain_id(OTHER_CHAIN)
    before = [proxy.counts["eth_getBalance"] for proxy in proxies]
    with pytest.raises(ForeignChain, match=f"chain {OTHER_CHAIN}"):
        balance(endpoints, anvil)()
    assert [proxy.counts["eth_getBalance"] for proxy in proxies] == before


def test_one_that_is_behind_is_passed_over_until_it_has_caught_up(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain, time: Time
) -> None:
    balance(endpoints, anvil)()
    proxies[0].freeze()
    mine(anvil, 3)
    time.now += SWEEP
    assert answered(proxies, balance(endpoints, anvil)) == [0]
    mine(anvil, 1)
    time.now += SWEEP
    assert answered(proxies, balance(endpoints, anvil)) == [1]
    assert states(endpoints) == ["behind", "healthy", "healthy"]
    proxies[0].heal()
    time.now += SWEEP
    assert answered(proxies, balance(endpoints, anvil)) == [0]


def test_a_contract_s_word_is_not_asked_for_twice(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain
) -> None:
    code = "0x60006000fd"  # PUSH1 0 PUSH1 0 REVERT, as the code of a new contract
    with pytest.raises(RpcRefused):
        endpoints.call("eth_call", {"from": anvil.accounts[0].address, "data": code}, "latest")
    assert [proxy.counts["eth_call"] for proxy in proxies] == [1, 0, 0]


def test_another_refusal_may_be_one_endpoint_s_own(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain
) -> None:
    balance(endpoints, anvil)()
    proxies[0].errors(1.0, kinds=["refusal"])
    proxies[0].only("eth_getBalance")
    assert answered(proxies, balance(endpoints, anvil)) == [0, 1]
    for proxy in proxies:
        proxy.errors(1.0, kinds=["refusal"])
    with pytest.raises(RpcRefused, match="limit"):
        balance(endpoints, anvil)()


# raw transactions


def payment(anvil: LocalChain, nonce_ahead: int = 0) -> str:
    """A signed transfer of nothing, which a fourth account pays for."""
    account, rpc = anvil.accounts[3], Rpc(anvil.url)
    nonce = int(rpc.call("eth_getTransactionCount", account.address, "pending"), 16)
    signed = account.sign_transaction(
        {
            "chainId": CHAIN_ID,
            "nonce": nonce + nonce_ahead,
            "to": account.address,
            "value": 0,
            "gas": 21_000,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 10**9,
        }
    )
    return hex0x(bytes(signed.raw_transaction))


def test_a_transaction_is_handed_to_all_and_known_is_taken(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain
) -> None:
    raw = payment(anvil, nonce_ahead=1)  # it stays in the pool
    hash_ = hex0x(keccak(from_hex(raw)))
    assert endpoints.call("eth_sendRawTransaction", raw) == hash_
    assert [proxy.forwarded["eth_sendRawTransaction"] for proxy in proxies] == [1, 1, 1]
    assert endpoints.call("eth_sendRawTransaction", raw) == hash_
    Rpc(anvil.url).call("anvil_dropTransaction", hash_)


def test_a_transaction_goes_out_while_one_endpoint_is_there(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain
) -> None:
    balance(endpoints, anvil)()
    proxies[0].down()
    proxies[2].down()
    raw = payment(anvil)
    assert endpoints.call("eth_sendRawTransaction", raw) == hex0x(keccak(from_hex(raw)))
    proxies[1].down()
    with pytest.raises(ChainUnreachable):
        endpoints.call("eth_sendRawTransaction", raw)


def test_one_that_rests_is_not_waited_for_where_another_took_a_transaction_or_refused_it(
    endpoints: Endpoints, proxies: list[FaultProxy], anvil: LocalChain
) -> None:
    balance(endpoints, anvil)()
    proxies[1].down()
    endpoints.call("eth_sendRawTransaction", payment(anvil))
    before = proxies[1].requests
    endpoints.call("eth_sendRawTransaction", payment(anvil))
    with pytest.raises(RpcRefused):
        endpoints.call("eth_sendRawTransaction", "0x02c0")
    with pytest.raises(RpcRefused):
        endpoints.call("eth_getBalance", "nobody", "latest")
    assert proxies[1].requests == before


def test_a_transaction_that_all_refuse_is_refused(endpoints: Endpoints) -> None:
    with pytest.raises(RpcRefused):
        endpoints.call("eth_sendRawTransaction", "0x02c0")


# a single endpoint, reports, threads


def test_a_single_endpoint_is_asked_each_time(anvil: LocalChain) -> None:
    with FaultProxy(anvil.url) as proxy:
        one = Endpoints([proxy.url], CHAIN_ID)
        balance(one, anvil)()
        proxy.down()
        for _ in range(3):
            with pytest.raises(ChainUnreachable):
                balance(one, anvil)()
        proxy.heal()
        balance(one, anvil)()
        assert one.url == proxy.url


def test_a_single_endpoint_on_another_chain_is_named(anvil: LocalChain) -> None:
    with pytest.raises(ForeignChain, match=f"on chain {CHAIN_ID}.* chain {OTHER_CHAIN}") as told:
        Endpoints([anvil.url], OTHER_CHAIN).call("eth_blockNumber")
    assert told.value.facts == {"given": CHAIN_ID, "expected": OTHER_CHAIN}


def test_an_endpoint_that_is_not_there_does_not_keep_others_from_answering(
    anvil: LocalChain,
) -> None:
    both = Endpoints([DEAD_URL, anvil.url], CHAIN_ID)
    assert int(both.call("eth_chainId"), 16) == CHAIN_ID
    assert states(both) == ["unreachable", "healthy"]


def test_a_report_names_hosts_and_no_keys(proxies: list[FaultProxy], anvil: LocalChain) -> None:
    port = proxies[0].url.rpartition(":")[2]
    url = f"http://name:password@127.0.0.1:{port}/v3/secret?key=secret"
    [report] = Endpoints([url], CHAIN_ID).report()
    head = int(Rpc(anvil.url).call("eth_blockNumber"), 16)
    assert report == EndpointReport(
        where=f"127.0.0.1:{port}", state="healthy", head=head, chain_id=CHAIN_ID
    )


def test_no_endpoint_at_all_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Endpoints([], CHAIN_ID)


def test_threads_share_endpoints_while_they_fail_and_come_back(
    proxies: list[FaultProxy], anvil: LocalChain
) -> None:
    endpoints = Endpoints([proxy.url for proxy in proxies], CHAIN_ID)
    proxies[0].errors(0.5, seed=1)
    proxies[1].errors(0.5, seed=2)
    found: list[object] = []

    def ask() -> None:
        found.extend(balance(endpoints, anvil)() for _ in range(25))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert len(found) == 200
    assert len(set(found)) == 1
