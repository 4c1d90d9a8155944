"""Owns the fixtures of the pages' tests: one node and one Chromium for the session, profiles for people.

A profile is a browser of somebody's own: its cookies, keys and windows are nobody else's. Whatever a page
throws or its content security policy refuses fails the test at its end.

Making a profile and reading the pages' scripts into it takes longer than most tests. So profiles are lent: one that a
test gives back forgets all that it kept, and the next test finds it as if it were new.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect

from scripts.browser import chromium, find_shell
from scripts.site import Site, running_site
from scripts.steps import SetupFailed

PHONE = ViewportSize(width=375, height=740)
DESKTOP = ViewportSize(width=1280, height=860)
PATIENCE = 120_000
"""Milliseconds after which something that hangs on a page is given up; nothing is decided by it."""
BARE = "/robots.txt"
"""An address of the node without scripts."""
FORGET = """
async () => {
  localStorage.clear();
  sessionStorage.clear();
  for (const { name } of await indexedDB.databases()) {
    await new Promise((done, fail) => {
      const asked = indexedDB.deleteDatabase(name);
      asked.onsuccess = done;
      asked.onerror = fail;
    });
  }
  const folder = await navigator.storage.getDirectory();
  for await (const name of folder.keys()) await folder.removeEntry(name, { recursive: true });
}
"""
expect.set_options(timeout=PATIENCE)

MakeProfile = Callable[..., Page]
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which tests failed: what they used is not lent again."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A node with pages on a chain in memory, with three custodians."""
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; tests are skipped where none is installed."""
    try:
        path = find_shell()
    except SetupFailed as missing:
        pytest.skip(str(missing))
    with chromium(path) as started:
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
        self.require_no_faults()

    def require_no_faults(self) -> None:
        """Fail with what they threw since the last time."""
        faults, self.faults = self.faults, []
        assert not faults, "\n".join(faults)


class Lent(Profiles):
    """Browsers that one test after another uses; those given back wait here, by whether it is a phone."""

    def __init__(self, browser: Browser, site: Site) -> None:
        super().__init__(browser, site)
        self._free: dict[bool, list[BrowserContext]] = {False: [], True: []}
        self._lent: list[tuple[bool, BrowserContext]] = []

    def lend(self, *, phone: bool = False, path: str = "/") -> Page:
        """A page in a browser that knows nothing of anybody."""
        free = self._free[phone]
        context = free.pop() if free else self.make(phone=phone, path=BARE).context
        self._lent.append((phone, context))
        page = context.pages[0] if context.pages else context.new_page()
        page.goto(path)
        return page

    def take_back(self, *, spoiled: bool) -> None:
        """Have all that were lent forget everything; those of a failed test are closed."""
        lent, self._lent = self._lent, []
        for phone, context in lent:
            if spoiled:
                context.close()
                self._contexts.remove(context)
            else:
                self._forget(context)
                self._free[phone].append(context)

    def _forget(self, context: BrowserContext) -> None:
        context.unroute_all()
        context.set_offline(False)
        context.clear_cookies()
        for page in context.pages[1:]:
            page.close()
        page = context.pages[0] if context.pages else context.new_page()
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.goto(BARE)
        page.evaluate(FORGET)


@pytest.fixture
def make_profile(browser: Browser, site: Site) -> Iterator[MakeProfile]:
    """Makes a profile of one test and answers its first page."""
    profiles = Profiles(browser, site)
    yield profiles.make
    profiles.close()


@pytest.fixture(scope="session")
def lent(browser: Browser, site: Site) -> Iterator[Lent]:
    """The profiles that are lent."""
    profiles = Lent(browser, site)
    yield profiles
    profiles.close()


@pytest.fixture
def lend_profile(lent: Lent, request: pytest.FixtureRequest) -> Iterator[MakeProfile]:
    """Lends a profile to one test and answers its first page."""
    yield lent.lend
    lent.take_back(spoiled=request.node.stash.get(FAILED, False))
    lent.require_no_faults()


@pytest.fixture(scope="module")
def share_profile(browser: Browser, site: Site) -> Iterator[MakeProfile]:
    """Makes a profile that the tests of one module share."""
    profiles = Profiles(browser, site)
    yield profiles.make
    profiles.close()
