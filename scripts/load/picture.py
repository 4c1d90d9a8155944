"""Owns what the picture of the load measurement shows: which figures, in which order, in which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scripts.bench_table import Row
from scripts.load.drawing import Bar, Curve, Growth, draw
from scripts.load.growth import Step

TITLE = "Chartkey under load: one node, {cores} cores, services over HTTP on loopback"
BELOW = "Clients and the chain, an Anvil that mines at once, share the cores."
GROUPS: Sequence[tuple[str, Sequence[tuple[str, str, str]]]] = (
    (
        "Statements, from the first signature to the last anchor",
        (
            ("statements_per_second", "SQLite, folder", "a second"),
            ("statements_per_second_postgres", "PostgreSQL, folder", "a second"),
            ("statements_per_second_kubo", "SQLite, two Kubo daemons", "a second"),
            ("one_by_one_per_second", "floor: one transaction each", "a second"),
        ),
    ),
    (
        "Openings of 10 kB through two of three custodians",
        (
            ("openings_per_second", "at full speed", "a second"),
            ("opening_p50_ms", "at 20 a second, half within", "ms"),
            ("opening_p95_ms", "at 20 a second, 95 % within", "ms"),
            ("opening_p99_ms", "at 20 a second, 99 % within", "ms"),
        ),
    ),
    (
        "Index and rebuild",
        (
            ("index_digests_per_second", "digests followed, SQLite", "a second"),
            ("index_digests_per_second_postgres", "digests followed, PostgreSQL", "a second"),
            ("rebuild_seconds_per_million", "rebuild of a million", "s"),
        ),
    ),
)


def picture(
    rows: Sequence[Row], figures: Mapping[str, float], steps: Sequence[Step], cores: int
) -> str:
    """The SVG; bars of one kind share a scale, and figures that were not measured are left out."""
    known = {row.key: row for row in rows}
    groups = [
        (
            heading,
            [_bar(known[key], figures[key], *words) for key, *words in bars if key in figures],
        )
        for heading, bars in GROUPS
    ]
    curves = [
        Curve(title="opening", points=[(step.digests, step.opening_ms) for step in steps]),
        Curve(title="proof", points=[(step.digests, step.proof_ms) for step in steps]),
    ]
    growth = Growth(
        title="Median time of one opening, and of one proof made from nothing, as the index grows",
        across="digests in the index",
        unit="ms",
        curves=curves,
    )
    return draw(TITLE.format(cores=cores), BELOW, groups, [growth])


def _bar(row: Row, value: float, title: str, unit: str) -> Bar:
    return Bar(title=title, value=value, unit=unit, target=row.target, at_least=row.at_least)
