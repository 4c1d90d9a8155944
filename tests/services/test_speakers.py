"""Who may make a statement: whoever speaks now, or will once what is queued has reached the chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core.contract_errors import NonceUsed
from app.core.encoding import ZERO32, ZERO_ADDRESS
from app.core.errors import ForeignSignature, SheetSubstituted
from app.core.merkle import MerkleTree
from app.core.signatures import Proof, Signed
from app.core.statements import (
    RECORDS,
    Access,
    CategoryKeys,
    Enrolment,
    KeysChange,
    Recovery,
    Retraction,
    Rotation,
    Sheet,
    maker_of,
)
from app.core.typed_data import Statement
from app.services.speakers import Speakers
from tests.conftest import chain, colleague, doctor, hospital, patient, stranger
from tests.makers import (
    DOMAINS,
    HOUR,
    NOW,
    Person,
    make_grant,
    make_person,
    make_record,
    salt,
    sign_grant,
    sign_introduction,
    sign_membership,
    sign_request,
)

__all__ = ["chain", "colleague", "doctor", "hospital", "patient", "stranger"]

FAR = 2**40


def speakers(
    chain: MemoryChain,
    *queued: Signed[Statement],
    proofs: dict[bytes, Proof] | None = None,
) -> Speakers:
    """At this moment, with calls numbered from ten on their way."""
    numbered = enumerate(queued, start=10)
    return Speakers(DOMAINS, chain, proof=(proofs or {}).get, queued=numbered)


def rotation(person: Person, signer: Person, new: Person, nonce: int = 1) -> Signed[Statement]:
    statement = Rotation(person=person.id, new_key=new.id, nonce=nonce, deadline=FAR)
    return signer.sign(statement)


def enrolment(person: Person, signer: Person) -> Signed[Statement]:
    statement = Enrolment(
        person=person.id, keys_hash=ZERO32, recovery=ZERO_ADDRESS, nonce=0, deadline=FAR
    )
    return signer.sign(statement)


def retraction(person: Person, signer: Person) -> Signed[Statement]:
    return signer.sign(Retraction(person=person.id, record=salt("record")))


# --- who speaks now ---


def test_a_person_and_a_representative_speak_and_nobody_else(
    chain: MemoryChain, patient: Person, doctor: Person, stranger: Person
) -> None:
    chain.represent(patient.id, doctor.id, NOW + HOUR)
    for signer in (patient, doctor):
        assert speakers(chain).require(retraction(patient, signer), patient.id) is None
    with pytest.raises(ForeignSignature):
        speakers(chain).require(retraction(patient, stranger), patient.id)


def test_who_is_not_enrolled_speaks_for_their_own_address_alone(
    chain: MemoryChain, patient: Person
) -> None:
    newcomer = make_person("newcomer")
    assert speakers(chain).require(retraction(newcomer, newcomer), newcomer.id) is None
    with pytest.raises(ForeignSignature):
        speakers(chain).require(retraction(newcomer, patient), newcomer.id)


def test_a_key_that_was_rotated_away_speaks_no_more(chain: MemoryChain, patient: Person) -> None:
    chain.rotate(patient.id, make_person("new key").id)
    with pytest.raises(ForeignSignature):
        speakers(chain).require(retraction(patient, patient), patient.id)


# --- who will speak ---


def test_the_key_that_a_queued_rotation_brings_speaks_once_that_is_done(
    chain: MemoryChain, patient: Person
) -> None:
    new = make_person("new key")
    queued = (
        enrolment(make_person("other"), make_person("other")),
        rotation(patient, patient, new),
    )
    said = retraction(patient, new)
    assert speakers(chain, *queued).require(said, patient.id) == 11
    with pytest.raises(ForeignSignature):
        speakers(chain).require(said, patient.id)


def test_a_newcomer_may_enrol_rotate_and_speak_with_the_new_key_at_once(chain: MemoryChain) -> None:
    newcomer, new = make_person("newcomer"), make_person("new key")
    queued = (enrolment(newcomer, newcomer), rotation(newcomer, newcomer, new))
    assert speakers(chain, *queued).require(retraction(newcomer, new), newcomer.id) == 11
    assert speakers(chain, *queued).require(retraction(newcomer, newcomer), newcomer.id) == 10


def test_a_rotation_that_somebody_else_signed_gives_nobody_a_voice(
    chain: MemoryChain, patient: Person, stranger: Person
) -> None:
    queued = rotation(patient, stranger, stranger)
    with pytest.raises(ForeignSignature):
        speakers(chain, queued).require(retraction(patient, stranger), patient.id)


def test_somebody_who_is_about_to_enrol_gives_themselves_no_voice_for_another(
    chain: MemoryChain, patient: Person
) -> None:
    """Calls that were taken unseen, while the chain was away, are nobody's word yet."""
    thief, tool = make_person("thief"), make_person("tool")
    queued = (enrolment(thief, thief), rotation(patient, thief, tool))
    with pytest.raises(ForeignSignature):
        speakers(chain, *queued).require(retraction(patient, tool), patient.id)


