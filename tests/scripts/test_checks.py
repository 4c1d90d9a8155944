"""`make test` fails when any part does, counts all parts together, and says so on its last line."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from app.adapters import tools
from app.core.errors import CannotStart
from scripts import checks
from scripts.checks import BROWSER_TESTS, MEASURED, Outcome
from scripts.steps import ROOT


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict:
    replaced: dict = {}
    monkeypatch.setattr(checks, "PARTS", replaced)
    monkeypatch.setattr(checks, "REPORTS", tmp_path)  # those of a run under way stay as they are
    return replaced


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_the_parts_are_counted_together(parts: dict, capsys: pytest.CaptureFixture[str]) -> None:
    parts["unit"] = lambda _: Outcome(passed=10, skipped=1)
    parts["contracts"] = lambda _: Outcome(passed=5)
    assert checks.main([]) == 0
    assert last_line(capsys) == "15 passed, 0 failed, 1 skipped"


def test_a_part_without_tests_fails_the_run(
    parts: dict, capsys: pytest.CaptureFixture[str]
) -> None:
    parts["lint"] = lambda _: Outcome(fault="exit code 1")
    parts["unit"] = lambda _: Outcome(passed=10)
    assert checks.main([]) == 1
    assert last_line(capsys) == "10 passed, 1 failed, 0 skipped"


def test_a_failed_test_fails_the_run_and_the_rest_still_runs(
    parts: dict, capsys: pytest.CaptureFixture[str]
) -> None:
    parts["unit"] = lambda _: Outcome(passed=8, failed=2, fault="pytest's exit code 1")
    parts["contracts"] = lambda _: Outcome(passed=5)
    assert checks.main([]) == 1
    assert last_line(capsys) == "13 passed, 2 failed, 0 skipped"


def test_without_forge_the_proofs_are_skipped_and_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> list[str]:
        raise CannotStart("it is not installed for this machine", program="Forge")

    monkeypatch.setattr(tools, "forge_command", missing)
    assert checks.check_proofs([]) == Outcome(skipped=1)
    assert "Forge" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["nothing"], ["all", "-k", "merkle"]])
def test_what_is_no_part_is_refused(words: list[str]) -> None:
    assert checks.main(words) == 2


@pytest.mark.parametrize(
    ("words", "walked"), [([], "web-short"), (["all"], "web"), (["web"], "web")]
)
def test_each_run_walks_the_pages_once(words: list[str], walked: str, parts: dict) -> None:
    names: list[str] = []

    def part(name: str, _: list[str]) -> Outcome:
        names.append(name)
        return Outcome(passed=1)

    for name in ("unit", "web", "web-short", "proofs"):
        parts[name] = partial(part, name)
    assert checks.main(words) == 0
    assert [name for name in names if name.startswith("web")] == [walked]
    assert names == [walked] or {"unit", "proofs"} < set(names)


@pytest.mark.parametrize(("covered", "fault"), [(94, "94.0 %"), (95, "")])
def test_branches_left_uncovered_fail_the_run(
    covered: int, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "coverage.json"
    report.write_text(f'{{"totals": {{"num_branches": 100, "covered_branches": {covered}}}}}')
    monkeypatch.setattr(checks, "COVERAGE", report)
    outcome = checks._with_coverage(Outcome(passed=3))
    assert outcome.fault.startswith(fault)
    assert bool(outcome.fault) == bool(fault)
    assert outcome.passed == 3


def test_two_runs_of_one_part_count_as_one() -> None:
    core = Outcome(passed=3, skipped=1, fault="94.0 % are covered")
    rest = Outcome(passed=4, failed=2, fault="pytest's exit code 1")
    both = Outcome(passed=7, failed=2, skipped=1, fault="94.0 % are covered; pytest's exit code 1")
    assert core.and_also(rest) == both
    assert core.and_also(Outcome()) == core


def test_what_is_measured_is_there_and_every_other_test_runs_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []

    def note(name: str, command: list[str], environment: object) -> Outcome:
        commands.append(command)
        return Outcome(fault="not run")

    monkeypatch.setattr(checks, "COVERAGE", tmp_path / "coverage.json")
    monkeypatch.setattr(checks, "_pytest", note)
    checks.check_unit([])
    measured, rest = commands
    assert all((ROOT / path).exists() for path in MEASURED)
    assert set(MEASURED) <= set(measured)
    assert "--cov" in measured
    assert "--cov" not in rest
    left_out = {word.removeprefix("--ignore=") for word in rest if word.startswith("--ignore=")}
    assert left_out == {BROWSER_TESTS, *MEASURED}


def test_a_run_that_never_reached_a_test_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "REPORTS", tmp_path)
    outcome = checks._pytest("unit", [checks.PYTHON, "-c", "raise SystemExit(3)"], {})
    assert outcome == Outcome(fault="exit code 3 before a test ran")
