"""The browser's rules of consent give the answers of Python's: grants, revocations, nonces, requests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core import consent
from app.core.consent import GrantRefusal, mask_of, revokes, tag_of, word_of
from app.core.signatures import Proof, Signed
from app.core.statements import (
    ADD,
    CONSENT,
    Revocation,
    RevocationOfAll,
)
from tests.core.javascript import JavaScript
from tests.core.javascript import js as js  # a fixture is found by its name
from tests.core.judging import Question, error_of, judge, speaks
from tests.makers import (
    DOMAINS,
    NOW,
    Person,
    address,
    anchor,
    high_s,
    make_grant,
    salt,
    sign_grant,
    sign_request,
)


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
            *speaks(signed, patient.id, view.anchored_at(CONSENT, proof.root)),
        ]
        asked: dict[str, Any] = {"domain": DOMAINS.consent, "view": view, "now": now}
        expected = consent.refusal(grant, signed.signature, proof, **asked)
        given: tuple[Any, ...] = (signed, chain, questions)

        assert judge(js, "grant", *given, proof=proof, now=now) == expected
        told = error_of(lambda p=proof, g=given, n=now: judge(js, "viewable", *g, proof=p, now=n))  # type: ignore[misc]
        ours = error_of(lambda s=signed, p=proof, a=asked: consent.require_viewable(s, p, **a))  # type: ignore[misc]
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
        questions = speaks(signed, doctor.id, chain.time)
        ours = error_of(
            lambda s=signed: consent.require_request(  # type: ignore[misc]
                s, patient=patient.id, domain=DOMAINS.consent, view=chain.view()
            )
        )
        told = error_of(
            lambda s=signed, q=questions: judge(js, "request", s, chain, q, patient=patient.id)  # type: ignore[misc]
        )
        assert told == ours
