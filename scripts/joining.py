"""Owns how people come to be whom a browser shows: joined through the pages, or made beside them and signed in."""

from __future__ import annotations

import os
import re
from typing import cast

from playwright.sync_api import Page, expect

from app.adapters.database import Database
from app.adapters.wallets import LocalWallet
from app.client.person import Person
from app.core.vault import Vault, own_wallet_key
from app.demo.trial import EmbeddedTrial
from scripts.browser import go
from scripts.browser_wallet import TestWallet
from scripts.site import Site

PASSPHRASE = "correct horse battery staple"  # noqa: S105  (of invented people)
SLOW = 45_000
"""Milliseconds that joining may take: keys, a lock that is meant to be slow, a block."""


def join(
    page: Page,
    name: str,
    *,
    patient: bool = False,
    wallet: TestWallet | None = None,
    sign_in_name: str = "",
) -> list[str]:
    """From the page of joining to the person's own first page; answers the recovery words.

    With a wallet of the browser, what it is to sign is agreed to from now on, as often as it asks.
    """
    if wallet is None:
        go(page, "/app/join")
    else:
        open_with(page, wallet, "/app/join")
        page.get_by_label("I have a wallet already").check()
        page.get_by_role("button", name="Test wallet").click()
    return go_on_joining(page, name, patient=patient, sign_in_name=sign_in_name)


def go_on_joining(
    page: Page, name: str, *, patient: bool = False, sign_in_name: str = ""
) -> list[str]:
    """The same from where it is chosen what signs."""
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Write these 24 words down").wait_for()
    told = page.get_by_role("list", name="Your recovery words").get_by_role("listitem")
    words = [re.sub(r"^\d+\s*", "", text.strip()) for text in told.all_inner_texts()]
    page.get_by_role("button", name="I have written them down").click()
    for field in page.get_by_label(re.compile(r"^Word \d+$")).all():
        place = int((field.get_attribute("id") or "").removeprefix("word-"))
        field.fill(words[place])
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("My own health records" if patient else "My work").check()
    page.get_by_label("What are you called?").fill(name)
    page.get_by_label("A passphrase", exact=True).fill(PASSPHRASE)
    page.get_by_label("The same passphrase again").fill(PASSPHRASE)
    page.get_by_label("A sign-in name").fill(sign_in_name)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("heading", name="Join", level=1)).to_be_hidden(timeout=SLOW)
    return words


def open_with(page: Page, wallet: TestWallet, path: str) -> None:
    """Open a page in a browser with a wallet, to which what it is to sign is handed without a word."""
    wallet.inject(page.context)
    to_wallet = page.get_by_role("button", name="Continue to my wallet")
    # one question may follow on the other, so that the button is there again before it was seen to go
    page.add_locator_handler(
        to_wallet,
        lambda button: button.evaluate_all("(all) => all.forEach((one) => one.click())"),
        no_wait_after=True,
    )
    page.goto(path)  # a wallet announces itself as the page is loaded


def address_of(page: Page) -> str:
    """The address of whoever is signed in, as the server knows it."""
    return str(page.evaluate("async () => (await (await fetch('/api/session')).json()).person"))


def newcomer(site: Site, *, patient: bool = False, wallet: TestWallet | None = None) -> Person:
    """Somebody enrolled beside the pages, who can sign in to them; without a wallet, with the vault's own."""
    vault = Vault(os.urandom(32))
    blank = site.place.person(patient=patient)
    person = Person(
        node=blank.node,
        wallet=LocalWallet(wallet.account.key if wallet else own_wallet_key(vault.seed)),
        vault=vault,
        custodians=blank.custodians,
        threshold=blank.threshold,
        clock=blank.clock,
    ).enrol()
    site.settle()
    return person


def practitioner(site: Site, name: str) -> Person:
    """As `newcomer`, with a credential and introduced by that name."""
    person = newcomer(site)
    introduce(site, person.address, name)
    return person


def introduce(site: Site, person: str, name: str) -> None:
    """Have the embedded registrar credential and introduce somebody."""
    EmbeddedTrial(site.place, cast(Database, site.place.node.database)).credential(person, name)


def sign_in(page: Page, person: Person, wallet: TestWallet | None = None) -> None:
    """With the recovery words, on a device that keeps the vault; ends on the person's first page."""
    if wallet is None:
        go(page, "/app/unlock")
        page.get_by_role("button", name="24 words").click()
    else:
        open_with(page, wallet, "/app/unlock")
        page.get_by_role("button", name="Own wallet").click()
        page.get_by_role("button", name="Test wallet").click()
    page.get_by_label(re.compile("your recovery words", re.IGNORECASE)).fill(person.vault.phrase)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_hidden(timeout=SLOW)
