"""Tests of the rules of records: who wrote one, when and as what, and which version is current."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core.errors import (
    AnchoredTooEarly,
    AnchoredTooLate,
    ForeignSignature,
    NoCredential,
    NotAnchored,
)
from app.core.records import (
    EARLIEST,
    LATEST,
    RecordRefusal,
    Role,
    current_versions,
    is_welcome,
    refusal,
    require_authentic,
)
from app.core.signatures import Proof, Signed
from app.core.statements import ADD, CONSENT, VIEW, Record
from tests.makers import (
    DAY,
    DOMAINS,
    HOUR,
    NOW,
    REGISTRAR,
    Person,
    address,
    anchor,
    high_s,
    make_account,
    make_grant,
    make_record,
    salt,
    sign_record,
    sign_with,
)


@pytest.fixture
def record(patient: Person, doctor: Person) -> Signed[Record]:
    """The doctor's record about the patient."""
    return sign_record(patient, doctor)


def require(chain: MemoryChain, signed: Signed[Record], proof: Proof) -> Role:
    """The role in which the author wrote, or the reason why the record does not count."""
    return require_authentic(signed, proof, domain=DOMAINS.records, view=chain.view())


def test_a_record_of_a_credentialed_author_is_authentic(
    chain: MemoryChain, record: Signed[Record]
) -> None:
    assert require(chain, record, anchor(chain, record.statement)) == Role.PRACTITIONER


def test_a_record_by_the_patient_is_authentic_and_says_so(
    chain: MemoryChain, patient: Person
) -> None:
    signed = sign_record(patient, patient)
    assert require(chain, signed, anchor(chain, signed.statement)) == Role.NONE


def test_a_record_that_is_not_anchored_does_not_count(
    chain: MemoryChain, record: Signed[Record]
) -> None:
    digest = DOMAINS.digest(record.statement)
    with pytest.raises(NotAnchored):
        require(chain, record, Proof(root=digest, path=()))
    chain.anchor(CONSENT, digest)
    with pytest.raises(NotAnchored):
        require(chain, record, Proof(root=digest, path=()))


def test_a_wrong_proof_is_no_anchor(chain: MemoryChain, record: Signed[Record]) -> None:
    proof = anchor(chain, record.statement, digests=[salt(1), salt(2)])
    with pytest.raises(NotAnchored):
        require(chain, record, replace(proof, path=proof.path[:-1]))


@pytest.mark.parametrize("ahead", [-LATEST, 0, EARLIEST])
def test_a_record_is_anchored_within_its_window(
    chain: MemoryChain, patient: Person, doctor: Person, ahead: int
) -> None:
    signed = sign_record(patient, doctor, issued_at=NOW + ahead)
    assert require(chain, signed, anchor(chain, signed.statement)) == Role.PRACTITIONER


@pytest.mark.parametrize("ahead", [EARLIEST + 1, DAY, 2**64 - 1 - NOW])
def test_a_record_dated_ahead_is_refused(
    chain: MemoryChain, patient: Person, doctor: Person, ahead: int
) -> None:
    signed = sign_record(patient, doctor, issued_at=NOW + ahead)
    with pytest.raises(AnchoredTooEarly):
        require(chain, signed, anchor(chain, signed.statement))


@pytest.mark.parametrize("back", [LATEST + 1, 20 * DAY, NOW])
def test_a_backdated_record_is_refused(
    chain: MemoryChain, patient: Person, doctor: Person, back: int
) -> None:
    signed = sign_record(patient, doctor, issued_at=NOW - back)
    with pytest.raises(AnchoredTooLate):
        require(chain, signed, anchor(chain, signed.statement))


def test_anchoring_again_later_does_not_make_a_record_late(
    chain: MemoryChain, record: Signed[Record]
) -> None:
    proof = anchor(chain, record.statement)
    chain.advance(30 * DAY)
    assert anchor(chain, record.statement) == proof
    assert require(chain, record, proof) == Role.PRACTITIONER


def test_a_record_that_somebody_else_signed_is_refused(
    chain: MemoryChain, record: Signed[Record], stranger: Person
) -> None:
    with pytest.raises(ForeignSignature):
        require(chain, stranger.sign(record.statement), anchor(chain, record.statement))


@pytest.mark.parametrize("domain", [replace(DOMAINS.records, chain_id=1), DOMAINS.consent])
def test_a_record_signed_for_another_chain_or_contract_is_refused(
    chain: MemoryChain, record: Signed[Record], doctor: Person, domain: Any
) -> None:
    with pytest.raises(ForeignSignature):
        require(chain, doctor.sign(record.statement, domain), anchor(chain, record.statement))


def test_a_record_with_a_bad_signature_is_refused(
    chain: MemoryChain, record: Signed[Record]
) -> None:
    proof = anchor(chain, record.statement)
    for broken in (high_s(record.signature), b"", record.signature[:-1], bytes(65)):
        with pytest.raises(ForeignSignature):
            require(chain, replace(record, signature=broken), proof)


