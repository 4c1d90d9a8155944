"""Many threads hand in one thing each; one commit makes all durable, or tells all that it did not."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from app.adapters.group_commit import GroupCommit
from app.core.errors import StoreFull

GENEROUS = 300.0


class Slow:
    """A commit that waits for a word, and remembers its groups."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.entered, self.go_on = Event(), Event()

    def __call__(self, group: Sequence[int]) -> list[int]:
        self.groups.append(list(group))
        self.entered.set()
        assert self.go_on.wait(GENEROUS)
        return [10 * one for one in group]


def queued(together: GroupCommit[int, int], count: int) -> None:
    """Return when so many wait for the commit that is under way."""
    pause = Event()
    while len(together._queue) < count:
        pause.wait(0.001)


def test_each_gets_its_own_result() -> None:
    together = GroupCommit[int, int](lambda group: [10 * one for one in group])
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(together, range(500))) == [10 * one for one in range(500)]


def test_whoever_comes_during_a_slow_commit_goes_into_the_next_one_together() -> None:
    slow = Slow()
    together = GroupCommit[int, int](slow)
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(together, 0)
        assert slow.entered.wait(GENEROUS)
        others = [threads.submit(together, number) for number in range(1, 9)]
        queued(together, 8)
        slow.go_on.set()
        assert first.result() == 0
        assert sorted(other.result() for other in others) == [10 * n for n in range(1, 9)]
    assert [sorted(group) for group in slow.groups] == [[0], list(range(1, 9))]


def test_a_commit_that_fails_fails_everybody_in_it_and_nobody_else() -> None:
    slow = Slow()

    def commit(group: Sequence[int]) -> list[int]:
        results = slow(group)
        if 5 in group:
            raise StoreFull()
        return results

    together = GroupCommit[int, int](commit)
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(together, 0)
        assert slow.entered.wait(GENEROUS)
        others = [threads.submit(together, number) for number in range(1, 9)]
        queued(together, 8)
        slow.go_on.set()
        assert first.result() == 0
        for other in others:
            with pytest.raises(StoreFull):
                other.result()
    assert together(9) == 90


def test_a_commit_that_forgets_somebody_fails_all() -> None:
    together = GroupCommit[int, int](lambda group: [])
    with pytest.raises(ValueError, match="shorter"):
        together(1)


def test_one_commit_takes_no_more_than_it_should() -> None:
    slow = Slow()
    together = GroupCommit[int, int](slow, most=3)
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(together, 0)
        assert slow.entered.wait(GENEROUS)
        others = [threads.submit(together, number) for number in range(1, 9)]
        queued(together, 8)
        slow.go_on.set()
        assert first.result() == 0
        assert sorted(other.result() for other in others) == [10 * n for n in range(1, 9)]
    assert [len(group) for group in slow.groups] == [1, 3, 3, 2]
