"""Owns the live feed: what comes to the chain, told to everybody who listens (server-sent events).

One thread of each process looks into the database for all of its listeners. A listener holds a
thread of the server for as long as it listens, so only so many may: two threads always remain for
everything else.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from app.core.encoding import hex0x
from app.core.errors import ChartkeyError, TooManyRequests
from app.core.tidings import News
from app.services.loops import Loop

LOG = logging.getLogger("chartkey.live")
PAUSE = 1.0
KEEP_ALIVE = 10.0
"""Seconds between two signs of life, by which a listener that went away is found out."""
MOST_WAITING = 1000
"""Events that a slow listener may be behind before it is let go; it asks again."""
STILL_HERE = ": still here\n\n"
BEGIN = "retry: 3000\n\n"


class Listener:
    """One who listens: its events, until it goes or is let go."""

    def __init__(self) -> None:
        self._events: SimpleQueue[str] = SimpleQueue()
        self.is_over = Event()

    def tell(self, events: Sequence[str]) -> None:
        """Hand it events; one that does not fetch them is let go."""
        if self._events.qsize() > MOST_WAITING:
            self.is_over.set()
        for event in events:
            self._events.put(event)

    def texts(self) -> Iterator[str]:
        """What is written to it."""
        yield BEGIN
        quiet = 0.0
        while not self.is_over.is_set():
            try:
                yield self._events.get(timeout=PAUSE)
                quiet = 0.0
            except Empty:
                quiet += PAUSE
                if quiet >= KEEP_ALIVE:
                    quiet = 0.0
                    yield STILL_HERE


class Feed:
    """Looks for news while anybody listens, once for all of them."""

    def __init__(self, look: Callable[[], News], most: int, pause: float = PAUSE) -> None:
        self._look, self._most, self._pause = look, most, pause
        self._lock = Lock()
        self._listeners: set[Listener] = set()
        self._known: News | None = None
        self._stop = Event()
        self.is_closing: Callable[[], bool] = lambda: False
        """Whether the process is about to end: then nobody is kept."""

    def join(self) -> Listener:
        """A new listener; raises TooManyRequests where no more may hold a thread."""
        with self._lock:
            if len(self._listeners) >= self._most:
                raise TooManyRequests()
            listener = Listener()
            self._listeners.add(listener)
            if len(self._listeners) == 1:
                self._stop, self._known = Event(), None
                loop = Loop(name="live", tick=self._tell_news, pause=self._pause)
                Thread(target=loop.run, args=(self._stop,), daemon=True, name="live").start()
        return listener

    def leave(self, listener: Listener) -> None:
        """The listener is gone; with the last one the looking ends."""
        with self._lock:
            self._listeners.discard(listener)
            if not self._listeners:
                self._stop.set()
        listener.is_over.set()

    def close(self) -> None:
        """Let everybody go."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.is_over.set()

    def _tell_news(self) -> Sequence[ChartkeyError]:
        if self.is_closing():
            self.close()
            return ()
        news, known = self._look(), self._known
        self._known = news
        events = list(events_between(known, news))
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.tell(events)
        return ()


def events_between(known: News | None, news: News) -> Iterator[str]:
    """What is new: the head, and anchors, oldest first. Nothing of it is about a person."""
    if known is None:  # what stood before anybody listened is not news
        if news.block is not None:
            yield _event("block", {"number": news.block, "time": news.time})
        return
    for judge, root, block in sorted(news.anchors - known.anchors, key=lambda one: one[2]):
        yield _event("anchored", {"contract": judge, "root": hex0x(root), "block": block})
    if news.block is not None and news.block != known.block:
        yield _event("block", {"number": news.block, "time": news.time})


def _event(kind: str, told: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(told)}\n\n"


def live(feed: Feed) -> Blueprint:
    """The route."""
    blueprint = Blueprint("live", __name__, url_prefix="/api")

    @blueprint.get("/events")
    def events() -> ResponseReturnValue:
        listener = feed.join()
        response = Response(listener.texts(), mimetype="text/event-stream")
        response.call_on_close(lambda: feed.leave(listener))
        response.headers["X-Accel-Buffering"] = "no"
        return response

    return blueprint
