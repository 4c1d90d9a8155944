"""Custodians are asked at once; the order of their answers decides nothing, and a slow one nothing either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations
from threading import Event
from threading import enumerate as running
from typing import Any, cast

import pytest

from app.client.errands import Errands
from app.client.gathering import Gathering, ask_all
from app.core.custody import release_purpose
from app.core.errors import (
    ChartkeyError,
    GrantRevoked,
    NotEnoughShares,
    ServiceUnreachable,
    StoppedByOperator,
    WrongShare,
)
from app.core.keys import PrivateKey
from app.core.opening import OpeningRequest, Release
from app.core.ports import Custodian
from app.core.sealing import BodyContext, BodyKey
from app.core.sheets import split
from tests.asking import wait_until
from tests.makers import DOMAINS, make_person, randomness, salt
from tests.openings import make_halves

VIEWER = PrivateKey(bytes(31) + b"v")
ACCESS, RECORD = salt("access"), salt("record")
CONTEXT = BodyContext(
    registry=DOMAINS.records,
    patient=make_person("patient").id,
    author=make_person("patient").id,
    category="vitals",
    content_root=bytes(32),
)
HALVES = make_halves("one")
HEADER = BodyKey.of(HALVES, CONTEXT).header
SHARES = split(HALVES.b, 2, 3, randomness())


@dataclass
class Answering:
    """A custodian that answers, or fails, when it is told to."""

    number: int
    failure: Exception | None = None
    share: bytes | None = None
    go: Event = field(default_factory=Event)
    asked: int = 0

    @property
    def name(self) -> str:
        return f"custodian {self.number}"

    @property
    def ids(self) -> Sequence[bytes]:
        return [bytes([self.number]) * 32]

    def release_all(self, requests: Sequence[OpeningRequest]) -> Sequence[Release | ChartkeyError]:
        self.asked += 1
        assert self.go.wait(30)
        if self.failure is not None:
            raise self.failure
        purpose = release_purpose(ACCESS, RECORD, self.ids[0], VIEWER.public.id)
        share = self.share or SHARES[self.number - 1]
        sealed = {RECORD: VIEWER.public.seal(share, purpose)}
        return [Release(custodian=self.ids[0], shares=sealed) for _ in requests]


REQUEST = cast(OpeningRequest, object())


def asking(*custodians: Answering, threshold: int = 2, **overrides: Any) -> Gathering:
    values: dict[str, Any] = {
        "thresholds": {RECORD: threshold},
        "access": ACCESS,
        "key": VIEWER,
    }
    many = cast(Sequence[Custodian], custodians)
    gathering = Gathering(many, **values | overrides)
    ask_all(many, [(gathering, lambda _: REQUEST)])
    return gathering


def open_body(gathering: Gathering) -> bool:
    return gathering.halves(RECORD, HEADER, HALVES.a, CONTEXT) == HALVES


def three(**of_second: Any) -> list[Answering]:
    return [Answering(1), Answering(2, **of_second), Answering(3)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_first_two_shares_open_whoever_sends_them(order: Sequence[int]) -> None:
    custodians = three()
    gathering = asking(*custodians)
    for place in order[:2]:
        custodians[place].go.set()
    gathering.require_enough()
    assert open_body(gathering), "the third has not answered"
    assert gathering.failures == {}
    names = [share.custodian for share in gathering.shares(RECORD)]
    assert names == sorted(names)
    custodians[order[2]].go.set()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_lie_among_the_first_two_is_waited_out(order: Sequence[int]) -> None:
    custodians = three(share=bytes(32) + SHARES[1][-1:])
    gathering = asking(*custodians)
    for place in order:
        custodians[place].go.set()
        wait_until(lambda place=place: custodians[place].asked == 1)  # type: ignore[misc]
    gathering.require_enough()
    assert open_body(gathering)


def test_with_too_few_honest_ones_the_lie_is_told() -> None:
    custodians = three(share=bytes(32) + SHARES[1][-1:])
    custodians[2].failure = StoppedByOperator()
    gathering = asking(*custodians)
    for custodian in custodians:
        custodian.go.set()
    gathering.require_enough()
    with pytest.raises(WrongShare, match="custodian 1, custodian 2"):
        open_body(gathering)


def test_who_failed_and_why_is_told_also_where_the_record_opens() -> None:
    failure = ServiceUnreachable("Timeout", name="custodian 2")
    custodians = three(failure=failure)
    gathering = asking(*custodians)
    custodians[1].go.set()
    custodians[0].go.set()
    custodians[2].go.set()
    gathering.require_enough()
    assert open_body(gathering)
    assert gathering.failures in ({}, {"custodian 2": failure})
    gathering.wait_for_all()
    assert gathering.failures == {"custodian 2": failure}


def test_too_few_answers_tell_every_reason() -> None:
    custodians = three(failure=StoppedByOperator())
    custodians[0].failure = ServiceUnreachable("Timeout", name="custodian 1")
    for custodian in custodians:
        custodian.go.set()
    with pytest.raises(NotEnoughShares) as refusal:
        asking(*custodians).require_enough()
    assert "custodian 1: " in str(refusal.value)
    assert "custodian 2: " in str(refusal.value)
    assert str(refusal.value).startswith("1 of the 2")


def test_a_reason_that_all_share_is_told_as_it_is() -> None:
    custodians = three(failure=GrantRevoked())
    custodians[0].failure = custodians[2].failure = GrantRevoked()
    for custodian in custodians:
        custodian.go.set()
    with pytest.raises(GrantRevoked):
        asking(*custodians).require_enough()


def test_one_without_a_share_is_not_asked() -> None:
    custodians = three()
    for custodian in custodians:
        custodian.go.set()
    many = cast(Sequence[Custodian], custodians)
    gathering = Gathering(many, thresholds={RECORD: 2}, access=ACCESS, key=VIEWER)
    question = gathering, lambda one: None if one.name == "custodian 1" else REQUEST
    ask_all(many, [question])
    gathering.require_enough()
    assert open_body(gathering)
    assert custodians[0].asked == 0


def test_nobody_to_ask_is_not_enough() -> None:
    with pytest.raises(NotEnoughShares, match="no custodian was asked"):
        asking().require_enough()


def test_a_fault_of_this_program_is_no_custodians_failure() -> None:
    custodians = three(failure=RuntimeError("a mistake"))
    custodians[1].go.set()
    with pytest.raises(RuntimeError, match="a mistake"):
        asking(*custodians).require_enough()
    for custodian in custodians:
        custodian.go.set()


def test_one_that_hangs_keeps_no_process_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.client.gathering.ERRANDS", Errands(rest=0.01))
    custodians = three()
    before = set(running())
    asked = asking(*custodians)
    new = set(running()) - before
    assert len(new) == 3
    assert all(thread.daemon for thread in new)
    for custodian in custodians:
        custodian.go.set()
    asked.require_enough()
    for thread in new:
        thread.join(300)
        assert not thread.is_alive()
