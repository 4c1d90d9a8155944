"""What ends, or is refused late, is told on the screen: an idle session, a statement, a wallet's own fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from app.adapters.rpc import RpcRefused
from scripts.browser import go
from scripts.browser_wallet import TestWallet
from scripts.joining import SLOW, newcomer, sign_in
from scripts.site import Site
from tests.browser import steps
from tests.browser.conftest import BARE, MakeProfile

pytestmark = pytest.mark.long

SESSIONS = "**/api/session"
STATEMENTS = "**/api/statements"
IDLE = 3
"""Seconds after which the node of this test's page calls a session idle."""


def test_an_idle_session_leaves_the_screen_without_being_asked(
    lend_profile: MakeProfile, site: Site
) -> None:
    page = lend_profile()

    def sooner(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        if "idleSeconds" in told:
            told["idleSeconds"] = IDLE
        route.fulfill(response=answer, json=told)

    page.context.route(SESSIONS, sooner)
    sign_in(page, newcomer(site, patient=True))
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible(timeout=SLOW)
    assert page.url.endswith("/app/unlock#?ended=1")


def test_what_waited_and_is_refused_when_handed_in_is_told_until_it_is_read(
    lend_profile: MakeProfile, site: Site
) -> None:
    person, sister = newcomer(site, patient=True), newcomer(site)
    patient = lend_profile()
    sign_in(patient, person)
    steps.turn_to(patient, "Permissions")  # where one is led afterwards, without a network too
    patient.get_by_role("link", name="Share").first.click()
    steps.fill_share_here(patient, sister.address, "Allergies", purpose="Family")
    told = steps.read_again(patient)
    expect(told).to_be_visible()
    patient.context.set_offline(True)
    told.get_by_role("button", name="Yes, sign it").click()
    expect(patient.get_by_text("One statement waits to be handed in.")).to_be_visible(timeout=SLOW)
    patient.context.route(STATEMENTS, refuse)
    patient.context.set_offline(False)
    refusal = patient.get_by_text("One statement that waited on this device was refused")
    expect(refusal).to_be_visible(timeout=SLOW)
    expect(patient.get_by_text("The statement was made for chain 7")).to_be_visible()
    assert sister.grants_held() == []

    patient.get_by_role("button", name="I have read it").click()
    expect(refusal).to_have_count(0)


def refuse(route: Route) -> None:
    """As a node does that was set up anew on another chain meanwhile."""
    facts = {"given": 7, "expected": 8}
    sentence = "The statement was made for chain 7, and this is chain 8."
    told = {"error": "WrongChain", "sentence": sentence, "facts": facts}
    if route.request.method == "POST":
        route.fulfill(status=400, content_type="application/json", body=json.dumps(told))
    else:
        route.continue_()


class EmptyWallet(TestWallet):
    """A wallet that cannot do what it is asked, and says why."""

    is_empty = False

    def _request(self, method: str, params: list[Any]) -> Any:
        if self.is_empty and method == "eth_signTypedData_v4":
            raise RpcRefused("The device is locked.", b"")
        return super()._request(method, params)


def test_a_wallets_own_reason_is_told(make_profile: MakeProfile, site: Site) -> None:
    page: Page = make_profile(path=BARE)
    wallet = EmptyWallet(chain=site.place.rpc)
    sign_in(page, newcomer(site, patient=True, wallet=wallet), wallet)
    wallet.is_empty = True
    go(page, "/app/add")
    page.get_by_label("What is it?").fill("Tea")
    page.get_by_label("What do you want to write down?").fill("Hives")
    page.get_by_role("button", name="Sign and add it").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Your wallet did not sign; it says:", timeout=SLOW)
    expect(told).to_contain_text("The device is locked.")
    expect(told).to_contain_text("Nothing was signed, and nothing has changed.")
