"""Owns how a real browser is found and started: for the pages' tests, pictures and measurements."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from scripts.steps import SetupFailed

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
"""A browser under test asks nobody but the node."""


def find_chromium() -> str:
    """The path of an installed Chromium; raises SetupFailed, which tells how to get one."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise SetupFailed("No Chromium was found: on Debian, `apt install chromium`.")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium, closed at the end; its profiles are the contexts that are made in it."""
    path = find_chromium()
    with sync_playwright() as playwright:
        # without a sandbox of its own, since CI's user may be root, whom Chromium refuses one
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, "--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
