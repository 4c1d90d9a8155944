"""Owns how a page becomes pictures: light and dark on a desktop, and on a phone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, expect

DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=375, height=740)
TALLEST = 2000
"""Pixels; what is below is not in the picture."""
Scheme = Literal["light", "dark"]
LOOKS: tuple[tuple[str, ViewportSize, Scheme], ...] = (
    ("dark", DESKTOP, "dark"),
    ("phone", PHONE, "light"),
    ("light", DESKTOP, "light"),
)
"""The last one is how a page looks while people go on with it."""
PATIENCE = 30_000
"""Milliseconds that something may take to appear."""
DRAWN = """async () => {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


@dataclass(kw_only=True)
class Camera:
    """Takes pictures into a folder; `wanted` are their names, all of them where it is empty."""

    browser: Browser
    url: str
    folder: Path
    wanted: Collection[str] = ()
    taken: list[str] = field(default_factory=list)

    def visitor(self, path: str = "/") -> Page:
        """A browser of somebody's own, on a page of the node."""
        context = self.browser.new_context(
            base_url=self.url, viewport=DESKTOP, color_scheme="light", locale="en-GB",
            timezone_id="UTC", reduced_motion="reduce", accept_downloads=True,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(path)
        return page

    def shoot(self, page: Page, name: str, *, busy: bool = False) -> None:
        """Take the page as it is now; with `busy`, without waiting until all of it is there."""
        if self.wanted and name not in self.wanted:
            return
        if not busy:
            expect(page.locator(".waiting, .note, [aria-busy=true]")).to_have_count(
                0, timeout=PATIENCE
            )
            page.mouse.move(0, 0)
        for look, viewport, scheme in LOOKS:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(viewport)
            page.evaluate(DRAWN)
            page.set_viewport_size(self._whole(page, viewport))
            page.evaluate("() => window.scrollTo(0, 0)")
            page.evaluate(DRAWN)
            page.screenshot(path=self.folder / f"{name}-{look}.png")
        page.set_viewport_size(DESKTOP)
        self.taken.append(name)

    def _whole(self, page: Page, viewport: ViewportSize) -> ViewportSize:
        """As tall as the page; a dialog is shown at the size at which people meet it."""
        if page.locator("dialog[open]").count():
            return viewport
        height = int(page.evaluate("() => document.documentElement.scrollHeight"))
        height = min(max(height, viewport["height"]), TALLEST)
        return ViewportSize(width=viewport["width"], height=height)
