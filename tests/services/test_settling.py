"""A node brings what it accepted to the chain once, whatever dies or goes away in between."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import copyfile, copytree, rmtree
from typing import Any

import pytest
from web3 import Web3

from app.adapters.bodies import FolderBodies
from app.adapters.chain import EthereumChain
from app.adapters.contracts import abi_values
from app.adapters.database import Database
from app.adapters.deploying import deploy
from app.adapters.local_chain import start_anvil
from app.adapters.payer import Payer
from app.adapters.rpc import Rpc
from app.adapters.wallets import new_wallet
from app.client.person import Person
from app.compose import build_node
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
from app.services.node import LocalNode
from app.services.relayer import Plan, Relayer
from tests.asking import wait_until
from tests.chain_fixtures import HOUR, NOTE, Place, make_node
from tests.faults.site import settle_whatever_comes
from tests.scenes import forgetting

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


class Halting:
    """Passes calls on, and halts before or after each of them."""

    def __init__(self, target: Any, halt: Callable[[str], None], after: bool) -> None:
        self._target, self._halt, self._after = target, halt, after

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*arguments: Any, **named: Any) -> Any:
            if not self._after:
                self._halt(name)
            answer = value(*arguments, **named)
            if self._after:
                self._halt(name)
            return answer

        return call


class Afterlife:
    """What a process that starts anew finds where another one died: the disk and the chain as they are.

    It works on copies, and the chain forgets what it did: the one that died can go on from there. So
    one run shows every death on its way, and none of them has to be walked up to again.
    """

    def __init__(self, place: Place, folder: Path) -> None:
        self.place, self.folder = place, folder
        folder.mkdir()
        self._database = Database(f"sqlite:///{folder / 'node.db'}")

    @contextmanager
    def begun(self) -> Iterator[LocalNode]:
        """A node that starts now; nothing of what it did is left at the end."""
        wait_until(self._is_mined)  # what is on its way to a block would be forgotten with the rest
        with forgetting(self.place.chain_process):
            self._copy()
            yield build_node(
                chain=self.place.chain,
                payer=self.place.payer,
                database=self._database,
                bodies=FolderBodies(self.folder / "bodies"),
                secret=self.place.node.secret,
            )

    def _is_mined(self) -> bool:
        return int(self.place.rpc.call("txpool_status")["pending"], 16) == 0

    def _copy(self) -> None:
        self._database._engine.dispose()
        for file in self.folder.glob("node.db*"):
            file.unlink()
        for name in ("node.db", "node.db-wal"):  # what no commit has written is in neither
            copyfile(self.place.folder / name, self.folder / name)
        rmtree(self.folder / "bodies", ignore_errors=True)
        copytree(self.place.folder / "bodies", self.folder / "bodies")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_of_settling_loses_and_doubles_nothing(
    quiet: Place, after: bool
) -> None:
    person = quiet.person().enrol()
    quiet.settle()  # what stands already is looked after as well
    digests = {judge: os.urandom(32) for judge in (RECORDS, AUDIT)}
    for judge, digest in digests.items():
        quiet.node.accept_digest(digest, judge, b"envelope")
    retraction = Retraction(person=person.address, record=os.urandom(32))
    quiet.node.accept(person.sign(retraction))
    afterlife, died, outlived = Afterlife(quiet, quiet.folder / "afterlife"), 0, 0

    def require_all_done(node: LocalNode, where: str) -> None:
        view = quiet.chain.view()
        assert view.retracted_at(person.address, retraction.record) > 0, where
        for judge, digest in digests.items():
            proof = node.proof(digest)
            assert proof is not None, (where, judge)
            assert is_proven(digest, proof)
            assert view.anchored_at(judge, proof.root) > 0
            assert quiet.anchors(proof.root) == 1, (where, judge)
        assert node.relayer is not None
        assert node.relayer.is_idle()

    def die(call: str) -> None:
        nonlocal died, outlived
        died += 1
        with afterlife.begun() as successor:
            successor.settle()
            require_all_done(successor, f"{died}: {call}")
        outlived += 1

    relayer = relayer_of(quiet)
    halting = replace(
        relayer,
        chain=Halting(relayer.chain, die, after),
        payer=Halting(relayer.payer, die, after),
        queue=Halting(relayer.queue, die, after),
        bodies=Halting(relayer.bodies, die, after),
    )
    halting.settle(patience=HOUR)  # every afterlife passes inside it
    require_all_done(quiet.node, "the end")
    assert died >= 30
    assert outlived == died


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
        rpc = Rpc(anvil.url, timeout=1.0)
        chain = EthereumChain(rpc, deployment, None)
        node = make_node(tmp_path, chain, Payer(rpc, deployment, anvil.accounts[0]))
        node.accept_digest(digest, AUDIT)
        os.kill(anvil.process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(ChainUnreachable):
                node.settle()
        finally:
            os.kill(anvil.process.pid, signal.SIGCONT)
        settle_whatever_comes(node)
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
