"""Measures a node under load, with real services: statements, openings, the index, and a rebuild.

Each service is a process as an operator runs it (`python -m app web|relay|index|custodian|rebuild`), on
an Anvil that mines each transaction at once, with store and databases on a disk and synced. Clients are
processes of their own on the same cores. The picture goes into docs/load.svg; the figures are what
--json prints.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from app.adapters import tools
from scripts.bench_crypto import wraps
from scripts.bench_table import Row
from scripts.load import growth, statements
from scripts.load.cores import Cores
from scripts.load.growth import Grown
from scripts.load.picture import picture
from scripts.load.sizes import Sizes
from scripts.load.stage import is_installed
from scripts.load.statements import Passage

FOLDER = tools.TOOLS / "bench"
PICTURE = tools.ROOT / "docs" / "load.svg"
MILLION = 1_000_000

ROWS = (
    Row(
        key="statements_per_second",
        title="statements signed, sealed, verified, stored and anchored per second",
        target=1_500,
        at_least=True,
        beside="97 tx/s published; the floor is below",
    ),
    Row(
        key="statements_per_second_postgres",
        title="the same on PostgreSQL",
        optional=True,
    ),
    Row(
        key="statements_per_second_kubo",
        title="the same with two Kubo daemons, both of which take everything",
        optional=True,
    ),
    Row(
        key="one_by_one_per_second",
        title="floor: transactions one by one to an Anvil, through web3.py",
    ),
    Row(
        key="wraps_per_second",
        title="floor: X-Wing wraps per second on one core, as the run began",
    ),
    Row(
        key="stolen_percent",
        title="of the cores' time during the run, what the host gave to others, %",
        optional=True,
    ),
    Row(
        key="openings_per_second",
        title="openings per second, 2 of 3 custodians over HTTP, body of 10 kB",
        target=150,
        at_least=True,
        beside="none published; 1 MB in 0.7 to 1.4 s",
    ),
    Row(key="opening_p50_ms", title="an opening at 20 a second, half within, ms"),
    Row(key="opening_p95_ms", title="95 % within, ms", target=60),
    Row(key="opening_p99_ms", title="99 % within, ms"),
    Row(
        key="index_digests_per_second",
        title="digests that the index follows per second",
        target=5_000,
        at_least=True,
    ),
    Row(
        key="index_digests_per_second_postgres",
        title="the same on PostgreSQL, a tenth of them",
        optional=True,
    ),
    Row(
        key="rebuild_seconds_per_million",
        title="seconds to rebuild 1,000,000 digests from chain and store",
        target=300,
    ),
    *(
        Row(key=f"{what}_ms_at_{size}", title=f"{words}, with {size:,} digests in the index, ms")
        for what, words in (("opening", "an opening"), ("proof", "a proof made from nothing"))
        for size in Sizes().growth
    ),
    Row(key="peak_memory_mb", title="the largest resident set of any service process, MB"),
    Row(key="lost", title="accepted, and not on the chain", target=0),
)


@dataclass(kw_only=True)
class _Tally:
    """What all stages share: the most memory, and what was lost."""

    peak: int = 0
    lost: int = 0
    figures: dict[str, float] = field(default_factory=dict)

    def add(self, key: str, passage: Passage) -> None:
        self.figures[key] = passage.per_second
        self.peak, self.lost = max(self.peak, passage.peak), self.lost + passage.lost


def run(
    share: float = 1.0, within: Path = FOLDER, to: Path = PICTURE, *, optional: bool = True
) -> dict[str, float]:
    """Measure everything, at a share of the full size; the keys are those of ROWS.

    Everything is written within a folder, on the disk that counts; the picture at its own place.
    Kubo and PostgreSQL are passed over where they are not installed, or with `optional` false.
    Raises CannotStart.
    """
    sizes, tally = Sizes.at(share), _Tally()
    within.mkdir(parents=True, exist_ok=True)
    # kept until the end: a file system that has just deleted thousands of files makes new ones slowly
    with tempfile.TemporaryDirectory(prefix="load-", dir=within) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user

        def stage(part: str) -> Path:
            (folder / part).mkdir()
            return folder / part

        before = Cores.now()
        tally.figures["wraps_per_second"] = wraps()["wraps_per_second"]
        tally.add("statements_per_second", statements.measure_folder(stage("folder"), sizes))
        grown = growth.measure(stage("growth"), sizes, postgres=optional)
        _note_growth(tally, grown)
        for key, find, measure in (
            ("statements_per_second_postgres", tools.postgres_folder, statements.measure_postgres),
            ("statements_per_second_kubo", tools.ipfs_command, statements.measure_kubo),
        ):
            if optional and is_installed(find):
                tally.add(key, measure(stage(key), sizes))
        tally.figures["one_by_one_per_second"] = statements.one_by_one(
            stage("one-by-one"), sizes.one_by_one
        )
        if before is not None and (after := Cores.now()) is not None:
            tally.figures["stolen_percent"] = after.stolen_since(before)
    tally.figures |= {"peak_memory_mb": round(tally.peak / 1e6, 1), "lost": tally.lost}
    to.write_text(picture(ROWS, tally.figures, grown.steps, os.cpu_count() or 1), encoding="utf-8")
    return {row.key: tally.figures[row.key] for row in ROWS if row.key in tally.figures}


def _note_growth(tally: _Tally, grown: Grown) -> None:
    figures = tally.figures
    figures["openings_per_second"] = grown.at_full_speed.per_second
    for percent in (50, 95, 99):
        figures[f"opening_p{percent}_ms"] = grown.at_rate.ms(percent)
    figures["index_digests_per_second"] = grown.index_rate
    if grown.index_rate_postgres is not None:
        figures["index_digests_per_second_postgres"] = grown.index_rate_postgres
    per_million = grown.rebuild_seconds * MILLION / grown.rebuilt
    figures["rebuild_seconds_per_million"] = round(per_million, 1)
    for size, step in zip(Sizes().growth, grown.steps, strict=True):
        figures[f"opening_ms_at_{size}"] = step.opening_ms
        figures[f"proof_ms_at_{size}"] = step.proof_ms
    tally.peak, tally.lost = max(tally.peak, grown.peak), tally.lost + grown.lost
