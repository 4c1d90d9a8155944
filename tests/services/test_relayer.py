"""The relayer sends what is due in the right order, at a bearable price, and once."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account

from app.adapters.chain import EthereumChain
from app.adapters.database import Database
from app.adapters.payer import GWEI, Payer
from app.adapters.rpc import Rpc
from app.adapters.wallets import LocalWallet, new_wallet
from app.core.errors import (
    ChainUnreachable,
    ForeignSignature,
)
from app.core.merkle import decode_manifest, manifest_id
from app.core.relaying import TAKES_BACK, Accepted
from app.core.signatures import Signed, signed_json
from app.core.statements import AUDIT, Enrolment, KeysChange, Retraction, Revocation, Rotation
from app.core.typed_data import Statement
from app.services.node import LocalNode
from app.services.relayer import LOOK_EVERY, Plan, Relayer
from tests.fault_proxy import FaultProxy
from tests.faults.conftest import OwnChain, folder, make_site, shared_chain
from tests.faults.site import Ledger, Site, enrol, relayer_of, signed_by
from tests.services.relaying import LONG, Clock, not_mining, planned, site, under_way

__all__ = ["folder", "make_site", "not_mining", "shared_chain", "site"]

FAR = 2**40
"""A deadline that never comes."""


def retraction_of(wallet: LocalWallet) -> Retraction:
    return Retraction(person=wallet.address, record=os.urandom(32))


def take_unseen(node: LocalNode, signed: Signed[Any], rank: int) -> None:
    """Have the queue take a call as it does while the chain is away."""
    text = json.dumps(signed_json(signed, node.domains))
    person = getattr(signed.statement, "patient", "") or signed.statement.person
    node.database.accept(
        Accepted(
            digest=node.domains.digest(signed.statement),
            judge=signed.statement.judge,
            statement=text,
            person=person,
            rank=rank,
        )
    )


def revocation(wallet: LocalWallet, word: int) -> Revocation:
    return Revocation(patient=wallet.address, word=word, mask=1)


def tick_until_settled(relayer: Relayer, node: LocalNode, count: int) -> None:
    """A chain may take a moment for a block: look again, and give up only what hangs."""
    for _ in range(10_000):
        relayer.tick()
        if len(node.settled) >= count:
            return
        time.sleep(0.01)


# --- what is due ---


def test_a_relayer_with_nothing_to_do_looks_at_the_chain_now_and_then(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    relayer, now = relayer_of(site.node()), [100.0]
    monkeypatch.setattr("app.services.relayer.time.monotonic", lambda: now[0])
    assert relayer.is_due()
    relayer.tick()
    assert not relayer.is_due()
    site.node().accept_digest(os.urandom(32), AUDIT)
    assert relayer.is_due()
    relayer.settle()
    assert not relayer.is_due()
    now[0] += LOOK_EVERY
    assert relayer.is_due()


def test_a_relayer_that_is_held_sends_nothing_of_what_is_accepted(site: Site) -> None:
    node, ledger = site.node(), Ledger()
    relayer = relayer_of(node)
    with ThreadPoolExecutor(1) as threads:
        with relayer.held():
            ledger.hand_in(node, 3)
            settled = threads.submit(relayer.settle)
            with pytest.raises(TimeoutError):
                settled.result(timeout=0.2)
            assert not node.settled
            assert not under_way(node)
        settled.result()
    ledger.require_all_anchored(site.rpc, site)


def test_a_batch_waits_for_its_time_or_its_size(site: Site) -> None:
    node, clock = site.node(), Clock()
    relayer = planned(node, clock, batch_seconds=LONG, batch_size=4)
    ledger = Ledger()
    for _ in range(3):
        node.accept_digest(os.urandom(32), AUDIT)
        relayer.tick()
    assert node.settled == []
    node.accept_digest(os.urandom(32), AUDIT)
    tick_until_settled(relayer, node, 1)
    assert [settled.count for settled in node.settled] == [4]
    ledger.hand_in(node, 1)
    clock.ahead = LONG + LONG
    tick_until_settled(relayer, node, 2)
    assert [settled.count for settled in node.settled] == [4, 1]
    ledger.require_all_anchored(site.rpc, site)


def test_what_was_kept_without_a_statement_is_told_in_a_waybill_when_its_time_comes(
    site: Site,
) -> None:
    node, clock = site.node(), Clock()
    relayer = planned(node, clock, journal_seconds=LONG)
    node.keep_document(b"document")
    relayer.tick()
    assert under_way(node) == []
    clock.ahead = LONG + LONG
    tick_until_settled(relayer, node, 1)
    (settled,) = node.settled
    assert settled.count == 0
    (anchored,) = settled.receipt.anchored
    ((digest, envelope),) = [
        (entry.digest, entry.envelope)
        for path in site.bodies.rglob("baf*")
        if (content := path.read_bytes()).startswith(b"CKM")
        for entry in decode_manifest(content)
    ]
    assert node.secret.mark(envelope) == digest == anchored[1]


# --- the order ---


def test_what_takes_back_leaves_before_what_was_accepted_earlier(
    site: Site, not_mining: OwnChain
) -> None:
    not_mining.tell("evm_setAutomine", True)
    node = site.node()
    wallet = enrol(node)
    not_mining.tell("evm_setAutomine", False)
    Ledger().hand_in(node, 6)
    node.accept(signed_by(node, wallet, retraction_of(wallet)))
    relayer_of(node).tick(at_once=True)
    assert [t.cargo.batch is None for t in under_way(node)] == [True, False, False, False]
    assert [t.cargo.urgent for t in under_way(node)] == [True, False, False, False]


def test_custodians_hear_of_a_revocation_before_any_transaction_leaves(
    site: Site, shared_chain: OwnChain
) -> None:
    told: list[int] = []
    with FaultProxy(shared_chain.url) as proxy:
        node = replace(site, rpc=proxy.url).node()
        wallet = enrol(node)
        before = proxy.counts["eth_sendRawTransaction"]
        hearing = replace(
            relayer_of(node),
            tell=lambda many: told.append(proxy.counts["eth_sendRawTransaction"] - before),
        )
        Ledger().hand_in(node, 3)
        take_unseen(node, signed_by(node, wallet, revocation(wallet, 1)), TAKES_BACK)
        hearing.settle()
    assert told[0] == 0


def test_many_revocations_go_fifty_to_a_transaction_at_the_price_that_is_promised(
    site: Site,
) -> None:
    node = site.node()
    wallet = enrol(node)
    node.settled.clear()
    for word in range(1, 121):
        take_unseen(node, signed_by(node, wallet, revocation(wallet, word)), TAKES_BACK)
    node.settle()
    assert [settled.count for settled in node.settled] == [50, 50, 20]
    for settled in node.settled:
        assert settled.receipt.gas / settled.count <= 36_000
    view = node.view()
    assert all(view.revoked_bits(wallet.address, word) == 1 for word in range(1, 121))
    node.settled.clear()
    for word in range(1, 51):
        again = Revocation(patient=wallet.address, word=word, mask=2)
        take_unseen(node, signed_by(node, wallet, again), TAKES_BACK)
    node.settle()
    (settled,) = node.settled
    assert settled.receipt.gas / settled.count <= 19_000


def test_a_forged_revocation_among_fifty_harms_none_of_the_others(site: Site) -> None:
    node = site.node()
    wallet, thief = enrol(node), new_wallet()
    for word in range(1, 50):
        take_unseen(node, signed_by(node, wallet, revocation(wallet, word)), TAKES_BACK)
    take_unseen(node, signed_by(node, thief, revocation(wallet, 50)), TAKES_BACK)
    with pytest.raises(ForeignSignature):
        node.settle()
    view = node.view()
    assert all(view.revoked_bits(wallet.address, word) == 1 for word in range(1, 50))
    assert view.revoked_bits(wallet.address, 50) == 0
    assert relayer_of(node).is_idle()


def test_a_revocation_that_turns_invalid_on_its_way_is_passed_over_and_the_others_count(
    site: Site, not_mining: OwnChain
) -> None:
    """Its signer's key is rotated away in the same block, by a transaction that pays more."""
    not_mining.tell("evm_setAutomine", True)
    node = site.node()
    steady, rotating, new = enrol(node), enrol(node), new_wallet()
    not_mining.tell("evm_setAutomine", False)
    for word in range(1, 5):
        take_unseen(node, signed_by(node, steady, revocation(steady, word)), TAKES_BACK)
    take_unseen(node, signed_by(node, rotating, revocation(rotating, 1)), TAKES_BACK)
    relayer_of(node).tick()
    (sent,) = under_way(node)
    assert len(sent.cargo.calls) == 5
    rotation = Rotation(person=rotating.address, new_key=new.address, nonce=1, deadline=FAR)
    send_dearly(not_mining, site, signed_by(node, rotating, rotation))
    not_mining.tell("evm_mine")
    not_mining.tell("evm_setAutomine", True)
    assert node.view().key_of(rotating.address) == new.address
    with pytest.raises(ForeignSignature):
        node.settle()
    view = node.view()
    assert all(view.revoked_bits(steady.address, word) == 1 for word in range(1, 5))
    assert view.revoked_bits(rotating.address, 1) == 0


