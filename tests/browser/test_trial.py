"""What `make run` promises: a newcomer follows the page alone, to "she opened it, and I took it back"."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.joining import SLOW
from tests.browser.accessibility import require_accessible
from tests.browser.conftest import MakeProfile

pytestmark = pytest.mark.long

MINUTE = 60_000


def guide_says(page: Page, words: str) -> Locator:
    """The guide, as soon as it says what comes next."""
    guide = page.get_by_role("complementary", name="Guide of the trial")
    expect(guide).to_contain_text(words, timeout=SLOW)
    return guide


def test_the_guide_leads_from_the_landing_to_what_was_taken_back(lend_profile: MakeProfile) -> None:
    page = lend_profile(phone=True)
    page.get_by_role("link", name="Try it: three minutes").click()
    page.get_by_role("button", name="Make the two people, and begin").click()

    expect(page.get_by_role("heading", name="My chart", level=1)).to_be_visible(timeout=MINUTE)
    guide = guide_says(page, "Let Dr. Jonas Berg see your allergies")
    require_accessible(page)
    guide.get_by_role("link", name="Share").click()
    page.get_by_role("checkbox", name="Allergies").check()
    page.get_by_role("button", name="Read it once more, then sign").click()
    told = page.get_by_role("dialog")
    expect(told).to_contain_text("Dr. Jonas Berg may see records in “Allergies”.")
    told.get_by_role("button", name="Yes, sign it").click()

    guide = guide_says(page, "Now be Dr. Jonas Berg")
    guide.get_by_role("button", name="Become Dr. Jonas Berg").click()
    page.get_by_role("link", name="Open the chart").click(timeout=SLOW)
    expect(page.get_by_role("heading", name="Ada Lind", level=1)).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="Open").first.click()
    expect(page.get_by_role("button", name="Hide").first).to_be_visible(timeout=SLOW)

    guide = guide_says(page, "Be Ada Lind again and see that Dr. Jonas Berg has looked.")
    guide.get_by_role("button", name="Become Ada Lind").click()
    guide = guide_says(page, "press “Check it”")
    page.get_by_role("main").get_by_role("button", name="Check it").first.click()
    expect(page.get_by_text("Checked: it holds.")).to_be_visible(timeout=SLOW)
    guide.get_by_role("link", name="Permissions").click()
    page.get_by_role("button", name="Take it back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()

    guide = guide_says(page, "the custodians refuse now")
    guide.get_by_role("button", name="Become Dr. Jonas Berg").click()
    expect(page.get_by_text("Nobody shares with you at the moment.")).to_be_visible(timeout=SLOW)
    guide.get_by_role("button", name="That was all: close").click()
    expect(guide).to_have_count(0)
