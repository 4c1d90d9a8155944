"""Owns the live feed: what comes to the chain, and that letters came (server-sent events).

One thread of each process looks into the database for all of its listeners. A listener holds a
thread of the server for as long as it listens, so only so many may: two threads always remain for
everything else. Blocks, anchors and that something was taken back is told to everybody, letters to
the person who is signed in; who gave what to whom, nobody learns here.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.core.encoding import hex0x
from app.core.errors import ChartkeyError, TooManyRequests
from app.core.tidings import News
from app.services.loops import Loop
from app.web.sessions import Guard

LOG = logging.getLogger("chartkey.live")
PAUSE = 1.0
KEEP_ALIVE = 10.0
"""Seconds between two signs of life, by which a listener that went away is found out."""
MOST_WAITING = 1000
"""Events that a slow listener may be behind before it is let go; it asks again."""
LONGEST = 600.0
"""Seconds after which a listener is let go: when it comes back, whether it is still signed in is asked anew."""
MOST_EACH = 6
"""Listeners of one person, or of one address where nobody is signed in."""
STILL_HERE = ": still here\n\n"
BEGIN = "retry: 3000\n\n"


class Listener:
    """One who listens: its events, until it goes or is let go; `person` where one is signed in."""

    def __init__(self, person: str = "", key: str = "") -> None:
        self.person, self.key = person, key
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
        quiet, until = 0.0, time.monotonic() + LONGEST
        while not self.is_over.is_set() and time.monotonic() < until:
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

    def __init__(
        self,
        look: Callable[[], News],
        most: int,
        pause: float = PAUSE,
        sent: Callable[[int], Collection[str]] = lambda _: (),
    ) -> None:
        """`sent` answers to whom letters came after the one of that number."""
        self._look, self._most, self._pause, self._sent = look, most, pause, sent
        self._lock = Lock()
        self._listeners: set[Listener] = set()
        self._known: News | None = None
        self._stop = Event()
        self.is_closing: Callable[[], bool] = lambda: False
        """Whether the process is about to end: then nobody is kept."""

    def join(self, person: str = "", key: str = "") -> Listener:
        """A new listener; raises TooManyRequests where no more may hold a thread, or of this key."""
        with self._lock:
            same = [one for one in self._listeners if key and one.key == key]
            if len(self._listeners) >= self._most or len(same) >= MOST_EACH:
                raise TooManyRequests()
            listener = Listener(person, key)
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
        self._tell_letters(known, news, [one for one in listeners if one.person])
        return ()

    def _tell_letters(self, known: News | None, news: News, listeners: Sequence[Listener]) -> None:
        if known is None or news.letter <= known.letter or not listeners:
            return
        persons = self._sent(known.letter)
        for listener in listeners:
            if listener.person in persons:
                listener.tell([_event("letters", {"after": known.letter})])


def events_between(known: News | None, news: News) -> Iterator[str]:
    """What is new: what was taken back, anchors, oldest first, the head. None of it names a person."""
    if known is None:  # what stood before anybody listened is not news
        if news.block is not None:
            yield _event("block", {"number": news.block, "time": news.time})
        return
    if news.taken_back != known.taken_back:
        yield _event("consent", {})
    for judge, root, block in sorted(news.anchors - known.anchors, key=lambda one: one[2]):
        yield _event("anchored", {"contract": judge, "root": hex0x(root), "block": block})
    if news.block is not None and news.block != known.block:
        yield _event("block", {"number": news.block, "time": news.time})


def _event(kind: str, told: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(told)}\n\n"


def live(feed: Feed, guard: Guard) -> Blueprint:
    """The route."""
    blueprint = Blueprint("live", __name__, url_prefix="/api")

    @blueprint.get("/events")
    def events() -> ResponseReturnValue:
        session = guard.visitor()
        person = session.person if session else ""
        listener = feed.join(person, person or request.remote_addr or "unknown")
        response = Response(listener.texts(), mimetype="text/event-stream")
        response.call_on_close(lambda: feed.leave(listener))
        response.headers["X-Accel-Buffering"] = "no"
        return response

    return blueprint
