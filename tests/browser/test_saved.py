"""What a person saves is theirs: a wallet as a file, of any maker; and what they have erased is gone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from eth_account import Account
from playwright.sync_api import Page, expect

from scripts.browser import go
from scripts.joining import PASSPHRASE, SLOW, address_of, go_on_joining, newcomer, sign_in
from scripts.site import Site
from tests.browser import steps
from tests.browser.conftest import MakeProfile

pytestmark = pytest.mark.long

QUICK = 1 << 12
"""Rounds of scrypt in a wallet file that a test makes."""


def test_who_has_a_wallet_file_joins_with_its_key(
    lend_profile: MakeProfile, tmp_path: Path
) -> None:
    account, page = Account.create(os.urandom(32)), lend_profile()
    file = tmp_path / "wallet.json"
    file.write_text(json.dumps(Account.encrypt(account.key, "of the file", iterations=QUICK)))
    go(page, "/app/join")
    page.get_by_label("I have a wallet already").check()
    page.get_by_text("I have a wallet file").click()
    page.get_by_label("The file", exact=True).set_input_files(file)
    open_with(page, "another")
    expect(page.get_by_role("alert")).to_contain_text("The passphrase does not open this")
    open_with(page, "of the file")
    expect(page.get_by_text(account.address)).to_be_visible(timeout=SLOW)
    go_on_joining(page, "Ida", patient=True)
    assert address_of(page) == account.address
    steps.write_note(page, "Tea", "Camomile: hives")


def open_with(page: Page, passphrase: str) -> None:
    page.get_by_label("Passphrase of the file").fill(passphrase)
    page.get_by_role("button", name="Open it").click()


def test_an_own_wallet_leaves_as_a_file_that_others_read(
    lend_profile: MakeProfile, site: Site
) -> None:
    person, page = newcomer(site, patient=True), lend_profile()
    sign_in(page, person)
    go(page, "/app/account")
    page.get_by_text("Take my wallet with me").click()
    page.get_by_label("Passphrase for the file").fill(PASSPHRASE)
    with page.expect_download(timeout=SLOW) as saved:
        page.get_by_role("button", name="Save the file").click()
    key = Account.decrypt(Path(saved.value.path()).read_text(), PASSPHRASE)
    assert Account.from_key(key).address == person.address


def test_what_is_erased_on_its_page_is_on_no_page_any_more(
    lend_profile: MakeProfile, site: Site
) -> None:
    page = lend_profile()
    sign_in(page, newcomer(site, patient=True))
    steps.write_note(page, "A secret", "Told to nobody")
    record = page.url
    page.get_by_text("Stop sharing, or erase").click()
    page.get_by_role("button", name="Erase this record").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("This cannot be undone.")
    asked.get_by_role("button", name="Erase it for good").click()
    expect(page.get_by_text("The record was erased.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("heading", name="My chart", level=1)).to_be_visible()
    expect(page.get_by_text("A secret")).to_have_count(0)
    page.goto(record)
    expect(page.get_by_text("Told to nobody")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Told to nobody")).to_have_count(0)
