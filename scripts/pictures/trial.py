"""Owns the trial that `make run` leads to: two invented people in one browser, and the guide beside them."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from scripts.joining import SLOW
from scripts.pictures.camera import Camera
from scripts.site import Site

MAKING = 120_000
"""Milliseconds in which both people and a chart of some thirty records must be there."""


def scene(camera: Camera, site: Site) -> None:
    """From the landing to "taken back", as the guide tells."""
    page = camera.visitor("/app/try")
    begin = page.get_by_role("button", name="Make the two people, and begin")
    begin.wait_for()
    camera.shoot(page, "try")
    begin.click()
    page.get_by_text("Her invented chart is sealed on this device.").wait_for(timeout=MAKING)
    camera.shoot(page, "try-progress", busy=True)
    page.get_by_role("link", name="Discharge letter").wait_for(timeout=MAKING)
    camera.shoot(page, "guide-chart")
    guide = page.get_by_role("complementary", name="Guide of the trial")
    guide.get_by_role("link", name="Share").click()
    page.get_by_role("checkbox", name=re.compile("^Allergies")).check()
    camera.shoot(page, "guide-share")
    page.get_by_role("button", name="Read it once more, then sign").click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    camera.shoot(page, "share-sign")
    dialog.get_by_text("What your wallet will show").click()
    camera.shoot(page, "share-sign-wallet")
    dialog.get_by_role("button", name="Yes, sign it").click()
    _become(guide, "Now be Dr. Jonas Berg", "Become Dr. Jonas Berg")
    site.settle()
    _as_doctor(page, camera)
    site.settle()
    _become(guide, "Be Ada Lind again", "Become Ada Lind")
    check = page.get_by_role("button", name="Check it").first
    check.click(timeout=SLOW)
    page.get_by_text("Checked: it holds.").wait_for()
    camera.shoot(page, "guide-looked")
    page.goto("/app/permissions")
    page.get_by_role("button", name=re.compile("^Take it back")).first.click()
    page.get_by_role("dialog").wait_for()
    camera.shoot(page, "take-back")
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    _become(guide, "the custodians refuse now", "Become Dr. Jonas Berg")
    page.get_by_text("Nobody shares with you at the moment.").wait_for(timeout=SLOW)
    camera.shoot(page, "guide-refused")


def _become(guide: Locator, told: str, button: str) -> None:
    """Press the guide's button when it says so."""
    expect(guide).to_contain_text(told, timeout=SLOW)
    guide.get_by_role("button", name=button).click()


def _as_doctor(page: Page, camera: Camera) -> None:
    page.get_by_role("link", name=re.compile("^Open the chart")).click(timeout=SLOW)
    page.get_by_role("button", name=re.compile("^Open ")).first.click()
    page.get_by_role("button", name=re.compile("^Hide ")).first.wait_for()
    camera.shoot(page, "guide-opened")
