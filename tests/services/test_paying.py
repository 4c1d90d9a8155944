"""What a relayer pays: never above the cap, dearer where it is stuck, and each nonce once."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from eth_account import Account
from web3 import Web3

from app.adapters.payer import GWEI, Payer
from app.adapters.rpc import Rpc
from app.adapters.wallets import LocalWallet
from app.core.errors import (
    BalanceTooLow,
    ChartkeyError,
    FeeCapReached,
)
from app.core.statements import Retraction
from tests.fault_proxy import FaultProxy
from tests.faults.conftest import OwnChain, folder, make_site, shared_chain
from tests.faults.site import Ledger, Site, enrol, relayer_of, signed_by
from tests.services.relaying import LONG, Clock, not_mining, planned, site, under_way

__all__ = ["folder", "make_site", "not_mining", "shared_chain", "site"]

FAR = 2**40
"""A deadline that never comes."""


def retraction_of(wallet: LocalWallet) -> Retraction:
    return Retraction(person=wallet.address, record=os.urandom(32))


# --- fees ---


def test_a_stuck_transaction_is_replaced_by_a_dearer_one_and_one_of_them_is_mined(
    site: Site, not_mining: OwnChain
) -> None:
    node, clock, ledger = site.node(), Clock(), Ledger()
    relayer = planned(node, clock, batch_seconds=0, resend_seconds=LONG)
    ledger.hand_in(node, 1)
    relayer.tick()
    (first,) = under_way(node)
    raise_base_fee(not_mining, 10 * first.attempts[0].max_fee)
    relayer.tick()
    (still,) = under_way(node)
    assert len(still.attempts) == 1  # not yet its time
    clock.ahead = LONG
    relayer.tick()
    (replaced,) = under_way(node)
    cheap, dear = replaced.attempts
    assert dear.max_fee > 10 * cheap.max_fee
    assert dear.tip >= cheap.tip * 11 // 10
    not_mining.tell("evm_mine")
    relayer.tick()
    assert under_way(node) == []
    receipts = relayer.payer.mined([cheap.hash, dear.hash])
    assert [receipt is None for receipt in receipts] == [True, False]
    ledger.require_all_anchored(site.rpc, site)


def raise_base_fee(chain: OwnChain, wei: int) -> None:
    """A block goes by that asks for so much, and nothing cheap is in it."""
    chain.tell("anvil_setNextBlockBaseFeePerGas", hex(wei))
    chain.tell("evm_mine")


def test_nothing_is_paid_above_the_cap_and_all_goes_out_when_fees_fall(
    site: Site, not_mining: OwnChain
) -> None:
    node, clock, ledger = site.node(), Clock(), Ledger()
    relayer = planned(node, clock, batch_seconds=0, resend_seconds=LONG)
    payer = Payer(Rpc(site.rpc), not_mining.deployment, Account.from_key(site.payer), 20 * GWEI)
    thrifty = replace(relayer, payer=payer)
    ledger.hand_in(node, 1)
    thrifty.tick()
    raise_base_fee(not_mining, 100 * GWEI)
    ledger.hand_in(node, 1)
    for late in range(1, 4):
        clock.ahead = late * LONG
        with pytest.raises(FeeCapReached):
            thrifty.tick()
    (stuck,) = under_way(node)
    assert all(attempt.max_fee <= 20 * GWEI for attempt in stuck.attempts)
    raise_base_fee(not_mining, GWEI)
    not_mining.tell("evm_setAutomine", True)
    thrifty.settle()
    ledger.require_all_anchored(site.rpc, site)


# --- money and nonces ---


def test_a_nonce_that_somebody_else_used_is_given_up_and_the_batch_gets_another(
    site: Site, not_mining: OwnChain
) -> None:
    node, ledger = site.node(), Ledger()
    relayer = planned(node, batch_seconds=0, lost_seconds=0)
    ledger.hand_in(node, 1)
    relayer.tick()
    (before,) = under_way(node)
    account = Account.from_key(site.payer)
    foreign = account.sign_transaction(
        {
            "chainId": not_mining.deployment.chain_id,
            "nonce": before.nonce,
            "to": account.address,
            "value": 1,
            "gas": 21000,
            "maxFeePerGas": 1000 * GWEI,
            "maxPriorityFeePerGas": 100 * GWEI,
        }
    )
    not_mining.tell("eth_sendRawTransaction", Web3.to_hex(foreign.raw_transaction))
    not_mining.tell("evm_mine")
    not_mining.tell("evm_setAutomine", True)
    relayer.settle()
    ledger.require_all_anchored(site.rpc, site)
    assert relayer.payer.used_nonces() == before.nonce + 2


def test_below_the_floor_only_what_takes_back_is_paid_for(
    site: Site, shared_chain: OwnChain
) -> None:
    node, ledger = site.node(), Ledger()
    wallet = enrol(node)
    balance = relayer_of(node).payer.balance()
    relayer = planned(node, batch_seconds=0, balance_floor=balance + 1)
    ledger.hand_in(node, 3)
    retraction = retraction_of(wallet)
    node.accept(signed_by(node, wallet, retraction))
    with pytest.raises(BalanceTooLow):
        relayer.tick()
    shared_chain.tell("evm_mine")  # what was sent is in a block a moment later, or now
    assert node.view().retracted_at(wallet.address, retraction.record) > 0
    assert ledger.count(site.rpc, site).anchored == 0
    payer = relayer.payer.address
    shared_chain.tell("anvil_setBalance", payer, hex(2 * balance))
    relayer.settle()
    ledger.require_all_anchored(site.rpc, site)


def test_one_transaction_that_the_endpoint_refuses_keeps_none_after_it_from_leaving(
    site: Site, not_mining: OwnChain
) -> None:
    with FaultProxy(not_mining.url) as proxy:
        node = replace(site, rpc=proxy.url).node()
        relayer = planned(node, batch_seconds=0)
        proxy.errors(1.0, kinds=["refusal"])
        proxy.only("eth_sendRawTransaction")
        Ledger().hand_in(node, 3)
        with pytest.raises(ChartkeyError):
            relayer.tick()
        assert proxy.counts["eth_sendRawTransaction"] == 3
