"""Whoever holds ETH anchors and takes back by a transaction of their own, and sees the cost before."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.browser import go
from scripts.browser_wallet import TestWallet
from scripts.joining import SLOW, newcomer, sign_in
from scripts.site import Site
from tests.browser import steps
from tests.browser.conftest import BARE, MakeProfile

pytestmark = pytest.mark.long

ONE_ETH = 10**18


def fund(site: Site, address: str) -> None:
    """Have 1 ETH come from nowhere, as it may on a chain in memory."""
    site.place.rpc.call("anvil_setBalance", address, hex(ONE_ETH))


def balance(site: Site, address: str) -> int:
    return int(site.place.rpc.call("eth_getBalance", address, "latest"), 16)


def by_myself(page: Page) -> Locator:
    """The part of a permission that offers a transaction of one's own, unfolded."""
    page.get_by_text("By a transaction of my own").click()
    return page.locator("details", has_text="By a transaction of my own")


def ask_for_the_cost(page: Page) -> Locator:
    """What taking back by a transaction of one's own would cost; nothing is sent."""
    own = by_myself(page)
    own.get_by_role("button", name="Take it back myself: what does it cost?").click()
    return own


def test_who_has_no_eth_is_told_that_the_node_does_it_and_with_eth_nobodys_leave_is_needed(
    lend_profile: MakeProfile, site: Site
) -> None:
    person, sister = newcomer(site, patient=True), newcomer(site)
    page = lend_profile()
    sign_in(page, person)
    steps.share(page, sister.address, "Allergies", purpose="Family")
    own = ask_for_the_cost(page)
    expect(own).to_contain_text("That is not enough. The node does it for you without a charge.")
    expect(own.get_by_role("button", name="Send it with my wallet")).to_have_count(0)

    fund(site, person.address)
    go(page, "/app/permissions")
    own = ask_for_the_cost(page)
    expect(own).to_contain_text(re.compile(r"It costs about\s+(less than )?0\.\d+ ETH"))
    expect(own).to_contain_text(re.compile(r"Your wallet holds\s+1 ETH"))
    assert balance(site, person.address) == ONE_ETH, "asking costs nothing"
    [held] = sister.grants_held()
    assert not sister.has_taken_back(held.statement)
    own.get_by_role("button", name="Send it with my wallet").click()
    expect(page.get_by_text("No permission is running.")).to_be_visible(timeout=SLOW)
    assert balance(site, person.address) < ONE_ETH, "the own wallet paid"


def test_a_wallet_of_the_browser_may_say_no_and_pays_for_taking_everything_back(
    make_profile: MakeProfile, site: Site
) -> None:
    page, sister, wallet = make_profile(path=BARE), newcomer(site), TestWallet(chain=site.place.rpc)
    person = newcomer(site, patient=True, wallet=wallet)
    fund(site, person.address)
    sign_in(page, person, wallet)
    steps.fill_share(page, sister.address, "Allergies", "Measurements", purpose="Family")
    wallet.refuses = True
    steps.read_again(page).get_by_role("button", name="Yes, sign it").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("You said no in your wallet.", timeout=SLOW)
    expect(told).to_contain_text("Nothing was signed, and nothing has changed.")
    assert sister.grants_held() == []

    wallet.refuses = False
    steps.read_again(page).get_by_role("button", name="Yes, sign it").click()
    expect(page.get_by_text("2 permissions are running.")).to_be_visible(timeout=SLOW)
    assert len(sister.grants_held()) == 2

    steps.turn_to(page, "Account")
    page.get_by_role("button", name="Take everything back myself: what does it cost?").click()
    expect(page.get_by_text("Your wallet holds", exact=True)).to_be_visible()
    assert not [method for method, _ in wallet.asked if method == "eth_sendTransaction"]
    page.get_by_role("button", name="Send it with my wallet").click()
    expect(page.get_by_text("Your transaction is on its way.")).to_be_visible(timeout=SLOW)
    assert [method for method, _ in wallet.asked].count("eth_sendTransaction") == 1
    steps.turn_to(page, "Permissions")
    expect(page.get_by_text("No permission is running.")).to_be_visible(timeout=SLOW)
