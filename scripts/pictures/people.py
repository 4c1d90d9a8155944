"""Owns a patient's pages: her chart, adding, sharing, who looked; and what they are while there is nothing."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, Locator, Page

from app.client.person import Person
from app.core.statements import ADD, VIEW
from app.demo.trial import synthetic_bundle
from scripts.joining import SLOW, address_of, join, newcomer, practitioner, sign_in
from scripts.pictures import professionals
from scripts.pictures.camera import Camera
from scripts.site import Site

PATIENT, DOCTOR = "Mira Sand", "Dr. Ama Okoro"
IMPORTING = 120_000
NOTHING = ("chart", "permissions", "looked", "requests")
SHOWN = {
    "laboratory": "Complete blood count",
    "medications": "lisinopril",
    "imaging": "XR Chest",
    "documents": "Discharge letter",
    "allergies": "Allergy to penicillin",
}
"""Of each kind of record one, by how its title begins."""
LETTER = b"Dear Mira, your blood pressure was fine on Tuesday. Please come again in March."


def scene(camera: Camera, site: Site) -> None:
    """A patient, then her doctor; the two go on meanwhile as people do."""
    _nothing_yet(camera, site)
    doctor = practitioner(site, DOCTOR)
    page = camera.visitor()
    join(page, PATIENT, patient=True, sign_in_name="mira-sand")
    _import(page, camera)
    site.settle()
    patient = address_of(page)
    _own_records(page, camera)
    _written_by_others(page, camera, site, doctor, patient)
    _share(page, camera)
    site.settle()
    professionals.play(camera, site, doctor, patient, page)
    _who_looked(page, camera)
    _account(page, camera)
    _offline(page, camera)


def _nothing_yet(camera: Camera, site: Site) -> None:
    page = camera.visitor()
    sign_in(page, newcomer(site, patient=True))
    for name in NOTHING:
        page.goto(f"/app/{name}")
        page.get_by_role("heading", level=1).wait_for()
        page.get_by_role(
            "heading", name=re.compile("^(Your chart is|You have not|Nobody has)")
        ).wait_for()
        camera.shoot(page, f"{name}-empty")
    page.goto("/app/share")
    page.get_by_label("With whom?").wait_for()
    page.get_by_label("With whom?").fill("Nobody Known")
    page.get_by_text("Nobody is known by this name.").wait_for()
    camera.shoot(page, "share-nobody")
    page.context.close()


def _import(page: Page, camera: Camera) -> None:
    page.goto("/app/add")
    page.get_by_label("What is it?").wait_for()
    camera.shoot(page, "add")
    bundle = FilePayload(
        name="chart.json", mimeType="application/fhir+json", buffer=synthetic_bundle()
    )
    page.get_by_label("Drop a file here, or choose one").set_input_files(bundle)
    page.get_by_role("button", name="Import it").wait_for()
    camera.shoot(page, "add-bundle")
    page.get_by_role("button", name="Import it").click()
    page.get_by_role("progressbar").wait_for()
    camera.shoot(page, "add-progress", busy=True)
    page.get_by_role("heading", name="My chart", level=1).wait_for(timeout=IMPORTING)


def _own_records(page: Page, camera: Camera) -> None:
    camera.shoot(page, "chart")
    for category, title in SHOWN.items():
        page.goto("/app/chart")
        page.get_by_role("link", name=re.compile(re.escape(title))).first.click()
        page.locator(".record-body").wait_for()
        if category == "laboratory":
            page.get_by_text(re.compile("values have changed")).first.click()
        camera.shoot(page, f"record-{category}")


def _written_by_others(
    page: Page, camera: Camera, site: Site, doctor: Person, patient: str
) -> None:
    doctor.write(
        LETTER,
        patient=patient,
        category="documents",
        media_type="text/plain",
        title="A short letter",
    )
    doctor.ask(
        patient,
        category="laboratory",
        reason="To see how your kidneys take the new tablets before I change the dose.",
        seconds=90 * 24 * 3600,
        rights=VIEW | ADD,
    )
    site.settle()
    page.goto("/app/chart")
    page.get_by_role("button", name="Take it into my chart").wait_for()
    camera.shoot(page, "chart-waiting")
    page.goto("/app/requests")
    page.get_by_role("button", name="Read it, then allow it").wait_for()
    camera.shoot(page, "requests")
    page.get_by_role("button", name="Read it, then allow it").click()
    page.get_by_role("dialog").wait_for()
    camera.shoot(page, "requests-sign")
    page.get_by_role("dialog").get_by_role("button", name="Yes, sign it").click()
    page.get_by_text("There is nothing to answer.").wait_for(timeout=SLOW)


def _share(page: Page, camera: Camera) -> None:
    page.goto("/app/share")
    page.get_by_label("With whom?").fill("Okoro")
    page.get_by_role("button", name=re.compile(re.escape(DOCTOR))).click()
    for category in ("Allergies", "Conditions", "Images", "Mental health"):
        box(page, category).check()
    camera.shoot(page, "share")
    box(page, "Mental health").uncheck()
    page.get_by_label("They may also add records").check()
    page.get_by_role("button", name="Read it once more, then sign").click()
    page.get_by_role("dialog").get_by_role("button", name="Yes, sign it").click()
    page.get_by_text("4 permissions are running.").wait_for(timeout=SLOW)
    camera.shoot(page, "permissions")


def box(page: Page, label: str) -> Locator:
    """The checkbox of a category."""
    return page.get_by_role("checkbox", name=re.compile(f"^{label}"))


def _who_looked(page: Page, camera: Camera) -> None:
    page.goto("/app/looked")
    page.get_by_role("button", name="Check it").first.click(timeout=SLOW)
    page.get_by_text("Checked: it holds.").wait_for()
    camera.shoot(page, "looked")
    page.get_by_role("button", name=DOCTOR).first.click()
    page.get_by_role("dialog").wait_for()
    camera.shoot(page, "person")


def _account(page: Page, camera: Camera) -> None:
    page.goto("/app/account")
    page.get_by_role("heading", name="Where you are signed in").wait_for()
    camera.shoot(page, "account")


def _offline(page: Page, camera: Camera) -> None:
    page.goto("/app/chart")
    page.get_by_role("link", name="Discharge letter").first.click()
    page.locator(".record-body").wait_for()
    page.context.set_offline(True)
    page.get_by_text("There is no connection.").wait_for()
    camera.shoot(page, "offline")
    page.context.set_offline(False)
    page.context.close()
