"""Every page, for everybody who sees it: axe, light and dark, a phone's width, the keyboard alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from app.adapters import tools
from app.client.letters import RecordFile
from app.client.person import Person
from app.core.records import Role
from app.core.statements import ADD, PEOPLE, VIEW
from scripts.browser import go
from scripts.browser_wallet import TestWallet
from scripts.joining import PASSPHRASE, SLOW, join, newcomer, practitioner, sign_in
from scripts.site import Site
from tests.browser import steps
from tests.browser.accessibility import require_accessible
from tests.browser.conftest import BARE, DESKTOP, PHONE, MakeProfile

TABLE = tools.ROOT / "app" / "web" / "browser" / "page" / "routes.js"
SEEN = {
    "visitor": ["/", "/app/join", "/app/unlock", "/app/try", "/app/verify"],
    "patient": [
        "/app/chart", "/app/records/:digest", "/app/add", "/app/share", "/app/permissions",
        "/app/looked", "/app/requests", "/app/patients", "/app/account",
    ],
    "doctor": [
        "/app/patients", "/app/patients/:person", "/app/patients/:person/new", "/app/notes",
        "/app/ask",
    ],
    "hospital": ["/app/patients", "/app/team"],
    "registrar": ["/app/registrar"],
    "governor": ["/app/governor", "/app/node", "/app/account"],
}  # fmt: skip
TOO_WIDE = """
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const out = [...document.body.querySelectorAll("*")].filter(
    (one) => one.getBoundingClientRect().right > width + 1 && one.checkVisibility(),
  );
  return [`${document.documentElement.scrollWidth} pixels`, ...out.map((one) => one.outerHTML.slice(0, 120))];
}
"""
"""What stands beyond the right edge of a page that can be scrolled sideways."""
MOST_STOPS = 120
"""So often Tab is pressed at most before something must have been reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A patient's chart in which something has happened, and those who took part."""

    patient: Person
    doctor: Person
    record: RecordFile


@pytest.fixture(scope="module")
def world(site: Site) -> World:
    """Shared, opened, asked for: no list is empty."""
    patient, doctor = newcomer(site, patient=True), practitioner(site, "Dr. Ama Okoro")
    patient.write(
        b"Pollen in spring.", category="allergies", title="Hay fever", media_type="text/plain"
    )
    patient.grant(doctor.address, category="allergies", rights=VIEW | ADD)
    ended = patient.grant(doctor.address, category="vitals")
    patient.revoke(ended)
    doctor.ask(patient.address, category="conditions", reason="To see what else there is.")
    site.settle()
    [held] = [one for one in doctor.grants_held() if one.statement.rights & ADD]
    [record] = doctor.shared_records(held)
    doctor.open(record, held)
    doctor.write(
        b"Seen today.", patient=patient.address, category="allergies", title="A visit",
        media_type="text/plain",
    )  # fmt: skip
    site.settle()
    return World(patient=patient, doctor=doctor, record=record)


