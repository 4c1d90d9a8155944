"""Members of an organization fetch what patients let it see, while their membership runs."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.client.person import Person
from app.core.encoding import hex0x
from app.core.signatures import Signed
from app.core.statements import Membership, MembershipEnd
from tests.chain_fixtures import DAY, HOUR, NOTE, Place
from tests.web.browsing import browser_of, file_of
from tests.web.test_charts import app as app  # a fixture is found by its name
from tests.web.test_charts import asked


@pytest.fixture
def hospital(place: Place) -> Person:
    """An organization."""
    return place.enrol()


def membership(hospital: Person, member: Person, **overrides: Any) -> Signed[Membership]:
    """A membership from an hour ago, for a day."""
    now = int(time.time())
    values: dict[str, Any] = {
        "organization": hospital.address,
        "member": member.address,
        "not_before": now - HOUR,
        "expires_at": now + DAY,
        "salt": os.urandom(32),
    }
    return hospital.sign(Membership(**values | overrides))


@pytest.mark.asvs("8.2.2")
def test_a_member_fetches_what_the_organization_may(
    place: Place, app: Flask, patient: Person, doctor: Person, hospital: Person
) -> None:
    file = patient.write(NOTE, category="conditions")
    grant = patient.grant(hospital.address, category="conditions").signed
    member = file_of(place, membership(hospital, doctor))
    browser = browser_of(app).sign_in(doctor)
    told = browser.post("/api/charts", asked(place, patient, grant, membership=member))
    assert [letter["digest"] for letter in told["envelopes"]] == [hex0x(file.digest)]


@pytest.mark.asvs("8.2.2", "8.3.1")
def test_a_membership_that_does_not_run_fetches_nothing(
    place: Place,
    app: Flask,
    patient: Person,
    doctor: Person,
    stranger: Person,
    hospital: Person,
) -> None:
    grant = patient.grant(hospital.address, category="conditions").signed
    now = int(time.time())
    ended = membership(hospital, doctor)
    hospital.node.accept(hospital.sign(_end_of(place, ended)))
    place.settle()
    refused = {
        "over": membership(hospital, doctor, expires_at=now - 1),
        "not begun": membership(hospital, doctor, not_before=now + HOUR),
        "of somebody else": membership(hospital, stranger),
        "of another organization": membership(stranger, doctor),
        "signed by nobody who may": replace(
            membership(doctor, doctor),
            statement=replace(membership(hospital, doctor).statement),
        ),
        "ended": ended,
    }
    browser = browser_of(app).sign_in(doctor)
    for why, signed in refused.items():
        question = asked(place, patient, grant, membership=file_of(place, signed))
        found = browser.error("POST", "/api/charts", question)
        assert found == (403, "MembershipInvalid"), why


def _end_of(place: Place, signed: Signed[Membership]) -> MembershipEnd:
    return MembershipEnd(
        organization=signed.statement.organization,
        membership=place.chain.domains.digest(signed.statement),
    )
