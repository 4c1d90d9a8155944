"""What `make test` runs: format, lint, types, tests with coverage, in a browser, of contracts; one summary.

    python -m scripts.checks                      everything, without the pages' long tests
    python -m scripts.checks all                  everything, as CI runs it
    python -m scripts.checks unit -k merkle       one part, with words for its own program

All parts run even when one fails, so that one run tells everything. The last line is
`N passed, N failed, N skipped`: tests, plus one failed for each part that failed without a failed test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

from app.adapters import tools
from app.core.errors import CannotStart
from scripts.steps import ROOT, TOOLS, SetupFailed
from scripts.toolchain import brownie_environment

PYTHON = sys.executable
_output: ContextVar[BinaryIO | None] = ContextVar("output", default=None)
"""Where programs print, the terminal unless set."""
REPORTS = TOOLS / "reports"
COVERAGE = REPORTS / "coverage.json"
LEAST_BRANCH_COVERAGE = 95.0
BROWSER_TESTS = "tests/browser"
MEASURED = [
    "tests/core",
    "tests/adapters/test_cid.py",
    "tests/adapters/test_peer.py",
    "tests/services/test_custodian_endpoints.py",
    "tests/services/test_erasure.py",
    "tests/web/test_peers.py",
    "tests/web/test_statements.py",
    "tests/web/test_uploads.py",
]
"""The tests of the core, some of which ask it through what stands on it. Only they are measured, which
takes as long again as the tests themselves."""
TWO_CORES = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
"""Files stay whole, and keep the order of tests/conftest.py: long ones first."""
THREE_BROWSERS = ["-n", "3", *TWO_CORES[2:]]
"""A page waits a quarter of its time: three browsers keep two cores busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one part came to; `fault` says why it failed, and is empty where it passed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    fault: str = ""

    def and_also(self, other: Outcome) -> Outcome:
        """Both together."""
        return Outcome(
            passed=self.passed + other.passed,
            failed=self.failed + other.failed,
            skipped=self.skipped + other.skipped,
            fault="; ".join(filter(None, (self.fault, other.fault))),
        )


def check_format(words: list[str]) -> Outcome:
    return _plain(
        [PYTHON, "-m", "ruff", "format", "--check", *(words or ["."])], way_out="make format"
    )


def check_lint(words: list[str]) -> Outcome:
    """Likely mistakes in Python, and texts of the pages that the catalogue does not have yet."""
    if not words:
        outcome = _plain([PYTHON, "-m", "scripts.texts", "--check"], way_out="make texts")
        if outcome.fault:
            return outcome
    return _plain(
        [PYTHON, "-m", "ruff", "check", *(words or ["."])], way_out="mostly: ruff check --fix"
    )


def check_types(words: list[str]) -> Outcome:
    """Python's types, and those that comments state in the pages' JavaScript."""
    outcome = _plain([PYTHON, "-m", "mypy", *words])
    if words or outcome.fault:
        return outcome
    node, compiler = TOOLS / "bin" / "node", ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    return _plain([str(node), str(compiler), "--noEmit", "-p", "tsconfig.json"])


def check_unit(words: list[str]) -> Outcome:
    """All of tests/ but the contracts and the pages; a whole run must also cover the core's branches."""
    if words:
        return _pytest("unit", [PYTHON, "-m", "pytest", *words], {})
    COVERAGE.unlink(missing_ok=True)
    pytest = [PYTHON, "-m", "pytest", *TWO_CORES]
    measure = ["--cov", "--cov-report=term:skip-covered", f"--cov-report=json:{COVERAGE}"]
    core = _pytest("core", [*pytest, *MEASURED, *measure], {})
    apart = [f"--ignore={path}" for path in (BROWSER_TESTS, *MEASURED)]
    rest = _pytest("unit", [*pytest, *apart], {})
    return (core if core.fault else _with_coverage(core)).and_also(rest)


def check_web(words: list[str]) -> Outcome:
    """The pages in a real browser, on a real node."""
    some = words or THREE_BROWSERS
    return _pytest("web", [PYTHON, "-m", "pytest", BROWSER_TESTS, *some], {})


def check_web_short(words: list[str]) -> Outcome:
    """The same but for the tests marked `long`, which `make test-web` and CI run."""
    return check_web(["-m", "not long", *(words or THREE_BROWSERS)])


def check_proofs(words: list[str]) -> Outcome:
    """The contracts under Forge, in short: some fuzz and invariants, gas, sizes; `make prove` does all."""
    try:
        tools.forge_command()
    except CannotStart as missing:
        print(f"skipped: {missing} {missing.remedy}", flush=True)
        return Outcome(skipped=1)
    return _plain([PYTHON, "-m", "scripts.prove", *(words or ["quick"])])


