"""Owns what Slither and Halmos are asked, and how their answers are read."""

from __future__ import annotations

import json
import re
from pathlib import Path

from scripts.proving.outcome import Outcome
from scripts.proving.workbench import PROVE, run, with_forge, workbench
from scripts.steps import ROOT, SetupFailed

FINDINGS = ROOT / "scripts" / "proving" / "findings.json"
"""Slither's findings above informational, each with the reason why it stays."""
HARMLESS = {"Informational", "Optimization"}
PROOF = re.compile(r"\[(PASS|FAIL|TIMEOUT|ERROR)\]\S* (check_\w+)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CUT_SHORT = "paths have not been fully explored"
BOUNDS = [
    "--default-bytes-lengths", "65",
    "--default-array-lengths", "0,1",
    "--loop", "6",
    "--solver-timeout-assertion", "120s",
]  # fmt: skip
"""Texts and signatures of 65 bytes, batches of up to one: what is proven is proven within these."""


def check_slither() -> Outcome:
    """No finding above informational that findings.json does not explain, and no explanation without its finding."""
    with workbench() as folder:
        report = folder / "slither.json"
        words = ["--foundry-out-directory", ".tools/forge/out", "--json", str(report)]
        filtered = ["--filter-paths", "node_modules|contracts/testing"]
        command = [str(PROVE / "bin" / "slither"), ".", *words, *filtered]
        ran = run(command, folder=folder, environment=with_forge())
        if not report.is_file():
            raise SetupFailed(f"Slither did not run: {ran.output[-400:]}")
        answer = json.loads(report.read_text(encoding="utf-8"))
    if not answer["success"]:
        raise SetupFailed(f"Slither did not run: {answer['error']}")
    found = places(answer["results"].get("detectors", []))
    return judge_findings(found, explained(FINDINGS))


def places(detectors: list[dict]) -> set[tuple[str, str]]:
    """(detector, Contract.function) of each finding above informational."""
    found = set()
    for one in detectors:
        if one["impact"] in HARMLESS:
            continue
        element = next((e for e in one["elements"] if e["type"] == "function"), one["elements"][0])
        parent = element.get("type_specific_fields", {}).get("parent", {}).get("name", "")
        found.add((one["check"], f"{parent}.{element['name']}"))
    return found


def explained(path: Path) -> set[tuple[str, str]]:
    """(detector, Contract.function) of each finding that has its reason."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {(check, place) for check, entry in kept.items() for place in entry["places"]}


def judge_findings(found: set[tuple[str, str]], known: set[tuple[str, str]]) -> Outcome:
    """Whether findings and explanations are the same."""
    faults = [f"unexplained: {check} in {place}" for check, place in sorted(found - known)]
    faults += [f"explained, but gone: {check} in {place}" for check, place in sorted(known - found)]
    if faults:
        remedy = f"mend the contract, or give the reason in {FINDINGS.relative_to(ROOT)}"
        return Outcome(what=f"{len(found)} findings", fault=f"{'; '.join(faults)} ({remedy})")
    return Outcome(what=f"{len(found)} findings above informational, each explained")


def check_symbolic() -> Outcome:
    """Every proof of tests/foundry/symbolic."""
    with workbench() as folder:
        for part in ("world", "invariants", "fuzz", "gas"):
            for path in (folder / "tests" / "foundry" / part).glob("*.sol"):
                path.unlink()
        expected = set()
        for path in (folder / "tests" / "foundry" / "symbolic").glob("*.t.sol"):
            expected |= set(re.findall(r"function (check_\w+)", path.read_text(encoding="utf-8")))
        command = [str(PROVE / "bin" / "halmos"), "--forge-build-out", ".tools/forge/out"]
        options = ["--no-status", "--solver-threads", "2", "--match-contract", "Proofs$", *BOUNDS]
        ran = run([*command, *options], folder=folder, environment=with_forge())
    return judge_proofs(ran.output, expected)


def judge_proofs(output: str, expected: set[str]) -> Outcome:
    """Whether every proof that stands in the sources went through."""
    said = {name: word for word, name in PROOF.findall(COLOUR.sub("", output))}
    failed = sorted(name for name in expected if said.get(name) != "PASS")
    what = f"{len(expected) - len(failed)} of {len(expected)} proofs"
    # A proof that stops at a bound is told as passed, with a warning.
    if CUT_SHORT in " ".join(output.split()):
        return Outcome(what=what, fault=f"not all paths were followed\n{output[-2000:]}")
    if failed:
        return Outcome(what=what, fault=f"not proven: {', '.join(failed)}\n{output[-2000:]}")
    return Outcome(what=what)
