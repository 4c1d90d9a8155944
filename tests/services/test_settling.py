"""A node brings what it accepted to the chain once, whatever dies or goes away in between."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

from app.adapters.chain import EthereumChain
from app.adapters.contracts import abi_values
from app.adapters.deploying import deploy
from app.adapters.local_chain import start_anvil
from app.adapters.payer import Payer
from app.adapters.rpc import Rpc
from app.adapters.wallets import new_wallet
from app.client.person import Person
from app.core.consent import mask_of, word_of
from app.core.contract_errors import NonceUsed
from app.core.errors import (
    BalanceTooLow,
    ChainUnreachable,
    GrantRevoked,
)
from app.core.merkle import is_proven
from app.core.signatures import Proof, Signed
from app.core.statements import (
    AUDIT,
    CONSENT,
    RECORDS,
    Grant,
    Retraction,
    Rotation,
)
from app.services.relayer import Plan, Relayer
from tests.chain_fixtures import NOTE, Place, make_node

# --- anchored once ---


def test_everything_accepted_is_anchored_once_with_a_proof(quiet: Place) -> None:
    digests = {judge: [os.urandom(32) for _ in range(5)] for judge in (RECORDS, CONSENT, AUDIT)}
    for judge, many in digests.items():
        for digest in many:
            quiet.node.accept_digest(digest, judge, b"envelope")
            quiet.node.accept_digest(digest, judge, b"envelope")
    assert quiet.node.proof(digests[AUDIT][0]) is None
    quiet.settle()
    quiet.settle()
    view = quiet.chain.view()
    for judge, many in digests.items():
        (root,) = {proof.root for digest in many if (proof := quiet.node.proof(digest))}
        for digest in many:
            proof = quiet.node.proof(digest)
            assert proof is not None
            assert is_proven(digest, proof)
        assert view.anchored_at(judge, root) > 0
        assert quiet.anchors(root) == 1
    assert [(settled.what, settled.count) for settled in quiet.node.settled] == [
        (judge, 5) for judge in (RECORDS, CONSENT, AUDIT)
    ]


def test_what_was_anchored_is_not_anchored_again_when_it_is_accepted_again(quiet: Place) -> None:
    digest = os.urandom(32)
    for _ in range(2):
        quiet.node.accept_digest(digest, AUDIT)
        quiet.settle()
    assert quiet.anchors(digest) == 1


def test_more_than_a_batch_is_anchored_in_several(quiet: Place) -> None:
    quiet.node.relayer = replace(relayer_of(quiet), plan=Plan(batch_size=4))
    digests = [os.urandom(32) for _ in range(9)]
    for digest in digests:
        quiet.node.accept_digest(digest, AUDIT)
    quiet.settle()
    assert [settled.count for settled in quiet.node.settled] == [4, 4, 1]
    assert all(quiet.node.proof(digest) for digest in digests)


def test_the_manifest_that_was_anchored_can_be_fetched(quiet: Place) -> None:
    quiet.node.accept_digest(os.urandom(32), AUDIT)
    quiet.settle()
    files = (quiet.folder / "bodies").rglob("baf*")
    assert [path.read_bytes()[:3] for path in files if path.is_file()] == [b"CKM"]


# --- crashes ---


def relayer_of(place: Place) -> Relayer:
    assert place.node.relayer is not None
    return place.node.relayer


class Crash(BaseException):
    """The process dies here."""


class Dying:
    """Passes calls on, and dies before or after the n-th one."""

    def __init__(self, target: Any, fuse: list[int], after: bool) -> None:
        self._target, self._fuse, self._after = target, fuse, after

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*arguments: Any, **named: Any) -> Any:
            self._fuse[0] -= 1
            here = self._fuse[0] == 0
            if here and not self._after:
                raise Crash(name)
            answer = value(*arguments, **named)
            if here:
                raise Crash(name)
            return answer

        return call


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_of_settling_loses_and_doubles_nothing(
    quiet: Place, after: bool
) -> None:
    person = quiet.enrol()
    died = 0
    for step in range(2 if after else 1, 200, 3):
        digests = {judge: os.urandom(32) for judge in (RECORDS, AUDIT)}
        for judge, digest in digests.items():
            quiet.node.accept_digest(digest, judge, b"envelope")
        retraction = Retraction(person=person.address, record=os.urandom(32))
        quiet.node.accept(person.sign(retraction))
        fuse, relayer = [step], relayer_of(quiet)
        dying = replace(
            relayer,
            chain=Dying(relayer.chain, fuse, after),
            payer=Dying(relayer.payer, fuse, after),
            queue=Dying(relayer.queue, fuse, after),
            bodies=Dying(relayer.bodies, fuse, after),
        )
        try:
            dying.settle()
        except Crash:
            died += 1
        quiet.restart().settle()
        view = quiet.chain.view()
        assert view.retracted_at(person.address, retraction.record) > 0
        for judge, digest in digests.items():
            proof = quiet.node.proof(digest)
            assert proof is not None, (step, judge)
            assert is_proven(digest, proof)
            assert view.anchored_at(judge, proof.root) > 0
            assert quiet.anchors(proof.root) == 1, (step, judge)
        assert relayer_of(quiet).is_idle()
        if fuse[0] > 0:
            break
    assert died >= 10
    assert died == (step - 1) // 3


# --- an unreachable chain ---


def test_what_was_signed_while_the_chain_was_away_goes_out_when_it_returns(
    place: Place, patient: Person, doctor: Person
) -> None:
    grant = patient.grant(doctor.address, category="conditions")
    retraction = Retraction(person=patient.address, record=b"r" * 32)
    place.close_down()
    place.node.accept(patient.sign(retraction))
    place.node.accept_digest(b"d" * 32, AUDIT)
    with pytest.raises(ChainUnreachable):
        place.node.settle()
    place.restart()
    place.come_back()
    place.settle()
    assert place.chain.view().retracted_at(patient.address, b"r" * 32) > 0
    assert place.node.proof(grant.digest) is not None
    assert place.node.proof(b"d" * 32) is not None


def test_a_chain_that_hangs_loses_nothing(tmp_path: Path, quiet: Place) -> None:
    """The chain's process is stopped in the middle, as a machine that stalls, and goes on later."""
    digest = os.urandom(32)
    with start_anvil(tmp_path) as anvil:
        deployment = deploy(
            Web3(Web3.HTTPProvider(anvil.url)),
            anvil.accounts[0],
            network="x",
            path=tmp_path / "x.json",
        )
        rpc = Rpc(anvil.url, timeout=0.3)
        chain = EthereumChain(rpc, deployment, None)
        node = make_node(tmp_path, chain, Payer(rpc, deployment, anvil.accounts[0]))
        node.accept_digest(digest, AUDIT)
        os.kill(anvil.process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(ChainUnreachable):
                node.settle()
        finally:
            os.kill(anvil.process.pid, signal.SIGCONT)
        node.settle()
        assert node.chain.view().anchored_at(AUDIT, digest) > 0


def test_a_revocation_while_the_chain_is_away_is_told_to_custodians_when_it_returns(
    place: Place, patient: Person, doctor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = patient.write(NOTE, category="conditions")
    patient.grant(doctor.address, category="conditions")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    place.close_down()
    patient.revoke(patient.grants_given()[0])
    place.come_back()

    def not_yet(*_: Any) -> None:
        raise ChainUnreachable("it went away again")

    with monkeypatch.context() as patch:
        patch.setattr(place.payer, "send", not_yet)
        with pytest.raises(ChainUnreachable):
            place.settle()
    assert place.chain.view().revoked_bits(patient.address, word_of(held.statement.nonce)) == 0
    with pytest.raises(GrantRevoked):
        doctor.open(file, held)
    place.settle()
    bits = place.chain.view().revoked_bits(patient.address, word_of(held.statement.nonce))
    assert bits & mask_of(held.statement.nonce)


def test_a_payer_without_money_loses_no_revocation(
    place: Place, patient: Person, doctor: Person
) -> None:
    grant = patient.grant(doctor.address, category="conditions")
    place.settle()
    patient.revoke(grant)
    relayer = relayer_of(place)
    poor = Payer(place.rpc, place.deployment, new_wallet().account)
    with pytest.raises(BalanceTooLow):
        replace(relayer, payer=poor).settle()
    place.settle()
    nonce = grant.statement.nonce
    assert place.chain.view().revoked_bits(patient.address, word_of(nonce)) & mask_of(nonce)


def test_a_call_that_the_contract_refuses_holds_nothing_else_up(
    place: Place, patient: Person
) -> None:
    stale = Rotation(person=patient.address, new_key="0x" + "12" * 20, nonce=99, deadline=2**40)
    place.close_down()
    place.node.accept(patient.sign(stale))
    place.node.accept_digest(b"e" * 32, AUDIT)
    place.come_back()
    with pytest.raises(NonceUsed):
        place.node.settle()
    place.node.settle()
    assert place.node.proof(b"e" * 32) is not None
    assert relayer_of(place).is_idle()


# --- keys that change on the way ---


def test_what_a_key_signed_that_a_queued_rotation_brings_is_anchored_after_it_and_holds(
    place: Place, patient: Person, doctor: Person
) -> None:
    before = patient.grant(doctor.address, category="conditions")
    new = new_wallet()
    patient.rotate(new)
    after = patient.grant(doctor.address, category="medications")
    assert place.chain.view().key_of(patient.address) != new.address
    place.settle()
    assert place.chain.view().key_of(patient.address) == new.address
    for grant in doctor.grants_held(patient.address):
        proof = place.node.proof(grant.digest)
        assert proof is not None
        assert is_viewable(place, grant.signed, proof)
    held = {grant.digest for grant in doctor.grants_held(patient.address)}
    assert {before.digest, after.digest} <= held


def is_viewable(place: Place, grant: Signed[Grant], proof: Proof) -> bool:
    """What the contract itself says."""
    values = abi_values(grant.statement)
    view = place.chain.view()
    return bool(view.ask(CONSENT, "isViewable", values, grant.signature, proof.root, proof.path))
