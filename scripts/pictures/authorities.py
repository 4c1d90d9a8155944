"""Owns the pages of those who vouch and run: governor, registrar, an organization's team, a node's operator."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from scripts.browser_wallet import TestWallet
from scripts.joining import SLOW, address_of, join, newcomer, practitioner
from scripts.pictures.camera import Camera
from scripts.site import Site


def scene(camera: Camera, site: Site) -> None:
    """From a registrar's appointment to a team whose member may open what is shared with it."""
    governor, registrar, hospital = camera.visitor(), camera.visitor(), camera.visitor()
    join(governor, "The ministry of examples", wallet=_wallet(site, 1))
    join(registrar, "The council of examples", wallet=_wallet(site, 3))
    join(hospital, "Riverside", sign_in_name="")
    for role in ("hospital", "practitioner"):
        governor.goto("/app/governor")
        _choose(governor, "Who?", address_of(registrar))
        governor.get_by_label("May give credentials to").select_option(role)
        if role == "practitioner":
            camera.shoot(governor, "governor")
        _pay(governor, "Appoint")
    _give(registrar, camera, hospital, site)
    _team(hospital, camera, site)
    governor.goto("/app/node")
    governor.get_by_text("The node is ready.").wait_for()
    camera.shoot(governor, "node")
    for page in (governor, registrar, hospital):
        page.context.close()


def _wallet(site: Site, account: int) -> TestWallet:
    place = site.place
    return TestWallet(chain=place.rpc, account=place.chain_process.accounts[account])


def _choose(page: Page, label: str, address: str) -> None:
    page.get_by_label(label).fill(address)
    page.get_by_text("Choose someone else").wait_for()


def _pay(page: Page, yes: str) -> None:
    page.get_by_role("button", name="Go on to the cost").click()
    page.get_by_role("dialog").get_by_role("button", name=yes).click()
    expect(page.locator(".note")).to_be_visible(timeout=SLOW)


def _give(page: Page, camera: Camera, hospital: Page, site: Site) -> None:
    doctor = newcomer(site).address
    given = (
        (address_of(hospital), "hospital", "Riverside Hospital"),
        (doctor, "practitioner", "Dr. Jun Sato"),
    )
    for person, role, name in given:
        page.goto("/app/registrar")
        _choose(page, "To whom?", person)
        page.get_by_label("Role").select_option(role)
        page.get_by_label("Name", exact=True).fill(name)
        if role == "practitioner":
            camera.shoot(page, "registrar")
            page.get_by_role("button", name="Go on to the cost").click()
            page.get_by_role("dialog").get_by_text("It costs about").wait_for()
            camera.shoot(page, "registrar-cost")
            page.get_by_role("dialog").get_by_role("button", name="Give the credential").click()
        else:
            _pay(page, "Give the credential")
    expect(page.locator(".note")).to_be_visible(timeout=SLOW)
    site.settle()


def _team(page: Page, camera: Camera, site: Site) -> None:
    member = practitioner(site, "Dr. Lea Brandt")
    page.goto("/app/team")
    _choose(page, "Who joins the team?", member.address)
    page.get_by_role("button", name="Add to the team").click()
    members = page.get_by_role("region", name="Members")
    members.get_by_role("button", name="Dr. Lea Brandt", exact=True).wait_for(timeout=SLOW)
    camera.shoot(page, "team")
