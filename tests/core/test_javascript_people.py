"""The browser's rules give the answers of Python's: records, memberships, introductions, accesses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from app.adapters.memory_chain import MemoryChain
from app.core import records
from app.core.audit import require_signed
from app.core.encoding import hex0x
from app.core.opening import OpenSession
from app.core.people import require_introduction, require_membership
from app.core.records import RecordRefusal, Role, current_versions, is_welcome
from app.core.signatures import Proof, Signed
from app.core.statements import (
    ADD,
    RECORDS,
    VIEW,
    Introduction,
)
from app.core.typed_data import Statement
from tests.core.javascript import JavaScript
from tests.core.javascript import js as js  # a fixture is found by its name
from tests.core.judging import Question, error_of, judge, speaks, written
from tests.makers import (
    DAY,
    DOMAINS,
    HOUR,
    NOW,
    Browser,
    Person,
    anchor,
    make_grant,
    make_record,
    salt,
    sign_access,
    sign_introduction,
    sign_membership,
    sign_record,
)

# records


def test_the_browser_judges_where_a_record_comes_from_as_the_contract_does(
    js: JavaScript, chain: MemoryChain, patient: Person, doctor: Person, stranger: Person
) -> None:
    signed = [
        sign_record(patient, doctor),
        sign_record(patient, patient, salt=salt("own")),
        sign_record(patient, doctor, issued_at=NOW + HOUR),
        sign_record(patient, doctor, issued_at=NOW - 8 * DAY),
        sign_record(patient, stranger),
        stranger.sign(make_record(patient, doctor, salt=salt("forged"))),
        replace(sign_record(patient, doctor), signature=b"no signature"),
    ]
    cases = [(one, anchor(chain, one.statement)) for one in signed]
    cases.append((signed[0], Proof(root=salt("root"), path=())))
    view, met = chain.view(), set()
    for one, proof in cases:
        record = one.statement
        anchored = view.anchored_at(RECORDS, proof.root)
        questions: list[Question] = [("anchored_at", RECORDS, proof.root)]
        questions += speaks(one, record.author, anchored)
        questions += [
            ("holds_credential", record.author, int(role), at)
            for role in list(Role)[1:]
            for at in (record.issued_at, anchored)
        ]
        asked: dict[str, Any] = {"domain": DOMAINS.records, "view": view}
        reason, role = records.refusal(record, one.signature, proof, **asked)
        given: tuple[Any, ...] = (one, chain, questions)

        assert judge(js, "record", *given, proof=proof) == {"reason": reason, "role": role}
        told = error_of(lambda p=proof, g=given: judge(js, "authentic", *g, proof=p))  # type: ignore[misc]
        ours = error_of(lambda o=one, p=proof, a=asked: records.require_authentic(o, p, **a))  # type: ignore[misc]
        assert told == ours
        met.add(reason)
    assert met == set(RecordRefusal)


def test_the_browser_welcomes_the_same_records(
    js: JavaScript, patient: Person, doctor: Person, hospital: Person, stranger: Person
) -> None:
    record = make_record(patient, doctor)
    digest = DOMAINS.digest(record)
    grants = [
        make_grant(patient, doctor, rights=VIEW),
        make_grant(patient, doctor, rights=ADD),
        make_grant(patient, doctor, rights=ADD | VIEW, record=digest),
        make_grant(patient, doctor, rights=ADD, record=salt("another")),
        make_grant(patient, doctor, rights=ADD, category="vitals"),
        make_grant(stranger, doctor, rights=ADD),
        make_grant(patient, hospital, rights=ADD),
    ]
    found = []
    for one in (record, make_record(patient, patient)):
        for grant in grants:
            for member_of in ([], [hospital.id]):
                welcome = js.ask(
                    "welcome",
                    record=one.message(),
                    digest=digest,
                    grants=[grant.message()],
                    memberOf=member_of,
                )
                assert welcome == is_welcome(one, digest, [grant], member_of)
                found.append(welcome)
    assert {True, False} == set(found)
    assert (
        js.ask("welcome", record=record.message(), digest=digest, grants=[], memberOf=[]) is False
    )


def test_the_browser_shows_the_same_versions(
    js: JavaScript, patient: Person, doctor: Person, hospital: Person
) -> None:
    first = make_record(patient, doctor)
    second = make_record(patient, doctor, supersedes=DOMAINS.digest(first), salt=salt(2))
    foreign = make_record(patient, hospital, supersedes=DOMAINS.digest(second), salt=salt(3))
    moved = make_record(
        *(patient, doctor),
        supersedes=DOMAINS.digest(second),
        category="vitals",
        salt=salt(4),
    )
    lost = make_record(patient, doctor, supersedes=salt("lost"), salt=salt(5))
    all_ = {DOMAINS.digest(record): record for record in (first, second, foreign, moved, lost)}
    for accepted in ((), (DOMAINS.digest(foreign),), (DOMAINS.digest(moved),)):
        shown = js.ask(
            "versions",
            records=[[hex0x(digest), record.message()] for digest, record in all_.items()],
            accepted=[hex0x(digest) for digest in accepted],
        )
        expected = current_versions(all_, accepted)
        assert shown == [hex0x(digest) for digest in expected]
        assert DOMAINS.digest(first) not in expected


# people and accesses


def test_the_browser_judges_memberships_as_python_does(
    js: JavaScript, chain: MemoryChain, hospital: Person, doctor: Person, stranger: Person
) -> None:
    good = sign_membership(hospital, doctor)
    ended = sign_membership(hospital, doctor, salt=salt("ended"))
    chain.end_membership(hospital.id, DOMAINS.digest(ended.statement))
    view, met = chain.view(), set()
    for signed in (
        good,
        ended,
        sign_membership(hospital, doctor, expires_at=NOW),
        sign_membership(hospital, doctor, not_before=NOW + 1),
        sign_membership(stranger, doctor),
        sign_membership(hospital, stranger),
        stranger.sign(good.statement),
    ):
        digest = DOMAINS.digest(signed.statement)
        questions: list[Question] = [
            ("membership_ended_at", hospital.id, digest),
            *speaks(signed, hospital.id, NOW),
        ]
        who = {"organization": hospital.id, "member": doctor.id, "now": NOW}
        ours = error_of(
            lambda s=signed, w=who: require_membership(s, domain=DOMAINS.people, view=view, **w)  # type: ignore[misc]
        )
        told = error_of(
            lambda s=signed, q=questions, w=who: judge(js, "membership", s, chain, q, **w)  # type: ignore[misc]
        )
        assert told == ours
        met.add(ours)
    assert len(met) == 6  # ended and not begun are told alike


def test_the_browser_believes_the_same_introductions(
    js: JavaScript, chain: MemoryChain, doctor: Person, stranger: Person, hospital: Person
) -> None:
    chain.appoint(hospital.id, Role.PRACTITIONER, NOW + DAY)
    chain.appoint(stranger.id, Role.PHARMACY, NOW + DAY)
    view = chain.view()
    good = sign_introduction(hospital, doctor)
    met = []
    for signed in (
        good,
        sign_introduction(stranger, doctor),
        sign_introduction(hospital, stranger),
        stranger.sign(good.statement),
    ):
        told_of: Introduction = signed.statement
        questions: list[Question] = [
            ("roles_of", told_of.person, view.time),
            *speaks(signed, told_of.registrar, view.time),
            *(("is_registrar", told_of.registrar, int(role), view.time) for role in list(Role)[1:]),
        ]
        ours = error_of(
            lambda s=signed: require_introduction(s, domain=DOMAINS.people, view=view)  # type: ignore[misc]
        )
        told = error_of(
            lambda s=signed, q=questions: judge(js, "introduction", s, chain, q)  # type: ignore[misc]
        )
        assert told == ours
        met.append(ours and ours[0])
    assert met == [None, "NoCredential", "NoCredential", "ForeignSignature"]


def _accesses(
    patient: Person, doctor: Person, stranger: Person, browser: Browser
) -> Iterable[tuple[Signed[Any], OpenSession | None]]:
    own = sign_access(doctor, [make_record(patient, doctor)])
    yield own, None
    yield stranger.sign(own.statement), None
    by_browser = browser.sign(own.statement)
    yield by_browser, browser.session(doctor)
    yield by_browser, browser.session(stranger)
    yield by_browser, browser.session(doctor, key=salt("another key"))
    yield by_browser, browser.session(doctor, expires_at=NOW + 12 * HOUR)
    yield by_browser, browser.session(doctor, not_before=NOW + 1, expires_at=NOW + 2)
    yield by_browser, browser.session(doctor, expires_at=NOW)
    foreign = stranger.sign(browser.session(doctor).signed.statement)
    yield by_browser, OpenSession(signed=foreign, public_key=browser.public_key)
    yield own, browser.session(doctor)


def test_the_browser_judges_who_signed_an_access_as_python_does(
    js: JavaScript,
    chain: MemoryChain,
    patient: Person,
    doctor: Person,
    stranger: Person,
    browser: Browser,
) -> None:
    view, met = chain.view(), set()
    for signed, session in _accesses(patient, doctor, stranger, browser):
        by: Signed[Statement] = session.signed if session else signed
        questions = speaks(by, doctor.id, NOW)
        opened = session and {
            "signed": written(session.signed),
            "publicKey": hex0x(session.public_key),
        }
        when = {"at": NOW, "clock": NOW}
        ours = error_of(
            lambda s=signed, o=session, w=when: require_signed(  # type: ignore[misc]
                s, o, domain=DOMAINS.audit, view=view, **w
            )
        )
        told = error_of(
            lambda s=signed, o=opened, q=questions, w=when: judge(  # type: ignore[misc]
                js, "access", s, chain, q, session=o, **w
            )
        )
        assert told == ours
        met.add(ours)
    assert len(met) == 8
