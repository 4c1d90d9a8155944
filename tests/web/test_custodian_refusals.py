"""A custodian over HTTP has limits, fails closed, and has logged what it answered."""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from app.adapters.access_log import SqliteAccessLog
from app.adapters.custodian_client import HttpCustodian
from app.adapters.stop_file import StopFile
from app.client.person import Person
from app.core.errors import (
    StoreFull,
)
from app.core.opening import OpeningRequest
from app.core.wire import MOST_BYTES, write_request
from app.services.custodian import LocalCustodian
from app.web.errors import status_of
from tests.asking import release
from tests.chain_fixtures import DEAD_URL, Place
from tests.custodian_services import serving
from tests.daemon_custodian import PROGRAM
from tests.web.custodying import make_client

__all__ = ["make_client"]

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
        http = HttpCustodian(process.stdout.readline().strip(), timeout=300)
        assert release(http, request_).shares
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(300)
    patient = request_.records[0].record.patient
    assert len(SqliteAccessLog(tmp_path / "log.db").entries(patient)) == 1
