"""Of many things each fails alone, and what failed before stays so."""

from __future__ import annotations

import pytest

from app.core.errors import ChartkeyError, NotStored, StoreFull
from app.core.outcomes import attempt, each, result_of


def halved(number: int) -> int:
    """Half of it; one that is odd is not there."""
    if number % 2:
        raise NotStored(address="a half")
    return number // 2


def test_each_has_an_outcome_of_its_own() -> None:
    full = StoreFull()
    given: list[int | ChartkeyError] = [4, full, 3, 2]
    first, second, third, fourth = each(halved, given)
    assert (first, second, fourth) == (2, full, 1)
    assert isinstance(third, NotStored)


def test_a_fault_of_this_program_is_no_outcome() -> None:
    with pytest.raises(ZeroDivisionError):
        each(lambda one: 1 // one, [0])


def test_an_outcome_gives_its_result_or_raises() -> None:
    assert result_of(attempt(halved, 8)) == 4
    with pytest.raises(NotStored):
        result_of(attempt(halved, 9))
