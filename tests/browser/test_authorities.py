"""The governor, a registrar and an administrator do their work through the pages; anybody checks it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.core.signatures import signed_json
from scripts.browser import go
from scripts.browser_wallet import TestWallet
from scripts.joining import SLOW, newcomer, sign_in
from scripts.site import Site, running_site
from tests.browser.accessibility import require_accessible
from tests.browser.conftest import BARE, PHONE, MakeProfile

pytestmark = pytest.mark.long

Document = dict[str, Any]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A node of their own: its governor and its registrar join here, once."""
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def auditor(share_profile: MakeProfile) -> Page:
    """The page on which anybody checks a statement."""
    return share_profile(path="/app/verify")


def wallet_of(site: Site, account: int) -> TestWallet:
    """A wallet of the browser with one of the chain's own accounts, which hold something."""
    place = site.place
    return TestWallet(chain=place.rpc, account=place.chain_process.accounts[account])


def choose(page: Page, label: str, address: str) -> None:
    """Choose a person by address."""
    page.get_by_label(label).fill(address)
    expect(page.get_by_text("Choose someone else")).to_be_visible()


def agree(page: Page, button: str) -> None:
    """Press yes in the dialog that tells the cost."""
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("It costs about")).to_be_visible()
    dialog.get_by_role("button", name=button).click()


def test_from_the_governor_to_a_name_that_anybody_can_check(
    make_profile: MakeProfile, auditor: Page, site: Site
) -> None:
    governor, registrar = (make_profile(path=BARE) for _ in range(2))
    ministry, council = wallet_of(site, 1), wallet_of(site, 2)
    sign_in(governor, newcomer(site, wallet=ministry), ministry)
    sign_in(registrar, newcomer(site, wallet=council), council)
    ada, doctor = newcomer(site), make_profile(phone=True)

    go(governor, "/app/governor")
    choose(governor, "Who?", council.address)
    governor.get_by_label("May give credentials to").select_option("practitioner")
    governor.get_by_role("button", name="Go on to the cost").click()
    agree(governor, "Appoint")
    expect(governor.get_by_role("region", name="In office")).to_contain_text(
        "Doctor or other practitioner", timeout=SLOW
    )
    require_accessible(governor)

    registrar.goto("/app/registrar")  # who was appointed meanwhile sees it when the page is loaded
    choose(registrar, "To whom?", ada.address)
    registrar.get_by_label("Name", exact=True).fill("Dr. Ada Okafor")
    registrar.get_by_role("button", name="Go on to the cost").click()
    agree(registrar, "Give the credential")
    given = registrar.get_by_role("region", name="Given by you")
    expect(given).to_contain_text("Dr. Ada Okafor", timeout=SLOW)
    require_accessible(registrar)

    sign_in(doctor, ada)
    go(doctor, "/app/notes")
    expect(doctor.get_by_role("heading", name="Records I wrote", level=1)).to_be_visible()

    introduction = doctor.evaluate(
        "async () => { const own = await (await fetch('/api/me')).json(); return own.introduction; }"
    )
    stranger = auditor
    stranger.get_by_label("Or paste its text").fill(json.dumps(introduction))
    stranger.get_by_role("button", name="Check the text").click()
    expect(stranger.get_by_role("heading", name="The statement holds")).to_be_focused()
    require_accessible(stranger)
    stranger.get_by_text("What the statement says").click()
    expect(stranger.get_by_text("Dr. Ada Okafor")).to_be_visible()

    registrar.get_by_role("button", name="Withdraw Dr. Ada Okafor").click()
    agree(registrar, "Withdraw it")
    expect(given.get_by_text("1 that has ended")).to_be_visible(timeout=SLOW)

    go(governor, "/app/node")
    expect(governor.get_by_text("The node is ready.")).to_be_visible()
    expect(governor.get_by_role("heading", name="Custodians")).to_be_visible()
    require_accessible(governor)


@pytest.fixture(scope="module")
def permission(site: Site) -> Document:
    """The statement file of a permission that stands."""
    place = site.place
    patient, viewer = place.enrol(patient=True), place.enrol()
    granted = patient.grant(viewer.address, category="conditions", purpose="FAMRQT")
    place.settle()
    domains = place.chain.domains
    proof = place.node.proof(domains.digest(granted.signed.statement))
    return signed_json(granted.signed, domains, proof)


def check_file(page: Page, document: Document | str) -> None:
    """Hand the page a file."""
    text = document if isinstance(document, str) else json.dumps(document)
    page.get_by_label("Drop the statement's file here").set_input_files(
        {"name": "statement.json", "mimeType": "application/json", "buffer": text.encode()}
    )


def test_an_auditor_checks_a_file_without_an_account(auditor: Page, permission: Document) -> None:
    page = auditor
    check_file(page, permission)
    expect(page.get_by_role("heading", name="The statement holds")).to_be_focused()
    page.get_by_text("What the statement says").click()
    expect(page.get_by_text("A permission", exact=True)).to_be_visible()
    require_accessible(page)


def test_a_statement_changed_after_it_was_signed_does_not_hold(
    auditor: Page, permission: Document
) -> None:
    page = auditor
    page.set_viewport_size(PHONE)
    forged = json.loads(json.dumps(permission))
    forged["typedData"]["message"]["category"] = "mental-health"
    check_file(page, forged)
    expect(page.get_by_role("heading", name="does not hold")).to_be_focused()
    require_accessible(page)


def test_what_is_no_statement_is_told_so(auditor: Page) -> None:
    check_file(auditor, "not a statement")
    expect(auditor.get_by_role("alert")).to_contain_text("This is not a statement that can be read")
