"""Tests of accesses: signed just now, by the viewer or by a session key of theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core.audit import (
    CLOCK_SKEW,
    LONGEST_SESSION,
    access_letter,
    records_root,
    require_signed,
    require_signed_now,
)
from app.core.encoding import hex0x
from app.core.errors import (
    AccessNotOfNow,
    ForeignSignature,
    MalformedSignature,
    MalleableSignature,
    SessionInvalid,
)
from app.core.merkle import merkle_root
from app.core.opening import OpenSession
from app.core.signatures import Signed, parse_signed
from app.core.statements import Access
from tests.makers import (
    DAY,
    DOMAINS,
    HOUR,
    NOW,
    Browser,
    Person,
    high_s,
    make_account,
    make_browser,
    make_record,
    salt,
    sign_access,
    sign_with,
)


@pytest.fixture
def access(patient: Person, doctor: Person) -> Signed[Access]:
    """The doctor's access to a record, signed by her wallet."""
    return sign_access(doctor, [make_record(patient, doctor)])


def require(
    chain: MemoryChain, access: Signed[Access], session: OpenSession | None = None, clock: int = NOW
) -> None:
    """Ask whether the viewer signed just now."""
    require_signed_now(access, session, domain=DOMAINS.audit, view=chain.view(), clock=clock)


def test_an_access_names_the_root_over_its_records() -> None:
    assert records_root([salt()]) == salt()
    assert records_root([salt(1), salt(2)]) == merkle_root([salt(2), salt(1)])
    with pytest.raises(ValueError, match="at least one"):
        records_root([])


@pytest.mark.parametrize("skew", [-CLOCK_SKEW, 0, CLOCK_SKEW])
def test_an_access_of_now_is_accepted(
    chain: MemoryChain, access: Signed[Access], skew: int
) -> None:
    require(chain, access, clock=NOW + skew)


@pytest.mark.parametrize("skew", [-CLOCK_SKEW - 1, CLOCK_SKEW + 1, -DAY, DAY])
def test_an_access_dated_otherwise_is_refused(
    chain: MemoryChain, access: Signed[Access], skew: int
) -> None:
    with pytest.raises(AccessNotOfNow) as refused:
        require(chain, access, clock=NOW + skew)
    assert refused.value.facts["seconds"] == abs(skew)


def test_an_access_signed_by_somebody_else_is_refused(
    chain: MemoryChain, access: Signed[Access], stranger: Person
) -> None:
    with pytest.raises(ForeignSignature):
        require(chain, stranger.sign(access.statement))


def test_an_access_with_a_changed_field_is_refused(
    chain: MemoryChain, access: Signed[Access]
) -> None:
    for change in ({"purpose": "HRESCH"}, {"grant": salt()}, {"records": salt()}, {"at": NOW + 1}):
        changed = replace(access.statement, **change)
        with pytest.raises(ForeignSignature):
            require(chain, replace(access, statement=changed))


@pytest.mark.parametrize("domain", [replace(DOMAINS.audit, chain_id=1), DOMAINS.consent])
def test_an_access_signed_for_another_chain_or_contract_is_refused(
    chain: MemoryChain, access: Signed[Access], doctor: Person, domain: Any
) -> None:
    with pytest.raises(ForeignSignature):
        require(chain, doctor.sign(access.statement, domain))


def test_an_access_with_a_bad_signature_is_refused(
    chain: MemoryChain, access: Signed[Access]
) -> None:
    with pytest.raises(MalleableSignature):
        require(chain, replace(access, signature=high_s(access.signature)))
    for broken in (b"", access.signature[:-1], access.signature[:64] + b"\x00"):
        with pytest.raises(MalformedSignature):
            require(chain, replace(access, signature=broken))


def test_a_representative_may_sign_until_their_date(
    chain: MemoryChain, access: Signed[Access], doctor: Person, colleague: Person
) -> None:
    signed = colleague.sign(access.statement)
    chain.represent(doctor.id, colleague.id, NOW + 60)
    require(chain, signed)
    chain.advance(60)
    with pytest.raises(ForeignSignature):
        require(chain, signed, clock=NOW + 60)


def test_a_rotated_key_signs_no_more_and_the_new_one_does(
    chain: MemoryChain, access: Signed[Access], doctor: Person
) -> None:
    new = make_account("doctor's new key")
    signed = replace(access, signature=sign_with(new, access.statement))
    with pytest.raises(ForeignSignature):
        require(chain, signed)
    chain.rotate(doctor.id, new.address)
    require(chain, signed)
    with pytest.raises(ForeignSignature):
        require(chain, access)


