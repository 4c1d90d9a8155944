"""Proves what can be proven of the contracts, each part by its tool, and prints a table of what came of it.

    python -m scripts.prove                 all but mutation; `make prove`
    python -m scripts.prove quick           what is inside `make test`: a short run of Forge, gas, sizes
    python -m scripts.prove fuzz|invariants|symbolic|slither|gas|sizes
    python -m scripts.prove invariants-long 256 runs of 100 acts
    python -m scripts.prove bites           whether each invariant fails under a change that it must see
    python -m scripts.prove mutate          mutation testing, for an hour and more; goes on where it was stopped
    python -m scripts.prove mutate --anew   the same from the start
    python -m scripts.prove gas --write     the committed figures anew, after a change that is meant

The exit code is not 0 where anything fails. docs/contracts.md says what each part shows, and what none does.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from app.core.errors import CannotStart
from scripts.proving import analysis, bites, gas, mutation, tests_in_forge
from scripts.proving.environment import ensure_environment
from scripts.proving.outcome import Outcome
from scripts.steps import SetupFailed

PARTS: dict[str, tuple[str, Callable[[], Outcome]]] = {
    "fuzz": ("Forge", tests_in_forge.check_fuzz),
    "invariants": ("Forge", tests_in_forge.check_invariants),
    "invariants-long": ("Forge", tests_in_forge.check_invariants_long),
    "short": ("Forge", tests_in_forge.check_short),
    "bites": ("Forge", bites.check_bites),
    "symbolic": ("Halmos", analysis.check_symbolic),
    "slither": ("Slither", analysis.check_slither),
    "gas": ("Forge", gas.check_gas),
    "sizes": ("solc", gas.check_sizes),
    "mutate": ("slither-mutate", mutation.check_mutation),
}
ALL = ("sizes", "gas", "fuzz", "slither", "symbolic", "bites", "invariants")
QUICK = ("short", "gas", "sizes")
WITH_ENVIRONMENT = {"symbolic", "slither", "mutate"}


def prove(names: tuple[str, ...]) -> dict[str, Outcome]:
    """Run the parts, print a table, and return what came of each; a part that cannot run has a fault."""
    outcomes: dict[str, Outcome] = {}
    lines = []
    for name in names:
        tool, check = PARTS[name]
        started = time.monotonic()
        try:
            if name in WITH_ENVIRONMENT:
                ensure_environment()
            outcome = check()
        except (SetupFailed, CannotStart) as fault:
            outcome = Outcome(what="could not be run", fault=str(fault))
        outcomes[name] = outcome
        seconds = time.monotonic() - started
        if outcome.fault:
            print(f"\n{name}: {outcome.fault}\n", flush=True)
        said = "FAILED" if outcome.fault else "holds"
        lines.append(f"  {tool:<15} {name:<16} {said:<7} {seconds:7.1f} s   {outcome.what}")
        print(lines[-1], flush=True)
    print("\n=== proofs ===", *lines, sep="\n", flush=True)
    return outcomes


def quick() -> dict[str, Outcome]:
    """What `make test` asks of the contracts under Forge."""
    return prove(QUICK)


def main(words: list[str]) -> int:
    if words == ["gas", "--write"]:
        gas.write()
        print(f"Written: {gas.SNAPSHOT.name}")
        return 0
    if words == ["mutate", "--anew"]:
        mutation.KEPT.unlink(missing_ok=True)
        words = ["mutate"]
    if len(words) > 1 or (words and words[0] not in {*PARTS, "quick"}):
        print(__doc__, file=sys.stderr)
        return 2
    names = ALL if not words else QUICK if words == ["quick"] else (words[0],)
    return 1 if any(outcome.fault for outcome in prove(names).values()) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
