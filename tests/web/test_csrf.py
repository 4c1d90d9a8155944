"""Nothing is changed for a person unless one of the node's own pages asks for it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.client.person import Person
from app.core.signing_in import token_of
from app.web.sessions import COOKIE, TOKEN
from tests.chain_fixtures import Place
from tests.web.browsing import ORIGIN, Browser, browser_of, make_site

CHANGING = ("POST", "PUT", "DELETE", "PATCH")


@pytest.fixture
def app(place: Place) -> Flask:
    """A node with pages."""
    return make_site(place)


@pytest.fixture
def browser(app: Flask, patient: Person) -> Browser:
    """A patient's browser."""
    return browser_of(app).sign_in(patient)


def changed_headers() -> list[Any]:
    """What a page of another site can bring about, and what it cannot but might try."""
    return [
        pytest.param({TOKEN: ""}, id="no token"),
        pytest.param({TOKEN: "00" * 32}, id="another token"),
        pytest.param({TOKEN: "é"}, id="no hexadecimal"),
        pytest.param({"Origin": ""}, id="no origin"),
        pytest.param({"Origin": "null"}, id="an origin that is hidden"),
        pytest.param({"Origin": "http://evil.example"}, id="another site"),
        pytest.param({"Origin": "http://localhost.evil.example"}, id="a name that begins alike"),
        pytest.param({"Origin": "http://localhost:81"}, id="another port"),
        pytest.param({"Origin": "https://localhost"}, id="another scheme"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="fetched from another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="fetched from a neighbour"),
        pytest.param({"Sec-Fetch-Site": "none"}, id="typed"),
    ]


@pytest.mark.asvs("3.5.1", "3.5.3")
@pytest.mark.parametrize("change", changed_headers())
def test_a_change_that_no_page_of_ours_asked_for_is_refused(
    browser: Browser, change: dict[str, str]
) -> None:
    refused = browser.error("DELETE", "/api/session", headers=change)
    assert refused == (403, "ForeignOrigin")
    assert browser.get("/api/session")["person"]  # nothing has happened


@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize("path", ["/api/session/challenge", "/api/session", "/api/names/lock"])
@pytest.mark.parametrize("origin", ["", "null", "http://evil.example"])
def test_nobody_is_signed_in_by_another_site(app: Flask, path: str, origin: str) -> None:
    browser = browser_of(app)
    refused = browser.error("POST", path, {}, headers={"Origin": origin})
    assert refused == (403, "ForeignOrigin")


@pytest.mark.asvs("3.5.1")
def test_the_token_of_another_session_does_not_do(
    app: Flask, browser: Browser, stranger: Person
) -> None:
    other = browser_of(app).sign_in(stranger)
    refused = browser.error("DELETE", "/api/session", headers={TOKEN: other.headers[TOKEN]})
    assert refused == (403, "ForeignOrigin")


def test_the_token_does_not_tell_the_cookie(browser: Browser) -> None:
    secret = bytes.fromhex(browser.cookie)
    assert browser.headers[TOKEN] == token_of(secret)
    assert secret.hex() not in browser.headers[TOKEN]


@pytest.mark.asvs("8.2.1", "8.3.1", "3.5.1")
def test_every_route_that_is_not_public_asks_for_a_session(app: Flask) -> None:
    public = {
        "/api/deployment",
        "/api/chain",
        "/api/statements",
        "/api/statements/<digest>",
        "/api/fates",
        "/api/proofs/<digest>",
        "/api/documents/<hash_>",
        "/api/bodies/<address>",
        "/api/custodians",
        "/api/events",
        "/api/session/challenge",
        "/api/names/lock",
        "/api/trial/bundle",
    }
    begins = ("/api/session", "POST")
    asked = 0
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api") or rule.rule in public:
            continue
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", "0x" + "00" * 32)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if (rule.rule, method) == begins:
                continue
            refused = browser_of(app).error(method, path, {} if method in CHANGING else None)
            assert refused == (401, "SignInNeeded"), (method, rule.rule)
            asked += 1
    assert asked > 30


@pytest.mark.asvs("3.5.1")
def test_every_change_asks_for_the_token(app: Flask, browser: Browser) -> None:
    """With the cookie alone, as another site would send it, no route does anything."""
    asked = 0
    for rule in app.url_map.iter_rules():
        changes = [method for method in rule.methods or () if method in CHANGING]
        if not rule.rule.startswith("/api/") or not changes or _is_public(rule.rule):
            continue
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", "0x" + "00" * 32)
        for method in changes:
            visitor = browser_of(app)
            visitor.client.set_cookie(COOKIE, browser.cookie, domain="localhost", secure=True)
            refused = visitor.error(method, path, {})
            assert refused == (403, "ForeignOrigin"), (method, rule.rule)
            asked += 1
    assert asked > 15


def _is_public(rule: str) -> bool:
    return rule in {
        *("/api/chain", "/api/statements", "/api/fates", "/api/session/challenge"),
        *("/api/session", "/api/names/lock"),
    }


@pytest.mark.asvs("3.5.2", "4.1.1")
def test_only_json_is_read_as_json(browser: Browser) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        refused = browser.error(
            "PUT", "/api/me/name", data=b'{"name":"ada","ticket":"0x00"}', content_type=kind
        )
        assert refused == (400, "MalformedStatement")


@pytest.mark.asvs("3.5.3")
def test_asking_changes_nothing(app: Flask) -> None:
    """No route that changes anything answers to GET."""
    both = [
        rule.rule for rule in app.url_map.iter_rules() if {"GET", "POST"} <= (rule.methods or set())
    ]
    assert both == []


@pytest.mark.asvs("3.4.2")
def test_no_other_origin_may_read_an_answer(browser: Browser) -> None:
    for path in ("/api/session", "/api/deployment", "/", "/static/main.js"):
        answer = browser.ask("GET", path, headers={"Origin": "http://evil.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers
    answer = browser.ask("GET", "/api/session", headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.asvs("14.2.1")
def test_nothing_secret_has_a_place_in_an_address(app: Flask) -> None:
    """Parts of paths name digests, persons and files; queries are numbers and what is searched for."""
    parts = {name for rule in app.url_map.iter_rules() for name in rule.arguments}
    assert parts <= {
        *("digest", "hash_", "address", "id_", "kind"),
        *("file", "language", "_path"),
    }
    browser = browser_of(app)
    for path in ("/api/session", "/api/me", "/api/envelopes"):
        asked = f"{path}?{COOKIE}={'00' * 32}&token={'00' * 32}"
        assert browser.error("GET", asked) == (401, "SignInNeeded")
