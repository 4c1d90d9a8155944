"""Owns mutation testing: each change of Slither's mutators to the contracts must make a test of tests/foundry fail.

A mutant that does not compile, or compiles to the very same code, is none. What came of each is kept in
.tools/forge/mutants.json while the contracts stay as they are, so that a run that was stopped goes on and a new
test is tried on survivors only; `anew` forgets it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.adapters import compiler, tools
from app.adapters.files import write_whole
from scripts.proving.outcome import Outcome
from scripts.proving.workbench import FORGE, PROVE, Ran, forge, run, with_forge, workbench
from scripts.steps import ROOT, SetupFailed

TOPS = {
    name: f"contracts/core/{name}.sol"
    for name in ("PeopleRegistry", "ConsentRegistry", "RecordRegistry", "AuditTrail")
}
SUITES = {
    "PeopleRegistry": ("PeopleInvariants", "ConsentInvariants", "RecordInvariants"),
    "ConsentRegistry": ("ConsentInvariants",),
    "RecordRegistry": ("RecordInvariants",),
    "AuditTrail": (),
}
"""The invariants that see a change of each contract; the other tests always run."""
ALWAYS = ("Anchors", "Digests", "Events", "Examples")
STAGES = (
    {"FOUNDRY_PROFILE": "mutation", "FORGE_MATCH": "logs_say|^test"},
    {"FOUNDRY_PROFILE": "mutation_long", "FORGE_MATCH": "."},
)
"""A mutant that the first second finds nothing of is looked for longer, with all invariants."""
KEPT = FORGE / "mutants.json"
LONGEST_TEST = 90
"""Seconds of computing after which a mutant counts as caught: it loops."""
FRESH_COMPILER = 150
"""Compilations after which the compiler starts anew: WebAssembly gives no memory back."""
LEAST_SCORE = 90.0
CAUGHT, SURVIVED, NONE = "caught", "survived", "none"


class Compiler:
    """The contracts' compiler, without the optimizer, held open."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop()

    def compile(self, sources: Mapping[str, str], names: list[str]) -> dict[str, str] | None:
        """The creation code of the contracts, as hex; None where the sources do not compile."""
        if self._process is None or self._count % FRESH_COMPILER == 0:
            self._stop()
            script = ROOT / "scripts" / "proving" / "compiler.mjs"
            self._process = subprocess.Popen(
                [*tools.node_command(), str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        self._count += 1
        settings = {
            **compiler.SETTINGS,
            "optimizer": {"enabled": False},
            "outputSelection": {TOPS[name]: {name: ["evm.bytecode.object"]} for name in names},
        }
        given = {
            "language": "Solidity",
            "sources": {name: {"content": text} for name, text in sources.items()},
            "settings": settings,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(given), file=self._process.stdin, flush=True)
        output = json.loads(self._process.stdout.readline())
        if any(one["severity"] == "error" for one in output.get("errors", [])):
            return None
        return {
            name: output["contracts"][TOPS[name]][name]["evm"]["bytecode"]["object"]
            for name in names
        }

    def _stop(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()
        self._process = None


class Mutation:
    """One campaign over all mutants."""

    def __init__(self, folder: Path, compiler_: Compiler) -> None:
        self._folder, self._compiler = folder, compiler_
        self._sources = compiler._sources(folder / "contracts")
        self._closures = {name: self._closure(path) for name, path in TOPS.items()}
        self._original = self._compile(self._sources, list(TOPS))
        self._code = folder / ".tools" / "code"
        self._code.mkdir()

    def require_green(self) -> None:
        """Raises SetupFailed where a test fails without any change: it would catch everything."""
        self.require_built()
        self._write({})
        for stage in STAGES:
            ran = self._test(list(TOPS), stage)
            if ran.code == 0:
                continue
            raise SetupFailed(f"The tests fail without a mutant: {ran.output[-400:]}")

    def require_built(self) -> None:
        """Raises SetupFailed where the tests do not compile."""
        built = forge("build", folder=self._folder)
        if built.code != 0:
            raise SetupFailed(f"The tests do not compile: {built.output[-400:]}")

    def change(self, file: str, old: str, new: str) -> None:
        """Give the tests contracts with one text in the place of another; raises SetupFailed."""
        text = self._sources[file]
        if text.count(old) != 1:
            raise SetupFailed(f"{file} does not hold {old!r} once: name another place.")
        affected = [top for top in TOPS if file in self._closures[top]]
        self._write(self._compile({**self._sources, file: text.replace(old, new)}, affected))

    def judge(self, mutant: Mapping[str, Any]) -> str:
        """What became of one mutant."""
        name = mutant["file"]
        affected = [top for top in TOPS if name in self._closures[top]]
        text = self._sources[name].encode()
        changed = text[: mutant["start"]] + mutant["text"].encode() + text[mutant["end"] :]
        sources = {**self._sources, name: changed.decode()}
        try:
            codes = self._compile(sources, affected)
        except SetupFailed:
            return NONE
        if all(codes[top] == self._original[top] for top in affected):
            return NONE
        self._write(codes)
        caught = any(self._test(affected, stage).code != 0 for stage in STAGES)
        return CAUGHT if caught else SURVIVED

    def _test(self, affected: list[str], stage: Mapping[str, str]) -> Ran:
        # Forge would begin with the calls at which the mutant before fell.
        shutil.rmtree(self._folder / ".tools" / "fallen", ignore_errors=True)
        suites = {suite for top in affected for suite in SUITES[top]} | set(ALWAYS)
        pattern = f"^({'|'.join(sorted(suites))})$"
        environment = {
            "FOUNDRY_PROFILE": stage["FOUNDRY_PROFILE"],
            "FOUNDRY_THREADS": "1",
            "CHARTKEY_CODE": ".tools/code",
        }
        words = (
            "test",
            "--fail-fast",
            "--match-contract",
            pattern,
            "--match-test",
            stage["FORGE_MATCH"],
        )
        return forge(*words, folder=self._folder, environment=environment, cpu_seconds=LONGEST_TEST)

    def _compile(self, sources: Mapping[str, str], names: list[str]) -> dict[str, str]:
        needed = {file for name in names for file in self._closures[name]}
        codes = self._compiler.compile({file: sources[file] for file in sorted(needed)}, names)
        if codes is None:
            raise SetupFailed("The contracts do not compile.")
        return codes

    def _write(self, codes: Mapping[str, str]) -> None:
        for name, original in self._original.items():
            (self._code / f"{name}.hex").write_text(f"0x{codes.get(name, original)}")

    def _closure(self, path: str) -> set[str]:
        found: set[str] = set()
        waiting = [path]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            targets = compiler._IMPORT.findall(self._sources[name])
            waiting += [compiler._resolve(name, target) for target in targets]
        return found


def mutate() -> tuple[dict[str, str], list[dict[str, Any]]]:
    """What became of every mutant, by its key, and the mutants; raises SetupFailed."""
    with workbench() as folder, Compiler() as held:
        mutants = _mutants(folder)
        kept = _kept(folder)
        campaign = Mutation(folder, held)
        campaign.require_green()
        started = time.monotonic()
        for count, mutant in enumerate(mutants, 1):
            key = key_of(mutant)
            if kept["results"].get(key, SURVIVED) == SURVIVED:
                kept["results"][key] = campaign.judge(mutant)
                write_whole(KEPT, json.dumps(kept))
            if count % 50 == 0:
                counts = Counter(kept["results"][key_of(one)] for one in mutants[:count])
                seconds = time.monotonic() - started
                print(f"    {count} of {len(mutants)}: {dict(counts)}, {seconds:.0f} s", flush=True)
        return kept["results"], mutants


def key_of(mutant: Mapping[str, Any]) -> str:
    """A mutant's name: place, mutator and a fingerprint of the new text."""
    told = hashlib.sha256(mutant["text"].encode()).hexdigest()[:8]
    place = f"{mutant['file']}:{mutant['line']}:{mutant['start']}-{mutant['end']}"
    return f"{place} {mutant['mutator']} {told}"


def _mutants(folder: Path) -> list[dict[str, Any]]:
    script = ROOT / "scripts" / "proving" / "mutants.py"
    errors = folder / "mutants.json"
    program = f"import runpy,sys; sys.argv=['mutants', {str(folder)!r}]; sys.stdout=open({str(errors)!r},'w'); runpy.run_path({str(script)!r}, run_name='__main__')"
    ran = run([PROVE / "bin" / "python", "-c", program], folder=folder, environment=with_forge())
    if ran.code != 0:
        raise SetupFailed(f"Slither made no mutants: {ran.output[-400:]}")
    made: list[dict[str, Any]] = json.loads(errors.read_text(encoding="utf-8"))
    # In no order but always the same, so that what a stopped run got through is a fair sample.
    return sorted(made, key=lambda mutant: hashlib.sha256(key_of(mutant).encode()).digest())


def _kept(folder: Path) -> dict[str, Any]:
    """What earlier runs found out about the same contracts."""
    told = hashlib.sha256()
    for path in sorted(folder.glob("contracts/**/*.sol")):
        told.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    fingerprint = told.hexdigest()
    if KEPT.is_file():
        kept: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
        if kept["fingerprint"] == fingerprint:
            return kept
    return {"fingerprint": fingerprint, "results": {}}


def check_mutation() -> Outcome:
    """The share of mutants that a test catches, and the names of those that none does."""
    results, mutants = mutate()
    return judge({key_of(one): results[key_of(one)] for one in mutants})


def judge(results: Mapping[str, str]) -> Outcome:
    """Whether nine mutants of ten are caught."""
    counts = Counter(results.values())
    tried = counts[CAUGHT] + counts[SURVIVED]
    score = 100 * counts[CAUGHT] / tried if tried else 0.0
    survivors = sorted(key for key, result in results.items() if result == SURVIVED)
    print(*(f"    survived: {key}" for key in survivors), sep="\n", flush=True)
    what = f"{counts[CAUGHT]:,} of {tried:,} mutants caught, {score:.1f} %"
    fault = "" if score >= LEAST_SCORE else f"{what}; {LEAST_SCORE:.0f} % are asked"
    return Outcome(what=what, fault=fault)
