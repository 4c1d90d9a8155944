"""A custodian logs before it releases, hears revocations before the chain, and fails closed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.adapters.access_log import SqliteAccessLog
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.audit import inquiry
from app.core.consent import mask_of, word_of
from app.core.envelopes import open_envelope
from app.core.errors import (
    AccessNotOfNow,
    AccessRefused,
    ChainUnreachable,
    ForeignKeys,
    ForeignSignature,
    GrantExpired,
    GrantRevoked,
    GrantTagReplaced,
    NoSlot,
    NotServed,
    RecordRetracted,
    StoppedByOperator,
)
from app.core.opening import OpeningRequest
from app.core.signatures import Signed
from app.core.statements import AUDIT, Revocation, RevocationOfAll
from app.services.custodian import LocalCustodian, OneWitness, Registry
from tests.asking import release, request_to_first, wait_until
from tests.chain_fixtures import DAY, NOTE, Place


@pytest.fixture
def request_of(
    place: Place, doctor: Person, shared: tuple[RecordFile, GrantFile]
) -> Callable[[], OpeningRequest]:
    """What the doctor sends to the first custodian, just now."""

    return lambda: request_to_first(place, doctor, *shared)


def sealed_entries(custodian: LocalCustodian, person: Person) -> list[bytes]:
    question = inquiry(person.address, custodian.id, at=person.clock(), salt=os.urandom(32))
    return list(custodian.entries(*person.sign_access(question)).entries)


def entries(custodian: LocalCustodian, person: Person) -> list[dict[str, Any]]:
    return [
        open_envelope(entry, person.vault.identity) for entry in sealed_entries(custodian, person)
    ]


def test_every_custodian_that_released_has_logged_it_for_the_patient_alone(
    place: Place, patient: Person, doctor: Person, shared: tuple[RecordFile, GrantFile]
) -> None:
    file, _ = shared
    assert doctor.open(*shared) == NOTE
    for custodian in place.custodians:
        wait_until(lambda custodian=custodian: entries(custodian, patient) != [])  # type: ignore[misc]
        (entry,) = entries(custodian, patient)
        assert entry["records"] == ["0x" + file.digest.hex()]
        (sealed,) = sealed_entries(custodian, patient)
        with pytest.raises(NoSlot):
            open_envelope(sealed, doctor.vault.identity)


def test_the_same_access_again_is_answered_again_and_logged_once(
    place: Place, patient: Person, request_of: Callable[[], OpeningRequest]
) -> None:
    request, custodian = request_of(), place.custodians[0]
    first, second = release(custodian, request), release(custodian, request)
    assert set(first.shares) == set(second.shares) != set()
    assert len(entries(custodian, patient)) == 1


def test_a_log_that_cannot_be_written_releases_nothing(
    place: Place, request_of: Callable[[], OpeningRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    request, custodian = request_of(), place.custodians[0]

    def full(*_: Any, **__: Any) -> bool:
        raise OSError("the disk is full")

    monkeypatch.setattr(custodian.log, "keep", full)
    with pytest.raises(OSError, match="full"):
        release(custodian, request)


@pytest.mark.parametrize("keys", ["none", "the viewer's"])
def test_without_the_patients_own_keys_nothing_is_opened_and_nothing_logged(
    place: Place, patient: Person, request_of: Callable[[], OpeningRequest], keys: str
) -> None:
    request, custodian = request_of(), place.custodians[0]
    before = len(entries(custodian, patient))
    given = request.viewer_keys if keys != "none" else b""
    other = replace(request, patient_keys=given)
    with pytest.raises(ForeignKeys):
        release(custodian, other)
    assert len(entries(custodian, patient)) == before


def test_a_refused_access_is_not_logged(
    place: Place, patient: Person, stranger: Person, shared: tuple[RecordFile, GrantFile]
) -> None:
    with pytest.raises(AccessRefused):
        stranger.open(*shared)
    assert [entries(custodian, patient) for custodian in place.custodians] == [[], [], []]


def test_a_stopped_custodian_refuses_and_goes_on_when_started(
    place: Place, patient: Person, request_of: Callable[[], OpeningRequest]
) -> None:
    request, custodian = request_of(), place.custodians[0]
    custodian.stopped = True
    with pytest.raises(StoppedByOperator):
        release(custodian, request)
    custodian.stopped = False
    assert release(custodian, request).shares


# --- hearing ---


def revocation_of(patient: Person, signer: Person, grant: GrantFile) -> Signed[Revocation]:
    nonce = grant.statement.nonce
    return signer.sign(
        Revocation(patient=patient.address, word=word_of(nonce), mask=mask_of(nonce))
    )


def test_a_revocation_is_obeyed_before_the_chain_shows_it(
    place: Place,
    patient: Person,
    shared: tuple[RecordFile, GrantFile],
    request_of: Callable[[], OpeningRequest],
) -> None:
    request, custodian = request_of(), place.custodians[0]
    custodian.hear(revocation_of(patient, patient, shared[1]))
    with pytest.raises(GrantRevoked):
        release(custodian, request)
    assert place.custodians[1].log.heard(patient.address) == []


def test_taking_everything_back_is_obeyed_before_the_chain_shows_it(
    place: Place, patient: Person, request_of: Callable[[], OpeningRequest]
) -> None:
    request, custodian = request_of(), place.custodians[0]
    everything = RevocationOfAll(patient=patient.address, tag=0, new_tag=2**63 + 5)
    custodian.hear(patient.sign(everything))
    with pytest.raises(GrantTagReplaced):
        release(custodian, request)


def test_what_was_heard_is_known_after_a_restart(
    place: Place,
    patient: Person,
    shared: tuple[RecordFile, GrantFile],
    request_of: Callable[[], OpeningRequest],
) -> None:
    request, custodian = request_of(), place.custodians[0]
    custodian.hear(revocation_of(patient, patient, shared[1]))
    custodian.log = SqliteAccessLog(place.folder / "custodian-1" / "log.db")
    with pytest.raises(GrantRevoked):
        release(custodian, request)


def test_a_forged_revocation_is_refused_and_changes_nothing(
    place: Place,
    patient: Person,
    stranger: Person,
    shared: tuple[RecordFile, GrantFile],
    request_of: Callable[[], OpeningRequest],
) -> None:
    request, custodian = request_of(), place.custodians[0]
    with pytest.raises(ForeignSignature):
        custodian.hear(revocation_of(patient, stranger, shared[1]))
    assert custodian.log.heard(patient.address) == []
    assert release(custodian, request).shares


def test_custodians_hear_revocations_only(
    place: Place, shared: tuple[RecordFile, GrantFile]
) -> None:
    with pytest.raises(NotServed):
        place.custodians[0].hear(shared[1].signed)


# --- the clock and the chain ---


@pytest.mark.parametrize("seconds", [180, -180, DAY // 2])  # the edge itself: tests/core
def test_an_access_of_another_time_is_refused(
    place: Place, request_of: Callable[[], OpeningRequest], seconds: int
) -> None:
    request = request_of()
    place.time.ahead += seconds
    with pytest.raises(AccessNotOfNow):
        release(place.custodians[0], request)


def test_a_grant_ends_by_the_custodians_clock(
    place: Place, doctor: Person, shared: tuple[RecordFile, GrantFile]
) -> None:
    """The newest block may be old: the clock of viewer and custodian has moved on."""
    place.time.ahead += DAY + 60
    with pytest.raises(GrantExpired):
        doctor.open(*shared)


def test_without_the_chain_nothing_is_released(
    place: Place, patient: Person, request_of: Callable[[], OpeningRequest]
) -> None:
    request, custodian = request_of(), place.custodians[0]
    place.close_down()
    with pytest.raises(ChainUnreachable):
        release(custodian, request)
    place.come_back()
    assert release(custodian, request).shares


def test_a_chain_that_goes_away_between_two_answers_releases_nothing(
    place: Place, request_of: Callable[[], OpeningRequest]
) -> None:
    request, custodian = request_of(), place.custodians[0]
    place.next_block()  # answers are reused within a block, and none is known of this one
    view = place.chain.view()
    custodian.registries = [
        Registry(domains=place.chain.domains, witnesses=OneWitness(lambda: view))
    ]
    place.close_down()
    with pytest.raises(ChainUnreachable):
        release(custodian, request)


def test_a_retracted_record_is_released_to_nobody_under_a_grant(
    place: Place, patient: Person, doctor: Person, shared: tuple[RecordFile, GrantFile]
) -> None:
    patient.retract(shared[0])
    place.settle()
    with pytest.raises(RecordRetracted):
        doctor.open(*shared)


# --- handing in ---


def test_what_nobody_handed_in_is_anchored_by_the_custodians(
    place: Place,
    patient: Person,
    doctor: Person,
    shared: tuple[RecordFile, GrantFile],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A viewer that hides its opening is found out: custodians report and anchor it."""
    place.hand_in_after = 60
    with monkeypatch.context() as patch:
        patch.setattr(doctor, "_report", lambda asked: [None] * len(asked))
        doctor.open(*shared)
    place.settle()
    (opening,) = patient.openings()
    assert opening.reported_by.startswith("custodian")
    assert place.node.proof(opening.digest) is None
    place.time.ahead += 61
    place.settle()
    proof = place.node.proof(opening.digest)
    assert proof is not None
    assert place.chain.view().anchored_at(AUDIT, proof.root) > 0
    (opening,) = patient.openings()
    assert opening.statement.viewer == doctor.address


def test_an_opening_is_handed_in_once(
    place: Place, doctor: Person, shared: tuple[RecordFile, GrantFile]
) -> None:
    doctor.open(*shared)
    taken: list[bytes] = []
    custodian = place.custodians[0]
    wait_until(lambda: custodian.log.counts() == {"open": 1})
    place.time.ahead += 1
    assert custodian.hand_in(lambda access, *_: taken.append(access), older_than=0) == 1
    assert custodian.hand_in(lambda access, *_: taken.append(access), older_than=0) == 0
    assert len(taken) == 1


def test_a_hand_in_that_fails_is_tried_again(
    place: Place, doctor: Person, shared: tuple[RecordFile, GrantFile]
) -> None:
    doctor.open(*shared)
    custodian = place.custodians[0]
    wait_until(lambda: custodian.log.counts() == {"open": 1})
    place.time.ahead += 1

    def down(*_: Any) -> None:
        raise ChainUnreachable("down")

    with pytest.raises(ChainUnreachable):
        custodian.hand_in(down, older_than=0)
    assert custodian.hand_in(lambda *_: None, older_than=0) == 1
