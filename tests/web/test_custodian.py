"""A custodian over HTTP: answers as it decides, tells its errors whole, and fails closed."""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from app.adapters.access_log import SqliteAccessLog
from app.adapters.custodian_client import HttpCustodian
from app.adapters.stop_file import StopFile
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.audit import inquiry
from app.core.errors import (
    AccessRefused,
    ChartkeyError,
    GrantRevoked,
    NotEnoughShares,
    ServiceRefused,
    ServiceUnreachable,
    StoppedByOperator,
    StoreFull,
    TooManyRequests,
)
from app.core.opening import OpeningRequest
from app.core.wire import MOST_BYTES, write_request
from app.services.custodian import LocalCustodian
from app.web.custodian import create_custodian_app
from app.web.errors import STATUS, status_of
from tests.asking import request_to_first, wait_until
from tests.chain_fixtures import DEAD_URL, NOTE, Place
from tests.custodian_services import over_http, serving
from tests.daemon_custodian import PROGRAM


@pytest.fixture
def shared(place: Place, patient: Person, doctor: Person) -> tuple[RecordFile, GrantFile]:
    """A record that the doctor may open, and her grant."""
    file = patient.write(NOTE, category="conditions")
    patient.grant(doctor.address, category="conditions")
    place.settle()
    return file, doctor.grants_held(patient.address)[0]


@pytest.fixture
def request_(place: Place, doctor: Person, shared: tuple[RecordFile, GrantFile]) -> OpeningRequest:
    return request_to_first(place, doctor, *shared)


@pytest.fixture
def custodian(place: Place) -> LocalCustodian:
    """The first custodian, as a service of its own."""
    return serving(place, place.custodians[0].key)


@pytest.fixture
def make_client() -> Callable[..., FlaskClient]:
    def make(custodian: LocalCustodian, **settings: Any) -> FlaskClient:
        return create_custodian_app(custodian, version="1.2", **settings).test_client()

    return make


@pytest.fixture
def http(custodian: LocalCustodian) -> Iterator[HttpCustodian]:
    with over_http(custodian) as reached:
        yield reached


@pytest.fixture
def all_over_http(place: Place) -> Iterator[list[HttpCustodian]]:
    """All three custodians of the place are reached over HTTP."""
    one, two, three = place.custodians
    with over_http(one) as a, over_http(two) as b, over_http(three) as c:
        place.node.custodians = [a, b, c]
        yield [a, b, c]
        place.node.custodians = place.custodians


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
        patch.setattr(doctor, "_report", lambda *_: None)
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
        http.release(request_)
    forged = replace(request_, access=replace(request_.access, signature=b"\1" * 65))
    custodian.stopped = False
    with pytest.raises(ChartkeyError) as here:
        custodian.release(forged)
    with pytest.raises(type(here.value)) as there:
        http.release(forged)
    assert (str(here.value), here.value.facts) == (str(there.value), there.value.facts)


def test_entries_are_told_to_the_patient_alone(
    http: HttpCustodian, patient: Person, doctor: Person, request_: OpeningRequest
) -> None:
    http.release(request_)

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


# --- limits ---


def test_a_request_that_is_too_large_is_refused(
    custodian: LocalCustodian, make_client: Callable[..., FlaskClient]
) -> None:
    answer = make_client(custodian).post("/openings", data=b"x" * (MOST_BYTES + 1))
    assert (answer.status_code, answer.json and answer.json["error"]) == (413, "TooLarge")
    assert answer.json
    assert str(MOST_BYTES) in answer.json["sentence"]


def test_who_asks_too_often_is_refused_for_a_while(
    custodian: LocalCustodian, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(custodian, per_client="3/hour")
    for _ in range(3):
        assert client.post("/openings", data=b"{}").status_code == 400
    answer = client.post("/openings", data=b"{}")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert answer.json
    assert answer.json["error"] == "TooManyRequests"
    assert client.get("/healthz").status_code == 200
    other = {"REMOTE_ADDR": "10.0.0.7"}
    assert client.post("/openings", data=b"{}", environ_overrides=other).status_code == 400


def test_a_viewer_has_a_rate_that_nobody_else_uses_up(
    custodian: LocalCustodian, make_client: Callable[..., FlaskClient], request_: OpeningRequest
) -> None:
    client = make_client(custodian, per_viewer="2/hour")
    forged = replace(request_, access=replace(request_.access, signature=b"\1" * 65))
    for _ in range(5):
        assert client.post("/openings", json=write_request(forged)).status_code in (400, 403)
    for expected in (200, 200, 429):
        assert client.post("/openings", json=write_request(request_)).status_code == expected


# --- failing closed ---


@pytest.mark.parametrize("path", ["/openings", "/revocations", "/entries"])
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b"{}", b"5"],
    ids=["nothing", "cut off", "a list", "null", "no text", "too deep", "empty", "a number"],
)
def test_nonsense_is_refused_in_words(
    custodian: LocalCustodian, make_client: Callable[..., FlaskClient], path: str, body: bytes
) -> None:
    client = make_client(custodian)
    gc.disable()  # else other tests' garbage may be finalized at the deepest point of a recursion
    try:
        answer = client.post(path, data=body)
    finally:
        gc.enable()
    assert answer.status_code == 400
    assert answer.json
    assert answer.json["error"] == "MalformedStatement"
    assert {"sentence", "unharmed", "remedy", "facts"} < answer.json.keys()


