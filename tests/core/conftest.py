"""Fixtures of the core's tests: one sealed record, the grant that covers it, and a request to open it."""

from __future__ import annotations

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core.opening import OpeningRequest
from app.core.signatures import Signed
from app.core.statements import Grant
from tests.makers import Person, anchor, sign_grant
from tests.openings import SealedRecord, make_request, seal_record


@pytest.fixture
def sealed(patient: Person, hospital: Person) -> SealedRecord:
    """A record that the hospital wrote for the patient."""
    return seal_record(patient, hospital)


@pytest.fixture
def grant(patient: Person, doctor: Person) -> Signed[Grant]:
    """The patient lets the doctor view the record's category."""
    return sign_grant(patient, doctor)


@pytest.fixture
def request_(
    chain: MemoryChain, sealed: SealedRecord, grant: Signed[Grant], doctor: Person
) -> OpeningRequest:
    """The doctor's request in order, its grant anchored."""
    return make_request(doctor, [sealed], grant=grant, proof=anchor(chain, grant.statement))
