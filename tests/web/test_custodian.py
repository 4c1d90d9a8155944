"""A custodian over HTTP answers as it decides, tells its errors whole, and says what everybody may know."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.adapters.custodian_client import HttpCustodian
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.audit import inquiry
from app.core.errors import (
    AccessRefused,
    ChartkeyError,
    ForeignSignature,
    GrantRevoked,
    MalformedSignature,
    NotEnoughShares,
    ServiceRefused,
    ServiceUnreachable,
    StoppedByOperator,
    TooManyRequests,
)
from app.core.opening import OpeningRequest, Release
from app.core.wire import MOST_TOGETHER, write_request
from app.services.custodian import LocalCustodian
from app.web.errors import STATUS, status_of
from tests.asking import release, wait_until
from tests.chain_fixtures import DEAD_URL, NOTE, Place
from tests.web.custodying import all_over_http, http, make_client

__all__ = ["all_over_http", "http", "make_client"]

# --- people and custodians ---


def test_a_record_is_opened_through_custodians_over_http(
    doctor: Person, shared: tuple[RecordFile, GrantFile], all_over_http: list[HttpCustodian]
) -> None:
    assert doctor.open(*shared) == NOTE
    assert doctor.faults == {}


def test_as_many_may_be_down_as_the_patient_foresaw(
    place: Place,
    doctor: Person,
    shared: tuple[RecordFile, GrantFile],
    all_over_http: list[HttpCustodian],
) -> None:
    a, b, _ = all_over_http
    gone = [HttpCustodian(DEAD_URL, ids=place.custodians[2].ids, name="custodian 3")]
    place.node.custodians = [*gone, a, b]
    assert doctor.open(*shared) == NOTE
    place.node.custodians = [*gone, a]
    with pytest.raises(NotEnoughShares, match="custodian 3 does not answer"):
        doctor.open(*shared)


def test_a_revocation_told_over_http_closes_the_door_at_once(
    place: Place,
    patient: Person,
    doctor: Person,
    shared: tuple[RecordFile, GrantFile],
    all_over_http: list[HttpCustodian],
) -> None:
    held = shared[1]
    assert doctor.open(*shared) == NOTE
    patient.revoke(held)
    with pytest.raises(GrantRevoked):
        doctor.open(*shared)
    assert all(custodian.log.heard(patient.address) for custodian in place.custodians)


def test_a_patient_reads_over_http_who_looked(
    place: Place,
    patient: Person,
    doctor: Person,
    shared: tuple[RecordFile, GrantFile],
    all_over_http: list[HttpCustodian],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.services.custodian.PAGE", 2)
    with monkeypatch.context() as patch:
        patch.setattr(doctor, "_report", lambda asked: [None] * len(asked))
        for _ in range(5):
            doctor.open(*shared)
    wait_until(lambda: all(c.log.counts() == {"open": 5} for c in place.custodians))
    openings = patient.openings()
    assert [opening.statement.viewer for opening in openings] == [doctor.address] * 5
    assert {opening.reported_by for opening in openings} == {"custodian 1"}
    place.node.custodians = [HttpCustodian(DEAD_URL, name="gone"), all_over_http[1]]
    assert len(patient.openings()) == 5
    assert list(patient.faults) == ["gone"]


def test_a_refusal_arrives_as_the_error_that_it_is(
    http: HttpCustodian, custodian: LocalCustodian, request_: OpeningRequest
) -> None:
    custodian.stopped = True
    with pytest.raises(StoppedByOperator):
        release(http, request_)
    forged = replace(request_, access=replace(request_.access, signature=b"\1" * 65))
    custodian.stopped = False
    with pytest.raises(ChartkeyError) as here:
        release(custodian, forged)
    with pytest.raises(type(here.value)) as there:
        release(http, forged)
    assert (str(here.value), here.value.facts) == (str(there.value), there.value.facts)


def test_each_opening_of_a_list_is_decided_alone_and_all_are_logged(
    http: HttpCustodian, custodian: LocalCustodian, request_: OpeningRequest
) -> None:
    forged = replace(request_, access=replace(request_.access, signature=b"\1" * 65))
    first, second, third = http.release_all([request_, forged, request_])
    assert isinstance(first, Release)
    assert isinstance(third, Release)
    assert isinstance(second, ForeignSignature | MalformedSignature)
    assert first.shares.keys() == third.shares.keys()
    assert custodian.log.counts() == {"open": 1}, "the same access is logged once"


def test_each_opening_of_a_list_counts_against_the_limits(
    custodian: LocalCustodian, make_client: Callable[..., FlaskClient], request_: OpeningRequest
) -> None:
    document = write_request(request_)
    client = make_client(custodian, per_client="3/minute")
    answers = client.post("/openings", json=[document] * 2 + [{"chartkey": "opening/1"}] * 2).json
    assert answers
    assert [answer.get("error") for answer in answers] == [
        None,
        None,
        "MalformedStatement",
        "TooManyRequests",
    ]
    client = make_client(custodian, per_viewer="2/minute")
    for expected in ([None, None, "TooManyRequests"], ["TooManyRequests"]):
        answers = client.post("/openings", json=[document] * len(expected)).json
        assert [answer.get("error") for answer in answers or ()] == expected


def test_a_list_that_is_too_long_is_refused_as_a_whole(
    custodian: LocalCustodian, make_client: Callable[..., FlaskClient]
) -> None:
    for count in (0, MOST_TOGETHER + 1):
        answer = make_client(custodian).post("/openings", json=[{}] * count)
        assert answer.status_code == 400


def test_entries_are_told_to_the_patient_alone(
    http: HttpCustodian, patient: Person, doctor: Person, request_: OpeningRequest
) -> None:
    release(http, request_)

    def asks(person: Person, **overrides: Any) -> int:
        question = inquiry(person.address, http.id, at=person.clock(), salt=os.urandom(32))
        signed, session = person.sign_access(replace(question, **overrides))
        return len(http.entries(signed, session).entries)

    assert asks(patient) == 1
    assert asks(doctor) == 0
    for wrong in (
        {"viewer": patient.address},  # signed by the doctor
        {"records": bytes(32)},  # another custodian's
        {"grant": b"g" * 32},
        {"purpose": "TREAT"},
        {"at": doctor.clock() - 121},
        {"at": doctor.clock() + 180},
    ):
        with pytest.raises(ChartkeyError) as refusal:
            asks(doctor, **wrong)
        assert not isinstance(refusal.value, ServiceRefused)
    patient.start_session("https://node.example")
    assert asks(patient) == 1


# --- what everybody may know ---


def test_a_custodian_says_who_it_is_and_whom_it_serves(
    place: Place, custodian: LocalCustodian, make_client: Callable[..., FlaskClient]
) -> None:
    told = make_client(custodian).get("/custodian").json
    assert told
    assert told["publicKey"] == "0x" + custodian.key.public.raw.hex()
    assert told["ids"] == ["0x" + custodian.id.hex()]
    assert (told["name"], told["version"]) == ("a custodian", "1.2")
    (registry,) = told["registries"]
    assert registry["chain"] == place.chain.chain_id
    assert registry["consent"] == place.chain.domains.consent.contract


def test_metrics_count_outcomes_and_name_nobody(
    custodian: LocalCustodian, make_client: Callable[..., FlaskClient], request_: OpeningRequest
) -> None:
    client = make_client(custodian)
    client.post("/openings", json=write_request(request_))
    custodian.stopped = True
    client.post("/openings", json=write_request(request_))
    text = client.get("/metrics").text
    assert 'chartkey_custodian_openings_total{outcome="released"} 1.0' in text
    assert 'chartkey_custodian_openings_total{outcome="StoppedByOperator"} 1.0' in text
    assert 'chartkey_custodian_logged{state="open"} 1.0' in text
    assert "chartkey_custodian_opening_seconds_count 2.0" in text
    assert "chartkey_custodian_head_age_seconds" in text
    assert request_.access.statement.viewer.lower() not in text.lower()


def test_what_is_not_there_is_said_in_the_same_form(
    custodian: LocalCustodian, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(custodian)
    for answer, status in ((client.get("/nothing"), 404), (client.get("/openings"), 405)):
        assert answer.status_code == status
        assert answer.json
        told = {"error", "sentence", "unharmed", "remedy", "reason", "facts", "texts"}
        assert told == answer.json.keys()


def test_every_error_has_a_status_and_the_narrower_stands_first() -> None:
    kinds = [kind for kind, _ in STATUS]
    for place, kind in enumerate(kinds):
        assert not any(issubclass(kind, wider) for wider in kinds[:place]), kind
    assert status_of(TooManyRequests()) == 429
    assert status_of(AccessRefused("x")) == 403
    assert status_of(ServiceUnreachable("x", name="y")) == 502
