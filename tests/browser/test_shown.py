"""What people wrote is shown as text: no markup in it is drawn, no address in it leads anywhere by itself."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from scripts.browser import go
from scripts.joining import SLOW, newcomer, practitioner, sign_in
from scripts.site import Site
from tests.browser import steps
from tests.browser.conftest import MakeProfile

MARKUP = "<img src=x onerror=\"document.title='taken'\"><b>Bold</b> & 'quoted'"
SCRIPT = "javascript:document.title='taken'"
CALLED = "Dr. <i>Ann</i> & Sons ?q=1#x"


@pytest.fixture(scope="module")
def page(share_profile: MakeProfile, site: Site) -> Page:
    """A patient's pages."""
    page = share_profile()
    sign_in(page, newcomer(site, patient=True))
    return page


def nothing_was_drawn(page: Page) -> bool:
    """Whether none of the markup became a part of the page, and no link leads to a script."""
    return bool(
        page.evaluate(
            "() => document.title !== 'taken'"
            " && !document.querySelector('img[src=\"x\"], main b, main i')"
            " && [...document.links].every((a) => ['http:', 'https:', 'blob:'].includes(a.protocol))"
        )
    )


@pytest.mark.asvs("1.2.2", "3.2.2")
def test_markup_and_addresses_in_a_record_are_text(page: Page, tmp_path: Path) -> None:
    steps.write_note(page, MARKUP, MARKUP)
    assert nothing_was_drawn(page)
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "description": MARKUP,
        "type": {"text": MARKUP},
        "content": [{"attachment": {"title": MARKUP, "contentType": "text/html", "url": SCRIPT}}],
    }
    file = tmp_path / "letter.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    go(page, "/app/add")
    page.get_by_label("Drop a file here").set_input_files(file)
    page.get_by_label("What is it?").fill("A letter")
    page.get_by_role("button", name="Sign and add it").click()
    expect(page.get_by_role("heading", name="A letter", level=1)).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(MARKUP).first).to_be_visible(timeout=SLOW)
    assert nothing_was_drawn(page)


@pytest.mark.asvs("1.2.2", "3.2.2")
def test_what_is_searched_for_travels_as_one_value_and_names_come_back_as_text(
    page: Page, site: Site
) -> None:
    practitioner(site, CALLED)
    # loaded anew: the credential is in the newest block, which an open page may not have heard of
    page.goto("/app/share")
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one))
    page.get_by_label("With whom?").fill(CALLED)
    page.get_by_role("button").filter(has_text=CALLED).click()
    expect(page.get_by_text("Choose someone else")).to_be_visible()
    searches = [urlsplit(one.url) for one in asked if "/api/people" in one.url]
    assert searches
    for search in searches:
        values = [value for found in parse_qs(search.query).values() for value in found]
        assert all(CALLED.startswith(value) for value in values), search
        assert not search.fragment
    assert nothing_was_drawn(page)
