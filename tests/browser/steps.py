"""Owns what people do on the pages, step by step, as they would: press, type, read."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from scripts.browser import go
from scripts.joining import SLOW


def turn_to(page: Page, name: str) -> None:
    """By the menu, without loading the page anew."""
    pages, wanted = page.get_by_role("navigation", name="Pages"), re.compile(rf"^{name}")
    link, more = pages.get_by_role("link", name=wanted), pages.get_by_role("button", name="More")
    expect(link.or_(more).first).to_be_visible(timeout=SLOW)
    if not link.is_visible():
        more.click()
        link = page.get_by_role("dialog").get_by_role("link", name=wanted)
    link.click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def write_note(page: Page, title: str, text: str, *, category: str = "allergies") -> None:
    """Add a note to one's own chart, and be shown it."""
    go(page, "/app/add")
    page.get_by_label("What is it?").fill(title)
    page.get_by_label("Category").select_option(category)
    page.get_by_label("What do you want to write down?").fill(text)
    page.get_by_role("button", name="Sign and add it").click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(text).first).to_be_visible(timeout=SLOW)


def choose(page: Page, label: str, who: str) -> None:
    """Choose a person by address, or by a name that the search finds."""
    page.get_by_label(label).fill(who)
    if not who.startswith("0x"):
        page.get_by_role("button", name=re.compile(re.escape(who))).click()
    expect(page.get_by_text("Choose someone else")).to_be_visible()


def fill_share(page: Page, viewer: str, *categories: str, purpose: str = "") -> None:
    """Go to the form of sharing, and fill it in up to the last button."""
    go(page, "/app/share")
    fill_share_here(page, viewer, *categories, purpose=purpose)


def fill_share_here(page: Page, viewer: str, *categories: str, purpose: str = "") -> None:
    """The same where the form stands already."""
    choose(page, "With whom?", viewer)
    for category in categories:
        page.get_by_role("checkbox", name=re.compile(rf"^{category}")).check()
    if purpose:
        page.get_by_role("radio", name=re.compile(rf"^{purpose}")).check()


def read_again(page: Page) -> Locator:
    """Press the form's button; the dialog that tells in plain words what will be signed."""
    page.get_by_role("button", name="Read it once more, then sign").click()
    return page.get_by_role("dialog")


def share(page: Page, viewer: str, *categories: str, purpose: str = "") -> None:
    """Give a permission for whole categories, for a month."""
    fill_share(page, viewer, *categories, purpose=purpose)
    read_again(page).get_by_role("button", name="Yes, sign it").click()
    expect(page.get_by_role("heading", name="Permissions", level=1)).to_be_visible(timeout=SLOW)


def take_back(page: Page, what: str) -> None:
    """End one running permission, on the page of permissions."""
    page.get_by_role("button", name=re.compile(f"^Take it back ?: {what}")).click()
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Taken back. Nothing more can be opened under it.")).to_be_visible(
        timeout=SLOW
    )


def look_at_chart(page: Page, patient: str) -> None:
    """Go to the page of a patient's shared chart, whether anything is shared or not."""
    go(page, f"/app/patients/{patient}")
    expect(page.get_by_text("This chart may be incomplete.")).to_be_visible()


def open_record(page: Page, title: str) -> None:
    """Open one record of a shared chart, or of what one wrote."""
    page.get_by_role("button", name=f"Open {title}", exact=True).click()
    expect(page.get_by_role("button", name=f"Hide {title}", exact=True)).to_be_visible(timeout=SLOW)


def sign_out(page: Page) -> None:
    """By the menu at the top."""
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
