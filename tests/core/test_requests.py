"""Tests of what viewers ask of patients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core.consent import LONGEST_REASON, require_request
from app.core.errors import ForeignSignature, MalformedStatement, UnknownCategory
from app.core.signatures import Signed
from app.core.statements import Request
from tests.makers import DOMAINS, Person, sign_request


def require(chain: MemoryChain, signed: Signed[Request], patient: Person) -> Request:
    """Ask whether it is a request to the patient."""
    return require_request(signed, patient=patient.id, domain=DOMAINS.consent, view=chain.view())


def test_a_viewer_asks_a_patient(chain: MemoryChain, patient: Person, doctor: Person) -> None:
    asked = require(chain, sign_request(patient, doctor), patient)
    assert (asked.viewer, asked.reason) == (doctor.id, "Before the visit")


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"rights": 0}, MalformedStatement),
        ({"rights": 4}, MalformedStatement),
        ({"reason": "x" * (LONGEST_REASON + 1)}, MalformedStatement),
        ({"category": "everything"}, UnknownCategory),
    ],
    ids=str,
)
def test_it_asks_for_what_a_grant_can_give(
    chain: MemoryChain,
    patient: Person,
    doctor: Person,
    change: dict[str, Any],
    refused: type[Exception],
) -> None:
    with pytest.raises(refused):
        require(chain, sign_request(patient, doctor, **change), patient)


def test_it_is_for_the_patient_whom_it_names(
    chain: MemoryChain, patient: Person, doctor: Person, stranger: Person
) -> None:
    with pytest.raises(MalformedStatement, match="somebody else"):
        require(chain, sign_request(stranger, doctor), patient)


def test_nobody_asks_in_anothers_name(
    chain: MemoryChain, patient: Person, doctor: Person, stranger: Person
) -> None:
    forged = stranger.sign(sign_request(patient, doctor).statement)
    with pytest.raises(ForeignSignature):
        require(chain, forged, patient)
    elsewhere = replace(DOMAINS.consent, chain_id=1)
    other = doctor.sign(sign_request(patient, doctor).statement, elsewhere)
    with pytest.raises(ForeignSignature):
        require(chain, other, patient)
