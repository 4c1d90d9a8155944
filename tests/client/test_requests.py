"""Tests of asking a patient for access, as the letterbox of each shows it."""

from __future__ import annotations

import pytest

from app.client.person import Person
from app.core.envelopes import seal_envelope
from app.core.errors import NotStored, UnknownCategory
from app.core.signatures import Signed, signed_json
from app.core.statements import Request
from tests.chain_fixtures import Place


def test_the_patient_reads_who_asks_and_why(place: Place, patient: Person, doctor: Person) -> None:
    signed = doctor.ask(patient.address, category="laboratory", reason="Before the visit")
    (asked,) = patient.requests()
    assert asked == signed
    assert (asked.statement.viewer, asked.statement.reason) == (doctor.address, "Before the visit")
    assert not doctor.requests()  # it keeps a copy, and asks itself nothing


def test_a_request_opens_nothing(place: Place, patient: Person, doctor: Person) -> None:
    doctor.ask(patient.address, category="laboratory", reason="Before the visit")
    place.settle()
    assert not doctor.grants_held()


def test_what_is_asked_in_anothers_name_is_passed_over(
    place: Place, patient: Person, doctor: Person, stranger: Person
) -> None:
    genuine = doctor.ask(patient.address, category="laboratory", reason="Before the visit")
    forged: Signed[Request] = Signed(
        statement=genuine.statement, signature=stranger.sign(genuine.statement).signature
    )
    letter = {"request": signed_json(forged, place.node.domains)}
    envelope = seal_envelope(letter, [patient.vault.identity.public], patient.random)
    place.node.deliver(patient.address, bytes(32), envelope)
    assert patient.requests() == [genuine]


def test_a_category_that_there_is_not_cannot_be_asked_for(patient: Person, doctor: Person) -> None:
    with pytest.raises(UnknownCategory):
        doctor.ask(patient.address, category="everything", reason="Curious")


def test_somebody_who_never_enrolled_cannot_be_asked(doctor: Person) -> None:
    with pytest.raises(NotStored):
        doctor.ask("0x" + "12" * 20, category="laboratory", reason="Before the visit")
