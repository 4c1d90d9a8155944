"""The API takes what was signed, says what became of it, and tells nobody what is a person's."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.adapters.wallets import LocalWallet, new_wallet
from app.applications import web_app
from app.client.person import Person
from app.config import Settings
from app.core.encoding import ZERO32, hex0x
from app.core.envelopes import seal_envelope
from app.core.merkle import is_proven
from app.core.people import document_hash
from app.core.signatures import Proof, Signed, signed_json
from app.core.statements import Grant
from app.together import parts_of_place
from app.web.statements import LARGEST_ENVELOPE, MOST_STATEMENTS
from tests.chain_fixtures import HOUR, Place

Submit = Callable[..., dict[str, Any]]


def make_app(place: Place, **settings: str) -> Flask:
    """The web service on a place, as `python -m app web` makes it."""
    told = {"CHARTKEY_DATA": str(place.folder), **settings}
    return web_app(parts_of_place(place, Settings.from_environment(told)))


@pytest.fixture
def client(place: Place) -> FlaskClient:
    """Anybody on the net."""
    return make_app(place).test_client()


def make_grant(patient: Person, **overrides: Any) -> Grant:
    """To let a new address view a category for an hour."""
    now = int(time.time())
    values: dict[str, Any] = {
        "patient": patient.address,
        "viewer": new_wallet().address,
        "category": "laboratory",
        "record": ZERO32,
        "purpose": "TREAT",
        "rights": 1,
        "not_before": now,
        "expires_at": now + HOUR,
        "nonce": int.from_bytes(os.urandom(20)),
        "salt": os.urandom(32),
    }
    return Grant(**values | overrides)


@pytest.fixture
def submit(place: Place, patient: Person) -> Submit:
    """Makes what is handed in: a grant that the patient signed just now."""

    def make(**more: Any) -> dict[str, Any]:
        signed: Signed[Grant] = patient.sign(make_grant(patient))
        return {"statement": signed_json(signed, place.chain.domains), **more}

    return make


def test_a_statement_is_taken_anchored_and_proven(
    place: Place, client: FlaskClient, submit: Submit
) -> None:
    taken = client.post("/api/statements", json=submit())
    assert taken.status_code == 200
    digest = taken.get_json()["digest"]
    state = client.get(f"/api/statements/{digest}")
    assert state.get_json() == {"state": "accepted", "block": None, "final": False}
    assert client.get(f"/api/proofs/{digest}").status_code == 404
    place.settle()
    told = client.get(f"/api/statements/{digest}").get_json()
    assert (told["state"], told["block"] > 0, told["final"]) == ("anchored", True, False)
    proof = client.get(f"/api/proofs/{digest.removeprefix('0x')}").get_json()
    path = tuple(bytes.fromhex(step[2:]) for step in proof["path"])
    assert is_proven(
        bytes.fromhex(digest[2:]), Proof(root=bytes.fromhex(proof["root"][2:]), path=path)
    )


def test_an_envelope_goes_to_its_parties_and_to_nobody_over_the_web(
    place: Place, client: FlaskClient, submit: Submit, patient: Person
) -> None:
    envelope = seal_envelope({"note": "for you"}, [patient.vault.identity.public], os.urandom)
    party = patient.address.lower()
    given = submit(envelope=base64.b64encode(envelope).decode(), parties=[party])
    digest = client.post("/api/statements", json=given).get_json()["digest"]
    assert (bytes.fromhex(digest[2:]), envelope) in place.node.envelopes(patient.address)
    assert client.get("/api/envelopes").status_code == 401


def test_of_many_each_is_answered_in_its_place(
    place: Place, client: FlaskClient, submit: Submit, patient: Person
) -> None:
    good, more = submit(), submit()
    thief = LocalWallet(os.urandom(32))
    grant = make_grant(patient)
    stolen = replace(patient.sign(grant), signature=thief.sign(grant, place.chain.domains.consent))
    forged = {"statement": signed_json(stolen, place.chain.domains)}
    answers = client.post("/api/statements", json=[good, forged, {"statement": 1}, more])
    told = answers.get_json()
    assert answers.status_code == 200
    assert [answer.get("state", answer.get("error")) for answer in told] == [
        "accepted",
        "ForeignSignature",
        "MalformedStatement",
        "accepted",
    ]
    assert {"sentence", "unharmed", "remedy", "facts"} <= told[1].keys()
    place.settle()
    for answer in (told[0], told[3]):
        assert client.get(f"/api/proofs/{answer['digest']}").status_code == 200


def test_the_same_again_is_taken_once(place: Place, client: FlaskClient, submit: Submit) -> None:
    given = submit()
    first, second = (client.post("/api/statements", json=given).get_json() for _ in range(2))
    assert first == second
    place.settle()
    assert [settled.count for settled in place.node.settled if settled.what == "ConsentRegistry"][
        -1
    ] == 1


@pytest.mark.parametrize(
    ("change", "error", "status"),
    [
        ({"statement": None}, "MalformedStatement", 400),
        ({"statement": {"chartkey": "statement/2"}}, "MalformedStatement", 400),
        ({"envelope": "not base64!"}, "MalformedStatement", 400),
        ({"envelope": 7}, "MalformedStatement", 400),
        ({"envelope": base64.b64encode(b"plain text").decode()}, "MalformedSeal", 422),
        (
            {"envelope": base64.b64encode(bytes(LARGEST_ENVELOPE + 1)).decode()},
            "TooLarge",
            413,
        ),
        ({"parties": ["0x12"]}, "MalformedStatement", 400),
        ({"parties": "0x" + "00" * 20}, "MalformedStatement", 400),
        ({"parties": ["0x" + "00" * 20] * 65}, "MalformedStatement", 400),
        ({"body": 7}, "MalformedStatement", 400),
        ({"body": "../../etc/passwd"}, "NotStored", 404),
        ({"session": {"statement": 1}}, "MalformedStatement", 400),
        ({"priority": 1}, "MalformedStatement", 400),
    ],
)
def test_what_is_malformed_is_refused(
    client: FlaskClient,
    submit: Submit,
    change: dict[str, Any],
    error: str,
    status: int,
) -> None:
    answer = client.post("/api/statements", json=submit() | change)
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 100_000, b"\xff", b'"text"', b"7"])
def test_what_is_no_request_is_refused_as_json(client: FlaskClient, text: bytes) -> None:
    answer = client.post("/api/statements", data=text)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "MalformedStatement")


def test_more_than_a_node_takes_at_once_is_refused_whole(
    client: FlaskClient, submit: Submit
) -> None:
    answer = client.post("/api/statements", json=[submit()] * (MOST_STATEMENTS + 1))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "MalformedStatement")


def test_a_request_that_is_too_large_is_not_read(client: FlaskClient) -> None:
    answer = client.post("/api/statements", data=bytes(17 << 20))
    assert (answer.status_code, answer.get_json()["error"]) == (413, "TooLarge")


def test_a_statement_for_other_contracts_is_refused(
    place: Place, client: FlaskClient, patient: Person
) -> None:
    domains = replace(place.chain.domains, consent=replace(place.chain.domains.consent, chain_id=5))
    grant = patient.sign(make_grant(patient))
    answer = client.post("/api/statements", json={"statement": signed_json(grant, domains)})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "WrongChain")


@pytest.mark.parametrize("path", ["statements", "proofs", "documents"])
def test_what_is_not_there_is_not_found_and_what_is_no_digest_is_told_so(
    client: FlaskClient, path: str
) -> None:
    missing = client.get(f"/api/{path}/{hex0x(os.urandom(32))}")
    assert (missing.status_code, missing.get_json()["error"]) == (404, "NotStored")
    for word in ("0x12", "zz", "0x" + "00" * 33):
        wrong = client.get(f"/api/{path}/{word}")
        assert (wrong.status_code, wrong.get_json()["error"]) == (400, "MalformedStatement")


def test_a_keys_document_is_found_under_its_hash(
    client: FlaskClient, place: Place, patient: Person
) -> None:
    hash_ = place.chain.view().keys_hash(patient.address)
    answer = client.get(f"/api/documents/{hex0x(hash_)}")
    assert document_hash(answer.data) == hash_
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_custodians_that_a_node_works_with_are_named(place: Place) -> None:
    urls = "http://one:1,http://two:2"
    client = make_app(place, CHARTKEY_CUSTODIANS=urls).test_client()
    assert client.get("/api/custodians").get_json() == [{"url": url} for url in urls.split(",")]


def test_every_answer_forbids_what_a_browser_might_do_with_it(client: FlaskClient) -> None:
    for path in ("/healthz", "/api/custodians", "/api/proofs/1", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_one_address_may_ask_so_often_and_no_more(place: Place) -> None:
    client = make_app(place, CHARTKEY_RATE="3").test_client()
    codes = [client.get("/api/custodians").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    assert client.get("/healthz").status_code == 200
    other = {"REMOTE_ADDR": "192.0.2.1"}
    assert client.get("/api/custodians", environ_base=other).status_code == 200


def test_a_clients_address_is_taken_from_a_proxy_only_where_there_is_one(place: Place) -> None:
    forwarded = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(1, 4)]
    behind = make_app(place, CHARTKEY_RATE="1", CHARTKEY_PROXIES="1").test_client()
    told = [behind.get("/api/custodians", headers=one).status_code for one in forwarded]
    assert told == [200, 200, 200]
    open_ = make_app(place, CHARTKEY_RATE="1").test_client()
    told = [open_.get("/api/custodians", headers=one).status_code for one in forwarded]
    assert told == [200, 429, 429]
