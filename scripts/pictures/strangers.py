"""Owns what somebody sees who has not joined yet: the landing, joining, signing in, checking a statement."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page

from app.core.signatures import signed_json
from scripts.joining import PASSPHRASE, newcomer
from scripts.pictures.camera import Camera
from scripts.site import Site


def scene(camera: Camera, site: Site) -> None:
    """All of it, in one browser."""
    page = camera.visitor()
    page.get_by_role("button", name="Sign in").first.wait_for()
    camera.shoot(page, "welcome")
    page.goto("/app/unlock")
    page.get_by_label("Sign-in name").fill("nobody-here")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("alert").wait_for()
    camera.shoot(page, "sign-in-refused")
    page.goto("/app/nothing")
    page.get_by_role("heading", level=1).wait_for()
    camera.shoot(page, "not-found")
    _join(page, camera)
    _check(camera.visitor("/app/verify"), camera, site)


def _join(page: Page, camera: Camera) -> None:
    page.goto("/app/join")
    page.get_by_role("button", name="Go on").wait_for()
    camera.shoot(page, "join")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Write these 24 words down").wait_for()
    camera.shoot(page, "join-words")
    told = page.get_by_role("list", name="Your recovery words").get_by_role("listitem")
    words = [re.sub(r"^\d+\s*", "", text.strip()) for text in told.all_inner_texts()]
    page.get_by_role("button", name="I have written them down").click()
    for field in page.get_by_label(re.compile(r"^Word \d+$")).all():
        field.fill(words[int((field.get_attribute("id") or "").removeprefix("word-"))])
    camera.shoot(page, "join-check")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("What are you called?").fill("Nils Lind")
    camera.shoot(page, "join-name")


def _check(page: Page, camera: Camera, site: Site) -> None:
    """A statement that holds, and the same with one word changed."""
    patient, viewer = newcomer(site, patient=True), newcomer(site)
    granted = patient.grant(viewer.address, category="allergies", purpose="FAMRQT")
    site.settle()
    proof = site.place.node.proof(granted.digest)
    true = signed_json(granted.signed, site.place.chain.domains, proof)
    forged = json.loads(json.dumps(true))
    forged["typedData"]["message"]["category"] = "mental-health"
    page.get_by_label("Or paste its text").wait_for()
    camera.shoot(page, "verify")
    for name, statement in (("verify-holds", true), ("verify-forged", forged)):
        page.get_by_label("Or paste its text").fill(json.dumps(statement))
        page.get_by_role("button", name="Check the text").click()
        page.locator("#verdict").wait_for()
        camera.shoot(page, name)
        page.reload()
