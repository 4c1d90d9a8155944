"""Pages of any node may ask a custodian, without cookies; what is the operator's they do not see."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.applications import custodian_app
from app.config import Settings
from tests.chain_fixtures import Place

PAGE = {"Origin": "https://chart.example"}
ASKED = ("/openings", "/revocations", "/entries")


@pytest.fixture
def client(place: Place) -> FlaskClient:
    """A browser that asks the first custodian."""
    told = {"CHARTKEY_DATA": str(place.folder)}
    return custodian_app(Settings.from_environment(told), place.custodians[0]).test_client()


@pytest.mark.asvs("3.4.2")
@pytest.mark.parametrize("path", ASKED)
def test_a_page_may_ask_and_reads_the_answer_also_where_it_is_no(
    client: FlaskClient, path: str
) -> None:
    asks = PAGE | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    before = client.options(path, headers=asks)
    assert before.status_code == 204
    assert before.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in before.headers["Access-Control-Allow-Methods"]
    assert before.headers["Access-Control-Allow-Headers"] == "Content-Type"
    answer = client.post(path, json={"no": "such thing"}, headers=PAGE)
    assert answer.status_code == 400
    assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]
    assert answer.get_json()["error"] == "MalformedStatement"


def test_a_page_reads_what_a_custodian_says_of_itself(client: FlaskClient) -> None:
    answer = client.get("/custodian", headers=PAGE)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.get_json()["chartkey"] == "custodian/1"


@pytest.mark.asvs("3.4.2")
def test_nobody_s_cookies_are_taken_and_operators_figures_are_not_shown(
    client: FlaskClient,
) -> None:
    for path in ("/custodian", *ASKED):
        headers = client.options(path, headers=PAGE).headers
        assert "Access-Control-Allow-Credentials" not in headers
    for path in ("/metrics", "/readyz", "/healthz", "/nowhere"):
        headers = client.get(path, headers=PAGE).headers
        assert "Access-Control-Allow-Origin" not in headers
