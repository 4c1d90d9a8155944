"""Owns the runs of Forge: fuzz tests, invariants, and the short run of both that `make test` makes."""

from __future__ import annotations

import re

from scripts.proving.outcome import Outcome
from scripts.proving.workbench import forge

COUNTS = re.compile(r"(\d+) tests passed, (\d+) failed, (\d+) skipped")
RUNS = re.compile(r"\[PASS\] (\w+)\(.*\) \(runs: (\d+)(?:, calls: (\d+))?")


def check_fuzz() -> Outcome:
    """Every test of tests/foundry/fuzz, 10,000 runs of each that takes values."""
    return _run("prove", "tests/foundry/fuzz/*")


def check_invariants() -> Outcome:
    """Every invariant, 1,024 runs of 32 acts."""
    return _run("prove", "tests/foundry/invariants/*")


def check_invariants_long() -> Outcome:
    """Every invariant, 256 runs of 100 acts."""
    return _run("default", "tests/foundry/invariants/*")


def check_short() -> Outcome:
    """Fuzz tests and invariants with few runs."""
    return _run("quick", "tests/foundry/{fuzz,invariants}/*")


def _run(profile: str, paths: str) -> Outcome:
    ran = forge("test", "--match-path", paths, environment={"FOUNDRY_PROFILE": profile})
    return judge(ran.code, ran.output)


def judge(code: int, output: str) -> Outcome:
    """What Forge's words and its exit code say together; a run without a test is a fault."""
    counts = COUNTS.findall(output)
    passed, failed = (int(counts[-1][0]), int(counts[-1][1])) if counts else (0, 0)
    runs = sum(int(calls or many) for _, many, calls in RUNS.findall(output))
    what = f"{passed} tests, {runs:,} runs"
    if code == 0 and passed and not failed:
        return Outcome(what=what, passed=passed)
    told = output[output.find("Failing tests") :] if "Failing tests" in output else output
    return Outcome(what=what, passed=passed, failed=failed, fault=f"Forge: {told.strip()[-3000:]}")
