"""A node refuses what nobody may make before it writes, and keeps keys and sheets for those who own them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from app.adapters.wallets import new_wallet
from app.client.person import Person
from app.core.consent import mask_of, word_of
from app.core.contract_errors import AlreadyEnrolled, DeadlinePassed, NonceUsed
from app.core.encoding import ZERO32, ZERO_ADDRESS
from app.core.errors import (
    ChartkeyError,
    ContractRefused,
    ForeignSignature,
    GrantRevoked,
    NotStored,
    QuotaExceeded,
    SheetStale,
    SheetSubstituted,
)
from app.core.people import CategoryKeysDocument, document_hash
from app.core.relaying import Submission
from app.core.signatures import Signed
from app.core.statements import (
    AUDIT,
    Access,
    CategoryKeys,
    Enrolment,
    Membership,
    Retraction,
    Revocation,
    RevocationOfAll,
    Rotation,
    Sheet,
)
from app.services.node import CALL_COST
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


def test_a_damaged_key_sheet_holds_no_other_back(place: Place, patient: Person) -> None:
    file = patient.write(NOTE, category="conditions")
    (whole,) = place.node.sheets(file.digest)
    patient.reseal(file)
    with place.node.database._engine.begin() as connection:  # type: ignore[attr-defined]
        damage = (
            "UPDATE sheets SET statement = replace(statement, 'statement/1', 'x') WHERE version = 1"
        )
        assert connection.exec_driver_sql(damage).rowcount == 1
    assert place.node.sheets(file.digest) == [whole]
    assert patient.open(file) == NOTE


def test_a_document_that_was_altered_is_not_served(place: Place) -> None:
    digest = place.node.keep_document(b"document")
    assert place.node.document(digest) == b"document"
    with pytest.raises(NotStored):
        place.node.document(b"x" * 32)


# --- what would harm the node ---


def hostile(place: Place, patient: Person) -> dict[str, dict[str, Any]]:
    """Grants that are well signed, with something beside them that no node should take."""
    return {
        "a party that is nobody": {"parties": ["x" * 300_000]},
        "a party in lower case": {"parties": [patient.address.lower()]},
        "too many parties": {"parties": [to_checksum_address(os.urandom(20)) for _ in range(5000)]},
        "a body that is no address": {"body": "../../etc/passwd"},
        "an endless body": {"body": "b" * 100_000},
        "an envelope larger than a block": {"envelope": bytes((1 << 18) + 1)},
    }


def test_what_goes_beside_a_statement_is_checked_and_nothing_is_written(
    place: Place, patient: Person, doctor: Person
) -> None:
    before, cases = kept_by(place), hostile(place, patient)
    for number, (case, beside) in enumerate(cases.items()):
        grant = Retraction(person=patient.address, record=bytes([number]) * 32)
        with pytest.raises(ChartkeyError):
            place.node.accept(patient.sign(grant), **beside)
        (outcome,) = place.node.accept_all([Submission(signed=patient.sign(grant), **beside)])
        assert outcome is not None, case
        assert kept_by(place) == before, case
    for number, beside in enumerate(cases.values()):
        if "body" not in beside:
            with pytest.raises(ChartkeyError):
                place.node.accept_digest(bytes([number]) * 32, AUDIT, **{"envelope": b"e"} | beside)
    with pytest.raises(ChartkeyError):
        place.node.deliver("x" * 300_000, b"d" * 32, b"envelope")
    assert kept_by(place) == before


def test_a_statement_that_no_book_takes_is_refused_and_blocks_nothing(
    place: Place, patient: Person
) -> None:
    membership = Membership(
        organization=patient.address,
        member=new_wallet().address,
        not_before=0,
        expires_at=2**40,
        salt=ZERO32,
    )
    keys = CategoryKeys(patient=patient.address, epoch=9, keys_hash=ZERO32, salt=ZERO32)
    before = kept_by(place)
    for statement in (membership, keys):
        with pytest.raises(ChartkeyError):
            place.node.accept(patient.sign(statement))
    with pytest.raises(ChartkeyError):
        place.node.accept_digest(b"d" * 32, "PeopleRegistry")
    assert kept_by(place) == before


# --- quotas ---


def retractions(person: Person, first: int, count: int) -> list[Signed[Any]]:
    return [
        person.sign(Retraction(person=person.address, record=(first + n).to_bytes(32, "big")))
        for n in range(count)
    ]


def limit(place: Place, quota: int) -> None:
    place.node.database.quota = quota  # type: ignore[attr-defined]


def test_each_person_has_so_many_taken_a_day_and_custodians_hear_all_the_same(
    place: Place, patient: Person, doctor: Person
) -> None:
    file = patient.write(NOTE, category="conditions")
    grant = patient.grant(doctor.address, category="conditions")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    limit(place, 2 * CALL_COST)
    for signed in retractions(patient, 1, 2):
        place.node.accept(signed)
        place.node.accept(signed)  # what is known costs nothing
    nonce = grant.statement.nonce
    revocation = Revocation(patient=patient.address, word=word_of(nonce), mask=mask_of(nonce))
    with pytest.raises(QuotaExceeded):
        place.node.accept(patient.sign(revocation))
    with pytest.raises(GrantRevoked):
        doctor.open(file, held)
    place.node.accept(retractions(doctor, 1, 1)[0])  # another person's quota is another


def test_of_many_at_once_those_within_the_quota_are_taken(place: Place, patient: Person) -> None:
    limit(place, 2 * CALL_COST)
    forged = Signed(
        statement=Retraction(person=patient.address, record=b"f" * 32), signature=bytes(65)
    )
    many = [Submission(signed=signed) for signed in (*retractions(patient, 1, 3), forged)]
    outcomes = place.node.accept_all(many)
    assert [outcome is None for outcome in outcomes] == [True, True, False, False]
    assert isinstance(outcomes[2], QuotaExceeded)
    assert not isinstance(outcomes[3], QuotaExceeded)


def test_enrolments_share_one_quota_since_anybody_can_make_addresses(quiet: Place) -> None:
    limit(quiet, 2 * CALL_COST)
    taken = 0
    for _ in range(4):
        try:
            quiet.person().enrol()
            taken += 1
        except QuotaExceeded:
            pass
    assert taken == 2


def test_key_sheets_count_as_well(place: Place, patient: Person, doctor: Person) -> None:
    file = doctor.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    (first, sheet), *_ = place.node.sheets(file.digest)
    limit(place, 2)
    for version in (1, 2):
        place.node.keep_sheet(
            patient.sign(replace(first.statement, version=version)), sheet, file.signed
        )
    with pytest.raises(QuotaExceeded):
        place.node.keep_sheet(patient.sign(replace(first.statement, version=3)), sheet, file.signed)
