"""Requests have bounds: how large, how deep, how many; and no request leaves a key behind."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask import Flask, request

from app.client.person import Person
from app.core.errors import TooLarge
from app.web.reading import DEEPEST, SMALL, read_bytes
from tests.chain_fixtures import Place
from tests.web.browsing import Browser, browser_of, make_site

PHRASE = " ".join(["abandon"] * 23 + ["art"])


@pytest.fixture
def app(place: Place) -> Flask:
    """A node with pages."""
    return make_site(place)


@pytest.fixture
def browser(app: Flask, patient: Person) -> Browser:
    """A patient's browser."""
    return browser_of(app).sign_in(patient)


def nested(depth: int) -> bytes:
    """An object with lists in lists, so many levels in all."""
    return b'{"x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.asvs("2.2.1", "15.2.2")
@pytest.mark.parametrize(
    ("depth", "words"),
    [(DEEPEST, "other members"), (DEEPEST + 1, "deeper"), (100_000, "not JSON")],
)
@pytest.mark.parametrize("path", ["/api/chain", "/api/sheets"])
def test_json_has_a_depth(browser: Browser, path: str, depth: int, words: str) -> None:
    answer = browser.ask("POST", path, data=nested(depth), content_type="application/json")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "MalformedStatement")
    assert words in answer.get_json()["sentence"]


@pytest.mark.asvs("4.1.1", "2.2.1")
@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b'"text"', b"7", b"[]", b"null", b"NaN"])
def test_what_is_no_object_is_refused(browser: Browser, text: bytes) -> None:
    for path in ("/api/session/challenge", "/api/charts", "/api/deliveries", "/api/chain"):
        answer = browser.ask("POST", path, data=text, content_type="application/json")
        assert (answer.status_code, answer.get_json()["error"]) == (400, "MalformedStatement")


@pytest.mark.asvs("2.2.1", "5.2.1")
def test_each_route_takes_so_much_and_no_more(browser: Browser) -> None:
    small = {"name": "x" * SMALL, "ticket": "0x"}
    assert browser.error("PUT", "/api/me/name", small) == (413, "TooLarge")
    large = {"content": "A" * (2 << 20)}
    assert browser.error("PUT", "/api/me/shelf/settings", large) == (413, "TooLarge")
    for path in ("/api/charts", "/api/session", "/api/transactions", "/api/bodies"):
        huge = browser.ask("POST", path, data=bytes(17 << 20), content_type="application/json")
        assert huge.status_code == 413


def test_a_body_whose_length_is_not_told_is_not_read_on(app: Flask) -> None:
    body = BytesIO(bytes(10 * SMALL))
    told = {"wsgi.input": body, "wsgi.input_terminated": True}
    with app.test_request_context("/", method="PUT", environ_overrides=told):
        assert request.content_length is None
        with pytest.raises(TooLarge):
            read_bytes(SMALL)
        assert 0 < body.tell() <= 2 * SMALL


@pytest.mark.asvs("2.4.1", "6.3.1")
def test_one_address_asks_for_so_many_challenges(app: Flask, patient: Person) -> None:
    browser, given = browser_of(app), {"address": patient.wallet.address}
    codes = [
        browser.ask("POST", "/api/session/challenge", json=given).status_code for _ in range(31)
    ]
    assert codes == [200] * 30 + [429]
    elsewhere = {"REMOTE_ADDR": "192.0.2.1"}
    answer = browser.ask("POST", "/api/session/challenge", json=given, environ_base=elsewhere)
    assert answer.status_code == 200


@pytest.mark.asvs("2.4.1")
def test_one_person_asks_so_often_from_wherever(place: Place, patient: Person) -> None:
    app = make_site(place, CHARTKEY_PERSON_RATE="3")
    browser = browser_of(app).sign_in(patient)
    codes = [
        browser.ask(
            "GET", "/api/session", environ_base={"REMOTE_ADDR": f"192.0.2.{number}"}
        ).status_code
        for number in range(4)
    ]
    assert codes == [200, 200, 200, 429]


# keys


def with_a_key() -> list[Any]:
    """Ways of leaving a key with a node."""
    seed = "0x" + "12" * 32
    return [
        pytest.param({"privateKey": seed}, id="a private key"),
        pytest.param({"private_key": seed}, id="in another spelling"),
        pytest.param({"vault": {"Seed": seed}}, id="a seed within"),
        pytest.param([{"mnemonic": PHRASE}], id="a phrase in a list"),
        pytest.param({"note": PHRASE}, id="a phrase under any name"),
        pytest.param({"note": [PHRASE.upper()]}, id="a phrase in capitals"),
        pytest.param({"passphrase": "correct horse"}, id="a passphrase"),
        pytest.param({"password": "correct horse"}, id="a password"),
        pytest.param({"version": 3, "Crypto": {"cipher": "aes"}}, id="a keystore"),
        pytest.param({"keystore": "{}"}, id="a keystore as text"),
    ]


@pytest.mark.asvs("2.2.2")
@pytest.mark.parametrize("given", with_a_key())
def test_the_node_refuses_to_hold_a_key(place: Place, browser: Browser, given: Any) -> None:
    for method, path in (
        ("POST", "/api/statements"),
        ("PUT", "/api/me/lock"),
        ("PUT", "/api/me/name"),
        ("POST", "/api/sheets"),
        ("POST", "/api/session"),
    ):
        if path not in ("/api/statements", "/api/sheets") and not isinstance(given, dict):
            continue
        assert browser.error(method, path, given) == (422, "KeyNotTaken"), path
    with place.node.database.engine.connect() as connection:  # type: ignore[attr-defined]
        assert connection.exec_driver_sql("SELECT count(*) FROM shelf").scalar() == 1


def test_words_that_are_no_phrase_are_no_key(browser: Browser) -> None:
    prose = "the quick brown fox jumps over the lazy dog and then some more words"
    refused = browser.error("PUT", "/api/me/name", {"name": prose, "ticket": "0x" + "00" * 32})
    assert refused == (400, "MalformedStatement")


@pytest.mark.asvs("16.5.1", "4.1.1")
def test_an_error_tells_nothing_of_the_inside(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from app.services.sign_in import SignIn

    def broken(*_: Any) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(SignIn, "sessions_of", broken)
    answer = browser.ask("GET", "/api/sessions")
    assert (answer.status_code, answer.get_json()["error"]) == (500, "ServerFault")
    assert "42" not in answer.get_data(as_text=True)
    assert "42" not in caplog.text