def test_contract_accounts_sign_no_records(
    chain: MemoryChain, record: Signed[Record], doctor: Person
) -> None:
    account = address("smart account")
    chain.rotate(doctor.id, account)
    chain.accept(account, DOMAINS.digest(record.statement), b"accepted")
    with pytest.raises(ForeignSignature):
        require(chain, replace(record, signature=b"accepted"), anchor(chain, record.statement))


def test_an_author_without_a_credential_is_refused(
    chain: MemoryChain, patient: Person, stranger: Person
) -> None:
    signed = sign_record(patient, stranger)
    with pytest.raises(NoCredential) as refused:
        require(chain, signed, anchor(chain, signed.statement))
    assert refused.value.facts["person"] == stranger.id


def test_a_credential_that_came_after_the_record_does_not_reach_back(
    chain: MemoryChain, patient: Person, stranger: Person
) -> None:
    signed = sign_record(patient, stranger, issued_at=NOW)
    chain.advance(1)
    chain.credential(REGISTRAR, stranger.id, Role.LABORATORY, NOW + DAY)
    with pytest.raises(NoCredential):
        require(chain, signed, anchor(chain, signed.statement))


def test_a_credential_must_still_run_at_the_anchor(
    chain: MemoryChain, patient: Person, stranger: Person
) -> None:
    chain.credential(REGISTRAR, stranger.id, Role.LABORATORY, NOW + HOUR)
    first, second = (sign_record(patient, stranger, issued_at=NOW, salt=salt(i)) for i in range(2))
    chain.advance(HOUR)
    assert require(chain, first, anchor(chain, first.statement)) == Role.LABORATORY
    chain.advance(1)
    with pytest.raises(NoCredential):
        require(chain, second, anchor(chain, second.statement))
    assert require(chain, first, anchor(chain, first.statement)) == Role.LABORATORY


