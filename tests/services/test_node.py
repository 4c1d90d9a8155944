"""A node takes statements durably, brings each to the chain once, and refuses before it writes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

from app.adapters.chain import EthereumChain
from app.adapters.deployment import deploy
from app.adapters.local_chain import start_anvil
from app.adapters.rpc import Rpc
from app.adapters.wallets import new_wallet
from app.client.person import Person
from app.core.consent import mask_of, word_of
from app.core.contract_errors import AlreadyEnrolled, DeadlinePassed, NonceUsed
from app.core.encoding import ZERO32, ZERO_ADDRESS
from app.core.errors import (
    ChainUnreachable,
    ChartkeyError,
    ContractRefused,
    ForeignSignature,
    GrantRevoked,
    NotStored,
    SheetStale,
    SheetSubstituted,
)
from app.core.merkle import is_proven
from app.core.people import CategoryKeysDocument, document_hash
from app.core.signatures import Signed
from app.core.statements import (
    AUDIT,
    CONSENT,
    RECORDS,
    Access,
    CategoryKeys,
    Enrolment,
    Retraction,
    Revocation,
    RevocationOfAll,
    Rotation,
    Sheet,
)
from tests.chain_fixtures import NOTE, Place

MakePlace = Callable[..., Place]


@pytest.fixture
def quiet(make_place: MakePlace) -> Place:
    """A place without custodians."""
    return make_place(custodians=0, threshold=0)


def kept_by(place: Place) -> list[tuple[str, int]]:
    """Everything that a node has written: rows of each table, and files."""
    with place.node.database._engine.connect() as connection:  # type: ignore[attr-defined]
        tables = ("batches", "outbox", "calls", "parcels", "sheets", "documents", "shelf")
        rows = [(t, connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one()) for t in tables]
    return [*rows, ("files", len([p for p in (place.folder / "bodies").rglob("*") if p.is_file()]))]


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


def test_more_than_a_batch_is_anchored_in_several(quiet: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.node.BATCH", 4)
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
            if self._fuse[0] == 0 and not self._after:
                raise Crash(name)
            answer = value(*arguments, **named)
            if self._fuse[0] == 0:
                raise Crash(name)
            return answer

        return call


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_of_settling_loses_and_doubles_nothing(quiet: Place, after: bool) -> None:
    person = quiet.enrol()
    died = 0
    for step in range(1, 100):
        digests = {judge: os.urandom(32) for judge in (RECORDS, AUDIT)}
        for judge, digest in digests.items():
            quiet.node.accept_digest(digest, judge, b"envelope")
        retraction = Retraction(person=person.address, record=os.urandom(32))
        quiet.node.accept(person.sign(retraction))
        fuse, node = [step], quiet.node
        dying = replace(
            node,
            chain=Dying(node.chain, fuse, after),
            database=Dying(node.database, fuse, after),
            bodies=Dying(node.bodies, fuse, after),
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
        assert quiet.node.database.open_batches() == []
        assert list(quiet.node.database.waiting_calls()) == []
        if fuse[0] > 0:
            break
    assert died >= 10
    assert died == step - 1


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
            Web3(Web3.HTTPProvider(anvil.url)), anvil.accounts[0], network="x", path=tmp_path / "x.json"
        )
        node = replace(
            quiet.node,
            chain=EthereumChain(Rpc(anvil.url, timeout=0.3), deployment, anvil.accounts[0]),
        )
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
        patch.setattr(place.chain, "relay", not_yet)
        with pytest.raises(ChainUnreachable):
            place.settle()
    assert place.chain.view().revoked_bits(patient.address, word_of(held.statement.nonce)) == 0
    with pytest.raises(GrantRevoked):
        doctor.open(file, held)
    place.settle()
    bits = place.chain.view().revoked_bits(patient.address, word_of(held.statement.nonce))
    assert bits & mask_of(held.statement.nonce)


def test_a_payer_without_money_loses_no_revocation(place: Place, patient: Person, doctor: Person) -> None:
    grant = patient.grant(doctor.address, category="conditions")
    place.settle()
    patient.revoke(grant)
    rich, place.chain._chosen_payer = place.chain._chosen_payer, new_wallet().account
    with pytest.raises(ChartkeyError):
        place.settle()
    place.chain._chosen_payer = rich
    place.settle()
    nonce = grant.statement.nonce
    assert place.chain.view().revoked_bits(patient.address, word_of(nonce)) & mask_of(nonce)


def test_a_call_that_the_contract_refuses_holds_nothing_else_up(place: Place, patient: Person) -> None:
    stale = Rotation(person=patient.address, new_key="0x" + "12" * 20, nonce=99, deadline=2**40)
    place.close_down()
    place.node.accept(patient.sign(stale))
    place.node.accept_digest(b"e" * 32, AUDIT)
    place.come_back()
    with pytest.raises(NonceUsed):
        place.node.settle()
    place.node.settle()
    assert place.node.proof(b"e" * 32) is not None
    assert list(place.node.database.waiting_calls()) == []


# --- refused, and nothing written ---


def refusals(place: Place, patient: Person, stranger: Person) -> dict[str, tuple[Signed[Any], Any]]:
    person, doc = patient.address, "0x" + "12" * 20
    fresh = new_wallet()

    def enrolment(**overrides: Any) -> Signed[Any]:
        values: dict[str, Any] = {
            "person": fresh.address,
            "keys_hash": b"k" * 32,
            "recovery": ZERO_ADDRESS,
            "nonce": 0,
            "deadline": place.time() + 60,
        }
        statement = Enrolment(**values | overrides)
        return Signed(statement=statement, signature=fresh.sign(statement, place.chain.domains.people))

    again = Enrolment(
        person=person, keys_hash=b"k" * 32, recovery=ZERO_ADDRESS, nonce=0, deadline=place.time() + 60
    )
    return {
        "enrolment again": (patient.sign(again), (NonceUsed, AlreadyEnrolled)),
        "enrolment after its deadline": (enrolment(deadline=place.time() - 60), DeadlinePassed),
        "enrolment with a nonce ahead": (enrolment(nonce=1), NonceUsed),
        "enrolment of somebody else": (enrolment(person=doc), (ContractRefused, ForeignSignature)),
        "rotation with a used nonce": (
            patient.sign(Rotation(person=person, new_key=doc, nonce=0, deadline=2**40)),
            NonceUsed,
        ),
        "rotation by a stranger": (
            stranger.sign(Rotation(person=person, new_key=doc, nonce=1, deadline=2**40)),
            (ContractRefused, ForeignSignature),
        ),
        "revocation by a stranger": (
            stranger.sign(Revocation(patient=person, word=1, mask=1)),
            (ContractRefused, ForeignSignature),
        ),
        "revocation of all by a stranger": (
            stranger.sign(RevocationOfAll(patient=person, tag=0, new_tag=9)),
            (ContractRefused, ForeignSignature),
        ),
        "retraction by a stranger": (
            stranger.sign(Retraction(person=person, record=ZERO32)),
            (ContractRefused, ForeignSignature),
        ),
        "access by a stranger": (
            stranger.sign(
                Access(
                    viewer=person, grant=ZERO32, records=ZERO32, purpose="TREAT",
                    at=place.time(), salt=ZERO32,
                )
            ),
            ForeignSignature,
        ),
    }  # fmt: skip


def test_what_nobody_may_make_is_refused_and_nothing_is_written(
    place: Place, patient: Person, stranger: Person
) -> None:
    before = kept_by(place)
    for case, (signed, error) in refusals(place, patient, stranger).items():
        with pytest.raises(error):
            place.node.accept(signed, envelope=b"e" * 100, parties=[patient.address])
        assert kept_by(place) == before, case


def test_a_second_change_with_the_same_number_is_refused_while_the_first_waits(
    place: Place, patient: Person
) -> None:
    wallet = patient.wallet
    fourth = place.add_custodian()
    patient.choose_custodians([c.key.public for c in (*place.custodians[1:3], fourth)], 2)
    before = kept_by(place)
    with pytest.raises(NonceUsed):
        patient.rotate(new_wallet())
    assert patient.wallet is wallet
    assert kept_by(place) == before
    place.settle()
    new = new_wallet()
    patient.rotate(new)
    place.settle()
    assert place.chain.view().key_of(patient.address) == new.address


def test_an_enrolment_without_keys_reaches_the_chain(quiet: Place) -> None:
    wallet = new_wallet()
    statement = Enrolment(
        person=wallet.address,
        keys_hash=ZERO32,
        recovery=ZERO_ADDRESS,
        nonce=0,
        deadline=quiet.time() + 60,
    )
    signature = wallet.sign(statement, quiet.chain.domains.people)
    quiet.node.accept(Signed(statement=statement, signature=signature))
    quiet.settle()
    assert quiet.chain.view().key_of(wallet.address) == wallet.address


def test_the_same_call_twice_is_sent_once(place: Place, patient: Person) -> None:
    signed = patient.sign(Retraction(person=patient.address, record=b"q" * 32))
    sent = len(place.node.settled)
    place.node.accept(signed)
    place.node.accept(signed)
    place.settle()
    assert len(place.node.settled) == sent + 1


def test_a_rotation_that_nobody_signed_lets_nobody_speak(
    place: Place, patient: Person, stranger: Person
) -> None:
    """Accepted unseen while the chain was away, it gives the stranger no voice once it is back."""
    file = patient.write(NOTE, category="conditions")
    place.settle()
    forged = Rotation(person=patient.address, new_key=stranger.wallet.address, nonce=1, deadline=2**40)
    place.close_down()
    place.node.accept(stranger.sign(forged))
    place.come_back()
    document = CategoryKeysDocument(epoch=5, keys={}).encode()
    keys = CategoryKeys(patient=patient.address, epoch=5, keys_hash=document_hash(document), salt=ZERO32)
    with pytest.raises(ForeignSignature):
        place.node.keep_category_keys(stranger.sign(keys), document)
    retraction = Retraction(person=patient.address, record=file.digest)
    with pytest.raises((ForeignSignature, ContractRefused)):
        place.node.erase(file.signed, stranger.sign(retraction))
    assert patient.open(file) == NOTE


# --- keys and sheets ---


def test_category_keys_come_from_their_patient_alone_and_only_go_forward(
    place: Place, patient: Person, stranger: Person
) -> None:
    old, document = place.node.category_keys(patient.address)
    patient.start_epoch()
    with pytest.raises(SheetStale):
        place.node.keep_category_keys(old, document)
    forged = stranger.sign(replace(old.statement, epoch=9))
    with pytest.raises(ForeignSignature):
        place.node.keep_category_keys(forged, document)
    with pytest.raises(SheetSubstituted):
        place.node.keep_category_keys(old, document + b" ")
    assert place.node.category_keys(patient.address)[0].statement.epoch == 1


def test_a_sheet_comes_from_author_or_patient_alone(
    place: Place, patient: Person, doctor: Person, stranger: Person
) -> None:
    file = doctor.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    (_, sheet), *_ = place.node.sheets(file.digest)
    true = place.node.sheets(file.digest)[0][0].statement
    for signer, version in (
        (stranger, 0),
        (stranger, 1),
        (doctor, 1),
        (patient, 2**53),
        (patient, 2**64 - 1),
    ):
        signed = signer.sign(replace(true, version=version))
        with pytest.raises((ForeignSignature, SheetSubstituted)):
            place.node.keep_sheet(signed, sheet, file.signed)
    with pytest.raises(SheetSubstituted):
        place.node.keep_sheet(patient.sign(replace(true, version=1)), sheet + b"x", file.signed)
    other = replace(true, record=b"o" * 32, version=1)
    with pytest.raises(SheetSubstituted):
        place.node.keep_sheet(patient.sign(other), sheet, file.signed)
    assert len(place.node.sheets(file.digest)) == 1
    assert isinstance(true, Sheet)


def test_a_document_that_was_altered_is_not_served(place: Place) -> None:
    digest = place.node.keep_document(b"document")
    assert place.node.document(digest) == b"document"
    with pytest.raises(NotStored):
        place.node.document(b"x" * 32)
