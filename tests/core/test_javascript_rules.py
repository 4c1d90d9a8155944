"""The browser's rules give the answers of Python's: consent, records, memberships, accesses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core import consent, records
from app.core.audit import require_signed
from app.core.consent import GrantRefusal, mask_of, revokes, tag_of, word_of
from app.core.encoding import hex0x
from app.core.errors import ChartkeyError, MalformedSignature, MalleableSignature
from app.core.opening import OpenSession
from app.core.people import require_introduction, require_membership
from app.core.records import RecordRefusal, Role, current_versions, is_welcome
from app.core.signatures import Proof, Signed, recover
from app.core.statements import (
    ADD,
    CONSENT,
    RECORDS,
    VIEW,
    Introduction,
    Revocation,
    RevocationOfAll,
)
from app.core.typed_data import Statement
from tests.core.javascript import JavaScript, Refused
from tests.core.javascript import js as js  # a fixture is found by its name
from tests.core.test_browser_writes import WHERE
from tests.makers import (
    DAY,
    DOMAINS,
    HOUR,
    NOW,
    Browser,
    Person,
    address,
    anchor,
    high_s,
    make_grant,
    make_record,
    salt,
    sign_access,
    sign_grant,
    sign_introduction,
    sign_membership,
    sign_record,
    sign_request,
)

Question = tuple[Any, ...]


def _written(signed: Signed[Any]) -> dict[str, Any]:
    return {
        "type": type(signed.statement).__name__,
        "message": signed.statement.message(),
        "signature": hex0x(signed.signature),
    }


def _plain(value: Any) -> Any:
    return hex0x(value) if isinstance(value, bytes) else value


def _judge(
    js: JavaScript,
    rule: str,
    signed: Signed[Any],
    chain: MemoryChain,
    questions: Iterable[Question],
    **given: Any,
) -> Any:
    """What the browser answers, where the chain is asked nothing but these questions."""
    view = chain.view()
    answers = []
    for name, *arguments in questions:
        answer = _plain(getattr(view, name)(*arguments))
        told = str(answer) if name in ("tag", "revoked_bits") else answer
        large = name == "revoked_bits"
        asked = [str(a) if large and isinstance(a, int) else _plain(a) for a in arguments]
        answers.append([[name, *asked], told])
    proof = given.pop("proof", None)
    if proof is not None:
        given["proof"] = {"root": proof.root, "path": list(proof.path)}
    return js.ask(
        "judge",
        **WHERE,
        rule=rule,
        signed=_written(signed),
        answers=answers,
        time=chain.time,
        **given,
    )


def _error_of(call: Callable[[], Any]) -> tuple[str, str] | None:
    """Class and sentence of what a rule raises, in either language."""
    try:
        call()
    except ChartkeyError as error:
        return type(error).__name__, str(error)
    except Refused as refused:
        return refused.error, str(refused)
    return None


def _speaks(signed: Signed[Any], person: str, at: int) -> list[Question]:
    try:
        signer = recover(DOMAINS.digest(signed.statement), signed.signature)
    except (MalformedSignature, MalleableSignature):
        return []
    return [("speaks_for", person, signer, at)]


# consent


def _grants(chain: MemoryChain, patient: Person, doctor: Person) -> list[tuple[Any, Proof, int]]:
    """Every reason why a grant does not hold, and one that does."""
    holds = sign_grant(patient, doctor)
    later = sign_grant(patient, doctor, not_before=NOW + 10)
    ended = sign_grant(patient, doctor, expires_at=NOW)
    adds = sign_grant(patient, doctor, rights=ADD, salt=salt("adds"))
    other = sign_grant(patient, doctor, nonce=7 << 192 | 5, salt=salt("another tag"))
    revoked = sign_grant(patient, doctor, nonce=0x777, salt=salt("revoked"))
    forged = doctor.sign(make_grant(patient, doctor, salt=salt("forged")))
    malleable = replace(holds, signature=high_s(holds.signature))
    cut = replace(holds, signature=holds.signature[:64])
    accepted = Signed(
        statement=make_grant(patient, doctor, salt=salt("accepted")), signature=b"by a contract"
    )
    chain.accept(patient.id, DOMAINS.digest(accepted.statement), accepted.signature)
    chain.revoke(patient.id, word_of(0x777), mask_of(0x777))
    every = [holds, later, ended, adds, other, revoked, forged, malleable, cut, accepted]
    cases = [(signed, anchor(chain, signed.statement), NOW) for signed in every]
    loose = Proof(root=salt("root"), path=(salt("step"),))
    return [*cases, (holds, loose, NOW), (holds, Proof(root=b"", path=()), NOW)]


def test_the_browser_refuses_the_grants_that_the_contract_refuses(
    js: JavaScript, chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    cases, view, met = _grants(chain, patient, doctor), chain.view(), set()
    for signed, proof, now in cases:
        grant, digest = signed.statement, DOMAINS.digest(signed.statement)
        questions: list[Question] = [
            ("anchored_at", CONSENT, proof.root),
            ("tag", patient.id),
            ("revoked_bits", patient.id, word_of(grant.nonce)),
            ("key_of", patient.id),
            ("accepts", view.key_of(patient.id), digest, signed.signature),
            *_speaks(signed, patient.id, view.anchored_at(CONSENT, proof.root)),
        ]
        asked: dict[str, Any] = {"domain": DOMAINS.consent, "view": view, "now": now}
        expected = consent.refusal(grant, signed.signature, proof, **asked)
        given: tuple[Any, ...] = (signed, chain, questions)

        assert _judge(js, "grant", *given, proof=proof, now=now) == expected
        told = _error_of(lambda p=proof, g=given, n=now: _judge(js, "viewable", *g, proof=p, now=n))  # type: ignore[misc]
        ours = _error_of(lambda s=signed, p=proof, a=asked: consent.require_viewable(s, p, **a))  # type: ignore[misc]
        assert told == ours
        met.add(expected)
    assert met == set(GrantRefusal)


def test_the_browser_knows_what_a_revocation_takes_back(
    js: JavaScript, patient: Person, doctor: Person
) -> None:
    nonce = 9 << 192 | 0x1234 << 8 | 255
    grant = make_grant(patient, doctor, nonce=nonce)
    word, mask = word_of(nonce), mask_of(nonce)
    revocations: list[Revocation | RevocationOfAll] = [
        Revocation(patient=patient.id, word=word, mask=mask),
        Revocation(patient=patient.id, word=word, mask=mask | 1),
        Revocation(patient=patient.id, word=word, mask=1),
        Revocation(patient=patient.id, word=word + 1, mask=mask),
        Revocation(patient=doctor.id, word=word, mask=mask),
        RevocationOfAll(patient=patient.id, tag=9, new_tag=10),
        RevocationOfAll(patient=patient.id, tag=8, new_tag=9),
    ]
    found = [
        js.ask(
            "revokes",
            revocation={"type": type(one).__name__, "message": one.message()},
            grant=grant.message(),
        )
        for one in revocations
    ]
    assert found == [revokes(one, grant) for one in revocations]
    assert found == [True, True, False, False, False, True, False]


def test_fresh_nonces_fill_a_random_word_and_never_repeat(js: JavaScript) -> None:
    tag = 2**64 - 3
    used = [str(5 << 192 | 77)]
    made = [int(nonce) for nonce in js.ask("fresh nonces", used=used, tag=str(tag), times=300)]
    words = [word_of(nonce) for nonce in made]

    assert len(set(made)) == 300
    assert {tag_of(nonce) for nonce in made} == {tag}
    assert len(set(words)) == 2
    assert words.count(words[0]) == 256
    assert [nonce & 0xFF for nonce in made[:256]] != list(range(256))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"rights": 0},
        {"rights": 4},
        {"category": "horoscope"},
        {"reason": "é\U0001f511" * 250},
        {"reason": "é\U0001f511" * 250 + "x"},
        {"patient": address("somebody else")},
    ],
    ids=lambda change: str(change)[:40],
)
def test_the_browser_judges_requests_as_python_does(
    js: JavaScript, chain: MemoryChain, patient: Person, doctor: Person, change: dict[str, Any]
) -> None:
    genuine = sign_request(patient, doctor, **change)
    for signed in (genuine, patient.sign(genuine.statement)):
        questions = _speaks(signed, doctor.id, chain.time)
        ours = _error_of(
            lambda s=signed: consent.require_request(  # type: ignore[misc]
                s, patient=patient.id, domain=DOMAINS.consent, view=chain.view()
            )
        )
        told = _error_of(
            lambda s=signed, q=questions: _judge(js, "request", s, chain, q, patient=patient.id)  # type: ignore[misc]
        )
        assert told == ours


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
        questions += _speaks(one, record.author, anchored)
        questions += [
            ("holds_credential", record.author, int(role), at)
            for role in list(Role)[1:]
            for at in (record.issued_at, anchored)
        ]
        asked: dict[str, Any] = {"domain": DOMAINS.records, "view": view}
        reason, role = records.refusal(record, one.signature, proof, **asked)
        given: tuple[Any, ...] = (one, chain, questions)

        assert _judge(js, "record", *given, proof=proof) == {"reason": reason, "role": role}
        told = _error_of(lambda p=proof, g=given: _judge(js, "authentic", *g, proof=p))  # type: ignore[misc]
        ours = _error_of(lambda o=one, p=proof, a=asked: records.require_authentic(o, p, **a))  # type: ignore[misc]
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
            *_speaks(signed, hospital.id, NOW),
        ]
        who = {"organization": hospital.id, "member": doctor.id, "now": NOW}
        ours = _error_of(
            lambda s=signed, w=who: require_membership(s, domain=DOMAINS.people, view=view, **w)  # type: ignore[misc]
        )
        told = _error_of(
            lambda s=signed, q=questions, w=who: _judge(js, "membership", s, chain, q, **w)  # type: ignore[misc]
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
            *_speaks(signed, told_of.registrar, view.time),
            *(("is_registrar", told_of.registrar, int(role), view.time) for role in list(Role)[1:]),
        ]
        ours = _error_of(
            lambda s=signed: require_introduction(s, domain=DOMAINS.people, view=view)  # type: ignore[misc]
        )
        told = _error_of(
            lambda s=signed, q=questions: _judge(js, "introduction", s, chain, q)  # type: ignore[misc]
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
        questions = _speaks(by, doctor.id, NOW)
        written = session and {
            "signed": _written(session.signed),
            "publicKey": hex0x(session.public_key),
        }
        when = {"at": NOW, "clock": NOW}
        ours = _error_of(
            lambda s=signed, o=session, w=when: require_signed(  # type: ignore[misc]
                s, o, domain=DOMAINS.audit, view=view, **w
            )
        )
        told = _error_of(
            lambda s=signed, o=written, q=questions, w=when: _judge(  # type: ignore[misc]
                js, "access", s, chain, q, session=o, **w
            )
        )
        assert told == ours
        met.add(ours)
    assert len(met) == 8
