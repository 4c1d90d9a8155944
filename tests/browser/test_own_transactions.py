"""Whoever holds ETH anchors and takes back by a transaction of their own, and sees the cost before."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.browser.conftest import MakeProfile
from tests.browser.joining import SLOW, address_of, join, newcomer, sign_in
from tests.browser.site import Site
from tests.browser.wallet import TestWallet

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


def test_with_eth_of_ones_own_nobodys_leave_is_needed(
    make_profile: MakeProfile, site: Site
) -> None:
    person, sister = newcomer(site, patient=True), newcomer(site)
    page = make_profile()
    sign_in(page, person)
    fund(site, person.address)
    steps.share(page, sister.address, "Allergies", purpose="Family")
    own = by_myself(page)
    own.get_by_role("button", name="Take it back myself: what does it cost?").click()
    expect(own).to_contain_text(re.compile(r"It costs about\s+(less than )?0\.\d+ ETH"))
    expect(own).to_contain_text(re.compile(r"Your wallet holds\s+1 ETH"))
    assert balance(site, person.address) == ONE_ETH, "asking costs nothing"
    [held] = sister.grants_held()
    assert not sister.has_taken_back(held.statement)
    own.get_by_role("button", name="Send it with my wallet").click()
    expect(page.get_by_text("No permission is running.")).to_be_visible(timeout=SLOW)
    assert balance(site, person.address) < ONE_ETH, "the own wallet paid"


def test_a_wallet_of_the_browser_pays_for_taking_everything_back(
    make_profile: MakeProfile, site: Site
) -> None:
    page, sister = make_profile(), newcomer(site)
    wallet = TestWallet(chain=site.place.rpc)
    join(page, "Ada Lind", patient=True, wallet=wallet)
    fund(site, address_of(page))
    steps.share(page, sister.address, "Allergies", "Measurements", purpose="Family")
    steps.turn_to(page, "Account")
    page.get_by_role("button", name="Take everything back myself: what does it cost?").click()
    expect(page.get_by_text("Your wallet holds")).to_be_visible()
    assert not [method for method, _ in wallet.asked if method == "eth_sendTransaction"]
    page.get_by_role("button", name="Send it with my wallet").click()
    expect(page.get_by_text("Your transaction is on its way.")).to_be_visible(timeout=SLOW)
    assert [method for method, _ in wallet.asked].count("eth_sendTransaction") == 1
    steps.turn_to(page, "Permissions")
    expect(page.get_by_text("No permission is running.")).to_be_visible(timeout=SLOW)


def test_without_eth_the_page_says_that_the_node_does_it(
    make_profile: MakeProfile, site: Site
) -> None:
    person, sister = newcomer(site, patient=True), newcomer(site)
    page = make_profile()
    sign_in(page, person)
    steps.share(page, sister.address, "Allergies", purpose="Family")
    own = by_myself(page)
    own.get_by_role("button", name="Take it back myself: what does it cost?").click()
    expect(own).to_contain_text("That is not enough. The node does it for you without a charge.")
    expect(own.get_by_role("button", name="Send it with my wallet")).to_have_count(0)
