"""Tests of the custodian's decision: what was sent fits together, and who asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core.audit import MOST_RECORDS
from app.core.custody import Approval
from app.core.errors import (
    AccessMismatch,
    AccessNotOfNow,
    ForeignGrant,
    ForeignKeys,
    ForeignPurpose,
    ForeignSignature,
    MalformedSeal,
    MembershipInvalid,
    NoCredential,
    NotTheViewer,
    OutsideGrant,
    SessionInvalid,
    UnknownVersion,
)
from app.core.opening import OpeningRequest
from app.core.people import document_hash
from app.core.records import Role
from app.core.signatures import Signed
from app.core.statements import Grant
from tests.makers import (
    DOMAINS,
    NOW,
    REGISTRAR,
    Browser,
    Person,
    anchor,
    make_custodian,
    salt,
    sign_access,
    sign_grant,
    sign_membership,
)
from tests.openings import SealedRecord, ask, ask_with, make_request, seal_record

# --- the way it should go ---


def test_a_request_in_order_is_approved(
    chain: MemoryChain,
    request_: OpeningRequest,
    sealed: SealedRecord,
    doctor: Person,
    patient: Person,
) -> None:
    assert ask(chain, request_) == Approval(
        viewer_key=doctor.identity.public, patient=patient.id, digests=(sealed.digest,)
    )


def test_a_session_key_may_sign_the_access(
    chain: MemoryChain, request_: OpeningRequest, browser: Browser, doctor: Person
) -> None:
    signed = browser.sign(request_.access.statement)
    ask(chain, replace(request_, access=signed, session=browser.session(doctor)))


def test_many_records_open_with_one_access(
    chain: MemoryChain, grant: Signed[Grant], sealed: SealedRecord, doctor: Person
) -> None:
    asked = sealed.asked(make_custodian(1))
    many = tuple(
        replace(asked, record=replace(asked.record, salt=salt(i))) for i in range(MOST_RECORDS + 1)
    )
    proof = anchor(chain, grant.statement)

    def request(count: int) -> OpeningRequest:
        access = sign_access(doctor, [one.record for one in many[:count]], grant.statement)
        return make_request(
            doctor, [sealed], grant=grant, proof=proof, access=access, records=many[:count]
        )

    assert len(ask(chain, request(MOST_RECORDS)).digests) == MOST_RECORDS
    with pytest.raises(AccessMismatch):
        ask(chain, request(MOST_RECORDS + 1))


# --- what was sent does not fit together ---


def test_a_request_for_nothing_is_refused(chain: MemoryChain, request_: OpeningRequest) -> None:
    with pytest.raises(AccessMismatch):
        ask(chain, replace(request_, records=()))


def test_a_record_asked_for_twice_is_refused(chain: MemoryChain, request_: OpeningRequest) -> None:
    with pytest.raises(AccessMismatch):
        ask(chain, replace(request_, records=request_.records * 2))


def test_records_that_the_access_does_not_name_are_refused(
    chain: MemoryChain, request_: OpeningRequest, patient: Person, hospital: Person
) -> None:
    other = seal_record(patient, hospital, seed="other").asked(patient.custodians[0])
    for records in ((other,), (*request_.records, other)):
        with pytest.raises(AccessMismatch):
            ask(chain, replace(request_, records=records))


def test_records_of_two_patients_are_refused(
    chain: MemoryChain, grant: Signed[Grant], sealed: SealedRecord, doctor: Person, stranger: Person
) -> None:
    foreign = replace(
        sealed, signed=replace(sealed.signed, statement=replace(sealed.record, patient=stranger.id))
    )
    with pytest.raises(AccessMismatch):
        ask(chain, make_request(doctor, [sealed, foreign], grant=grant))


def test_an_access_that_names_another_grant_is_refused(
    chain: MemoryChain, sealed: SealedRecord, grant: Signed[Grant], patient: Person, doctor: Person
) -> None:
    other = sign_grant(patient, doctor, nonce=77)
    access = sign_access(doctor, [sealed.record], other.statement)
    with pytest.raises(ForeignGrant):
        ask_with(chain, doctor, sealed, grant, access=access)
    with pytest.raises(ForeignGrant):
        ask_with(chain, doctor, sealed, grant, access=sign_access(doctor, [sealed.record]))


def test_another_purpose_than_the_grants_is_refused(
    chain: MemoryChain, sealed: SealedRecord, grant: Signed[Grant], doctor: Person
) -> None:
    access = sign_access(doctor, [sealed.record], grant.statement, purpose="HRESCH")
    with pytest.raises(ForeignPurpose):
        ask_with(chain, doctor, sealed, grant, access=access)


@pytest.mark.parametrize("change", [{"category": "genetics"}, {"record": salt("another record")}])
def test_a_record_outside_the_grant_is_refused(
    chain: MemoryChain,
    sealed: SealedRecord,
    patient: Person,
    doctor: Person,
    change: dict[str, Any],
) -> None:
    with pytest.raises(OutsideGrant):
        ask_with(chain, doctor, sealed, sign_grant(patient, doctor, **change))


def test_a_grant_of_another_patient_is_refused(
    chain: MemoryChain, sealed: SealedRecord, stranger: Person, doctor: Person
) -> None:
    with pytest.raises(OutsideGrant):
        ask_with(chain, doctor, sealed, sign_grant(stranger, doctor))


def test_a_grant_of_one_record_opens_that_record_alone(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, hospital: Person, doctor: Person
) -> None:
    signed = sign_grant(patient, doctor, record=sealed.digest)
    assert ask_with(chain, doctor, sealed, signed).digests == (sealed.digest,)
    other = seal_record(patient, hospital, seed="other")
    with pytest.raises(OutsideGrant):
        ask_with(chain, doctor, other, signed)
    proof = anchor(chain, signed.statement)
    with pytest.raises(OutsideGrant):
        ask(chain, make_request(doctor, [sealed, other], grant=signed, proof=proof))


# --- who asks ---


def test_another_persons_grant_is_refused(
    chain: MemoryChain, sealed: SealedRecord, grant: Signed[Grant], stranger: Person
) -> None:
    with pytest.raises(NotTheViewer):
        ask_with(chain, stranger, sealed, grant)


def test_an_access_that_only_claims_to_be_the_viewers_is_refused(
    chain: MemoryChain, request_: OpeningRequest, stranger: Person
) -> None:
    forged = stranger.sign(request_.access.statement)
    with pytest.raises(ForeignSignature):
        ask(chain, replace(request_, access=forged))


def test_a_session_of_somebody_else_is_refused(
    chain: MemoryChain, request_: OpeningRequest, browser: Browser, stranger: Person
) -> None:
    signed = browser.sign(request_.access.statement)
    with pytest.raises(SessionInvalid):
        ask(chain, replace(request_, access=signed, session=browser.session(stranger)))


@pytest.mark.parametrize("skew", [-121, 121])
def test_an_access_of_another_time_is_refused(
    chain: MemoryChain, request_: OpeningRequest, skew: int
) -> None:
    ask(chain, request_, clock=NOW + skew // 121 * 120)
    with pytest.raises(AccessNotOfNow):
        ask(chain, request_, clock=NOW + skew)


def test_keys_that_the_chain_does_not_commit_to_are_refused(
    chain: MemoryChain, request_: OpeningRequest, stranger: Person
) -> None:
    for document in (stranger.keys.encode(), request_.viewer_keys + b" ", b""):
        with pytest.raises(ForeignKeys):
            ask(chain, replace(request_, viewer_keys=document))


def test_old_keys_are_refused_once_new_ones_are_registered(
    chain: MemoryChain, request_: OpeningRequest, doctor: Person
) -> None:
    chain.change_keys(doctor.id, salt("new keys"))
    with pytest.raises(ForeignKeys):
        ask(chain, request_)


@pytest.mark.parametrize(
    ("document", "error"),
    [(b"{}", UnknownVersion), (b"[" * 100_000, MalformedSeal)],
    ids=["{}", "deep"],
)
def test_committed_keys_that_cannot_be_read_are_refused(
    chain: MemoryChain,
    request_: OpeningRequest,
    doctor: Person,
    document: bytes,
    error: type[Exception],
) -> None:
    chain.change_keys(doctor.id, document_hash(document))
    with pytest.raises(error):
        ask(chain, replace(request_, viewer_keys=document))


def test_a_viewer_without_a_credential_opens_nothing_for_treatment(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, stranger: Person
) -> None:
    with pytest.raises(NoCredential):
        ask_with(chain, stranger, sealed, sign_grant(patient, stranger))


def test_family_needs_no_credential(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, stranger: Person
) -> None:
    signed = sign_grant(patient, stranger, purpose="FAMRQT")
    assert ask_with(chain, stranger, sealed, signed).viewer_key == stranger.identity.public


def test_a_withdrawn_credential_opens_nothing(
    chain: MemoryChain, request_: OpeningRequest, doctor: Person
) -> None:
    chain.withdraw(REGISTRAR, doctor.id, Role.PRACTITIONER)
    with pytest.raises(NoCredential):
        ask(chain, request_)


def test_a_credential_that_ran_out_since_the_last_block_opens_nothing(
    chain: MemoryChain, request_: OpeningRequest, doctor: Person
) -> None:
    chain.credential(REGISTRAR, doctor.id, Role.PRACTITIONER, NOW + 10)
    ask(chain, request_, clock=NOW + 10)
    with pytest.raises(NoCredential):
        ask(chain, request_, clock=NOW + 11)


# --- members of an organization ---


def test_a_member_opens_under_the_organizations_grant_with_its_credential(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, hospital: Person, colleague: Person
) -> None:
    approval = ask_with(
        chain, colleague, sealed, sign_grant(patient, hospital),
        membership=sign_membership(hospital, colleague),
    )  # fmt: skip
    assert approval.viewer_key == colleague.identity.public


def test_without_a_membership_the_organizations_grant_opens_nothing(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, hospital: Person, colleague: Person
) -> None:
    with pytest.raises(NotTheViewer):
        ask_with(chain, colleague, sealed, sign_grant(patient, hospital))


def test_a_membership_that_does_not_hold_opens_nothing(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, hospital: Person, colleague: Person,
    stranger: Person,
) -> None:  # fmt: skip
    ended = sign_membership(hospital, colleague, salt=salt("ended"))
    chain.end_membership(hospital.id, DOMAINS.digest(ended.statement))
    for membership in (
        ended,
        sign_membership(hospital, stranger),
        sign_membership(stranger, colleague),
        sign_membership(hospital, colleague, expires_at=NOW),
        colleague.sign(sign_membership(hospital, colleague).statement),
    ):
        with pytest.raises(MembershipInvalid):
            ask_with(chain, colleague, sealed, sign_grant(patient, hospital), membership=membership)


def test_a_membership_of_an_organization_without_a_credential_opens_nothing(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, hospital: Person, colleague: Person
) -> None:
    chain.withdraw(REGISTRAR, hospital.id, Role.HOSPITAL)
    with pytest.raises(NoCredential):
        ask_with(
            chain, colleague, sealed, sign_grant(patient, hospital),
            membership=sign_membership(hospital, colleague),
        )  # fmt: skip
