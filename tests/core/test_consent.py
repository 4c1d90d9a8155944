"""Tests of the rules of consent: each refusal by its own error, in the contract's order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.memory_chain import MemoryChain
from app.core.consent import (
    GrantRefusal,
    mask_of,
    refusal,
    require_viewable,
    word_of,
)
from app.core.errors import (
    ChartkeyError,
    ForeignSignature,
    GrantExpired,
    GrantNotYetValid,
    GrantRevoked,
    GrantTagReplaced,
    NotAnchored,
    ViewingNotGranted,
)
from app.core.signatures import Proof, Signed
from app.core.statements import ADD, RECORDS, VIEW, Grant
from tests.makers import (
    DAY,
    DOMAINS,
    HOUR,
    NOW,
    Person,
    address,
    anchor,
    high_s,
    make_account,
    make_chain,
    make_grant,
    make_person,
    salt,
    sign_grant,
    sign_with,
)


@pytest.fixture
def grant(patient: Person, doctor: Person) -> Signed[Grant]:
    """The patient's grant to the doctor."""
    return sign_grant(patient, doctor)


def require(
    chain: MemoryChain, signed: Signed[Grant], proof: Proof, now: int | None = None
) -> None:
    """Ask whether the grant lets its viewer see."""
    view = chain.view()
    require_viewable(
        signed, proof, domain=DOMAINS.consent, view=view, now=view.time if now is None else now
    )


def why(chain: MemoryChain, signed: Signed[Grant], proof: Proof) -> GrantRefusal:
    """The refusal, as the contract answers it."""
    return refusal(
        signed.statement, signed.signature, proof,
        domain=DOMAINS.consent, view=chain.view(), now=chain.time,
    )  # fmt: skip


def test_a_grant_lets_its_viewer_see(chain: MemoryChain, grant: Signed[Grant]) -> None:
    proof = anchor(chain, grant.statement)
    require(chain, grant, proof)
    assert why(chain, grant, proof) == GrantRefusal.NONE


def test_a_grant_in_a_batch_lets_its_viewer_see(chain: MemoryChain, grant: Signed[Grant]) -> None:
    require(chain, grant, anchor(chain, grant.statement, digests=[salt(i) for i in range(9)]))


def test_a_grant_that_is_not_anchored_does_not_hold(
    chain: MemoryChain, grant: Signed[Grant]
) -> None:
    with pytest.raises(NotAnchored):
        require(chain, grant, Proof(root=DOMAINS.digest(grant.statement), path=()))


def test_a_wrong_proof_is_no_anchor(chain: MemoryChain, grant: Signed[Grant]) -> None:
    proof = anchor(chain, grant.statement, digests=[salt(i) for i in range(9)])
    for wrong in (
        replace(proof, path=proof.path[1:]),
        replace(proof, path=proof.path[::-1]),
        replace(proof, path=(*proof.path, salt())),
        replace(proof, root=salt()),
    ):
        with pytest.raises(NotAnchored):
            require(chain, grant, wrong)


def test_an_anchor_in_another_contracts_book_does_not_count(
    chain: MemoryChain, grant: Signed[Grant]
) -> None:
    digest = DOMAINS.digest(grant.statement)
    chain.anchor(RECORDS, digest)
    with pytest.raises(NotAnchored):
        require(chain, grant, Proof(root=digest, path=()))


