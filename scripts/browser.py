"""Owns how a real browser is found, started and led: for the pages' tests, pictures and measurements."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, sync_playwright

from scripts.steps import SetupFailed

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHELL = "chromium-headless-shell"
"""The same without what belongs to windows: a quarter less work."""
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # CI's user may be root, whom Chromium refuses one
)
"""A browser under test asks nobody but the node."""
FOLLOW = """
async (path) => {
  const before = document.querySelector("main h1");
  const link = document.createElement("a");
  link.href = path;
  document.body.append(link);
  link.click();
  link.remove();
  for (let left = 3000; before?.isConnected; left -= 1) {
    if (!left) throw new Error(`the page stays where it was: ${document.title}`);
    await new Promise((go) => setTimeout(go, 10));
  }
}
"""
"""Follows a link that is nowhere on the page; ends when the page before has gone."""


def find_chromium() -> str:
    """The path of an installed Chromium; raises SetupFailed, which tells how to get one."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise SetupFailed("No Chromium was found: on Debian, `apt install chromium`.")


def find_shell() -> str:
    """The path of Chromium's shell for tests, else of Chromium; raises SetupFailed."""
    return shutil.which(SHELL) or find_chromium()


@contextmanager
def chromium(path: str = "") -> Iterator[Browser]:
    """A headless Chromium, closed at the end; its profiles are the contexts that are made in it."""
    found = path or find_chromium()
    with sync_playwright() as playwright, launched(playwright.chromium, found) as browser:
        yield browser


@contextmanager
def launched(kind: BrowserType, path: str, *flags: str) -> Iterator[Browser]:
    """The same where Playwright runs already, as it does once in a thread."""
    browser = kind.launch(executable_path=path, args=[*QUIET, *flags])
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def profile_on_disk(kind: BrowserType, folder: Path, url: str) -> Iterator[BrowserContext]:
    """A profile as people have theirs; others keep everything in memory, as a private window does."""
    context = kind.launch_persistent_context(
        folder, executable_path=find_chromium(), args=QUIET, base_url=url
    )
    try:
        yield context
    finally:
        context.close()


def go(page: Page, path: str) -> None:
    """To a page of the application; one that is open already turns to it without being loaded anew."""
    if page.locator("#app").count():
        page.locator("#main").wait_for()  # only then links are followed
        page.evaluate(FOLLOW, path)
    else:
        page.goto(path)
