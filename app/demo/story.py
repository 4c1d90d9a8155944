"""Owns how the story is told: steps that come out as foretold or not, as text or as JSON."""

from __future__ import annotations

import json
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

from app.core.encoding import hex0x
from app.core.errors import ChartkeyError
from app.services.relayer import Settled

WIDTH = 66


class StoryBroken(Exception):
    """A step failed, and what follows stands on it."""


@dataclass(kw_only=True)
class Step:
    """One thing that happened: what was foretold, what came of it, and what it cost."""

    title: str
    ok: bool = True
    outcome: str = ""
    milliseconds: float = 0.0
    gas: int = 0
    transactions: int = 0
    digests: list[str] = field(default_factory=list)

    def show(self, digest: bytes) -> None:
        """Name a digest that this step made."""
        self.digests.append(hex0x(digest))


@dataclass(kw_only=True)
class Story:
    """The steps so far; prints each as it ends, unless it is told for machines."""

    settled: Sequence[Settled] = ()
    for_machines: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    steps: list[Step] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every refusal and every opening came out as told."""
        return all(step.ok for step in self.steps)

    def say(self, line: str = "") -> None:
        """A line between the steps."""
        if not self.for_machines:
            print(line, file=self.out, flush=True)

    def chapter(self, title: str) -> None:
        """A heading."""
        self.say(f"\n{title}")

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Something that must succeed; an error of Chartkey's is told, and ends the story."""
        step, before = Step(title=title), len(self.settled)
        start = time.perf_counter()
        failure: ChartkeyError | None = None
        try:
            yield step
        except ChartkeyError as error:
            step.ok, step.outcome = False, f"{type(error).__name__}: {error}"
            failure = error
        step.milliseconds = round(1000 * (time.perf_counter() - start), 1)
        sent = self.settled[before:]
        step.gas += sum(s.receipt.gas for s in sent)
        step.transactions += len(sent)
        self.steps.append(step)
        self._print(step)
        if failure is not None:
            raise StoryBroken from failure

    def refused(
        self, title: str, reasons: Sequence[type[ChartkeyError]], attempt: Callable[[], object]
    ) -> None:
        """Something that must be refused, and for one of these reasons."""
        with self.step(title) as step:
            try:
                attempt()
            except tuple(reasons) as error:
                step.outcome = f"refused: {error}"
            else:
                step.ok, step.outcome = False, "it was NOT refused"

    def _print(self, step: Step) -> None:
        mark = "✓" if step.ok else "✗"
        lines = textwrap.wrap(step.title, WIDTH - 4)
        gas = f"{step.gas:>11,} gas" if step.gas else ""
        self.say(f"  {mark} {lines[0]:<{WIDTH - 4}}{step.milliseconds:>8,.0f} ms{gas}")
        for line in lines[1:]:
            self.say(f"    {line}")
        for line in textwrap.wrap(step.outcome, WIDTH + 12):
            self.say(f"      {line}")
        for digest in step.digests[:3]:
            self.say(f"      {digest}")
        if len(step.digests) > 3:
            self.say(f"      … and {len(step.digests) - 3} more digests")

    def as_json(self, **about: Any) -> str:
        """The story for machines."""
        steps = [
            {
                "step": step.title,
                "ok": step.ok,
                "outcome": step.outcome,
                "milliseconds": step.milliseconds,
                "gas": step.gas,
                "transactions": step.transactions,
                "digests": step.digests,
            }
            for step in self.steps
        ]
        return json.dumps({"ok": self.ok, **about, "steps": steps}, indent=1)