def require_good(page: Page, path: str) -> None:
    """Look at one page, light on a desk and dark on a phone."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)
    go(page, path)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)
    expect(page.locator(".waiting")).to_have_count(0, timeout=SLOW)
    assert page.get_by_role("alert").all_inner_texts() == []
    require_accessible(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    require_accessible(page)
    assert page.evaluate(TOO_WIDE) == [], path


def require_all_good(page: Page, role: str, **parts: str) -> None:
    for path in SEEN[role]:
        require_good(page, re.sub(r":(\w+)", lambda part: parts[part[1]], path))
    # the head of the page is the same on all of them
    page.emulate_media(color_scheme="light")
    require_accessible(page, "header.top")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(DESKTOP)
    require_accessible(page, "header.top")


def test_every_page_of_the_table_is_looked_at() -> None:
    listed = re.findall(r'path: "(/[^"]*)"', TABLE.read_text(encoding="utf-8"))
    assert listed
    assert {path for paths in SEEN.values() for path in paths} == set(listed)


def test_a_visitors_pages(lend_profile: MakeProfile) -> None:
    require_all_good(lend_profile(), "visitor")


def test_a_patients_pages(lend_profile: MakeProfile, world: World) -> None:
    page = lend_profile()
    sign_in(page, world.patient)
    require_all_good(page, "patient", digest="0x" + world.record.digest.hex())


def test_a_doctors_pages(lend_profile: MakeProfile, world: World) -> None:
    page = lend_profile()
    sign_in(page, world.doctor)
    require_all_good(page, "doctor", person=world.patient.address)


def test_an_organizations_pages(lend_profile: MakeProfile, site: Site) -> None:
    page, hospital = lend_profile(), newcomer(site)
    site.place.credential(hospital, Role.HOSPITAL, seconds=3600)
    hospital.add_member(newcomer(site).address)
    site.settle()
    sign_in(page, hospital)
    require_all_good(page, "hospital")


def test_the_authorities_pages(
    lend_profile: MakeProfile, make_profile: MakeProfile, site: Site
) -> None:
    account = site.place.chain_process.accounts[1]
    wallet = TestWallet(chain=site.place.rpc, account=account)
    registrar, minister = newcomer(site), newcomer(site, wallet=wallet)
    chain = site.place.paying(account)
    chain.transact(PEOPLE, "appointRegistrar", registrar.address, int(Role.LABORATORY), 2**40)
    council, governor = lend_profile(), make_profile(path=BARE)
    sign_in(council, registrar)
    require_all_good(council, "registrar")
    sign_in(governor, minister, wallet)
    require_all_good(governor, "governor")


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until the focus is there, and see that it shows."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if wanted.count() == 1 and wanted.evaluate("one => one === document.activeElement"):
            outline = wanted.evaluate(
                "one => getComputedStyle(one).outlineStyle + getComputedStyle(one).boxShadow"
            )
            assert outline != "nonenone", "the focus does not show"
            return
    raise AssertionError(f"Tab never leads to {wanted}")


def test_by_the_keyboard_alone_one_signs_in_shares_and_takes_back(
    lend_profile: MakeProfile, site: Site
) -> None:
    page, sister = lend_profile(), newcomer(site)
    join(page, "Ada Lind", patient=True)
    steps.sign_out(page)

    go(page, "/app/unlock")
    keys = page.keyboard
    expect(page.get_by_label("Passphrase")).to_be_visible()
    reach(page, page.get_by_label("Passphrase"))
    keys.type(PASSPHRASE)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="My chart", level=1)).to_be_focused(timeout=SLOW)

    reach(page, page.get_by_role("main").get_by_role("link", name="Share", exact=True))
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Share", level=1)).to_be_focused()
    reach(page, page.get_by_label("With whom?"))
    keys.type(sister.address)
    expect(page.get_by_text("Choose someone else")).to_be_visible()
    reach(page, page.get_by_role("checkbox", name=re.compile("^Allergies")))
    keys.press("Space")
    reach(page, page.get_by_role("radio", name=re.compile("^Family")))
    reach(page, page.get_by_role("radio", name="For a month"))
    reach(page, page.get_by_role("button", name="Read it once more, then sign"))
    keys.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Give this permission?")).to_be_focused()
    reach(page, dialog.get_by_role("button", name="Yes, sign it"))
    keys.press("Enter")
    expect(page.get_by_text("1 permission is running.")).to_be_visible(timeout=SLOW)

    take_back = page.get_by_role("button", name=re.compile("^Take it back ?: Allergies"))
    reach(page, take_back)
    keys.press("Enter")
    expect(dialog).to_be_visible()
    keys.press("Escape")  # a dialog closes, and the focus is where it was
    expect(dialog).to_have_count(0)
    expect(take_back).to_be_focused()
    expect(take_back).to_have_attribute("aria-disabled", "false")  # it takes presses again
    keys.press("Enter")
    expect(dialog).to_be_visible()
    reach(page, dialog.get_by_role("button", name="Take it back"))
    keys.press("Enter")
    expect(page.get_by_text("No permission is running.")).to_be_visible(timeout=SLOW)
