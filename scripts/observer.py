"""Plays a public observer of a simulated population, and reports its advantage over guessing.

python -m scripts.observer [--json] [--protections shipped|former|strict|none] [--patients N] …

The observer has the chain, the lists, and the sizes and times of what is published. It is asked, for each
grant, which doctor and which category, and for each patient, at which times the chart was opened. Habits
it learns from another population. 0 is guessing, 1 is knowing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from eth_utils.address import to_checksum_address

from app.core.encoding import keccak
from scripts.observing.guessing import (
    CATEGORY_SIGNALS,
    DOCTOR_SIGNALS,
    TIME_SIGNALS,
    Distribution,
    Habits,
    Observer,
)
from scripts.observing.mining import simulated_chain
from scripts.observing.population import DAY, WEEK, Population, Size
from scripts.observing.public import Public
from scripts.observing.publishing import Protections
from scripts.observing.scoring import Advantage, score
from scripts.observing.staging import Performance, Truth

PRESETS = ("shipped", "former", "strict", "none")
MONDAY = 4 * DAY
"""The first Monday's midnight, in seconds since 1970."""
SMALLER = 4
"""The population from which habits are learnt is so many times smaller."""
WITHOUT = {
    "without the relayer": (DOCTOR_SIGNALS - {"relayer"}) | CATEGORY_SIGNALS | TIME_SIGNALS,
    "the relayer alone": frozenset({"relayer"}),
    "the patient's own acts alone": TIME_SIGNALS - {"openings anchored"},
    "sizes alone": frozenset({"letter's size", "opening's size", "body's size", "batch's size"}),
    "order alone": frozenset({"order"}),
}
"""What is told beside the advantage by every signal."""


def perform(
    size: Size, seed: int, protections: Protections, folder: Path
) -> tuple[Truth, Public, int]:
    """Have a population live on a chain of its own: what is true, what is public, and how many
    transactions it took."""
    with simulated_chain(folder) as chain:
        start = (chain.now() // WEEK + 2) * WEEK + MONDAY
        performance = Performance(
            population=Population(size=size, seed=seed),
            deployment=chain.deployment,
            protections=protections,
            start=start,
            registrar=chain.registrar,
            relayers=[_account(number) for number in range(size.nodes)],
        )
        performance.run()
        chain.mine(performance.transactions)
        public = chain.read(performance.things, performance.lists)
        return performance.truth, public, len(performance.transactions)


def _account(number: int) -> str:
    """A relayer's address, of which nobody has the key: the simulated chain lets it send."""
    return to_checksum_address(keccak(b"relayer %d" % number)[12:])


def observe(
    size: Size, seed: int, protections: Protections, folder: Path
) -> tuple[dict[str, Mapping[str, Advantage]], int]:
    """The advantages by every signal ("all") and by some of them, and the transactions."""
    fewer = Size(
        patients=max(size.patients // SMALLER, 1),
        doctors=size.doctors,
        grants=max(size.grants // SMALLER, 1),
        nodes=size.nodes,
    )
    learnt_truth, learnt, _ = perform(fewer, seed + 1, protections, folder / "other")
    truth, public, transactions = perform(size, seed, protections, folder / "own")
    habits, known = Habits.learnt(learnt, learnt_truth), Distribution.of(truth)
    observer = Observer(public=public, known=known, habits=habits)
    found = {"all": score(observer, truth, known)}
    for name, using in WITHOUT.items():
        some = Observer(public=public, known=known, habits=habits, using=using)
        found[name] = score(some, truth, known)
    return found, transactions


def _as_json(found: Mapping[str, Mapping[str, Advantage]], about: Mapping[str, object]) -> str:
    told: dict[str, object] = dict(about)
    for game, advantage in found["all"].items():
        told[f"advantage_{game}"] = round(advantage.value, 4)
        told[f"advantage_{game}_interval"] = [round(advantage.low, 4), round(advantage.high, 4)]
        told[f"guessing_{game}"] = round(advantage.guessing, 4)
        told[f"accuracy_{game}"] = round(advantage.accuracy, 4)
    told["by_signal"] = {
        name: {game: round(advantage.value, 4) for game, advantage in games.items()}
        for name, games in found.items()
    }
    return json.dumps(told, indent=1)


def _as_table(found: Mapping[str, Mapping[str, Advantage]]) -> str:
    lines = [f"{'':32}{'doctor':>10}{'category':>10}{'time':>10}"]
    for name, games in found.items():
        lines.append(f"{name:32}" + "".join(f"{games[g].value:>10.3f}" for g in games))
    lines.append(f"{'95 % interval, by all':32}")
    for game, a in found["all"].items():
        lines.append(
            f"  {game:10} {a.low:6.3f} to {a.high:6.3f}; right {a.accuracy:.3f} of {a.asked:,},"
            f" guessing {a.guessing:.3f}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; always 0, since an advantage is a finding and no failure."""
    usual = Size()
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m scripts.observer")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--protections", choices=PRESETS, default="shipped")
    parser.add_argument("--patients", type=int, default=usual.patients)
    parser.add_argument("--doctors", type=int, default=usual.doctors)
    parser.add_argument("--grants", type=int, default=usual.grants)
    parser.add_argument("--nodes", type=int, default=usual.nodes)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    size = Size(
        patients=options.patients,
        doctors=options.doctors,
        grants=options.grants,
        nodes=options.nodes,
    )
    protections: Protections = getattr(Protections, options.protections)()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chartkey-observer-") as folder:
        found, transactions = observe(size, options.seed, protections, Path(folder))
    about = {
        "protections": options.protections,
        "patients": size.patients,
        "doctors": size.doctors,
        "grants": size.grants,
        "nodes": size.nodes,
        "seed": options.seed,
        "transactions": transactions,
        "seconds": round(time.monotonic() - began, 1),
    }
    if options.json:
        print(_as_json(found, about))
    else:
        print(", ".join(f"{name} {value}" for name, value in about.items()))
        print(_as_table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
