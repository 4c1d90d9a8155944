"""Health and metrics tell operators how a node is, and nobody anything about a person."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from app.applications import web_app
from app.client.person import Person
from app.compose import open_bodies
from app.config import Settings
from app.core.encoding import hex0x
from app.core.errors import DatabaseUnreachable
from app.core.statements import AUDIT
from app.together import parts_of_place
from tests.chain_fixtures import Place


def client_of(place: Place, **settings: str) -> FlaskClient:
    """Whoever operates the node."""
    told = {"CHARTKEY_DATA": str(place.folder), **settings}
    return web_app(parts_of_place(place, Settings.from_environment(told))).test_client()


@pytest.fixture
def client(place: Place) -> FlaskClient:
    """Whoever operates the node."""
    return client_of(place)


def gauges(client: FlaskClient) -> dict[str, float]:
    """What Prometheus reads, without labels."""
    lines = client.get("/metrics").text.splitlines()
    told = [line.split() for line in lines if line.startswith("chartkey_") and "{" not in line]
    return {name.removeprefix("chartkey_"): float(value) for name, value in told}


def test_a_node_that_has_all_it_leans_on_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    told = answer.get_json()
    assert (answer.status_code, told["ready"]) == (200, True)
    assert {name: part["ok"] for name, part in told["parts"].items()} == {
        "database": True,
        "chain": True,
        "bodies": True,
        "relayer": True,
    }


def test_a_node_whose_chain_is_away_lives_and_is_not_ready(
    place: Place, client: FlaskClient
) -> None:
    place.close_down()
    try:
        answer = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
        assert gauges(client)["chain_up"] == 0
    finally:
        place.come_back()
    assert answer.status_code == 503
    chain = answer.get_json()["parts"]["chain"]
    assert chain == {"ok": False, "error": "ChainUnreachable"}
    assert client.get("/readyz").status_code == 200


def test_a_node_whose_database_is_away_is_not_ready(
    place: Place, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnreachable()

    monkeypatch.setattr("app.adapters.database.figures.reading", away)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["parts"]["database"]["error"] == "DatabaseUnreachable"
    assert gauges(client)["database_up"] == 0


def test_a_node_whose_stores_are_all_away_is_not_ready(place: Place) -> None:
    told = {"CHARTKEY_DATA": str(place.folder), "CHARTKEY_IPFS": "http://127.0.0.1:9"}
    settings = Settings.from_environment(told)
    parts = replace(parts_of_place(place, settings), bodies=open_bodies(settings))
    answer = web_app(parts).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["parts"]["bodies"] == {"ok": False, "error": "StoreUnreachable"}


def test_a_relayer_without_money_is_shown_and_takes_no_web_service_away(place: Place) -> None:
    place.node.accept_digest(os.urandom(32), AUDIT)
    place.settle()  # now it is known who pays
    poor = client_of(place, CHARTKEY_BALANCE_FLOOR="1000000")
    answer = poor.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["parts"]["relayer"] == {"ok": False, "error": "BalanceTooLow"}
    assert gauges(poor)["relayer_balance_wei"] > 0


def test_metrics_tell_what_waits_until_it_does_not(place: Place, client: FlaskClient) -> None:
    place.node.accept_digest(os.urandom(32), AUDIT, bytes(1000))
    waiting = gauges(client)
    assert waiting["waiting_digests"] == 1
    assert waiting["unpublished_bytes"] == 1000
    place.settle()
    settled = gauges(client)
    assert (settled["waiting_digests"], settled["unpublished_bytes"]) == (0, 0)
    assert (settled["open_batches"], settled["transactions_under_way"]) == (0, 0)
    assert settled["head_block"] > 0


def test_requests_are_counted_by_route_and_never_by_url(client: FlaskClient) -> None:
    digest = hex0x(os.urandom(32))
    client.get(f"/api/proofs/{digest}")
    client.get(f"/nowhere/{digest}")
    told = client.get("/metrics").text
    counted = (
        'chartkey_request_seconds_count{method="GET",rule="/api/proofs/<digest>",status="4xx"}'
    )
    assert f"{counted} 1.0" in told
    assert digest not in told


def test_neither_health_nor_metrics_name_a_person(
    place: Place, client: FlaskClient, patient: Person, doctor: Person
) -> None:
    patient.grant(doctor.address, category="mental-health")
    place.settle()
    for path in ("/healthz", "/readyz", "/metrics"):
        told = client.get(path).text.lower()
        for word in (patient.address, doctor.address, "mental-health"):
            assert word.lower() not in told
