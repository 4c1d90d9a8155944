"""A chain that takes blocks back loses no statement, and no custodian opens by what it took back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account
from web3 import Web3

from app.adapters.chain import EthereumChain
from app.adapters.database import Database
from app.adapters.database.fingerprint import fingerprint
from app.adapters.database.schema import INDEX
from app.adapters.rpc import Rpc
from app.adapters.wallets import new_wallet
from app.core.errors import ChartkeyError, NotEnoughShares
from app.core.statements import Retraction, Revocation
from app.services.indexer import Indexer
from app.services.node import LocalNode
from app.services.relayer import Plan
from tests.chain_fixtures import NOTE, make_key, place_on
from tests.faults.conftest import OwnChain
from tests.faults.site import (
    QUICK,
    Ledger,
    Site,
    enrol,
    relayer_of,
    settle_whatever_comes,
    signed_by,
    wait_until,
    working,
)

DEPTHS = [1, 7, 64]
FINAL = Plan().final_depth


def reorganize(chain: OwnChain, depth: int, *transactions: tuple[str, int]) -> None:
    """Replace the last blocks by others, empty but for raw transactions in a block of these."""
    for _ in range(20):  # a relayer at work may put a block on top at this very moment
        before = chain.tell("eth_getBlockByNumber", "latest", False)
        # another miner, or empty blocks would be replaced by the same; and Anvil sets its clock back
        chain.tell("anvil_setCoinbase", new_wallet().address)
        chain.tell("anvil_reorg", depth, [list(one) for one in transactions])
        chain.tell("anvil_setTime", int(time.time()))
        after = chain.tell("eth_getBlockByNumber", before["number"], False)
        if after["hash"] != before["hash"]:
            return
    raise AssertionError("the chain kept its blocks")


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_reorganization_under_a_working_relayer_loses_and_doubles_nothing(
    depth: int, own_chain: OwnChain, make_site: Callable[..., Site], folder: Path
) -> None:
    site, ledger = make_site(own_chain), Ledger()
    node = site.node()
    wallet = enrol(node)
    own_chain.tell("anvil_mine", hex(depth))  # so that only what follows is taken back
    retractions = [Retraction(person=wallet.address, record=os.urandom(32)) for _ in range(3)]
    indexer = site.indexer()
    with working(relayer_of(node).tick, indexer.follow, indexer.read_manifests):
        for retraction in retractions:
            ledger.hand_in(node, 24)
            node.accept(signed_by(node, wallet, retraction))
            wait_until(relayer_of(node).is_idle)
            own_chain.tell("anvil_mine", hex(max(depth // 4, 1)))
        ledger.hand_in(node, 24)
        reorganize(own_chain, depth)
        ledger.hand_in(node, 24)
        wait_until(lambda: len(standing_on(own_chain, node)) > 0)
        reorganize(own_chain, 1)
        wait_until(lambda: stands(own_chain, node))
    ledger.require_all_anchored(own_chain.url, site)
    for retraction in retractions:
        assert node.view().retracted_at(wallet.address, retraction.record) > 0
    catch_up(indexer)
    require_right_index(site, ledger, folder)


def catch_up(indexer: Indexer) -> None:
    """Follow to the head, and read every list that an anchor names."""
    indexer.follow()
    while indexer.read_manifests():
        pass


def require_right_index(site: Site, ledger: Ledger, folder: Path) -> None:
    """Assert that the index says what one says that never saw what was taken back."""
    followed, fresh = Database(site.database), Database(f"sqlite:///{folder / 'fresh.db'}")
    anew = replace(site, database=fresh.url).indexer()
    catch_up(anew)
    seen, told = fingerprint(followed._engine), fingerprint(fresh._engine)
    assert seen.head == told.head
    assert {table.name for table in INDEX} & set(seen.differences(told)) == set()
    for judge, digest in ledger.accepted:
        assert [dated.judge for dated in followed.anchors_of(digest)] == [judge]


def standing(node: LocalNode) -> Sequence[tuple[int, int, bytes]]:
    """(transaction, block, its hash) of those that the node would see undone."""
    return relayer_of(node).queue.standing()


def newest(chain: OwnChain) -> int:
    """The number of the newest block."""
    return int(chain.tell("eth_blockNumber"), 16)


def standing_on(chain: OwnChain, node: LocalNode) -> list[int]:
    """The transactions among them whose blocks are on the chain."""
    found = []
    for id_, number, hash_ in standing(node):
        block = chain.tell("eth_getBlockByNumber", hex(number), False)
        if block and block["hash"] == Web3.to_hex(hash_):
            found.append(id_)
    return found


def stands(chain: OwnChain, node: LocalNode) -> bool:
    """Whether nothing is under way, and all that was is in blocks of the chain."""
    return relayer_of(node).is_idle() and len(standing_on(chain, node)) == len(standing(node))


def test_what_is_final_is_not_looked_at_again(
    own_chain: OwnChain, make_site: Callable[..., Site]
) -> None:
    site, ledger = make_site(own_chain), Ledger()
    node = site.node()
    ledger.hand_in(node, 3)
    node.settle()
    blocks = [block for _, block, _ in standing(node)]
    assert len(blocks) == 3
    first, last = min(blocks), max(blocks)
    own_chain.tell("anvil_mine", hex(first - 1 + FINAL - newest(own_chain)))
    for buried in range(first - 1, last + 1):
        assert newest(own_chain) == buried + FINAL
        relayer_of(node).tick()
        assert [block for _, block, _ in standing(node)] == [b for b in blocks if b > buried]
        own_chain.tell("evm_mine")


def test_a_nonce_that_another_transaction_takes_in_the_new_blocks_is_replaced(
    own_chain: OwnChain, make_site: Callable[..., Site]
) -> None:
    site, ledger = make_site(own_chain, plan=replace(QUICK, lost_seconds=0)), Ledger()
    node = site.node()
    own_chain.tell("anvil_mine", "0x3")
    account = Account.from_key(site.payer)
    nonce = int(own_chain.tell("eth_getTransactionCount", account.address, "latest"), 16)
    ledger.hand_in(node, 3)
    node.settle()
    foreign = account.sign_transaction(
        {
            "chainId": own_chain.deployment.chain_id,
            "nonce": nonce,
            "to": account.address,
            "value": 1,
            "gas": 21000,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 10**9,
        }
    )
    reorganize(own_chain, 3, (Web3.to_hex(foreign.raw_transaction), 0))
    settle_whatever_comes(node)
    ledger.require_all_anchored(own_chain.url, site)


def test_custodians_follow_the_chain_back_and_forth(own_chain: OwnChain, tmp_path: Path) -> None:
    place = place_on(
        own_chain.process, own_chain.deployment, tmp_path, keys=[make_key() for _ in range(3)]
    )
    patient = place.enrol(patient=True)
    doctor = place.enrol(keeps_archive=True)
    place.credential(doctor)
    file = patient.write(NOTE, category="conditions")
    place.settle()
    own_chain.tell("anvil_mine", "0x2")
    grant = patient.grant(doctor.address, category="conditions")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    assert doctor.open(file, held) == NOTE
    reorganize(own_chain, 2)
    with pytest.raises(ChartkeyError) as refused:
        doctor.open(file, held)
    assert isinstance(refused.value, NotEnoughShares) or "anchored" in str(refused.value)
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    assert doctor.open(file, held) == NOTE
    own_chain.tell("anvil_mine", "0x2")
    patient.revoke(grant)
    place.settle()
    reorganize(own_chain, 1)
    with pytest.raises(ChartkeyError):  # heard, whatever the chain says for the moment
        doctor.open(file, held)
    place.settle()
    with pytest.raises(ChartkeyError):
        doctor.open(file, held)


def test_a_revocation_that_a_stranger_handed_in_first_outlives_the_blocks_it_stood_in(
    own_chain: OwnChain, make_site: Callable[..., Site]
) -> None:
    """Their transaction is taken back with its block, and they never send it again."""
    node = make_site(own_chain).node()
    wallet = enrol(node)
    signed = signed_by(node, wallet, Revocation(patient=wallet.address, word=7, mask=1))
    node.accept(signed)
    stranger = EthereumChain(
        Rpc(own_chain.url), own_chain.deployment, Account.from_key(own_chain.new_payer())
    )
    own_chain.tell("anvil_mine", "0x3")
    stranger.relay(signed)
    node.settle()
    reorganize(own_chain, 3)
    relayer_of(node).tick()
    node.settle()
    assert node.view().revoked_bits(wallet.address, 7) == 1
