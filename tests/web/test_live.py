"""The live feed tells everybody who listens what comes to the chain, and never takes all threads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import get_ident
from typing import Any

import pytest

from app.core.errors import TooManyRequests
from app.core.tidings import News
from app.web.live import BEGIN, MOST_WAITING, Feed, Listener, events_between

ROOT = bytes(31) + b"\1"


def news(block: int | None = None, *anchors: tuple[str, bytes, int]) -> News:
    """What a look into the database found."""
    time = None if block is None else 1000 + block
    return News(block=block, time=time, anchors=frozenset(anchors))


def told(events: Iterator[str]) -> list[tuple[str, dict[str, Any]]]:
    """(kind, data) of each event."""
    found = []
    for event in events:
        kind, data = event.strip().split("\n")
        found.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


class Looks:
    """A database that tells one thing after the other, and remembers which threads asked."""

    def __init__(self, *answers: News) -> None:
        self.answers, self.threads = list(answers), set[int]()

    def __call__(self) -> News:
        self.threads.add(get_ident())
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_what_stood_before_anybody_listened_is_no_news_but_the_head() -> None:
    assert told(events_between(None, news(7, ("AuditTrail", ROOT, 6)))) == [
        ("block", {"number": 7, "time": 1007})
    ]
    assert told(events_between(None, news())) == []


def test_anchors_are_told_in_the_order_of_their_blocks_and_then_the_head() -> None:
    late, early = ("AuditTrail", ROOT, 9), ("RecordRegistry", ROOT, 8)
    assert told(events_between(news(7), news(9, late, early))) == [
        ("anchored", {"contract": "RecordRegistry", "root": "0x" + ROOT.hex(), "block": 8}),
        ("anchored", {"contract": "AuditTrail", "root": "0x" + ROOT.hex(), "block": 9}),
        ("block", {"number": 9, "time": 1009}),
    ]


def test_the_same_again_is_no_news() -> None:
    same = news(7, ("AuditTrail", ROOT, 6))
    assert told(events_between(same, same)) == []


def test_one_thread_looks_for_all_listeners_and_all_hear_the_same() -> None:
    looks = Looks(news(1), news(1, ("AuditTrail", ROOT, 2)))
    feed = Feed(looks, most=5, pause=0.01)
    listeners = [feed.join() for _ in range(5)]
    streams = [listener.texts() for listener in listeners]
    assert [next(stream) for stream in streams] == [BEGIN] * 5
    for stream in streams:
        assert any("event: anchored" in text for text in stream)
    assert len(looks.threads) == 1
    for listener in listeners:
        feed.leave(listener)
    assert all(listener.is_over.is_set() for listener in listeners)


def test_only_so_many_may_listen_and_who_leaves_makes_room() -> None:
    feed = Feed(Looks(news()), most=2, pause=0.01)
    first, second = feed.join(), feed.join()
    with pytest.raises(TooManyRequests):
        feed.join()
    feed.leave(first)
    feed.leave(first)
    third = feed.join()
    with pytest.raises(TooManyRequests):
        feed.join()
    for listener in (second, third):
        feed.leave(listener)


def test_a_process_that_ends_keeps_no_listener() -> None:
    feed = Feed(Looks(news(1)), most=2, pause=0.01)
    stream = feed.join().texts()
    assert next(stream) == BEGIN
    feed.is_closing = lambda: True
    assert not [text for text in stream if "anchored" in text]  # it comes to an end


def test_a_listener_that_does_not_fetch_its_events_is_let_go() -> None:
    slow = Listener()
    slow.tell(["event"] * (MOST_WAITING + 1))
    assert not slow.is_over.is_set()
    slow.tell(["event"])
    assert slow.is_over.is_set()


def test_looking_ends_with_the_last_listener_and_begins_with_the_next() -> None:
    looks = Looks(news(1))
    feed = Feed(looks, most=2, pause=0.01)
    for _ in range(2):
        listener = feed.join()
        stream = listener.texts()
        assert next(stream) == BEGIN
        assert "event: block" in next(stream)
        feed.leave(listener)