def test_a_session_key_signs_for_its_person(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    require(chain, browser.sign(access.statement), browser.session(doctor))


def test_the_wallets_own_signature_does_not_pass_as_the_sessions(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    with pytest.raises(SessionInvalid, match="did not sign this access"):
        require(chain, access, browser.session(doctor))


def test_another_browser_signs_nothing(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    with pytest.raises(SessionInvalid, match="did not sign this access"):
        require(chain, make_browser(2).sign(access.statement), browser.session(doctor))


def test_a_session_of_another_key_is_refused(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    thief = make_browser(2)
    borrowed = replace(browser.session(doctor), public_key=thief.public_key)
    with pytest.raises(SessionInvalid, match="another key"):
        require(chain, thief.sign(access.statement), borrowed)


def test_a_session_of_somebody_else_is_refused(
    chain: MemoryChain, access: Signed[Access], browser: Browser, stranger: Person
) -> None:
    with pytest.raises(SessionInvalid, match="somebody else"):
        require(chain, browser.sign(access.statement), browser.session(stranger))


def test_a_session_that_the_wallet_did_not_sign_is_refused(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person, stranger: Person
) -> None:
    session = browser.session(doctor)
    forged = replace(session, signed=stranger.sign(session.signed.statement))
    with pytest.raises(SessionInvalid, match="nobody who speaks"):
        require(chain, browser.sign(access.statement), forged)


def test_a_session_signed_for_another_chain_is_refused(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    session = browser.session(doctor)
    elsewhere = doctor.sign(session.signed.statement, replace(DOMAINS.audit, chain_id=1))
    with pytest.raises(SessionInvalid, match="nobody who speaks"):
        require(chain, browser.sign(access.statement), replace(session, signed=elsewhere))


def test_a_session_with_a_bad_signature_is_refused(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    session = browser.session(doctor)
    for signature, error in (
        (high_s(session.signed.signature), MalleableSignature),
        (b"", MalformedSignature),
    ):
        broken = replace(session, signed=replace(session.signed, signature=signature))
        with pytest.raises(error):
            require(chain, browser.sign(access.statement), broken)


def test_a_session_of_twelve_hours_is_accepted_and_a_longer_one_refused(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    signed = browser.sign(access.statement)
    end = NOW - HOUR + LONGEST_SESSION
    require(chain, signed, browser.session(doctor, not_before=NOW - HOUR, expires_at=end))
    with pytest.raises(SessionInvalid, match="twelve hours"):
        require(chain, signed, browser.session(doctor, not_before=NOW - HOUR, expires_at=end + 1))


@pytest.mark.parametrize(
    ("not_before", "expires_at"),
    [
        (NOW - HOUR, NOW),
        (NOW + 1, NOW + HOUR),
        (NOW - 2 * HOUR, NOW - HOUR),
        (NOW + HOUR, NOW - HOUR),
    ],
)
def test_a_session_holds_only_within_its_times(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person,
    not_before: int, expires_at: int,
) -> None:  # fmt: skip
    session = browser.session(doctor, not_before=not_before, expires_at=expires_at)
    with pytest.raises(SessionInvalid, match="has ended, or has not begun"):
        require(chain, browser.sign(access.statement), session)


def test_a_session_begins_with_its_first_second(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    session = browser.session(doctor, not_before=NOW, expires_at=NOW + 1)
    require(chain, browser.sign(access.statement), session)


def test_a_session_ends_when_the_key_that_allowed_it_is_rotated(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    chain.rotate(doctor.id, make_account("doctor's new key").address)
    with pytest.raises(SessionInvalid, match="nobody who speaks"):
        require(chain, browser.sign(access.statement), browser.session(doctor))


def test_an_access_by_session_is_dated_too(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    with pytest.raises(AccessNotOfNow):
        require(chain, browser.sign(access.statement), browser.session(doctor), clock=NOW + 300)


def test_an_old_access_is_judged_by_who_spoke_then(
    chain: MemoryChain, access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    by_session, session = browser.sign(access.statement), browser.session(doctor)
    chain.advance(DAY)
    chain.rotate(doctor.id, make_account("doctor's new key").address)
    view = chain.view()
    for signed, opened in ((access, None), (by_session, session)):
        require_signed(signed, opened, domain=DOMAINS.audit, view=view, at=NOW, clock=NOW)
        with pytest.raises((ForeignSignature, SessionInvalid)):
            require_signed(signed, opened, domain=DOMAINS.audit, view=view, at=view.time, clock=NOW)


def test_what_is_left_with_the_patient_proves_the_access(
    access: Signed[Access], browser: Browser, doctor: Person
) -> None:
    letter = access_letter(access, None, [salt()], DOMAINS)
    assert set(letter) == {"access", "records"}
    assert parse_signed(letter["access"]) == (access, DOMAINS.audit, None)
    assert letter["records"] == [hex0x(salt())]
    session = browser.session(doctor)
    letter = access_letter(access, session, [], DOMAINS)
    assert parse_signed(letter["session"])[0] == session.signed
    assert letter["sessionKey"] == hex0x(browser.public_key)
