"""Owns failpoints: named places where a test lets this process die as if the power had failed.

The environment variable CHARTKEY_FAILPOINT names one, as `name` or `name:3` for the third time that it
is reached. Without it, which is everywhere but in tests, reaching one does nothing.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

POINTS = (
    "accepted",
    "batch-formed",
    "manifest-published",
    "batch-published",
    "batch-allocated",
    "batch-sent",
    "batch-seen",
    "batch-closed",
    "call-heard",
    "call-allocated",
    "call-sent",
    "call-closed",
    "replacement-kept",
    "replacement-sent",
)
"""Every place, in the order in which a batch and a call pass them."""

_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Die here, without a word and without cleaning up, where the environment says so."""
    chosen = os.environ.get("CHARTKEY_FAILPOINT")
    if not chosen:
        return
    if name not in POINTS:
        raise ValueError(f"{name} is not among the failpoints")
    point, _, count = chosen.partition(":")
    _reached[name] += 1
    if point == name and _reached[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
