"""Owns a doctor's pages: who shares, an open chart, refused and taken back, the form, asking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect

from app.client.person import Person
from scripts.joining import SLOW, practitioner, sign_in
from scripts.pictures.camera import Camera
from scripts.site import Site

VISIT = {
    "Disease": "Hypertension",
    "Diagnosis": "Well controlled since spring",
    "Medicine and strength": "Lisinopril 10 mg",
}


def play(camera: Camera, site: Site, doctor: Person, patient: str, patients_page: Page) -> None:
    """The doctor's browser, while the patient's own is open beside it."""
    _nobody_yet(camera, practitioner(site, "Dr. Noor Haddad"))
    page = camera.visitor()
    sign_in(page, doctor)
    _remember(page, patient)
    page.goto("/app/patients")
    page.get_by_role("link", name=re.compile("^Open the chart")).first.wait_for()
    camera.shoot(page, "patients")
    page.get_by_role("link", name=re.compile("^Open the chart")).first.click()
    page.get_by_text("This chart may be incomplete.").wait_for()
    for title in ("Allergy to penicillin", "Complete blood count"):
        page.get_by_role("button", name=re.compile(f"^Open {title}")).first.click()
        page.get_by_role("button", name=re.compile(f"^Hide {title}")).first.wait_for(timeout=SLOW)
    camera.shoot(page, "patient")
    page.get_by_role("button", name=re.compile("^Hide Complete blood count")).click()
    site.settle()
    _taken_back(page, camera, patients_page)
    with _stopped(site):
        page.get_by_role("button", name="Open Viral sinusitis").click()
        page.get_by_role("alert").wait_for(timeout=SLOW)
        camera.shoot(page, "patient-custodians-away")
    _write(page, camera)
    page.goto("/app/ask")
    page.get_by_label("Your reason").wait_for()
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("Say why. The patient decides by it.").wait_for()
    camera.shoot(page, "ask")
    page.context.close()


def _nobody_yet(camera: Camera, newcomer: Person) -> None:
    page = camera.visitor()
    sign_in(page, newcomer)
    page.get_by_role("heading", name="Nobody shares with you yet").wait_for()
    camera.shoot(page, "patients-empty")
    page.context.close()


def _remember(page: Page, patient: str) -> None:
    """A patient tells nobody a name: doctors write their own into their address book."""
    page.goto("/app/account")
    page.get_by_text("Add somebody").click()
    page.get_by_label("Who?").fill(patient)
    page.get_by_text("Choose someone else").wait_for()
    page.get_by_label("What do you call them?").fill("Mira Sand")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Remove Mira Sand").wait_for()


@contextmanager
def _stopped(site: Site) -> Iterator[None]:
    """Two of three custodians answer nobody."""
    away = site.place.custodians[1:]
    for one in away:
        one.stopped = True
    try:
        yield
    finally:
        for one in away:
            one.stopped = False


def _taken_back(page: Page, camera: Camera, patient: Page) -> None:
    patient.goto("/app/permissions")
    patient.get_by_role("button", name=re.compile("^Take it back ?: Allergies")).click()
    patient.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    page.get_by_role("region", name="Still open on this screen").wait_for(timeout=SLOW)
    camera.shoot(page, "patient-taken-back")


def _write(page: Page, camera: Camera) -> None:
    page.get_by_role("link", name="Add a record").click()
    for label, text in VISIT.items():
        page.get_by_label(label, exact=True).fill(text)
    camera.shoot(page, "record-form")
    page.get_by_role("button", name="Sign and add the record").click()
    expect(page.get_by_role("heading", name="Add a record", level=1)).to_be_hidden(timeout=SLOW)
    page.goto("/app/notes")
    page.get_by_role("button", name=re.compile("^Open ")).first.wait_for()
    page.get_by_role("button", name=re.compile("^Open Hypertension")).first.click()
    page.get_by_role("button", name=re.compile("^Hide Hypertension")).first.wait_for()
    camera.shoot(page, "notes")