def send_dearly(chain: OwnChain, site: Site, signed: Signed[Statement]) -> None:
    """Hand in a statement from another account, which outbids everybody."""
    payer = Payer(Rpc(chain.url), chain.deployment, Account.from_key(chain.new_payer()))
    cargo = payer.calls_cargo([], [signed])
    payer.send(payer.sign(payer.next_nonce(), cargo, (300 * GWEI, 100 * GWEI), 0))


def test_many_people_enrol_in_one_block(site: Site, not_mining: OwnChain) -> None:
    node = site.node()
    for _ in range(5):
        wallet = new_wallet()
        node.accept(signed_by(node, wallet, enrolment_of(wallet)))
    relayer_of(node).tick()
    assert len(under_way(node)) == 5


def enrolment_of(wallet: LocalWallet) -> Enrolment:
    return Enrolment(
        person=wallet.address,
        keys_hash=os.urandom(32),
        recovery="0x" + "00" * 20,
        nonce=0,
        deadline=FAR,
    )


def test_enrolment_new_keys_and_rotation_signed_while_the_chain_was_away_all_arrive(
    site: Site, shared_chain: OwnChain
) -> None:
    wallet, new, keys_hash = new_wallet(), new_wallet(), os.urandom(32)
    person = wallet.address
    with FaultProxy(shared_chain.url) as proxy:
        node = replace(site, rpc=proxy.url).node()
        proxy.down()
        for statement in (
            enrolment_of(wallet),
            KeysChange(person=person, keys_hash=keys_hash, nonce=1, deadline=FAR),
            Rotation(person=person, new_key=new.address, nonce=2, deadline=FAR),
        ):
            node.accept(signed_by(node, wallet, statement))
        proxy.heal()
        node.settle()
    view = site.node().view()
    assert view.key_of(person) == new.address
    assert view.keys_hash(person) == keys_hash


