"""The account that pays: what it offers, what it signs, and what it takes for a fault, on both chains."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from eth_account import Account
from web3 import Web3

from app.adapters.deploying import deploy
from app.adapters.deployment import Deployment
from app.adapters.local_chain import LocalChain, start_anvil, start_ganache
from app.adapters.payer import GWEI, Payer
from app.adapters.rpc import Rpc
from app.adapters.wallets import new_wallet
from app.core.contract_errors import AlreadyEnrolled, NonceUsed
from app.core.errors import ChainUnreachable, ContractRefused, FeeCapReached, TransactionFailed
from app.core.relaying import Attempt, Cargo, Mined
from app.core.signatures import Signed
from app.core.statements import AUDIT, Enrolment
from tests.fault_proxy import FaultProxy

CHAINS = {"anvil": start_anvil, "ganache": start_ganache}


@pytest.fixture(scope="module", params=list(CHAINS))
def local(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LocalChain, Deployment]]:
    """Each kind of chain, with the contracts."""
    folder = tmp_path_factory.mktemp(request.param)
    with CHAINS[request.param](folder) as chain:
        web3 = Web3(Web3.HTTPProvider(chain.url))
        path = folder / "deployment.json"
        yield chain, deploy(web3, chain.accounts[0], network="x", path=path)


@pytest.fixture
def make_payer(local: tuple[LocalChain, Deployment]) -> Callable[..., Payer]:
    """Makes a payer with an account that has money, or with a given one."""
    chain, deployment = local

    def make(url: str = "", key: bytes = b"", fee_cap: int = 500 * GWEI) -> Payer:
        account = Account.from_key(key) if key else chain.accounts[1]
        return Payer(Rpc(url or chain.url), deployment, account, fee_cap)

    return make


def anchor(payer: Payer) -> Cargo:
    """A batch's anchor that nobody sent before."""
    return payer.anchor_cargo(1, AUDIT, os.urandom(32), os.urandom(32))


def signed(payer: Payer, cargo: Cargo) -> Attempt:
    """An attempt under the next nonce, at the present price."""
    return payer.sign(payer.next_nonce(), cargo, payer.fees(), now=0)


def settled(payer: Payer, attempt: Attempt) -> Mined:
    """What became of an attempt, once it is in a block."""
    mined = None
    while mined is None:
        (mined,) = payer.mined([attempt.hash])
    return mined


# --- fees ---


def test_an_offer_covers_the_base_fee_twice_and_stays_under_the_cap(
    make_payer: Callable[..., Payer],
) -> None:
    payer = make_payer()
    base = payer.head().base_fee
    most, tip = payer.fees()
    assert most == 2 * base + tip
    capped, same_tip = make_payer(fee_cap=base + tip).fees()
    assert (capped, same_tip) == (base + tip, tip)


def test_a_chain_dearer_than_the_cap_is_not_paid(make_payer: Callable[..., Payer]) -> None:
    payer = make_payer()
    _, tip = payer.fees()
    with pytest.raises(FeeCapReached):
        make_payer(fee_cap=payer.head().base_fee + tip - 1).fees()


def test_a_replacement_outbids_by_what_nodes_ask_for_until_the_cap(
    make_payer: Callable[..., Payer],
) -> None:
    payer = make_payer(fee_cap=100 * GWEI)
    first = replace(signed(payer, anchor(payer)), max_fee=10 * GWEI, tip=GWEI)
    offers = list(rising(payer, first))
    assert len(offers) > 5
    for (most, tip), (more, more_tip) in pairwise(offers):
        assert more * 10 >= most * 11
        assert more_tip * 10 >= tip * 11
        assert more_tip <= more <= 100 * GWEI
    assert offers[-1][0] * 11 > 100 * GWEI * 10  # nothing that the cap allows was left untried


def rising(payer: Payer, attempt: Attempt) -> Iterator[tuple[int, int]]:
    """Every offer, from a first one on, until the cap allows no more."""
    most, tip = attempt.max_fee, attempt.tip
    with suppress(FeeCapReached):
        while True:
            yield most, tip
            most, tip = payer.outbid(replace(attempt, max_fee=most, tip=tip))


