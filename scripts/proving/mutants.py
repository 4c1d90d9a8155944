"""Owns the list of mutants: every change that Slither's mutators make to contracts/core, as JSON on standard output.

    .tools/prove/bin/python scripts/proving/mutants.py FOLDER

Run in the analysis tools' environment, so it imports nothing of the project.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any

from slither import Slither  # type: ignore[import-not-found]
from slither.tools.mutator.mutators import all_mutators  # type: ignore[import-not-found]
from slither.tools.mutator.mutators.abstract_mutator import (  # type: ignore[import-not-found]
    AbstractMutator,
)


def mutants(folder: Path) -> list[dict[str, Any]]:
    """Each distinct change once, in a fixed order: file, start, end (bytes), text, line, mutator."""
    slither = Slither(
        str(folder), foundry_out_directory=".tools/forge/out", compile_force_framework="Foundry"
    )
    makers: list[Any] = [
        maker
        for _, maker in inspect.getmembers(all_mutators, inspect.isclass)
        if issubclass(maker, AbstractMutator)
    ]
    found: dict[tuple[str, int, int, str], dict[str, Any]] = {}
    for unit in slither.compilation_units:
        for contract in unit.contracts:
            file = Path(contract.source_mapping.filename.absolute)
            if not file.is_relative_to(folder / "contracts" / "core"):
                continue
            for maker in makers:
                mutator = maker(unit, 0, "", "", contract, None, False, folder, [])
                for name, patches in mutator._mutate().get("patches", {}).items():
                    for patch in patches:
                        place = str(Path(name).relative_to(folder))
                        mutant = {
                            "file": place,
                            "start": patch["start"],
                            "end": patch["end"],
                            "text": patch["new_string"],
                            "line": patch["line_number"],
                            "mutator": mutator.NAME,
                        }
                        key = (place, patch["start"], patch["end"], patch["new_string"])
                        found.setdefault(key, mutant)
    return [found[key] for key in sorted(found)]


if __name__ == "__main__":
    json.dump(mutants(Path(sys.argv[1]).resolve()), sys.stdout)
