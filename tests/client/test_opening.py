"""Choosing among shares is bounded: a wrong half A costs a reader no more than a thousand tries."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.client import opening
from app.client.opening import MOST_CHOICES, Share, fitting_halves
from app.core.errors import WrongShare
from app.core.sealing import BodyContext, BodyKey
from app.core.sheets import combine, split
from tests.makers import DOMAINS, make_person, randomness
from tests.openings import make_halves


def context() -> BodyContext:
    patient = make_person("patient").id
    return BodyContext(
        registry=DOMAINS.records,
        patient=patient,
        author=patient,
        category="vitals",
        content_root=bytes(32),
    )


def shares_of(secret: bytes, threshold: int, count: int) -> list[Share]:
    shares = split(secret, threshold, count, randomness())
    return [Share(custodian=f"custodian {s[-1]}", share=s) for s in shares]


def test_a_wrong_half_a_ends_after_a_thousand_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    def counted(shares: Sequence[bytes], threshold: int) -> bytes:
        nonlocal tries
        tries += 1
        return combine(shares[:1], 1)

    halves, other = make_halves("one"), make_halves("another")
    header = BodyKey.of(halves, context()).header
    shares = shares_of(halves.b, 16, 32)
    monkeypatch.setattr(opening, "combine", counted)
    with pytest.raises(WrongShare):
        fitting_halves(header, other.a, shares, 16, context())
    assert tries == MOST_CHOICES


def test_the_shares_that_fit_are_found_behind_one_that_lies() -> None:
    halves = make_halves("one")
    header = BodyKey.of(halves, context()).header
    first, *others = shares_of(halves.b, 2, 3)
    lie = Share(custodian=first.custodian, share=bytes(32) + first.share[-1:])
    assert fitting_halves(header, halves.a, [lie, *others], 2, context()) == halves
