"""Owns the picture of the load measurement: one SVG, read in light and in dark, without a library.

Bars tell figures beside their targets, on a logarithmic scale where they differ by powers of ten; lines
tell how a figure moves while something grows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, MARGIN, ROW, LEFT = 860, 28, 34, 330
STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2933; }
  .title { font-size: 17px; font-weight: 600; }
  .small { font-size: 12px; fill: #52606d; }
  .back { fill: #ffffff; } .bar { fill: #2f6f8f; } .target { stroke: #b44d12; stroke-width: 2; }
  .line { fill: none; stroke: #2f6f8f; stroke-width: 2.5; } .dot { fill: #2f6f8f; }
  .other { stroke: #b44d12; } .otherdot { fill: #b44d12; }
  .axis { stroke: #9aa5b1; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e7eb; } .small { fill: #9aa5b1; } .back { fill: #16202a; }
    .bar, .dot { fill: #6db3d1; } .line { stroke: #6db3d1; }
    .target, .other { stroke: #f0a868; } .otherdot { fill: #f0a868; }
  }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One figure: its words, its value with unit, and the target that it should reach or stay below."""

    title: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One figure at several sizes of something else."""

    title: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Curves over one size, on a logarithmic x-axis."""

    title: str
    across: str
    unit: str
    curves: Sequence[Curve]


def draw(title: str, groups: Sequence[tuple[str, Sequence[Bar]]], growths: Sequence[Growth]) -> str:
    """The whole picture as SVG text."""
    body: list[str] = []
    y = MARGIN + 8
    body.append(_text(MARGIN, y, title, "title"))
    for heading, bars in groups:
        y += 38
        body.append(_text(MARGIN, y, heading, "small"))
        y += 12
        body.extend(_bars(y, bars))
        y += ROW * len(bars)
    for growth in growths:
        y += 44
        body.extend(_growth(y, growth))
        y += 260
    height = y + MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">'
    )
    back = f'<rect class="back" width="{WIDTH}" height="{height}"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", back, *body, "</svg>", ""])


def _bars(top: float, bars: Sequence[Bar]) -> Iterator[str]:
    """Each bar on a scale of its own, which ends a little beyond its figure and its target."""
    for place, bar in enumerate(bars):
        y = top + place * ROW
        most = 1.15 * max(bar.value, bar.target or 0, 1e-9)
        room = WIDTH - LEFT - MARGIN - 150
        length = room * bar.value / most
        yield _text(MARGIN, y + 20, bar.title)
        yield f'<rect class="bar" x="{LEFT}" y="{y + 6}" width="{length:.1f}" height="18" rx="3"/>'
        said = f"{_number(bar.value)} {bar.unit}"
        if bar.target is not None:
            x = LEFT + room * bar.target / most
            yield f'<line class="target" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 2}" y2="{y + 28}"/>'
            said += f"  ({'≥' if bar.at_least else '≤'} {_number(bar.target)})"
        yield _text(LEFT + room + 12, y + 20, said, "small")


def _growth(top: float, growth: Growth) -> Iterator[str]:
    left, right, bottom, height = LEFT - 240, WIDTH - MARGIN, top + 220, 170
    yield _text(MARGIN, top, growth.title, "small")
    points = [point for curve in growth.curves for point in curve.points]
    low, high = (math.log10(end(x for x, _ in points)) for end in (min, max))
    most = 1.25 * max(y for _, y in points)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - low) / ((high - low) or 1)
        return left + across * (right - left), bottom - height * y / most

    for share in (0, 0.5, 1):
        y = bottom - height * share
        yield f'<line class="axis" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>'
        yield _text(MARGIN, y + 4, f"{_number(most * share)} {growth.unit}", "small")
    for x in sorted({x for x, _ in points}):
        yield _text(place(x, 0)[0] - 14, bottom + 18, _number(x), "small")
    yield _text((left + right) / 2, bottom + 34, growth.across, "small")
    for number, curve in enumerate(growth.curves):
        other = " other" if number else ""
        spots = [place(x, y) for x, y in curve.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        yield f'<polyline class="line{other}" points="{path}"/>'
        for x, y in spots:
            yield f'<circle class="{"otherdot" if number else "dot"}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        x, y = spots[-1]
        yield _text(x - 8 * len(curve.title), y - 10, curve.title, "small")


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}>{escape(words)}</text>'


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if value >= 1 else f"{value:.2f}"