def test_a_replacement_pays_what_the_chain_asks_for_by_now(
    make_payer: Callable[..., Payer],
) -> None:
    payer = make_payer()
    cheap = replace(signed(payer, anchor(payer)), max_fee=10, tip=1)
    assert payer.outbid(cheap) == payer.fees()


# --- signing and sending ---


def test_the_same_words_give_the_same_bytes_and_others_do_not(
    make_payer: Callable[..., Payer],
) -> None:
    payer = make_payer()
    cargo, fees = anchor(payer), payer.fees()
    first = payer.sign(7, cargo, fees, now=1)
    assert payer.sign(7, cargo, fees, now=1) == first
    assert payer.sign(8, cargo, fees, now=1).hash != first.hash
    assert first.hash == Web3.keccak(first.raw)


def test_an_anchor_tells_what_it_anchored_and_what_it_cost(
    make_payer: Callable[..., Payer],
) -> None:
    payer = make_payer()
    root, manifest = os.urandom(32), os.urandom(32)
    attempt = signed(payer, payer.anchor_cargo(1, AUDIT, root, manifest))
    assert payer.mined([attempt.hash]) == [None]
    payer.send(attempt)
    mined = settled(payer, attempt)
    assert mined.succeeded
    assert mined.anchored == [(AUDIT, root, manifest)]
    assert 21_000 < mined.gas <= 60_000
    assert payer.hashes_at([mined.block, mined.block + 1000]) == [mined.block_hash, None]
    assert payer.used_nonces() == payer.next_nonce()


def test_what_the_chain_has_or_has_had_already_is_no_fault(
    make_payer: Callable[..., Payer],
) -> None:
    payer = make_payer()
    attempt = signed(payer, anchor(payer))
    other = payer.sign(payer.next_nonce(), anchor(payer), payer.fees(), now=0)
    payer.send(attempt)
    settled(payer, attempt)
    payer.send(attempt)
    payer.send(other)  # its nonce is used: what became of it, the receipts tell
    assert payer.mined([other.hash]) == [None]


def test_an_account_without_money_is_told_so(make_payer: Callable[..., Payer]) -> None:
    rich, poor = make_payer(), make_payer(key=os.urandom(32))
    assert poor.balance() == 0
    attempt = poor.sign(0, anchor(rich), rich.fees(), now=0)
    with pytest.raises(TransactionFailed):
        poor.send(attempt)


def test_a_call_that_the_contract_would_refuse_is_refused_before_it_is_paid(
    make_payer: Callable[..., Payer], local: tuple[LocalChain, Deployment]
) -> None:
    payer, wallet = make_payer(), new_wallet()
    statement = Enrolment(
        person=wallet.address,
        keys_hash=b"k" * 32,
        recovery="0x" + "00" * 20,
        nonce=0,
        deadline=2**40,
    )
    signature = wallet.sign(statement, local[1].domains.people)
    call = Signed(statement=statement, signature=signature)
    attempt = signed(payer, payer.calls_cargo([1], [call]))
    payer.send(attempt)
    settled(payer, attempt)
    with pytest.raises((AlreadyEnrolled, NonceUsed)):
        payer.calls_cargo([1], [call])
    with pytest.raises(ContractRefused):
        payer.calls_cargo([1], [replace(call, signature=bytes(65))])


# --- an endpoint that is no use ---


@pytest.mark.parametrize(
    "ask",
    [
        lambda payer: payer.head(),
        lambda payer: payer.balance(),
        lambda payer: payer.next_nonce(),
        lambda payer: payer.used_nonces(),
        lambda payer: payer.mined([b"h" * 32]),
        lambda payer: payer.hashes_at([1]),
    ],
    ids=["head", "balance", "next nonce", "used nonces", "mined", "hashes"],
)
@pytest.mark.parametrize("kind", ["refusal", "status", "garbage", "other shape", "unanswered"])
def test_an_answer_that_is_none_is_an_unreachable_chain(
    kind: str,
    ask: Callable[[Payer], object],
    make_payer: Callable[..., Payer],
    local: tuple[LocalChain, Deployment],
) -> None:
    with FaultProxy(local[0].url) as proxy:
        payer = make_payer(proxy.url)
        proxy.errors(1.0, kinds=[kind])
        with pytest.raises(ChainUnreachable):
            ask(payer)
        proxy.heal()
        ask(payer)
