"""`python -m scripts.prove` fails when a proof does: what the tools say is read strictly, and told with a way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import prove
from scripts.proving import analysis, gas, mutation, tests_in_forge
from scripts.proving.outcome import Outcome
from scripts.proving.workbench import run
from scripts.steps import ROOT, SetupFailed

GREEN = "Ran 2 test suites in 1s (1s CPU time): 5 tests passed, 0 failed, 0 skipped (5 total tests)"
ONE_RED = (
    "Failing tests:\n[FAIL: a revoked grant opens]\n"
    "Ran 2 test suites in 1s (1s CPU time): 4 tests passed, 1 failed, 0 skipped (5 total tests)"
)


# --- the command -----------------------------------------------------------------------------------------


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict:
    replaced: dict = {}
    monkeypatch.setattr(prove, "PARTS", replaced)
    monkeypatch.setattr(prove, "ensure_environment", lambda: None)
    return replaced


def test_one_part_that_fails_fails_the_run_and_the_others_still_run(
    parts: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def cannot() -> Outcome:
        raise SetupFailed("No network.")

    parts["gas"] = ("Forge", lambda: Outcome(what="26 figures", fault="anchor: 1 → 2"))
    parts["slither"] = ("Slither", cannot)
    parts["sizes"] = ("solc", lambda: Outcome(what="4 sizes as committed"))
    monkeypatch.setattr(prove, "ALL", ("gas", "slither", "sizes"))
    assert prove.main([]) == 1
    printed = capsys.readouterr().out
    assert "anchor: 1 → 2" in printed
    assert "No network." in printed
    table = printed.split("=== proofs ===")[1]
    assert [line.split()[2] for line in table.strip().splitlines()] == ["FAILED", "FAILED", "holds"]


def test_one_part_runs_alone(parts: dict) -> None:
    ran: list[str] = []

    def part(name: str) -> Callable[[], Outcome]:
        def check() -> Outcome:
            ran.append(name)
            return Outcome(what="")

        return check

    parts["gas"] = ("Forge", part("gas"))
    parts["sizes"] = ("solc", part("sizes"))
    assert prove.main(["sizes"]) == 0
    assert ran == ["sizes"]


@pytest.mark.parametrize("words", [["everything"], ["gas", "please"], ["--help"]])
def test_what_is_no_part_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert prove.main(words) == 2
    assert "python -m scripts.prove" in capsys.readouterr().err


def test_every_part_named_is_there() -> None:
    assert {*prove.ALL, *prove.QUICK, *prove.WITH_ENVIRONMENT} <= set(prove.PARTS)
    assert set(prove.QUICK).isdisjoint(prove.WITH_ENVIRONMENT)


def test_a_program_that_computes_for_too_long_is_killed() -> None:
    ran = run(["sh", "-c", "while :; do :; done"], cpu_seconds=1)
    assert ran.code != 0


# --- what Forge says -------------------------------------------------------------------------------------


def test_a_green_run_is_counted() -> None:
    lines = "[PASS] testFuzz_x((uint256,address),uint64) (runs: 256, μ: 1, ~: 1)\n[PASS] invariant_y() (runs: 24, calls: 1200, reverts: 0)\n"
    assert tests_in_forge.judge(0, lines + GREEN) == Outcome(what="5 tests, 1,456 runs", passed=5)


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (1, ONE_RED),
        (0, ONE_RED),
        (1, GREEN),
        (0, "No tests found in project!"),
        (0, GREEN.replace("5 tests passed", "0 tests passed")),
        (1, "Error: Compiler run failed"),
    ],
)
def test_anything_but_a_green_run_fails(code: int, output: str) -> None:
    assert tests_in_forge.judge(code, output).fault


# --- gas and sizes ---------------------------------------------------------------------------------------


def test_a_changed_figure_is_told_with_the_command_that_writes_it_anew() -> None:
    outcome = gas.compare({"anchor": 46_372, "gone": 1}, {"anchor": 46_373, "new": 2}, what="gas")
    assert "anchor: 46,372 → 46,373; gone: 1 → none; new: none → 2" in outcome.fault
    assert gas.WRITE in outcome.fault


def test_the_same_figures_hold() -> None:
    assert not gas.compare({"anchor": 1}, {"anchor": 1}, what="gas").fault


def test_a_contract_that_no_chain_takes_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gas, "measured_sizes", lambda: {"Large": gas.LARGEST + 1})
    assert "EIP-170" in gas.check_sizes().fault


def test_the_sizes_are_those_that_are_committed() -> None:
    assert gas.check_sizes().fault == ""


# --- Slither and Halmos ----------------------------------------------------------------------------------


def finding(check: str, impact: str, function: str, contract: str) -> dict:
    fields = {"parent": {"name": contract}}
    element = {"type": "function", "name": function, "type_specific_fields": fields}
    return {"check": check, "impact": impact, "elements": [{"type": "node", "name": "x"}, element]}


def test_findings_above_informational_are_named() -> None:
    detectors = [
        finding("reentrancy", "High", "pay", "Shop"),
        finding("naming", "Informational", "PAY", "Shop"),
    ]
    assert analysis.places(detectors) == {("reentrancy", "Shop.pay")}


def test_a_finding_needs_its_reason_and_a_reason_its_finding() -> None:
    a, b = ("timestamp", "A.x"), ("timestamp", "B.y")
    assert not analysis.judge_findings({a}, {a}).fault
    assert "unexplained: timestamp in B.y" in analysis.judge_findings({a, b}, {a}).fault
    assert "gone: timestamp in B.y" in analysis.judge_findings({a}, {a, b}).fault


def test_every_finding_that_stays_has_a_reason() -> None:
    kept = json.loads(analysis.FINDINGS.read_text(encoding="utf-8"))
    assert all(len(entry["why"]) > 40 and entry["places"] for entry in kept.values())


def test_a_proof_counts_only_where_it_went_through() -> None:
    said = "\x1b[32m[PASS]\x1b[0m check_a(uint256) (paths: 3)\n[FAIL] check_b() (paths: 1)\n[TIMEOUT] check_c()"
    outcome = analysis.judge_proofs(said, {"check_a", "check_b", "check_c", "check_d"})
    assert outcome.what == "1 of 4 proofs"
    assert "check_b, check_c, check_d" in outcome.fault
    assert not analysis.judge_proofs(said, {"check_a"}).fault


def test_a_proof_that_stopped_at_a_bound_does_not_count() -> None:
    said = "WARNING check_a(): paths have not been fully\n   explored due to the loop unrolling\n[PASS] check_a()"
    assert analysis.judge_proofs(said, {"check_a"}).fault


# --- mutation --------------------------------------------------------------------------------------------


def test_the_score_leaves_out_what_is_no_mutant() -> None:
    results = dict.fromkeys("abcdefghi", mutation.CAUGHT)
    outcome = mutation.judge({**results, "j": mutation.SURVIVED, "k": mutation.NONE})
    assert outcome.what == "9 of 10 mutants caught, 90.0 %"
    assert not outcome.fault


def test_a_low_score_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutation.judge({"a": mutation.CAUGHT, "b": mutation.SURVIVED}).fault
    assert "survived: b" in capsys.readouterr().out
    assert mutation.judge({}).fault


def test_mutants_are_told_apart() -> None:
    mutant = {"file": "a.sol", "line": 3, "start": 1, "end": 2, "text": "x", "mutator": "CR"}
    assert mutation.key_of(mutant) != mutation.key_of({**mutant, "text": "y"})


# --- the Solidity tests ----------------------------------------------------------------------------------

SOLIDITY = sorted((ROOT / "tests" / "foundry").rglob("*.sol"))


@pytest.mark.parametrize("path", SOLIDITY, ids=lambda path: path.name)
def test_a_file_says_what_it_owns_and_is_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("// Owns "), lines[0]
    assert len(lines) <= 330
    assert max(map(len, lines)) <= 200
