"""What a viewer remembers between openings saves time, and never keeps one from being right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.client.asking import MOST_REMEMBERED, Wanted, remember
from app.client.person import Person
from app.core.errors import GrantRevoked, NotAnchored
from app.core.outcomes import result_of
from app.core.signatures import Proof
from tests.asking import wait_until
from tests.chain_fixtures import Place
from tests.roles import doctor, patient, place

__all__ = ["doctor", "patient", "place"]

BODY = b'{"resourceType":"Observation"}'


@contextmanager
def counted(node: Any, name: str) -> Iterator[list[Any]]:
    """The calls of one of a node's questions, while it lasts."""
    asked, real = [], getattr(node, name)

    def ask(*values: Any) -> Any:
        asked.append(values)
        return real(*values)

    setattr(node, name, ask)
    try:
        yield asked
    finally:
        delattr(node, name)


@pytest.fixture
def open_it(place: Place, patient: Person, doctor: Person) -> Callable[[], bytes]:
    """Opens one record under one grant, as often as it is called."""
    file = doctor.write(BODY, category="laboratory", patient=patient.address)
    place.node.settle()
    given = patient.grant(doctor.address, category="laboratory")
    place.node.settle()
    grant = next(one for one in doctor.grants_held() if one.digest == given.digest)
    record = next(one for one in doctor.shared_records(grant) if one.digest == file.digest)
    doctor._patients.clear()
    doctor._proofs.clear()
    return lambda: doctor.open(record, grant)


def test_a_proof_and_a_keys_document_are_asked_for_once(
    place: Place, open_it: Callable[[], bytes]
) -> None:
    with counted(place.node, "document") as documents, counted(place.node, "proof") as proofs:
        assert [open_it() for _ in range(3)] == [BODY] * 3
    assert len(documents) == 1
    assert len({digest for (digest,) in proofs}) == len(proofs)


def test_a_patient_who_chose_other_custodians_meanwhile_is_asked_anew(
    place: Place, patient: Person, open_it: Callable[[], bytes]
) -> None:
    assert open_it() == BODY
    patient.choose_custodians(list(patient.custodians)[:1], 1)
    place.node.settle()
    with counted(place.node, "document") as documents:
        assert open_it() == BODY
        assert open_it() == BODY
    assert len(documents) == 1


def test_a_proof_that_leads_nowhere_any_more_is_asked_for_anew(
    doctor: Person, open_it: Callable[[], bytes]
) -> None:
    assert open_it() == BODY
    (grant,) = doctor._proofs
    doctor._proofs[grant] = Proof(root=bytes(32), path=())
    assert open_it() == BODY
    assert doctor._proofs[grant].root != bytes(32)


def test_what_became_outdated_is_asked_for_anew_together(
    place: Place, patient: Person, doctor: Person, open_it: Callable[[], bytes]
) -> None:
    """Both were made with the same keys document and the same proof."""
    assert open_it() == BODY
    [grant] = doctor.grants_held()
    wanted = Wanted(files=doctor.shared_records(grant), grant=grant)
    patient.choose_custodians(list(patient.custodians)[:1], 1)
    place.node.settle()
    with counted(place.custodians[0], "release_all") as lists:
        opened = doctor.open_each([wanted, wanted])
        assert [b"".join(pieces) for one in opened for _, pieces in result_of(one)] == [BODY] * 2
        wait_until(lambda: len(lists) == 2)  # others may have been quicker
    assert [len(requests) for (requests,) in lists] == [2, 2]


def test_what_is_refused_with_fresh_answers_too_stays_refused(
    place: Place, doctor: Person, open_it: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_it() == BODY
    asked = []

    def refuse(_request: Any) -> Any:
        asked.append(1)
        raise NotAnchored()

    for custodian in place.custodians:
        monkeypatch.setattr(custodian, "release_all", refuse)
    with pytest.raises(NotAnchored):
        open_it()
    assert len(asked) == 2 * len(place.custodians), "once more, and not again and again"
    assert {type(fault) for fault in doctor.faults.values()} == {NotAnchored}


def test_a_refusal_that_has_nothing_to_do_with_it_is_not_asked_about_twice(
    place: Place, open_it: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_it() == BODY
    asked = []

    def refuse(_request: Any) -> Any:
        asked.append(1)
        raise GrantRevoked()

    for custodian in place.custodians:
        monkeypatch.setattr(custodian, "release_all", refuse)
    with pytest.raises(GrantRevoked):
        open_it()
    assert len(asked) == len(place.custodians)


def test_no_more_is_remembered_than_fits() -> None:
    known: dict[int, int] = {}
    for number in range(MOST_REMEMBERED + 5):
        remember(known, number, number)
    assert len(known) == MOST_REMEMBERED
    assert min(known) == 5
