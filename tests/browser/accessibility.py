"""Owns what axe-core finds on a page: nothing serious is the rule."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from app.adapters import tools

AXE = tools.NODE_MODULES / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
RUN = """
async (rules) => {
  const chosen = rules.length ? { runOnly: { type: "rule", values: rules } } : {};
  return (await axe.run(document, { resultTypes: ["violations"], ...chosen })).violations;
}
"""
COLOURS = ("color-contrast",)
"""What changes between light and dark."""


def require_accessible(page: Page, *rules: str) -> None:
    """Fail with each grave finding and the places where it stands; all rules unless some are named.

    axe is put into the page past its content security policy, as a browser's own tools are.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN, list(rules))
    told = [
        f"{one['id']} ({one['impact']}): {one['help']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
    assert not told, f"{page.url}\n" + "\n".join(told)
