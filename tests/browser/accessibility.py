"""Owns what axe-core finds on a page: nothing serious is the rule."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from app.adapters import tools

AXE = tools.NODE_MODULES / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
RUN = """
async (where) => {
  const context = where ? { include: [where] } : document;
  return (await axe.run(context, { resultTypes: ["violations"] })).violations;
}
"""


def require_accessible(page: Page, where: str = "") -> None:
    """Fail with each grave finding and the places where it stands; `where` looks at a part only.

    axe is put into the page past its content security policy, as a browser's own tools are.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN, where)
    told = [
        f"{one['id']} ({one['impact']}): {one['help']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
    assert not told, f"{page.url}\n" + "\n".join(told)
