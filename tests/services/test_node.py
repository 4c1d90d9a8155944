"""A node refuses what nobody may make before it writes, and keeps keys and sheets for those who own them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.adapters.wallets import new_wallet
from app.client.person import Person
from app.core.contract_errors import AlreadyEnrolled, DeadlinePassed, NonceUsed
from app.core.encoding import ZERO32, ZERO_ADDRESS
from app.core.errors import (
    ContractRefused,
    ForeignSignature,
    NotStored,
    SheetStale,
    SheetSubstituted,
)
from app.core.people import CategoryKeysDocument, document_hash
from app.core.signatures import Signed
from app.core.statements import (
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


def kept_by(place: Place) -> list[tuple[str, int]]:
    """Everything that a node has written: rows of each table, and files."""
    with place.node.database._engine.connect() as connection:  # type: ignore[attr-defined]
        tables = ("batches", "outbox", "calls", "parcels", "sheets", "documents", "shelf")
        rows = [
            (t, connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one())
            for t in tables
        ]
    return [*rows, ("files", len([p for p in (place.folder / "bodies").rglob("*") if p.is_file()]))]


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
        return Signed(
            statement=statement, signature=fresh.sign(statement, place.chain.domains.people)
        )

    again = Enrolment(
        person=person,
        keys_hash=b"k" * 32,
        recovery=ZERO_ADDRESS,
        nonce=0,
        deadline=place.time() + 60,
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
    forged = Rotation(
        person=patient.address, new_key=stranger.wallet.address, nonce=1, deadline=2**40
    )
    place.close_down()
    place.node.accept(stranger.sign(forged))
    place.come_back()
    document = CategoryKeysDocument(epoch=5, keys={}).encode()
    keys = CategoryKeys(
        patient=patient.address, epoch=5, keys_hash=document_hash(document), salt=ZERO32
    )
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
