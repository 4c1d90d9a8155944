"""A doctor reads what is shared, writes with the form, asks for more, and sees at once what is taken back."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from app.client.person import Person
from app.core.records import Role
from app.core.statements import ADD, VIEW
from scripts.browser import go
from scripts.joining import SLOW, address_of, newcomer, sign_in
from scripts.site import Site
from tests.browser.accessibility import require_accessible
from tests.browser.conftest import MakeProfile

ASTHMA = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {
            "resource": {
                "resourceType": "Condition",
                "code": {"text": "Asthma since childhood"},
                "subject": {"display": "The patient"},
            }
        }
    ],
}


@pytest.fixture
def patient(site: Site) -> Person:
    """A patient who is elsewhere, with two records."""
    person = site.place.enrol(patient=True)
    for category, title in (("conditions", "Asthma"), ("allergies", "Birch pollen")):
        person.write(
            json.dumps(ASTHMA).encode(),
            category=category,
            title=title,
            media_type="application/fhir+json",
        )
    site.settle()
    return person


@pytest.fixture
def doctor(lend_profile: MakeProfile, site: Site) -> Page:
    """A doctor who holds a credential, signed in."""
    page, person = lend_profile(), newcomer(site)
    site.place.certify(person.address, Role.PRACTITIONER, seconds=3600)
    sign_in(page, person)
    go(page, "/app/patients")
    return page


def test_what_is_taken_back_leaves_the_list_and_stays_readable(
    doctor: Page, patient: Person, site: Site
) -> None:
    expect(doctor.get_by_role("heading", name="Nobody shares with you yet")).to_be_visible()
    given = patient.grant(address_of(doctor), category="conditions", rights=VIEW | ADD)
    doctor.get_by_role("link", name="Open the chart").click(timeout=SLOW)
    expect(doctor.get_by_text("This chart may be incomplete.")).to_be_visible()
    require_accessible(doctor)
    expect(doctor.get_by_text("Birch pollen")).to_have_count(0)
    site.settle()
    doctor.get_by_role("button", name="Open Asthma").click()
    expect(doctor.get_by_role("heading", name="Asthma since childhood")).to_be_visible(timeout=SLOW)

    doctor.context.set_offline(True)
    expect(doctor.get_by_text("There is no connection.")).to_be_visible()
    expect(doctor.get_by_role("heading", name="Asthma since childhood")).to_be_visible()
    doctor.context.set_offline(False)

    patient.revoke(given)
    still = doctor.get_by_role("region", name="Still open on this screen")
    expect(still.get_by_role("heading", name="Asthma since childhood")).to_be_visible(timeout=SLOW)
    require_accessible(doctor)
    still.get_by_role("button", name="Close").click()
    expect(doctor.get_by_role("heading", name="Asthma since childhood")).to_have_count(0)
    expect(doctor.get_by_role("heading", name="Nothing to open here now")).to_be_visible()


def test_a_visit_becomes_records_of_their_kinds(doctor: Page, patient: Person, site: Site) -> None:
    for category in ("encounters", "conditions", "medications"):
        patient.grant(address_of(doctor), category=category, rights=VIEW | ADD)
    doctor.get_by_role("link", name="Add a record").click(timeout=SLOW)
    doctor.get_by_label("Disease").fill("Asthma")
    doctor.get_by_label("Medicine and strength").fill("Salbutamol")
    doctor.get_by_label("Age", exact=True).fill("old")
    doctor.get_by_role("button", name="Sign and add the record").click()
    expect(doctor.get_by_label("Age", exact=True)).to_be_focused()
    doctor.get_by_label("Age", exact=True).fill("54")
    require_accessible(doctor)
    keep_draft(doctor)
    doctor.reload()
    expect(doctor.get_by_label("Disease")).to_have_value("Asthma", timeout=SLOW)
    doctor.get_by_role("button", name="Sign and add the record").click()
    expect(doctor.get_by_role("button", name="Open Salbutamol")).to_be_visible(timeout=SLOW)
    site.settle()
    records = [file.statement for file in patient.chart()]
    written = {record.category for record in records if record.author != patient.address}
    assert written == {"encounters", "conditions", "medications"}

    go(doctor, "/app/notes")
    doctor.get_by_role("link", name="Correct Asthma").click(timeout=SLOW)
    doctor.get_by_label("Diagnosis").fill("Under control")
    doctor.get_by_role("button", name="Sign the corrected record").click()
    expect(doctor.get_by_role("heading", name="Add a record")).to_have_count(0)
    expect(doctor.get_by_text("The record is corrected.")).to_be_visible(timeout=SLOW)


def keep_draft(page: Page) -> None:
    """Leave the form and come back: what was typed is kept before the page is left."""
    page.get_by_role("link", name="Records I wrote").first.click()
    expect(page.get_by_role("heading", name="Records I wrote", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_text("This is what you typed before.")).to_be_visible()


def test_a_doctor_asks_with_a_reason(doctor: Page, patient: Person) -> None:
    go(doctor, f"/app/ask?patient={patient.address}")
    expect(doctor.get_by_text("Choose someone else")).to_be_visible()
    doctor.get_by_role("button", name="Ask", exact=True).click()
    expect(doctor.get_by_text("Say why. The patient decides by it.")).to_be_visible()
    doctor.get_by_role("checkbox", name="Allergies").check()
    doctor.get_by_label("Your reason").fill("To choose an antibiotic.")
    doctor.get_by_role("button", name="Ask", exact=True).click()
    expect(doctor.get_by_role("region", name="What you asked for")).to_contain_text(
        "To choose an antibiotic.", timeout=SLOW
    )
    require_accessible(doctor)
    [request] = patient.requests()
    assert (request.statement.category, request.statement.reason) == (
        "allergies",
        "To choose an antibiotic.",
    )
