"""Tests of the custodian's decision: whether the grant still stands, and what authors may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core.consent import mask_of, word_of
from app.core.errors import (
    ForeignSignature,
    GrantExpired,
    GrantNotYetValid,
    GrantRevoked,
    GrantTagReplaced,
    MembershipInvalid,
    NotAnchored,
    NotTheAuthor,
    RecordRetracted,
    ViewingNotGranted,
)
from app.core.opening import OpeningRequest
from app.core.signatures import Proof, Signed
from app.core.statements import ADD, Grant, Revocation, RevocationOfAll
from tests.makers import (
    NOW,
    Person,
    anchor,
    high_s,
    make_account,
    salt,
    sign_access,
    sign_grant,
    sign_membership,
    sign_with,
)
from tests.openings import SealedRecord, ask, ask_with, make_request, seal_record

# --- whether the grant stands ---


def test_a_grant_without_a_proof_is_refused(
    chain: MemoryChain, request_: OpeningRequest, grant: Signed[Grant]
) -> None:
    unanchored = Proof(root=salt(), path=())
    for proof in (None, unanchored):
        with pytest.raises(NotAnchored):
            ask(chain, replace(request_, grant_proof=proof))


def test_a_revoked_grant_opens_nothing(
    chain: MemoryChain, request_: OpeningRequest, grant: Signed[Grant], patient: Person
) -> None:
    nonce = grant.statement.nonce
    chain.revoke(patient.id, word_of(nonce), mask_of(nonce))
    with pytest.raises(GrantRevoked):
        ask(chain, request_)


def test_after_revoking_everything_no_grant_opens(
    chain: MemoryChain, request_: OpeningRequest, patient: Person
) -> None:
    chain.revoke_all(patient.id, 2**63)
    with pytest.raises(GrantTagReplaced):
        ask(chain, request_)


def test_an_add_only_grant_opens_nothing(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, doctor: Person
) -> None:
    with pytest.raises(ViewingNotGranted):
        ask_with(chain, doctor, sealed, sign_grant(patient, doctor, rights=ADD))


@pytest.mark.parametrize(
    ("change", "error"),
    [({"expires_at": NOW}, GrantExpired), ({"not_before": NOW + 1}, GrantNotYetValid)],
)
def test_a_grant_outside_its_times_opens_nothing(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, doctor: Person,
    change: dict[str, Any], error: type[Exception],
) -> None:  # fmt: skip
    with pytest.raises(error):
        ask_with(chain, doctor, sealed, sign_grant(patient, doctor, **change))


def test_chain_and_clock_must_both_find_the_grant_valid(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, doctor: Person
) -> None:
    for change, clock, error in (
        ({"expires_at": NOW + 60}, NOW + 60, GrantExpired),  # the chain is idle
        ({"expires_at": NOW}, NOW - 60, GrantExpired),  # the clock is late
        ({"not_before": NOW + 60}, NOW + 60, GrantNotYetValid),
        ({"not_before": NOW}, NOW - 60, GrantNotYetValid),
    ):
        signed = sign_grant(patient, doctor, **change)
        request = make_request(
            doctor, [sealed], grant=signed, proof=anchor(chain, signed.statement)
        )
        with pytest.raises(error):
            ask(chain, request, clock=clock)


def test_a_grant_with_a_bad_signature_opens_nothing(
    chain: MemoryChain, request_: OpeningRequest, grant: Signed[Grant], stranger: Person
) -> None:
    for signed in (
        stranger.sign(grant.statement),
        replace(grant, signature=high_s(grant.signature)),
        replace(grant, signature=grant.signature[:64]),
    ):
        with pytest.raises(ForeignSignature):
            ask(chain, replace(request_, grant=signed))


def test_a_retracted_record_opens_for_no_viewer(
    chain: MemoryChain, request_: OpeningRequest, sealed: SealedRecord, patient: Person
) -> None:
    chain.retract(patient.id, sealed.digest)
    with pytest.raises(RecordRetracted):
        ask(chain, request_)


def test_a_retraction_by_others_does_not_close_a_record(
    chain: MemoryChain,
    request_: OpeningRequest,
    sealed: SealedRecord,
    hospital: Person,
    stranger: Person,
) -> None:
    chain.retract(stranger.id, sealed.digest)
    chain.retract(hospital.id, sealed.digest)
    ask(chain, request_)


def test_one_retracted_record_closes_the_whole_request(
    chain: MemoryChain, sealed: SealedRecord, grant: Signed[Grant], patient: Person, hospital: Person,
    doctor: Person,
) -> None:  # fmt: skip
    other = seal_record(patient, hospital, seed="other")
    chain.retract(patient.id, other.digest)
    proof = anchor(chain, grant.statement)
    with pytest.raises(RecordRetracted):
        ask(chain, make_request(doctor, [sealed, other], grant=grant, proof=proof))


# --- revocations that the chain does not show yet ---


def test_a_heard_revocation_counts_before_it_is_mined(
    chain: MemoryChain, request_: OpeningRequest, grant: Signed[Grant], patient: Person
) -> None:
    nonce = grant.statement.nonce
    heard = Revocation(patient=patient.id, word=word_of(nonce), mask=mask_of(nonce) | 1 << 200)
    with pytest.raises(GrantRevoked):
        ask(chain, request_, heard=[heard])
    everything = RevocationOfAll(patient=patient.id, tag=0, new_tag=5)
    with pytest.raises(GrantTagReplaced):
        ask(chain, request_, heard=iter([everything]))


def test_other_heard_revocations_close_nothing(
    chain: MemoryChain,
    request_: OpeningRequest,
    grant: Signed[Grant],
    patient: Person,
    stranger: Person,
) -> None:
    word, mask = word_of(grant.statement.nonce), mask_of(grant.statement.nonce)
    ask(
        chain,
        request_,
        heard=[
            Revocation(patient=stranger.id, word=word, mask=mask),
            RevocationOfAll(patient=stranger.id, tag=0, new_tag=5),
            Revocation(patient=patient.id, word=word + 1, mask=mask),
            Revocation(patient=patient.id, word=word, mask=(2**256 - 1) ^ mask),
            RevocationOfAll(patient=patient.id, tag=9, new_tag=10),
        ],
    )


# --- authors ---


def test_an_author_opens_their_own_record_again(
    chain: MemoryChain, sealed: SealedRecord, hospital: Person, patient: Person
) -> None:
    request = make_request(hospital, [sealed])
    assert ask(chain, request).viewer_key == hospital.identity.public
    chain.retract(patient.id, sealed.digest)
    chain.revoke_all(patient.id, 5)
    assert ask(chain, request).patient == patient.id


def test_a_member_of_the_author_opens_the_record_again(
    chain: MemoryChain, sealed: SealedRecord, hospital: Person, colleague: Person
) -> None:
    request = make_request(colleague, [sealed])
    with pytest.raises(NotTheAuthor):
        ask(chain, request)
    membership = sign_membership(hospital, colleague)
    assert (
        ask(chain, replace(request, membership=membership)).viewer_key == colleague.identity.public
    )
    ended = sign_membership(hospital, colleague, expires_at=NOW)
    with pytest.raises(MembershipInvalid):
        ask(chain, replace(request, membership=ended))


def test_somebody_else_does_not_open_as_the_author(
    chain: MemoryChain, sealed: SealedRecord, doctor: Person, patient: Person
) -> None:
    for person in (doctor, patient):
        with pytest.raises(NotTheAuthor):
            ask(chain, make_request(person, [sealed]))


def test_an_author_opens_no_record_of_another_author(
    chain: MemoryChain, sealed: SealedRecord, patient: Person, doctor: Person, hospital: Person
) -> None:
    other = seal_record(patient, doctor, seed="other")
    with pytest.raises(NotTheAuthor):
        ask(chain, make_request(hospital, [sealed, other]))


def test_an_access_that_names_a_grant_is_not_an_authors(
    chain: MemoryChain, sealed: SealedRecord, hospital: Person
) -> None:
    access = sign_access(hospital, [sealed.record], grant=salt("a grant"))
    with pytest.raises(NotTheAuthor):
        ask(chain, make_request(hospital, [sealed], access=access))


def test_an_author_signs_too(
    chain: MemoryChain, sealed: SealedRecord, hospital: Person, stranger: Person
) -> None:
    forged = stranger.sign(sign_access(hospital, [sealed.record]).statement)
    with pytest.raises(ForeignSignature):
        ask(chain, make_request(hospital, [sealed], access=forged))


def test_a_stolen_key_opens_nothing_after_its_rotation(
    chain: MemoryChain, request_: OpeningRequest, doctor: Person
) -> None:
    new = make_account("doctor's new key")
    chain.rotate(doctor.id, new.address)
    with pytest.raises(ForeignSignature):
        ask(chain, request_)
    statement = request_.access.statement
    renewed = replace(request_.access, signature=sign_with(new, statement))
    ask(chain, replace(request_, access=renewed))
