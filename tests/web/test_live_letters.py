"""Who is signed in hears that letters came, everybody that something was taken back, and nobody more."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.adapters.database import Database
from app.adapters.database.figures import Figures
from app.client.person import Person
from app.core.errors import TooManyRequests
from app.core.tidings import News
from app.serving import FEED
from app.web import live
from app.web.live import BEGIN, MOST_EACH, Feed, events_between
from tests.chain_fixtures import NOTE, Place
from tests.web.browsing import Browser, browser_of, make_site
from tests.web.test_charts import parts_index, send

ONE, OTHER = "0x" + "11" * 20, "0x" + "22" * 20


def news(letter: int, taken_back: tuple[int, ...] = ()) -> News:
    """What a look into the database found."""
    return News(block=1, time=1, anchors=frozenset(), letter=letter, taken_back=taken_back)


class Looks:
    """A database that tells one thing after the other."""

    def __init__(self, *answers: News) -> None:
        self.answers = list(answers)

    def __call__(self) -> News:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def told(texts: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind, data) of each event of a stream."""
    for text in texts:
        if text.startswith("event: "):
            kind, data = text.strip().split("\n")
            yield kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_only_who_got_letters_hears_of_them() -> None:
    asked: list[int] = []

    def sent(number: int) -> set[str]:
        asked.append(number)
        return {ONE}

    feed = Feed(Looks(news(7), news(9), news(9, (1,))), most=5, pause=0.01, sent=sent)
    listeners = [feed.join(person) for person in (ONE, OTHER, "")]
    heard = []
    for listener in listeners:
        kinds: list[tuple[str, dict[str, Any]]] = []
        for event in told(listener.texts()):
            kinds.append(event)
            if event[0] == "consent":
                break
        heard.append(kinds)
    letters = ("letters", {"after": 7})
    assert letters in heard[0]
    assert letters not in heard[1] + heard[2]
    assert asked == [7]
    for listener in listeners:
        feed.leave(listener)


def test_that_something_was_taken_back_is_told_without_saying_what() -> None:
    events = list(told(events_between(news(1, (4,)), news(1, (4, 9, 0)))))
    assert events == [("consent", {})]
    assert list(events_between(news(1, (4,)), news(1, (4,)))) == []


@pytest.mark.asvs("2.4.1")
def test_one_person_does_not_take_all_places() -> None:
    feed = Feed(Looks(news(1)), most=100, pause=0.01)
    mine = [feed.join(ONE, ONE) for _ in range(MOST_EACH)]
    with pytest.raises(TooManyRequests):
        feed.join(ONE, ONE)
    other = feed.join(OTHER, OTHER)
    feed.leave(mine.pop())
    mine.append(feed.join(ONE, ONE))
    for listener in (*mine, other):
        feed.leave(listener)


@pytest.mark.asvs("7.3.2")
def test_a_listener_is_let_go_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LONGEST", 0.0)
    feed = Feed(Looks(news(1)), most=2, pause=0.01)
    listener = feed.join(ONE)
    assert list(listener.texts()) == [BEGIN]  # it comes again, and is asked anew who it is
    feed.leave(listener)


# on a node


@pytest.fixture
def app(place: Place) -> Flask:
    """A node with pages, which looks often."""
    app = make_site(place)
    app.extensions[FEED]._pause = 0.01
    return app


def listening(browser: Browser) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events that a page hears."""
    answer = browser.client.get(
        "/api/events", base_url="https://localhost", headers=browser.headers, buffered=False
    )
    assert answer.mimetype == "text/event-stream"
    return told(part if isinstance(part, str) else part.decode() for part in answer.response)


def test_a_signed_in_page_hears_of_its_letters_and_a_stranger_s_does_not(
    place: Place, app: Flask, patient: Person, stranger: Person
) -> None:
    parts_index(place)
    mine = listening(browser_of(app).sign_in(patient))
    theirs = listening(browser_of(app).sign_in(stranger))
    assert next(mine)[0] == "block"  # the head, when the first one begins to listen
    send(place, patient, "to you")
    kind, mark = next(mine)
    assert (kind, list(mark)) == ("letters", ["after"])
    browser = browser_of(app).sign_in(patient)
    assert len(browser.get(f"/api/envelopes?after={mark['after']}")["envelopes"]) == 1
    send(place, stranger, "to the other")
    theirs_after = next(told["after"] for kind, told in theirs if kind == "letters")
    assert theirs_after > mark["after"]  # of the other's letter it heard nothing


def test_looking_into_the_database_tells_of_letters_and_of_what_was_taken_back(
    place: Place, patient: Person, doctor: Person
) -> None:
    database = place.node.database
    assert isinstance(database, Database)
    figures = Figures(database)
    grant = patient.grant(doctor.address, category="conditions")
    patient.write(NOTE, category="conditions")
    place.settle()
    parts_index(place)
    before = figures.news()
    patient.revoke(grant)
    accepted = figures.news()
    assert accepted.taken_back != before.taken_back
    assert accepted.letter > before.letter
    assert database.sent_since(before.letter) == {patient.address}
    place.settle()
    parts_index(place)
    mined = figures.news()
    assert mined.taken_back != accepted.taken_back
    database.deliver(doctor.address, os.urandom(32), os.urandom(100))
    assert database.sent_since(mined.letter) == {doctor.address}
    assert database.newest_letter() == figures.news().letter