# --- each type has its maker ---


def test_records_grants_category_keys_and_retractions_are_made_by_whom_they_name(
    chain: MemoryChain, patient: Person, doctor: Person, stranger: Person
) -> None:
    keys = CategoryKeys(patient=patient.id, epoch=1, keys_hash=ZERO32, salt=salt())
    cases: list[tuple[Person, Statement]] = [
        (doctor, make_record(patient, doctor)),
        (patient, make_grant(patient, doctor)),
        (patient, keys),
        (patient, Retraction(person=patient.id, record=salt())),
    ]
    for maker, statement in cases:
        assert speakers(chain).require_maker(maker.sign(statement)) is None
        for other in {patient, doctor, stranger} - {maker}:
            with pytest.raises(ForeignSignature):
                speakers(chain).require_maker(other.sign(statement))


def test_an_access_is_made_by_its_viewer(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    access = Access(
        viewer=doctor.id, grant=salt(), records=salt(), purpose="TREAT", at=NOW, salt=salt()
    )
    assert speakers(chain).require_maker(doctor.sign(access)) is None
    with pytest.raises(ForeignSignature):
        speakers(chain).require_maker(patient.sign(access))


@pytest.mark.parametrize("version", [0, 1])
def test_a_sheet_is_signed_by_the_author_first_and_by_the_patient_later(
    version: int, chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    record = doctor.sign(make_record(patient, doctor))
    digest = DOMAINS.digest(record.statement)
    sheet = Sheet(record=digest, version=version, sheet_hash=salt(), salt=salt())
    right, wrong = (patient, doctor) if version else (doctor, patient)
    assert speakers(chain).require_sheet(right.sign(sheet), record) is None
    with pytest.raises(ForeignSignature):
        speakers(chain).require_sheet(wrong.sign(sheet), record)
    with pytest.raises(SheetSubstituted):
        speakers(chain).require_sheet(right.sign(replace(sheet, record=salt("other"))), record)


def test_a_record_that_was_anchored_while_its_author_spoke_keeps_its_sheets(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    record = doctor.sign(make_record(patient, doctor))
    digest = DOMAINS.digest(record.statement)
    proof = MerkleTree([digest]).proof(digest)
    chain.anchor(RECORDS, proof.root)
    chain.advance(10)
    new = make_person("new key")
    chain.rotate(doctor.id, new.id)
    sheet = Sheet(record=digest, version=0, sheet_hash=salt(), salt=salt())
    known = speakers(chain, proofs={digest: proof})
    assert known.require_sheet(new.sign(sheet), record) is None
    with pytest.raises(ForeignSignature):
        speakers(chain).require_sheet(new.sign(sheet), record)


# --- numbers ---


def test_a_second_statement_with_a_queued_number_is_refused(
    chain: MemoryChain, patient: Person
) -> None:
    first = rotation(patient, patient, make_person("new key"))
    other = KeysChange(person=patient.id, keys_hash=ZERO32, nonce=1, deadline=FAR)
    with pytest.raises(NonceUsed):
        speakers(chain, first).require_fresh(other)
    speakers(chain, first).require_fresh(first.statement)  # the same again is no second one
    speakers(chain, first).require_fresh(replace(other, nonce=2))
    speakers(chain, first).require_fresh(replace(other, person=make_person("other").id))


def test_a_recovery_has_numbers_of_its_own(chain: MemoryChain, patient: Person) -> None:
    first = rotation(patient, patient, make_person("new key"))
    recovery = Recovery(person=patient.id, new_key=patient.id, nonce=1, deadline=FAR)
    speakers(chain, first).require_fresh(recovery)


def test_statements_without_numbers_may_be_queued_side_by_side(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    queued = retraction(patient, patient)
    speakers(chain, queued).require_fresh(make_grant(patient, doctor, nonce=1))
    speakers(chain, queued).require_fresh(Retraction(person=patient.id, record=salt("another")))


def test_the_maker_pays(patient: Person, doctor: Person) -> None:
    assert maker_of(make_record(patient, doctor)) == doctor.id
    assert maker_of(sign_grant(patient, doctor).statement) == patient.id
    assert maker_of(sign_request(patient, doctor).statement) == doctor.id
    assert maker_of(sign_introduction(patient, doctor).statement) == patient.id
    assert maker_of(sign_membership(patient, doctor).statement) == patient.id
    assert maker_of(Retraction(person=patient.id, record=ZERO32)) == patient.id
    access = Access(
        viewer=doctor.id, grant=salt(), records=salt(), purpose="TREAT", at=NOW, salt=salt()
    )
    assert maker_of(access) == doctor.id
