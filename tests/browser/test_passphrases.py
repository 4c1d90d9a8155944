"""How a passphrase is chosen, typed, changed, and taken as it was typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from app.client.person import Person
from scripts.joining import SLOW, newcomer, sign_in
from scripts.site import Site
from tests.browser import steps
from tests.browser.conftest import MakeProfile

pytestmark = pytest.mark.long

FIRST = "Zwölf  Äpfel, и три груши 🍐"
"""Any signs do, blanks among them."""
SECOND = "four pears and a very long road " * 4
"""Longer than some would read."""
TOO_SHORT = "eleven sign"


@pytest.fixture(scope="module")
def person(site: Site) -> Person:
    """Somebody who has no passphrase yet, only the words."""
    return newcomer(site)


@pytest.fixture(scope="module")
def account(share_profile: MakeProfile, person: Person) -> Page:
    """Their page of the account, with the form open."""
    page = share_profile()
    sign_in(page, person)
    steps.turn_to(page, "Account")
    page.get_by_text("Change the passphrase, or the sign-in name").click()
    return page


def change(page: Page, now: str, new: str) -> None:
    """Fill in both and press."""
    page.get_by_label("Your passphrase so far").fill(now)
    page.get_by_label("New passphrase").fill(new)
    page.get_by_role("button", name="Change", exact=True).click()


@pytest.mark.asvs("6.2.1", "6.2.2", "6.2.3", "6.2.5", "6.2.8")
def test_a_passphrase_of_any_signs_is_changed_by_whoever_knows_the_one_before(
    account: Page, person: Person
) -> None:
    counts = account.get_by_text("From now on the new passphrase counts.")
    account.get_by_label("Your passphrase so far").fill(person.vault.phrase)
    account.get_by_label("New passphrase").fill(TOO_SHORT)
    expect(account.get_by_role("button", name="Change", exact=True)).to_be_disabled()
    change(account, person.vault.phrase, FIRST)
    expect(counts).to_be_visible(timeout=SLOW)

    wrong = [FIRST.upper(), FIRST[:-1], FIRST + " ", "another passphrase"]
    for passphrase in wrong:
        change(account, passphrase, SECOND)
        expect(account.get_by_role("alert")).to_be_visible(timeout=SLOW)
        account.get_by_label("Your passphrase so far").fill("")
    change(account, FIRST, SECOND)
    expect(account.get_by_role("alert")).to_have_count(0, timeout=SLOW)
    expect(account.get_by_label("New passphrase")).to_have_value("", timeout=SLOW)
    change(account, SECOND[:72], FIRST)  # where some stop reading
    expect(account.get_by_role("alert")).to_be_visible(timeout=SLOW)


@pytest.mark.asvs("6.2.6", "6.2.7")
def test_what_is_typed_is_masked_and_may_be_pasted_or_filled_in(account: Page) -> None:
    now = account.get_by_label("Your passphrase so far")
    new = account.get_by_label("New passphrase")
    for field, purpose in ((now, "current-password"), (new, "new-password")):
        expect(field).to_have_attribute("type", "password")
        expect(field).to_have_attribute("autocomplete", purpose)
        field.fill("")
        field.focus()
        account.keyboard.insert_text("as out of a manager")  # what pasting does
        expect(field).to_have_value("as out of a manager")
        refused = field.evaluate(
            "(field) => !field.dispatchEvent(new ClipboardEvent('paste', { cancelable: true, bubbles: true }))"
        )
        assert not refused