def test_a_withdrawn_credential_leaves_earlier_records_authentic(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    before, after = (sign_record(patient, doctor, salt=salt(i)) for i in range(2))
    proof = anchor(chain, before.statement)
    chain.advance(1)
    chain.withdraw(REGISTRAR, doctor.id, Role.PRACTITIONER)
    assert require(chain, before, proof) == Role.PRACTITIONER
    with pytest.raises(NoCredential):
        require(chain, after, anchor(chain, after.statement))


def test_a_dismissed_registrar_takes_its_credentials_along(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    before, after = (sign_record(patient, doctor, salt=salt(i)) for i in range(2))
    proof = anchor(chain, before.statement)
    chain.advance(1)
    chain.dismiss(REGISTRAR, Role.PRACTITIONER)
    assert require(chain, before, proof) == Role.PRACTITIONER
    with pytest.raises(NoCredential):
        require(chain, after, anchor(chain, after.statement))


def test_two_roles_in_turn_are_not_one_held_throughout(
    chain: MemoryChain, patient: Person, stranger: Person
) -> None:
    chain.credential(REGISTRAR, stranger.id, Role.LABORATORY, NOW + 60)
    signed = sign_record(patient, stranger, issued_at=NOW)
    chain.advance(120)
    chain.credential(REGISTRAR, stranger.id, Role.PHARMACY, NOW + DAY)
    with pytest.raises(NoCredential):
        require(chain, signed, anchor(chain, signed.statement))


def test_the_first_of_several_roles_is_told(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    chain.credential(REGISTRAR, doctor.id, Role.DISTRIBUTOR, NOW + DAY)
    chain.withdraw(REGISTRAR, doctor.id, Role.PRACTITIONER)
    chain.credential(REGISTRAR, doctor.id, Role.PHARMACY, NOW + DAY)
    signed = sign_record(patient, doctor, issued_at=NOW)
    assert require(chain, signed, anchor(chain, signed.statement)) == Role.PHARMACY


def test_the_authors_old_key_speaks_for_what_was_anchored_before_its_rotation(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    new = make_account("doctor's new key")
    before, after = (sign_record(patient, doctor, salt=salt(i)) for i in range(2))
    proof = anchor(chain, before.statement)
    chain.advance(1)
    chain.rotate(doctor.id, new.address)
    assert require(chain, before, proof) == Role.PRACTITIONER
    with pytest.raises(ForeignSignature):
        require(chain, after, anchor(chain, after.statement))
    renewed = replace(after, signature=sign_with(new, after.statement))
    assert require(chain, renewed, anchor(chain, renewed.statement)) == Role.PRACTITIONER


def test_refusals_come_in_the_contracts_order(
    chain: MemoryChain, patient: Person, stranger: Person, doctor: Person
) -> None:
    def why(signed: Signed[Record], proof: Proof) -> RecordRefusal:
        reason, role = refusal(
            signed.statement, signed.signature, proof, domain=DOMAINS.records, view=chain.view()
        )
        assert role == Role.NONE
        return reason

    seen = [why(doctor.sign(make_record(patient, stranger)), Proof(root=salt(), path=()))]
    for author, signer, issued_at in (
        (stranger, doctor, NOW + DAY),
        (stranger, doctor, NOW - 9 * DAY),
        (stranger, doctor, NOW),
        (stranger, stranger, NOW),
    ):
        signed = signer.sign(make_record(patient, author, issued_at=issued_at))
        seen.append(why(signed, anchor(chain, signed.statement)))
    assert seen == list(RecordRefusal)[1:]


@pytest.mark.parametrize(
    ("file", "kind"), [("IRecordRegistry", RecordRefusal), ("ICredentials", Role)], ids=str
)
def test_numbers_are_the_contracts(pytestconfig: pytest.Config, file: str, kind: Any) -> None:
    source = (pytestconfig.rootpath / f"contracts/interfaces/{file}.sol").read_text()
    names = source.split("enum ")[1].split("{")[1].split("}")[0].split(",")
    assert [name.strip() for name in names] == [
        "".join(part.capitalize() for part in one.name.split("_")) for one in kind
    ]


def chart(*records: Record) -> dict[bytes, Record]:
    """Records by their digests."""
    return {DOMAINS.digest(record): record for record in records}


def follow(older: Record, author: Person | None = None, **overrides: Any) -> Record:
    """A record that says it supersedes another one."""
    values = {"supersedes": DOMAINS.digest(older), "salt": salt("later"), **overrides}
    if author:
        values["author"] = author.id
    return replace(older, **values)


def test_a_correction_replaces_what_its_author_wrote(patient: Person, doctor: Person) -> None:
    first = make_record(patient, doctor)
    second = follow(first)
    third = follow(second, salt=salt("third"))
    assert current_versions(chart(first, second, third)) == chart(third)


def test_a_record_of_another_author_replaces_only_what_the_patient_accepted(
    patient: Person, doctor: Person, hospital: Person
) -> None:
    first = make_record(patient, doctor)
    second = follow(first, hospital)
    assert current_versions(chart(first, second)) == chart(first, second)
    accepted = [DOMAINS.digest(second)]
    assert current_versions(chart(first, second), accepted) == chart(second)


def test_a_record_of_another_patient_or_category_replaces_nothing(
    patient: Person, doctor: Person, stranger: Person
) -> None:
    first = make_record(patient, doctor)
    for second in (follow(first, patient=stranger.id), follow(first, category="vitals")):
        accepted = [DOMAINS.digest(second)]
        assert current_versions(chart(first, second), accepted) == chart(first, second)


def test_a_record_that_supersedes_an_unknown_one_is_current(
    patient: Person, doctor: Person
) -> None:
    only = make_record(patient, doctor, supersedes=salt("elsewhere"))
    assert current_versions(chart(only)) == chart(only)


def test_two_corrections_of_one_record_are_both_shown(patient: Person, doctor: Person) -> None:
    first = make_record(patient, doctor)
    one, two = (follow(first, salt=salt(i)) for i in range(2))
    assert current_versions(chart(first, one, two)) == chart(one, two)


def test_what_the_patient_wrote_is_welcome(patient: Person) -> None:
    own = make_record(patient, patient)
    assert is_welcome(own, DOMAINS.digest(own), [])


@pytest.mark.parametrize("change", [{}, {"rights": VIEW | ADD}, {"expires_at": 0}])
def test_what_the_patient_let_an_author_add_is_welcome(
    patient: Person, doctor: Person, change: dict[str, Any]
) -> None:
    record = make_record(patient, doctor)
    grant = make_grant(patient, doctor, **{"rights": ADD} | change)
    assert is_welcome(record, DOMAINS.digest(record), [grant])
    this_one = replace(grant, record=DOMAINS.digest(record))
    assert is_welcome(record, DOMAINS.digest(record), [make_grant(patient, doctor), this_one])


def test_what_a_member_of_an_organization_adds_is_welcome(
    patient: Person, colleague: Person, hospital: Person
) -> None:
    record, grant = make_record(patient, colleague), make_grant(patient, hospital, rights=ADD)
    assert is_welcome(record, DOMAINS.digest(record), [grant], [hospital.id])
    assert not is_welcome(record, DOMAINS.digest(record), [grant])


@pytest.mark.parametrize(
    "change", [{"rights": VIEW}, {"rights": 0}, {"category": "vitals"}, {"record": salt("another")}]
)
def test_other_grants_make_no_record_welcome(
    patient: Person, doctor: Person, stranger: Person, change: dict[str, Any]
) -> None:
    record = make_record(patient, doctor)
    other = make_grant(patient, doctor, **{"rights": ADD} | change)
    to_somebody_else = make_grant(patient, stranger, rights=ADD)
    assert not is_welcome(record, DOMAINS.digest(record), [other, to_somebody_else])
    assert not is_welcome(record, DOMAINS.digest(record), [])


def test_a_grant_of_another_patient_welcomes_nothing(
    patient: Person, doctor: Person, stranger: Person
) -> None:
    record = make_record(patient, doctor)
    foreign = make_grant(stranger, doctor, rights=ADD)
    assert not is_welcome(record, DOMAINS.digest(record), [foreign])
