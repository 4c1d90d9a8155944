"""Owns the measurement of a node that grows: its index, and what openings and proofs cost beside it.

One stage goes through all of it: a clinic with custodians, and more and more anchored digests that
`python -m app index` follows; at the end openings at full speed and at a steady rate, and a rebuild
of everything that was ever anchored into an empty database.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from app.adapters import tools
from app.adapters.daemons import start_postgres
from app.adapters.database import Database
from app.services.proofs import Proofs
from scripts.load.clinic import Clinic, Times
from scripts.load.filling import Filling
from scripts.load.onlooker import Onlooker
from scripts.load.people import Office
from scripts.load.sizes import Sizes
from scripts.load.stage import Stage, is_installed, until
from scripts.load.statements import new_database


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """At so many digests in the index: the time of an opening, and of a proof (ms, medians)."""

    digests: int
    opening_ms: float
    proof_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What was found on the way; rates are digests per second, `peak` is in bytes."""

    steps: Sequence[Step]
    index_rate: float
    index_rate_postgres: float | None
    at_full_speed: Times
    at_rate: Times
    rebuilt: int
    rebuild_seconds: float
    lost: int
    peak: int


def measure(folder: Path, sizes: Sizes, *, postgres: bool = True) -> Grown:
    """Grow from the first size to the last; raises CannotStart."""
    with Stage(folder=folder) as stage:
        office = Office(stage)
        database, filling = office.parts.database, Filling(stage, office.parts.bodies)
        steps: list[Step] = []
        rate, elsewhere = 0.0, None
        with ExitStack() as stack:
            clinic = Clinic(stage=stage, office=office, sizes=sizes)
            clinic.open(stack)
            for size in sizes.growth:
                filling.add(max(size - _anchored(stage, office), 1))
                rate = _index(stage, database)
                steps.append(_step(clinic, database, filling, sizes))
                if postgres and size == sizes.growth[-2]:
                    elsewhere = _index_on_postgres(stage)
            with stage.running("index"), stage.running("relay"):
                at_full_speed = clinic.at_full_speed(sizes.openings)
                at_rate = clinic.at_rate(sizes.offered, sizes.offered_rate)
            office.settle()
        lost = _lost(stage, office)
        rebuilt, seconds = _rebuild(stage)
        return Grown(
            steps=steps,
            index_rate=rate,
            index_rate_postgres=elsewhere,
            at_full_speed=at_full_speed,
            at_rate=at_rate,
            rebuilt=rebuilt,
            rebuild_seconds=seconds,
            lost=lost,
            peak=stage.peak,
        )


def _anchored(stage: Stage, office: Office) -> int:
    """How many digests the chain's lists hold by now."""
    return len(Onlooker(stage, office.parts.bodies).look())


def _lists(stage: Stage) -> int:
    """How many lists are anchored; here no two anchors name the same one."""
    return len(stage.anchors())


def _index(stage: Stage, database: Database, settings: Mapping[str, str] | None = None) -> float:
    """Have `python -m app index` take in what it lacks; digests per second from its start."""
    wanted, before = _lists(stage), database.counts()["digests"]
    begin = time.perf_counter()
    with stage.running("index", settings=settings):
        until(lambda: len(database.read_lists(0, wanted)) == wanted, "the index")
        seconds = time.perf_counter() - begin
    return round((database.counts()["digests"] - before) / seconds, 1)


def _index_on_postgres(stage: Stage) -> float | None:
    """The same from nothing, on PostgreSQL; None where that is not installed."""
    if not is_installed(tools.postgres_folder):
        return None
    with start_postgres(stage.folder / "postgres") as server:
        url = new_database(server, "index")
        return _index(stage, Database(url), {"DATABASE_URL": url})


def _step(clinic: Clinic, database: Database, filling: Filling, sizes: Sizes) -> Step:
    openings = clinic.one_after_the_other(sizes.timed_openings)
    return Step(
        digests=database.counts()["digests"],
        opening_ms=openings.ms(50),
        proof_ms=_proof_ms(database, filling.some(sizes.timed_proofs, len(filling.sample))),
    )


def _proof_ms(database: Database, digests: Sequence[bytes]) -> float:
    """The median time of a proof whose tree is in nobody's memory."""
    times = []
    for digest in digests:
        begin = time.perf_counter()
        if Proofs(database).proof(digest) is None:
            raise AssertionError("a digest that was anchored has no proof")
        times.append(time.perf_counter() - begin)
    return round(1000 * median(times), 2)


def _lost(stage: Stage, office: Office) -> int:
    """Accepted digests, accesses among them, that the chain does not show."""
    anchored = Onlooker(stage, office.parts.bodies).look()
    return len(set(office.accepted()) - anchored)


def _rebuild(stage: Stage) -> tuple[int, float]:
    """`python -m app rebuild` into an empty database: how many digests, in how many seconds."""
    url = f"sqlite:///{stage.folder / 'rebuilt.db'}"
    seconds = stage.run("rebuild", {"DATABASE_URL": url})
    return Database(url).counts()["digests"], seconds