def test_a_grant_holds_from_its_first_second_to_before_its_last(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    signed = sign_grant(patient, doctor, not_before=NOW + 10, expires_at=NOW + 20)
    proof = anchor(chain, signed.statement)
    with pytest.raises(GrantNotYetValid) as early:
        require(chain, signed, proof, now=NOW + 9)
    assert early.value.facts == {"not_before": NOW + 10}
    require(chain, signed, proof, now=NOW + 10)
    require(chain, signed, proof, now=NOW + 19)
    with pytest.raises(GrantExpired) as late:
        require(chain, signed, proof, now=NOW + 20)
    assert late.value.facts == {"expires_at": NOW + 20}


@pytest.mark.parametrize("rights", [0, ADD, 4, 254])
def test_a_grant_without_the_right_to_view_shows_nothing(
    chain: MemoryChain, patient: Person, doctor: Person, rights: int
) -> None:
    signed = sign_grant(patient, doctor, rights=rights)
    with pytest.raises(ViewingNotGranted):
        require(chain, signed, anchor(chain, signed.statement))


@pytest.mark.parametrize("rights", [VIEW, VIEW | ADD, 255])
def test_further_rights_do_not_take_viewing_away(
    chain: MemoryChain, patient: Person, doctor: Person, rights: int
) -> None:
    signed = sign_grant(patient, doctor, rights=rights)
    require(chain, signed, anchor(chain, signed.statement))


def test_a_revoked_grant_opens_nothing(
    chain: MemoryChain, grant: Signed[Grant], patient: Person
) -> None:
    proof, nonce = anchor(chain, grant.statement), grant.statement.nonce
    chain.revoke(patient.id, word_of(nonce), mask_of(nonce))
    with pytest.raises(GrantRevoked):
        require(chain, grant, proof)


def test_a_revocation_before_the_anchor_holds(
    chain: MemoryChain, grant: Signed[Grant], patient: Person
) -> None:
    nonce = grant.statement.nonce
    chain.revoke(patient.id, word_of(nonce), 2**256 - 1)
    chain.advance(HOUR)
    with pytest.raises(GrantRevoked):
        require(chain, grant, anchor(chain, grant.statement))


def test_other_revocations_leave_a_grant_alone(
    chain: MemoryChain, grant: Signed[Grant], patient: Person, stranger: Person
) -> None:
    proof, nonce = anchor(chain, grant.statement), grant.statement.nonce
    chain.revoke(patient.id, word_of(nonce), (2**256 - 1) ^ mask_of(nonce))
    chain.revoke(patient.id, word_of(nonce) + 1, 2**256 - 1)
    chain.revoke(stranger.id, word_of(nonce), 2**256 - 1)
    require(chain, grant, proof)


def test_revoking_everything_ends_grants_of_the_old_tag_whenever_anchored(
    chain: MemoryChain, grant: Signed[Grant], patient: Person, doctor: Person
) -> None:
    later = sign_grant(patient, doctor, not_before=NOW + DAY, expires_at=NOW + 9 * DAY, nonce=9)
    proof = anchor(chain, grant.statement)
    chain.revoke_all(patient.id, 77)
    with pytest.raises(GrantTagReplaced):
        require(chain, grant, proof)
    chain.advance(2 * DAY)
    with pytest.raises(GrantTagReplaced):
        require(chain, later, anchor(chain, later.statement))


def test_a_grant_under_the_new_tag_holds(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    signed = sign_grant(patient, doctor, nonce=77 << 192 | 5)
    proof = anchor(chain, signed.statement)
    with pytest.raises(GrantTagReplaced):
        require(chain, signed, proof)
    chain.revoke_all(patient.id, 77)
    require(chain, signed, proof)


def test_a_grant_that_somebody_else_signed_opens_nothing(
    chain: MemoryChain, grant: Signed[Grant], doctor: Person
) -> None:
    proof = anchor(chain, grant.statement)
    with pytest.raises(ForeignSignature):
        require(chain, doctor.sign(grant.statement), proof)


CHANGES: dict[str, Any] = {
    "viewer": address("other"),
    "category": "genetics",
    "record": salt("other"),
    "purpose": "HRESCH",
    "rights": 3,
    "not_before": NOW - DAY,
    "expires_at": NOW + 9 * DAY,
    "nonce": 99,
    "salt": salt("other"),
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_breaks_the_proof_and_the_signature(
    chain: MemoryChain, grant: Signed[Grant], field: str
) -> None:
    proof = anchor(chain, grant.statement)
    changed = replace(grant, statement=replace(grant.statement, **{field: CHANGES[field]}))
    with pytest.raises(NotAnchored):
        require(chain, changed, proof)
    with pytest.raises(ForeignSignature):
        require(chain, changed, anchor(chain, changed.statement))


@pytest.mark.parametrize("domain", [replace(DOMAINS.consent, chain_id=1), DOMAINS.records])
def test_a_grant_signed_for_another_chain_or_contract_opens_nothing(
    chain: MemoryChain, grant: Signed[Grant], patient: Person, domain: Any
) -> None:
    with pytest.raises(ForeignSignature):
        require(chain, patient.sign(grant.statement, domain), anchor(chain, grant.statement))


def test_a_high_s_or_malformed_signature_opens_nothing(
    chain: MemoryChain, grant: Signed[Grant]
) -> None:
    proof = anchor(chain, grant.statement)
    for broken in (high_s(grant.signature), b"", grant.signature[:-1], bytes(65), bytes(97)):
        with pytest.raises(ForeignSignature):
            require(chain, replace(grant, signature=broken), proof)


def test_a_routine_change_of_key_keeps_the_grants(
    chain: MemoryChain, grant: Signed[Grant], patient: Person
) -> None:
    proof = anchor(chain, grant.statement)
    chain.advance(60)
    chain.rotate(patient.id, make_account("patient's new key").address)
    chain.advance(60)
    require(chain, grant, proof)


def test_the_old_key_speaks_before_the_second_of_rotation_and_the_new_one_from_it_on(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    new = make_account("patient's new key")
    grants = [make_grant(patient, doctor, nonce=i) for i in range(4)]
    before = [anchor(chain, one) for one in grants[:2]]
    chain.advance(1)
    chain.rotate(patient.id, new.address)
    after = [anchor(chain, one) for one in grants[2:]]
    for one, proof in zip(grants[:2], before, strict=True):
        require(chain, patient.sign(one), proof)
        with pytest.raises(ForeignSignature):
            require(chain, Signed(statement=one, signature=sign_with(new, one)), proof)
    for one, proof in zip(grants[2:], after, strict=True):
        require(chain, Signed(statement=one, signature=sign_with(new, one)), proof)
        with pytest.raises(ForeignSignature):
            require(chain, patient.sign(one), proof)


def test_an_enrolment_after_the_anchor_does_not_reach_back(doctor: Person, patient: Person) -> None:
    chain = MemoryChain(time=NOW)
    signed = sign_grant(patient, doctor)
    proof = anchor(chain, signed.statement)
    chain.advance(1)
    chain.enrol(patient.id, salt())
    with pytest.raises(ForeignSignature):
        require(chain, signed, proof)


def test_a_representative_signs_for_the_patient_until_their_date(
    chain: MemoryChain, patient: Person, doctor: Person, colleague: Person
) -> None:
    one, two = (make_grant(patient, doctor, nonce=i) for i in range(2))
    chain.represent(patient.id, colleague.id, NOW + 60)
    proof = anchor(chain, one)
    chain.advance(60)
    require(chain, colleague.sign(one), proof)
    with pytest.raises(ForeignSignature):
        require(chain, colleague.sign(two), anchor(chain, two))


def test_a_contract_account_accepts_for_its_person(
    chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    account, one = address("smart account"), make_grant(patient, doctor)
    proof = anchor(chain, one)
    for signature in (b"", b"any form", patient.sign(one).signature[:-1] + b"\x00"):
        signed = Signed(statement=one, signature=signature)
        chain.accept(account, DOMAINS.digest(one), signature)
        with pytest.raises(ForeignSignature):
            require(chain, signed, proof)
    chain.rotate(patient.id, account)
    require(chain, Signed(statement=one, signature=b"any form"), proof)
    with pytest.raises(ForeignSignature):
        require(chain, Signed(statement=one, signature=b"another form"), proof)


def test_nobody_accepts_for_a_person_who_is_not_enrolled(doctor: Person, patient: Person) -> None:
    chain = MemoryChain(time=NOW)
    signed = sign_grant(patient, doctor)
    chain.accept("0x" + "00" * 20, DOMAINS.digest(signed.statement), signed.signature)
    with pytest.raises(ForeignSignature):
        require(chain, signed, anchor(chain, signed.statement))


def test_refusals_come_in_the_contracts_order(
    chain: MemoryChain, patient: Person, doctor: Person, stranger: Person
) -> None:
    # a grant with every fault at once; each is mended in turn
    values: dict[str, Any] = {
        "not_before": NOW + HOUR, "expires_at": NOW - HOUR, "rights": ADD, "nonce": 5 << 192 | 7,
    }  # fmt: skip
    chain.revoke(patient.id, 7 >> 8, mask_of(7))
    seen = [GrantRefusal.NOT_ANCHORED]
    mends: list[dict[str, Any]] = [
        {}, {"not_before": NOW}, {"expires_at": NOW + 1}, {"rights": VIEW}, {"nonce": 7}, {"nonce": 8},
    ]  # fmt: skip
    for mend in mends:
        values |= mend
        signed = stranger.sign(make_grant(patient, doctor, **values))
        assert why(chain, signed, Proof(root=salt(), path=())) == GrantRefusal.NOT_ANCHORED
        seen.append(why(chain, signed, anchor(chain, signed.statement)))
    assert seen == list(GrantRefusal)[1:]
    mended = sign_grant(patient, doctor, **values)
    assert why(chain, mended, anchor(chain, mended.statement)) == GrantRefusal.NONE


def test_numbers_of_refusals_are_the_contracts(pytestconfig: pytest.Config) -> None:
    source = (pytestconfig.rootpath / "contracts/interfaces/IConsentRegistry.sol").read_text()
    names = source.split("enum Refusal {")[1].split("}")[0].split(",")
    spelled = ["".join(part.capitalize() for part in one.name.split("_")) for one in GrantRefusal]
    assert [name.strip() for name in names] == spelled


@given(
    st.sampled_from([NOW - HOUR, NOW, NOW + 1]), st.sampled_from([NOW - 1, NOW, NOW + 1]),
    st.integers(0, 3), st.sampled_from([0, 1, 2**63]), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_a_grant_opens_only_where_nothing_speaks_against_it(
    not_before: int,
    expires_at: int,
    rights: int,
    tag: int,
    revoked: bool,
    own: bool,
    anchored: bool,
) -> None:
    patient, doctor = make_person("patient"), make_person("doctor")
    chain = make_chain(patient, doctor)
    chain.advance(NOW - chain.time)
    grant = make_grant(
        patient, doctor, not_before=not_before, expires_at=expires_at, rights=rights,
        nonce=tag << 192 | 300,
    )  # fmt: skip
    signed = (patient if own else doctor).sign(grant)
    proof = anchor(chain, grant) if anchored else Proof(root=DOMAINS.digest(grant), path=())
    if revoked:
        chain.revoke(patient.id, word_of(grant.nonce), mask_of(grant.nonce))
    good = (
        not_before <= NOW < expires_at
        and rights & 1
        and tag == 0
        and own
        and anchored
        and not revoked
    )
    try:
        require(chain, signed, proof)
        opened = True
    except ChartkeyError:
        opened = False
    assert opened == bool(good)
