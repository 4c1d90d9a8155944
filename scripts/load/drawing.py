"""Owns the picture of the load measurement: one SVG, read in light and in dark, without a library.

Bars tell figures beside their targets; those of one unit in a group share a scale, so that they can be
compared. Lines tell how a figure moves while something grows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, MARGIN, ROW, LEFT = 860, 28, 30, 252
SAID = 176
"""Room at the right for a bar's figure and target."""
LEGEND = "An upright mark is what was to be reached."
PLOT_LEFT, PLOT_HEIGHT = 84, 150
STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2933; }
  .title { font-size: 18px; font-weight: 600; }
  .heading { font-weight: 600; }
  .small { font-size: 12px; fill: #52606d; }
  .back { fill: #ffffff; } .track { fill: #eef1f4; } .bar { fill: #2f6f8f; }
  .target { stroke: #b44d12; stroke-width: 2.5; }
  .line { fill: none; stroke: #2f6f8f; stroke-width: 2.5; } .dot { fill: #2f6f8f; }
  .other { stroke: #b44d12; } .otherdot { fill: #b44d12; }
  .axis { stroke: #d2d8de; stroke-width: 1; }
  .end { text-anchor: end; } .middle { text-anchor: middle; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e7eb; } .small { fill: #9aa5b1; }
    .back { fill: #16202a; } .track { fill: #22303c; } .axis { stroke: #33424f; }
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


def draw(
    title: str,
    below: str,
    groups: Sequence[tuple[str, Sequence[Bar]]],
    growths: Sequence[Growth],
) -> str:
    """The whole picture as SVG text; groups without bars are left out."""
    body: list[str] = []
    y = float(MARGIN + 8)
    body.append(_text(MARGIN, y, title, "title"))
    body.append(_text(MARGIN, y + 22, f"{below} {LEGEND}".strip(), "small"))
    y += 20
    for heading, bars in groups:
        if not bars:
            continue
        y += 40
        body.append(_text(MARGIN, y, heading, "heading"))
        y += 8
        body.extend(_bars(y, bars))
        y += ROW * len(bars)
    for growth in growths:
        y += 44
        body.extend(_growth(y, growth))
        y += PLOT_HEIGHT + 76
    height = round(y + MARGIN / 2)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">'
    )
    back = f'<rect class="back" width="{WIDTH}" height="{height}" rx="6"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", back, *body, "</svg>", ""])


def _bars(top: float, bars: Sequence[Bar]) -> Iterator[str]:
    room = WIDTH - LEFT - MARGIN - SAID
    for place, bar in enumerate(bars):
        y = top + place * ROW
        length = room * bar.value / _most(bar.unit, bars)
        yield _text(MARGIN, y + 20, bar.title)
        yield _box("track", LEFT, y + 8, room)
        yield _box("bar", LEFT, y + 8, max(length, 2))
        said = f"{_number(bar.value)} {bar.unit}"
        if bar.target is not None:
            x = LEFT + room * bar.target / _most(bar.unit, bars)
            yield f'<line class="target" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 3}" y2="{y + 27}"/>'
            said += f" ({'≥' if bar.at_least else '≤'} {_number(bar.target)})"
        yield _text(LEFT + room + 12, y + 20, said, "small")


def _most(unit: str, bars: Sequence[Bar]) -> float:
    """Where the scale of a unit ends: a little beyond its greatest figure and target."""
    return 1.04 * max(max(bar.value, bar.target or 0, 1e-9) for bar in bars if bar.unit == unit)


def _box(kind: str, x: float, y: float, length: float) -> str:
    return (
        f'<rect class="{kind}" x="{x}" y="{y:.1f}" width="{length:.1f}" '
        f'height="{ROW - 16}" rx="{min(3.0, length / 2):.1f}"/>'
    )


def _growth(top: float, growth: Growth) -> Iterator[str]:
    left, right, bottom = PLOT_LEFT, WIDTH - MARGIN - 20, top + 28 + PLOT_HEIGHT
    yield _text(MARGIN, top, growth.title, "heading")
    points = [point for curve in growth.curves for point in curve.points]
    low, high = (math.log10(end(x for x, _ in points)) for end in (min, max))
    most = _round_up(1.15 * max(y for _, y in points))

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - low) / ((high - low) or 1)
        return left + 20 + across * (right - left - 40), bottom - PLOT_HEIGHT * y / most

    for share in (0, 0.5, 1):
        y = bottom - PLOT_HEIGHT * share
        yield f'<line class="axis" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        words = f"{_number(most * share)} {growth.unit}" if share else "0"
        yield _text(left - 10, y + 4, words, "small end")
    for x in sorted({x for x, _ in points}):
        yield _text(place(x, 0)[0], bottom + 18, _number(x), "small middle")
    yield _text((left + right) / 2, bottom + 36, growth.across, "small middle")
    for number, curve in enumerate(growth.curves):
        yield from _curve(curve, [place(x, y) for x, y in curve.points], is_other=number > 0)


def _curve(curve: Curve, spots: Sequence[tuple[float, float]], *, is_other: bool) -> Iterator[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    yield f'<polyline class="line{" other" if is_other else ""}" points="{path}"/>'
    for (x, y), (_, value) in zip(spots, curve.points, strict=True):
        yield f'<circle class="{"otherdot" if is_other else "dot"}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        yield _text(x, y - 10, _number(value), "small middle")
    x, y = spots[0]
    yield _text(x + 22, y - 10, curve.title)


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}>{escape(words)}</text>'


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 6, 8 and 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value)


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}"