def check_contracts(words: list[str]) -> Outcome:
    """Brownie's run on a chain of its own."""
    if not ROOT.name[0].isalpha():
        return Outcome(
            fault=f"Brownie wants a project folder whose name starts with a letter, not {ROOT.name}"
        )
    brownie = Path(PYTHON).with_name("brownie")
    return _pytest(
        "contracts", [str(brownie), "test", "tests/contracts", *words], brownie_environment()
    )


PARTS: dict[str, Callable[[list[str]], Outcome]] = {
    "format": check_format,
    "lint": check_lint,
    "types": check_types,
    "unit": check_unit,
    "web": check_web,
    "web-short": check_web_short,
    "proofs": check_proofs,
    "contracts": check_contracts,
}
RUNS = {"": "web", "all": "web-short"}
"""Runs of several parts, and the one that each leaves out."""


def _plain(command: list[str], *, way_out: str = "") -> Outcome:
    code = _run(command, {})
    return (
        Outcome(fault=f"exit code {code}" + (f" ({way_out})" if way_out else ""))
        if code
        else Outcome()
    )


def _pytest(name: str, command: list[str], environment: Mapping[str, str]) -> Outcome:
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    code = _run([*command, f"--junitxml={report}"], environment)
    if not report.is_file():
        return Outcome(fault=f"exit code {code} before a test ran")
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314 - pytest wrote it a moment ago
    tests, failed, skipped = 0, 0, 0
    for suite in suites:
        tests += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    fault = f"pytest's exit code {code}" if code else ""
    return Outcome(
        passed=max(tests - failed - skipped, 0), failed=failed, skipped=skipped, fault=fault
    )


def _with_coverage(outcome: Outcome) -> Outcome:
    totals = json.loads(COVERAGE.read_text(encoding="utf-8"))["totals"]
    branches, covered = totals["num_branches"], totals["covered_branches"]
    percent = 100 * covered / branches if branches else 100.0
    print(f"branches of app/core covered: {covered} of {branches}, {percent:.1f} %", flush=True)
    if percent >= LEAST_BRANCH_COVERAGE:
        return outcome
    return Outcome(
        passed=outcome.passed,
        skipped=outcome.skipped,
        fault=f"{percent:.1f} % of the branches of app/core are covered, {LEAST_BRANCH_COVERAGE:.0f} % are asked",
    )


def _run(command: list[str], environment: Mapping[str, str]) -> int:
    log = _output.get()
    environment = {**os.environ, **environment}
    # Tests start services some hundred times: each would compile all of app/ again.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # Nothing may wait for an answer: there is nobody at the keyboard in CI.
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT if log else None,
        check=False,
    ).returncode


class _Beside:
    """A part that runs beside the others, on the second core; its output is shown at its turn."""

    def __init__(self, name: str) -> None:
        self.name = name
        REPORTS.mkdir(parents=True, exist_ok=True)
        self._log = REPORTS / f"{name}.log"
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._outcome = self._thread.submit(self._run)

    def _run(self) -> Outcome:
        with self._log.open("wb") as log:
            _output.set(log)  # a thread has a context of its own
            return PARTS[self.name]([])

    def outcome(self) -> Outcome:
        """Wait for it, show what it printed, and return what it came to."""
        try:
            return self._outcome.result()
        finally:
            self._thread.shutdown()
            print(self._log.read_text(encoding="utf-8", errors="replace"), flush=True)


def main(words: list[str]) -> int:
    asked, own_words = words[0] if words else "", words[1:]
    if asked not in PARTS and (asked not in RUNS or own_words):
        print(__doc__, file=sys.stderr)
        return 2
    names = [asked] if asked in PARTS else [name for name in PARTS if name != RUNS[asked]]
    outcomes: dict[str, Outcome] = {}
    lines = []
    beside = _Beside("contracts") if len(names) > 1 and "contracts" in PARTS else None
    for name in names:
        print(f"\n=== {name} ===", flush=True)
        started = time.monotonic()
        try:
            waiting = beside is not None and beside.name == name
            outcomes[name] = beside.outcome() if beside and waiting else PARTS[name](own_words)
        except SetupFailed as fault:
            outcomes[name] = Outcome(fault=str(fault))
        seconds = time.monotonic() - started
        lines.append(f"  {name:<10} {seconds:6.1f} s   {outcomes[name].fault or 'passed'}")

    failed = sum(outcome.failed or bool(outcome.fault) for outcome in outcomes.values())
    passed = sum(outcome.passed for outcome in outcomes.values())
    skipped = sum(outcome.skipped for outcome in outcomes.values())
    closing = f"{passed} passed, {failed} failed, {skipped} skipped"
    print("\n=== summary ===", *lines, "", closing, sep="\n", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
