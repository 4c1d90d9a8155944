"""Owns how measurements are shown: one row per figure, with its target and what peers or physics need."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).with_name("peers.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: `key` in the JSON, its target, and what stands beside it."""

    key: str
    title: str
    target: float | None = None
    at_least: bool = False
    """Whether the target is a floor to rise above rather than a ceiling to stay below."""
    beside: str = ""
    optional: bool = False
    """Whether it is left out where what it needs is not installed."""

    def is_met(self, figure: float | None) -> bool:
        """Whether the figure reaches the target; true where there is none."""
        if self.target is None or (figure is None and self.optional):
            return True
        if figure is None:
            return False
        return figure >= self.target if self.at_least else figure <= self.target


def peer(name: str) -> str:
    """A peer's figure with its source, as a table shows it."""
    found = json.loads(PEERS.read_text(encoding="utf-8"))["figures"][name]
    return f"{found['gas']:,} {found['operation']} ({found['repository']})"


def table(rows: Sequence[Row], figures: Mapping[str, float]) -> str:
    """The figures in columns: what, measured, target, whether it is met, what peers need."""
    lines = [("", "measured", "target", "", "peers, or the floor")]
    for row in rows:
        if row.key not in figures and row.optional:
            lines.append((row.title, "", "", "", "not measured: it is not installed"))
            continue
        figure = figures[row.key]
        bound = (
            "" if row.target is None else f"{'≥' if row.at_least else '≤'} {_number(row.target)}"
        )
        verdict = "" if row.target is None else ("yes" if row.is_met(figure) else "NO")
        lines.append((row.title, _number(figure), bound, verdict, row.beside))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d:<{widths[3]}}  {e}".rstrip()
        for a, b, c, d, e in lines
    )


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if figure == int(figure) or figure >= 1000 else f"{figure:,.1f}"
