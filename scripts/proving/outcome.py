"""Owns what a part of the proofs came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done, in a few words; `fault` is empty where it holds."""

    what: str
    fault: str = ""
    passed: int = 0
    failed: int = 0
