"""Administrators see how their node is doing, and nobody else does; what is tried out is never real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from app.applications import custodian_app
from app.client.person import Person
from app.config import Settings
from app.core.bundles import split
from app.core.encoding import hex0x
from app.core.people import require_introduction
from app.core.signatures import parse_signed
from app.core.signing_in import folded
from app.together import HttpServer
from app.web.reading import person_of
from tests.chain_fixtures import DEAD_URL, Place
from tests.web.browsing import Browser, browser_of, make_site


@pytest.fixture
def custodian_url(place: Place) -> Iterator[str]:
    """The first custodian over HTTP."""
    settings = replace(Settings.from_environment({}), data=place.folder)
    server = HttpServer(custodian_app(settings, place.custodians[0]), "127.0.0.1", 0)
    server.start()
    yield server.url
    server.end()


@pytest.mark.asvs("8.2.1", "8.3.1")
def test_nobody_but_an_administrator_sees_how_a_node_is_doing(
    place: Place, patient: Person, stranger: Person
) -> None:
    app = make_site(place, CHARTKEY_ADMINS=patient.address)
    refused = browser_of(app).sign_in(stranger).error("GET", "/api/node")
    assert refused == (403, "NotAdministrator")
    admin = browser_of(app).sign_in(patient)
    assert admin.get("/api/me")["isAdmin"]
    assert admin.get("/api/node")["ready"]


def test_an_administrator_sees_parts_queue_errors_and_custodians(
    place: Place, patient: Person, custodian_url: str
) -> None:
    app = make_site(
        place,
        CHARTKEY_ADMINS=patient.address,
        CHARTKEY_CUSTODIANS=f"{custodian_url},{DEAD_URL}",
    )
    browser = browser_of(app).sign_in(patient)
    browser.error("GET", "/api/me/lock")  # whether there is one is an ordinary question
    for _ in range(2):
        browser.error("POST", "/api/chain", {"questions": "none"})
    told = browser.get("/api/node")
    assert {"database", "chain", "bodies", "relayer"} == set(told["parts"])
    assert told["gauges"]["database_up"] == 1
    assert "waiting_digests" in told["gauges"]
    counted = {one["error"]: one["count"] for one in told["errors"]}
    assert counted == {"MalformedStatement": 2}
    here, away = told["custodians"]
    assert (here["ready"], here["name"]) == (True, place.custodians[0].name)
    assert here["keyId"] == hex0x(place.custodians[0].id)
    assert (away["ready"], away["error"]) == (False, "ServiceUnreachable")
    place.close_down()
    told = browser.get("/api/node")
    assert (told["ready"], told["parts"]["chain"]["ok"]) == (False, False)


# to try things out


@pytest.fixture
def app(place: Place) -> Flask:
    """A node on a chain of its own."""
    return make_site(place)


def test_a_newcomer_becomes_a_practitioner_with_a_name(
    place: Place, app: Flask, stranger: Person, patient: Person
) -> None:
    browser = browser_of(app).sign_in(stranger)
    browser.post("/api/trial/credential", {"person": stranger.address, "name": "Dr. Ada Müller"})
    me = browser.get("/api/me")
    assert me["roles"] == ["practitioner"]
    signed, domain, _ = parse_signed(me["introduction"])
    believed = require_introduction(signed, domain=domain, view=place.chain.view())
    assert (believed.person, believed.name) == (stranger.address, "Dr. Ada Müller")
    seen = browser_of(app).sign_in(patient)
    [found] = seen.get("/api/people", query_string={"name": folded("MÜLLER")})
    assert person_of(found["person"]) == stranger.address


def test_one_who_is_not_enrolled_is_not_credentialed(
    place: Place, app: Flask, patient: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.demo import trial

    monkeypatch.setattr(trial, "PATIENCE", 0.0)
    browser = browser_of(app).sign_in(patient)
    given = {"person": "0x" + "12" * 20, "name": "Nobody"}
    assert browser.error("POST", "/api/trial/credential", given) == (409, "NotEnrolled")
    odd = {"person": patient.address, "name": "\u202e"}
    assert browser.error("POST", "/api/trial/credential", odd) == (400, "MalformedStatement")


def test_there_is_a_chart_of_nobody_to_begin_with(app: Flask) -> None:
    answer = browser_of(app).ask("GET", "/api/trial/bundle")
    assert answer.mimetype == "application/fhir+json"
    assert json.loads(answer.data)["resourceType"] == "Bundle"
    assert len({record.category for record in split(answer.data).records}) > 5


@pytest.mark.asvs("6.3.2")
def test_a_real_node_has_nothing_to_try_out(place: Place, patient: Person) -> None:
    real: Browser = browser_of(make_site(place, with_trial=False)).sign_in(patient)
    assert real.get("/api/deployment")["trial"] is False
    given = {"person": patient.address, "name": "Dr. Evil"}
    assert real.error("POST", "/api/trial/credential", given) == (404, "HttpError")
    assert real.error("GET", "/api/trial/bundle") == (404, "HttpError")
    rules = {rule.rule for rule in real.client.application.url_map.iter_rules()}
    assert not [rule for rule in rules if "trial" in rule]