def test_a_rotation_is_not_held_up_by_what_others_go_on_handing_in(site: Site) -> None:
    node = site.node()
    first, others = enrol(node), [enrol(node) for _ in range(6)]
    clock, new = Clock(), new_wallet()
    relayer = planned(node, clock, batch_seconds=0)

    def rotation(wallet: LocalWallet, key: str) -> Signed[Statement]:
        statement = Rotation(person=wallet.address, new_key=key, nonce=1, deadline=FAR)
        return signed_by(node, wallet, statement)

    Ledger().hand_in(node, 3)
    node.accept(rotation(first, new.address))
    date_back(site, seconds=100)
    for other in others:
        Ledger().hand_in(node, 3)
        node.accept(rotation(other, new_wallet().address))
        slow = replace(relayer, plan=Plan(batch_seconds=LONG, batch_size=10**6))
        slow.tick()
        if node.view().key_of(first.address) == new.address:
            break
        relayer.tick()
    assert node.view().key_of(first.address) == new.address


def date_back(site: Site, seconds: int) -> None:
    """Everything that waits was accepted earlier than it was."""
    with Database(site.database)._engine.begin() as connection:
        for table in ("calls", "outbox"):
            connection.exec_driver_sql(f"UPDATE {table} SET accepted_at = accepted_at - {seconds}")


# --- success is one's own event ---


def test_a_root_that_somebody_else_anchored_with_a_false_list_counts_only_with_the_true_one(
    site: Site, shared_chain: OwnChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, ledger = site.node(), Ledger()
    relayer = planned(node, batch_seconds=0)
    ledger.hand_in(node, 1)
    ((judge, digest),) = ledger.accepted

    def not_yet(*_: Any) -> None:
        raise ChainUnreachable("it went away")

    with monkeypatch.context() as patch:
        patch.setattr(relayer.payer, "send", not_yet)
        with pytest.raises(ChainUnreachable):
            relayer.tick()
    batch = relayer.queue.batch(1)
    stranger = Account.from_key(shared_chain.new_payer())
    chain = EthereumChain(Rpc(site.rpc), shared_chain.deployment, stranger)
    chain.anchor(judge, batch.root, b"f" * 32)
    relayer.tick()
    assert chain.view().anchored_at(judge, batch.root) > 0
    relayer.settle()
    proof = node.proof(digest)
    assert proof is not None
    (settled,) = node.settled
    assert settled.receipt.anchored == [(judge, batch.root, manifest_id(batch.manifest))]
    ledger.require_all_anchored(site.rpc, site)
