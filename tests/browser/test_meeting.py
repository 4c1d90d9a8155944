"""People who meet show each other a code: a camera reads it, or a picture of it, and knows who that is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.client.person import Person
from scripts.browser import find_shell, go, launched
from scripts.joining import newcomer, practitioner, sign_in
from scripts.site import Site
from tests.browser.conftest import MakeProfile, Profiles

pytestmark = pytest.mark.long

NAME = "Dr. Cleo Marsh"
SIDE = 480
"""Pixels of what the camera sees, which is square."""
DRAW = """
async (code, side) => {
  const text = new XMLSerializer().serializeToString(code);
  const picture = new Image(side, side);
  picture.src = "data:image/svg+xml;base64," + btoa(text);
  await picture.decode();
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, side, side);
  return [...context.getImageData(0, 0, side, side).data].filter((_, at) => at % 4 === 0);
}
"""
"""The brightness of each pixel of a drawn code, row by row."""


@pytest.fixture(scope="module")
def doctor(site: Site) -> Person:
    """Somebody whom patients meet."""
    return practitioner(site, NAME)


@pytest.fixture(scope="module")
def code(share_profile: MakeProfile, doctor: Person) -> Locator:
    """The code that the doctor shows on a page."""
    page = share_profile()
    sign_in(page, doctor)
    go(page, "/app/account")
    shown = page.get_by_role("img", name="QR code of my address")
    expect(shown).to_be_visible()
    return shown


@pytest.fixture
def sees(browser: Browser, code: Locator, tmp_path: Path) -> Iterator[Browser]:
    """A browser on a device whose camera is held before that code."""
    grey = bytes(code.evaluate(DRAW, SIDE))
    film = tmp_path / "code.y4m"
    head = f"YUV4MPEG2 W{SIDE} H{SIDE} F5:1 Ip A1:1 C420jpeg\n".encode()
    film.write_bytes(head + b"FRAME\n" + grey + bytes([128]) * (SIDE * SIDE // 2))
    flags = (
        "--use-fake-ui-for-media-stream",  # which allows the camera
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    with launched(browser.browser_type, find_shell(), *flags) as started:
        yield started


def found(page: Page) -> None:
    """Whether the person is chosen, by the name that a registrar gave."""
    expect(page.get_by_text("Choose someone else")).to_be_visible()
    expect(page.get_by_role("button", name=NAME)).to_be_visible()


def scan(page: Page, site: Site) -> Locator:
    """Ask for a code where one chooses with whom to share; the dialog that waits for it."""
    sign_in(page, newcomer(site, patient=True))
    go(page, "/app/share")
    page.get_by_role("button", name="Scan").click()
    return page.get_by_role("dialog")


def test_a_camera_reads_the_code_that_somebody_shows(sees: Browser, site: Site) -> None:
    profiles = Profiles(sees, site)
    page = profiles.make(phone=True)
    scan(page, site)
    found(page)
    profiles.close()


def test_a_picture_of_the_code_does_as_well(
    lend_profile: MakeProfile, code: Locator, site: Site, tmp_path: Path
) -> None:
    photo, wall = tmp_path / "code.png", tmp_path / "wall.png"
    code.screenshot(path=photo)
    code.page.get_by_role("heading", level=1).screenshot(path=wall)
    page = lend_profile()
    dialog = scan(page, site)
    expect(dialog.get_by_text("The camera is not available")).to_be_visible()
    dialog.get_by_label("Or choose an image").set_input_files(wall)
    expect(dialog.get_by_text("There is no readable QR code in this image.")).to_be_visible()
    dialog.get_by_label("Or choose an image").set_input_files(photo)
    found(page)
