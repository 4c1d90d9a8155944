"""Owns tests/foundry/gas/snapshot.json: gas of each call and size of each contract, and the comparison with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from app.adapters.compiler import compile_contracts
from app.adapters.deployment import NAMES
from app.adapters.files import write_whole
from scripts.proving.outcome import Outcome
from scripts.proving.workbench import FORGE, forge
from scripts.steps import ROOT, SetupFailed

SNAPSHOT = ROOT / "tests" / "foundry" / "gas" / "snapshot.json"
MEASURED = FORGE / "snapshots" / "Gas.json"
LARGEST = 24_576
"""Bytes of code that a chain takes (EIP-170)."""
WRITE = "python -m scripts.prove gas --write"


def check_gas() -> Outcome:
    """Whether every call costs what the committed snapshot says."""
    return compare(kept()["gas"], measured_gas(), what="gas figures")


def check_sizes() -> Outcome:
    """Whether every contract has the size of the snapshot, and fits on a chain."""
    sizes = measured_sizes()
    large = [f"{name} has {size:,} bytes" for name, size in sizes.items() if size > LARGEST]
    if large:
        fault = f"{', '.join(large)}: no chain takes more than {LARGEST:,} (EIP-170)"
        return Outcome(what=f"{len(sizes)} sizes", fault=fault)
    return compare(kept()["sizes"], sizes, what="sizes")


def write() -> None:
    """Write the snapshot anew."""
    figures = {"gas": measured_gas(), "sizes": measured_sizes()}
    write_whole(SNAPSHOT, json.dumps(figures, indent=2, sort_keys=True) + "\n")


def compare(old: Mapping[str, int], new: Mapping[str, int], *, what: str) -> Outcome:
    """Equal to the unit: a compiler that is pinned gives the same code, and the same code costs the same."""
    changed = [
        f"{name}: {_told(old.get(name))} → {_told(new.get(name))}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    if not changed:
        return Outcome(what=f"{len(new)} {what} as committed")
    fault = f"{'; '.join(changed)}. If that is meant, write it anew: {WRITE}"
    return Outcome(what=f"{len(changed)} {what} changed", fault=fault)


def measured_gas() -> dict[str, int]:
    MEASURED.unlink(missing_ok=True)
    ran = forge("test", "--isolate", "--match-path", "tests/foundry/gas/*")
    if ran.code != 0 or not MEASURED.is_file():
        raise SetupFailed(f"Gas could not be measured: {ran.output[-800:]}")
    return {name: int(gas) for name, gas in _read(MEASURED).items()}


def measured_sizes() -> dict[str, int]:
    build = compile_contracts()
    return {name: len(build[name].runtime) for name in NAMES}


def kept() -> dict[str, dict[str, int]]:
    snapshot: dict[str, dict[str, int]] = _read(SNAPSHOT)
    return snapshot


def _read(path: Path) -> dict:
    read: dict = json.loads(path.read_text(encoding="utf-8"))
    return read


def _told(figure: int | None) -> str:
    return "none" if figure is None else f"{figure:,}"
