"""Owns what becomes of many things of which each may fail alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from app.core.errors import ChartkeyError

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], many: Iterable[T | ChartkeyError]) -> list[R | ChartkeyError]:
    """What work makes of each, or the error that it raised; what had failed before stays so."""
    return [one if isinstance(one, ChartkeyError) else attempt(work, one) for one in many]


def attempt(work: Callable[[T], R], one: T) -> R | ChartkeyError:
    """What work makes of it, or the error that it raised."""
    try:
        return work(one)
    except ChartkeyError as error:
        return error


def result_of(outcome: R | ChartkeyError) -> R:
    """What came of it; raises what it failed with."""
    if isinstance(outcome, ChartkeyError):
        raise outcome
    return outcome
