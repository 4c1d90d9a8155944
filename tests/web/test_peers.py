"""What a node serves to other nodes: its index, public ciphertexts, and nothing that is sealed to itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.client.letters import RecordFile
from app.client.person import Person
from app.core.cid import cid_of
from app.core.encoding import hex0x
from app.core.peering import MOST_ASKED, PAGE, write_addresses, write_erasure
from app.core.statements import Retraction
from tests.chain_fixtures import Place
from tests.peering import bodies_of, database_of, desk_of, file, file_of, web_of

__all__ = ["file"]


@pytest.fixture
def client(place: Place, file: RecordFile) -> FlaskClient:
    """Another node, or anybody else."""
    return web_of(desk_of(place)).test_client()


def test_the_head_says_which_contracts_and_how_far(place: Place, client: FlaskClient) -> None:
    told = client.get("/peer/head").get_json()
    assert told["chain"] == place.chain.domains.chain_id
    assert told["contracts"]["records"] == place.chain.domains.records.contract
    newest = database_of(place).followed()[0]
    assert told["head"] == {"number": newest.number, "hash": hex0x(newest.hash)}


def all_anchors(client: FlaskClient) -> Iterator[dict[str, Any]]:
    after: str | None = "0:0"
    while after is not None:
        page = client.get(f"/peer/anchors?after={after}").get_json()
        yield from page["anchors"]
        after = page["next"]


def test_anchors_come_page_by_page_and_each_once(
    place: Place, client: FlaskClient, file: RecordFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(all_anchors(client))
    monkeypatch.setattr("app.services.peering.PAGE", 1)
    assert list(all_anchors(client)) == whole
    assert len(whole) == database_of(place).counts()["anchors"] < PAGE
    root = database_of(place).anchors_of(file.digest)[0].root
    assert hex0x(root) in [one["root"] for one in whole]


def test_a_list_and_what_it_names_are_served_by_their_hash(
    place: Place, client: FlaskClient, file: RecordFile
) -> None:
    hash_ = database_of(place).anchors_of(file.digest)[0].manifest
    manifest = client.get(f"/peer/manifests/{hash_.hex()}")
    assert manifest.status_code == 200
    assert manifest.data.startswith(b"CKM")
    body = client.get(f"/peer/bytes/{file.address}")
    assert cid_of(body.data) == file.address


def test_what_is_sealed_to_the_node_itself_is_never_served(
    place: Place, client: FlaskClient, file: RecordFile
) -> None:
    """Waybills, and key sheets, which are served to parties alone."""
    own: list[str] = []
    others: list[str] = []
    for address in bodies_of(place).addresses():
        sealed = bodies_of(place).fetch(address).startswith(b"CKW")
        (own if sealed else others).append(address)
    assert len(own) >= 2
    for address in own:
        answer = client.get(f"/peer/bytes/{address}")
        assert answer.status_code == 404
        assert answer.get_json()["error"] == "NotStored"
    held = client.post("/peer/has", json=write_addresses([*own, *others])).get_json()
    assert sorted(held["addresses"]) == sorted(others)
    assert others


def test_held_means_held_and_right(place: Place, client: FlaskClient, file: RecordFile) -> None:
    stranger = cid_of(b"never stored")
    asked = write_addresses([file.address, stranger])
    assert client.post("/peer/has", json=asked).get_json()["addresses"] == [file.address]
    file_of(place, file.address).write_bytes(b"CKB altered")
    assert client.post("/peer/has", json=asked).get_json()["addresses"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/peer/bytes/{cid_of(b'never stored')}", 404),
        ("/peer/bytes/nonsense", 404),
        ("/peer/bytes/..%2f..%2fnode.db", 404),
        (f"/peer/manifests/{'00' * 32}", 404),
        ("/peer/manifests/zz", 400),
        ("/peer/anchors?after=-1:0", 400),
        ("/peer/anchors?after=1", 400),
        (f"/peer/anchors?after={'9' * 30}:0", 400),
        ("/peer/sheets", 404),
    ],
)
def test_a_question_without_an_answer_is_told_so_as_json(
    client: FlaskClient, path: str, status: int
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert {"error", "sentence", "unharmed", "remedy"} <= set(answer.get_json())


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"chartkey": "addresses/1"}, write_addresses(["nonsense"]),
     write_addresses([cid_of(b"")] * (MOST_ASKED + 1)), {**write_addresses([]), "more": 1}],
)  # fmt: skip
def test_malformed_questions_are_refused(client: FlaskClient, document: Any) -> None:
    for path in ("/peer/has", "/peer/erasures"):
        answer = client.post(path, data=json.dumps(document))
        assert answer.status_code == 400
        assert answer.get_json()["error"] == "MalformedStatement"


def test_a_question_that_is_too_long_is_refused(client: FlaskClient) -> None:
    for path in ("/peer/has", "/peer/erasures"):
        assert client.post(path, data=b"[" * (1 << 17)).status_code == 413


def test_only_the_patients_word_erases(
    place: Place, client: FlaskClient, patient: Person, doctor: Person, file: RecordFile
) -> None:
    def ask(signer: Person) -> Any:
        statement = Retraction(person=patient.address, record=file.digest)
        request = write_erasure(file.signed, signer.sign(statement), place.chain.domains)
        return client.post("/peer/erasures", json=request)

    refused = ask(doctor)
    assert refused.status_code == 403
    assert refused.get_json()["error"] == "ForeignSignature"
    assert bodies_of(place).holds(file.address)
    told = ask(patient)
    assert told.status_code == 200
    assert told.get_json()["record"] == hex0x(file.digest)
    assert not bodies_of(place).holds(file.address)


def test_a_node_that_cannot_ask_the_registry_erases_nothing(
    place: Place, client: FlaskClient, patient: Person, file: RecordFile
) -> None:
    retraction = patient.sign(Retraction(person=patient.address, record=file.digest))
    request = write_erasure(file.signed, retraction, place.chain.domains)
    place.close_down()
    assert client.post("/peer/erasures", json=request).status_code == 503
    assert bodies_of(place).holds(file.address)


def test_an_index_that_has_not_begun_says_so(place: Place) -> None:
    told = web_of(desk_of(place)).test_client().get("/peer/head").get_json()
    assert told["head"] is None
