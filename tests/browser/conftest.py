"""Owns the fixtures of the pages' tests: one node and one Chromium for the session, profiles for people.

A profile is a browser of somebody's own: its cookies, keys and windows are nobody else's. Whatever a page
throws or its content security policy refuses fails the test at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect

from scripts.browser import chromium, find_chromium
from scripts.steps import SetupFailed
from tests.browser.site import Site, running_site

PHONE = ViewportSize(width=375, height=740)
DESKTOP = ViewportSize(width=1280, height=860)
PATIENCE = 15_000
"""Milliseconds that something on a page may take before a test gives up on it."""
expect.set_options(timeout=PATIENCE)

MakeProfile = Callable[..., Page]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A node with pages on a chain in memory, with three custodians."""
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; tests are skipped where none is installed."""
    try:
        find_chromium()
    except SetupFailed as missing:
        pytest.skip(str(missing))
    with chromium() as started:
        yield started


class Profiles:
    """Browsers of people; `faults` is what their pages threw and what the policy refused."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser, self._site = browser, site
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    def make(
        self, *, phone: bool = False, dark: bool = False, path: str = "/",
        expects_faults: bool = False,
    ) -> Page:  # fmt: skip
        """A profile's first page, on the node's address."""
        context = self._browser.new_context(
            base_url=self._site.url, viewport=PHONE if phone else DESKTOP, has_touch=phone,
            color_scheme="dark" if dark else "light", accept_downloads=True, locale="en-GB",
            timezone_id="UTC", reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        if not expects_faults:
            context.on("weberror", lambda error: self.faults.append(f"thrown: {error.error}"))
            context.on("console", self._hear)
        page = context.new_page()
        page.goto(path)
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.faults.append(message.text)

    def close(self) -> None:
        """Close all of them; fails with what they threw."""
        for context in self._contexts:
            context.close()
        assert not self.faults, "\n".join(self.faults)


@pytest.fixture
def make_profile(browser: Browser, site: Site) -> Iterator[MakeProfile]:
    """Makes a profile of one test and answers its first page."""
    profiles = Profiles(browser, site)
    yield profiles.make
    profiles.close()


@pytest.fixture(scope="module")
def share_profile(browser: Browser, site: Site) -> Iterator[MakeProfile]:
    """Makes a profile that the tests of one module share."""
    profiles = Profiles(browser, site)
    yield profiles.make
    profiles.close()


@pytest.fixture
def page(make_profile: MakeProfile) -> Page:
    """A stranger's first page."""
    return make_profile()
