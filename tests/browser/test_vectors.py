"""The golden vectors, asked of the browser's core in Chromium: the same tests that ask it in Node."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.adapters import tools
from tests.core import test_javascript, test_javascript_refusals
from tests.core.javascript import found_in, question_line

ANSWERS = tools.ROOT / "tests" / "vectors" / "answers.mjs"
PLACE = "http://localhost/vectors"
"""An address of its own, which Chromium takes for a secure one; nothing is asked for there."""

for module in (test_javascript, test_javascript_refusals):
    globals().update({name: value for name, value in vars(module).items() if name[:5] == "test_"})


class InChromium:
    """Stands where the reader in Node stands."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def ask(self, question: str, **given: Any) -> Any:
        """The answer; raises Refused."""
        line = question_line(question, given)
        return found_in(self._page.evaluate("line => vectors.answer(line)", line))


@pytest.fixture(scope="module")
def js(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InChromium]:
    """The core in a page, bundled as the pages' own scripts are."""
    bundle = _bundled(tmp_path_factory.mktemp("vectors") / "answers.js")
    page = browser.new_page()
    page.route(PLACE, lambda route: route.fulfill(body="<title>Vectors</title>"))
    page.goto(PLACE)
    page.add_script_tag(path=bundle)
    yield InChromium(page)
    page.close()


def _bundled(path: Path) -> Path:
    esbuild = tools.NODE_MODULES / "esbuild" / "bin" / "esbuild"
    options = ["--bundle", "--format=iife", "--global-name=vectors", "--log-level=error"]
    command = [*tools.node_command(), str(esbuild), str(ANSWERS), *options, f"--outfile={path}"]
    subprocess.run(command, cwd=tools.ROOT, check=True)
    return path