def test_what_was_not_expected_is_told_to_nobody(
    custodian: LocalCustodian,
    make_client: Callable[..., FlaskClient],
    request_: OpeningRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("the secret of " + request_.access.statement.viewer)

    custodian.clock = fail
    with caplog.at_level(logging.DEBUG):
        answer = make_client(custodian).post("/openings", json=write_request(request_))
    assert answer.status_code == 500
    assert answer.json
    assert answer.json["error"] == "ServerFault"
    assert request_.access.statement.viewer not in caplog.text + answer.text
    told = [record for record in caplog.records if record.name == "chartkey.web"]
    assert [getattr(record, "error", "") for record in told] == ["RuntimeError"]


def test_a_full_disk_releases_nothing(
    doctor: Person,
    custodian: LocalCustodian,
    make_client: Callable[..., FlaskClient],
    request_: OpeningRequest,
) -> None:
    log = custodian.log
    assert isinstance(log, SqliteAccessLog)

    @event.listens_for(log._engine, "connect")
    def _limit(connection: Any, _: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + 5}")

    log._engine.dispose()
    client = make_client(custodian)
    answers = []
    for _ in range(8):
        access = doctor.sign(replace(request_.access.statement, salt=os.urandom(32)))
        document = write_request(replace(request_, access=access))
        answers.append(client.post("/openings", json=document))
    assert answers[-1].status_code == status_of(StoreFull())
    assert answers[-1].json
    assert answers[-1].json["error"] == "StoreFull"
    assert "shares" not in answers[-1].json
    released = [answer for answer in answers if answer.status_code == 200]
    assert custodian.log.counts() == {"open": len(released)}


def test_the_operators_stop_outlives_a_restart(
    place: Place, request_: OpeningRequest, make_client: Callable[..., FlaskClient]
) -> None:
    stop = StopFile(place.folder / "custodian" / "stopped")
    stop.stop()
    for _ in range(2):
        custodian = serving(place, place.custodians[0].key, stop=StopFile(stop.path))
        client = make_client(custodian)
        answer = client.post("/openings", json=write_request(request_))
        assert answer.status_code == 503
        assert answer.json
        assert answer.json["error"] == "StoppedByOperator"
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
    stop.start()
    stop.start()
    assert client.post("/openings", json=write_request(request_)).status_code == 200
    assert client.get("/readyz").status_code == 200


def test_it_is_not_ready_while_the_chain_is_away(
    place: Place, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(serving(place, place.custodians[0].key, [DEAD_URL]))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json
    assert answer.json["error"] == "ChainUnreachable"


def test_what_was_answered_is_in_the_log_of_a_custodian_that_is_killed(
    place: Place, request_: OpeningRequest, deployment_file: Path, tmp_path: Path
) -> None:
    """The process ends by kill −9 as soon as the answer is there."""
    key = tmp_path / "key"
    key.write_text(place.custodians[0].key.seed.hex())
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        str(deployment_file),
        place.rpc.url,
        str(key),
        str(tmp_path / "log.db"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        assert process.stdout is not None
        http = HttpCustodian(process.stdout.readline().strip(), timeout=60)
        assert http.release(request_).shares
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    patient = request_.records[0].record.patient
    assert len(SqliteAccessLog(tmp_path / "log.db").entries(patient)) == 1


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
        assert {"error", "sentence", "unharmed", "remedy", "facts"} == answer.json.keys()


def test_every_error_has_a_status_and_the_narrower_stands_first() -> None:
    kinds = [kind for kind, _ in STATUS]
    for place, kind in enumerate(kinds):
        assert not any(issubclass(kind, wider) for wider in kinds[:place]), kind
    assert status_of(TooManyRequests()) == 429
    assert status_of(AccessRefused("x")) == 403
    assert status_of(ServiceUnreachable("x", name="y")) == 502
