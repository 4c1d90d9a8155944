"""A custodian over HTTP that is away, slow or talks nonsense is told as such, and believed in nothing."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from app.adapters.custodian_client import HttpCustodian, NodeProofs
from app.adapters.lines import Broken, Line
from app.core.error_json import write_error
from app.core.errors import (
    GrantRevoked,
    NotStored,
    ServiceError,
    ServiceRefused,
    ServiceUnreachable,
    StoppedByOperator,
)
from app.core.merkle import MerkleTree
from app.core.opening import OpeningRequest, Release
from app.core.wire import MOST_TOGETHER, write_release
from tests.asking import release, wait_until
from tests.makers import DOMAINS, make_chain, make_person, salt, sign_access
from tests.openings import make_request, seal_record

DEAD_URL = "http://127.0.0.1:9"
ID = b"c" * 32
RELEASE = Release(custodian=ID, shares={b"r" * 32: b"sealed"})


class Told:
    """A server that answers what a test tells it to."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"
        self.headers: dict[str, str] = {}
        self.seen: list[str] = []
        self.credentials: list[str | None] = []
        self.connections = 0
        self.ended = 0
        self.close_after = False
        self.wait = 0.0


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def url(told: Told) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def setup(self) -> None:
            told.connections += 1
            super().setup()

        def do_GET(self) -> None:
            told.seen.append(f"{self.command} {self.path}")
            told.credentials.append(self.headers.get("Authorization"))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(told.wait)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)
            self.close_connection = told.close_after  # without having said so

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def shutdown_request(self, request: Any) -> None:
            super().shutdown_request(request)
            told.ended += 1

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def request_() -> OpeningRequest:
    patient, doctor = make_person("patient"), make_person("doctor")
    make_chain(patient, doctor)
    return make_request(doctor, [seal_record(patient, doctor)], audit=DOMAINS.audit)


def answers(told: Told, document: Any, status: int = 200) -> None:
    told.status, told.body = status, json.dumps(document).encode()


def test_a_release_comes_back(told: Told, url: str, request_: OpeningRequest) -> None:
    answers(told, [write_release(RELEASE)])
    assert release(HttpCustodian(url + "/here/", ids=[ID]), request_) == RELEASE
    assert told.seen == ["POST /here/openings"]


def test_each_of_several_openings_has_an_answer_of_its_own(
    told: Told, url: str, request_: OpeningRequest
) -> None:
    foreign = Release(custodian=b"d" * 32, shares={})
    answers(told, [write_release(RELEASE), write_error(GrantRevoked()), write_release(foreign)])
    first, second, third = HttpCustodian(url, ids=[ID]).release_all([request_] * 3)
    assert first == RELEASE
    assert isinstance(second, GrantRevoked)
    assert isinstance(third, ServiceRefused)
    assert told.seen == ["POST /openings"]


def test_more_than_a_custodian_takes_at_once_goes_in_several_lists(
    told: Told, url: str, request_: OpeningRequest
) -> None:
    answers(told, [write_release(RELEASE)] * MOST_TOGETHER)
    outcomes = HttpCustodian(url, ids=[ID]).release_all([request_] * (2 * MOST_TOGETHER))
    assert outcomes == [RELEASE] * (2 * MOST_TOGETHER)
    assert told.seen == ["POST /openings"] * 2


def test_a_list_that_is_refused_is_refused_to_each(
    told: Told, url: str, request_: OpeningRequest
) -> None:
    answers(told, write_error(StoppedByOperator()), 503)
    outcomes = HttpCustodian(url, ids=[ID]).release_all([request_] * 2)
    assert [type(outcome) for outcome in outcomes] == [StoppedByOperator] * 2


def test_fewer_answers_than_questions_are_nobodys(
    told: Told, url: str, request_: OpeningRequest
) -> None:
    answers(told, [write_release(RELEASE)])
    outcomes = HttpCustodian(url, ids=[ID]).release_all([request_] * 2)
    assert [type(outcome) for outcome in outcomes] == [ServiceRefused] * 2


def test_its_ids_are_asked_for_once(told: Told, url: str) -> None:
    answers(told, {"ids": ["0x" + ID.hex(), "0x" + bytes(32).hex()]})
    custodian = HttpCustodian(url)
    assert (custodian.id, list(custodian.ids)) == (ID, [ID, bytes(32)])
    assert told.seen == ["GET /custodian"]
    assert custodian.name == url.removeprefix("http://")


def test_an_answer_under_another_key_is_refused(
    told: Told, url: str, request_: OpeningRequest
) -> None:
    answers(told, [write_release(Release(custodian=b"d" * 32, shares={}))])
    with pytest.raises(ServiceRefused, match="another key"):
        release(HttpCustodian(url, ids=[ID]), request_)


def test_an_error_comes_back_as_the_class_that_it_is(
    told: Told, url: str, request_: OpeningRequest
) -> None:
    answers(told, [write_error(GrantRevoked())])
    with pytest.raises(GrantRevoked):
        release(HttpCustodian(url, ids=[ID]), request_)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""), (200, b"<html>"), (200, b"null"), (200, b"[]"), (200, b'{"ids": []}'),
        (200, b'{"ids": 5}'), (200, b'{"ids": ["0x12"]}'), (500, b"oops"), (404, b"{}"),
        (302, b"{}"), (503, b'{"sentence": 7}'), (200, b"[" * 100_000),
    ],
)  # fmt: skip
def test_nonsense_is_told_as_the_services_fault(
    told: Told, url: str, request_: OpeningRequest, status: int, body: bytes
) -> None:
    told.status, told.body, told.headers = status, body, {"Location": "/elsewhere"}
    ask: Callable[[], object]
    for ask in (
        lambda: HttpCustodian(url).ids,
        lambda: release(HttpCustodian(url, ids=[ID]), request_),
        lambda: HttpCustodian(url, ids=[ID]).entries(request_.access),
    ):
        with pytest.raises(ServiceError):
            ask()
    assert not any("elsewhere" in seen for seen in told.seen)


def test_one_that_is_away_is_told_by_its_name(request_: OpeningRequest) -> None:
    with pytest.raises(ServiceUnreachable, match="custodian 3 does not answer"):
        release(HttpCustodian(DEAD_URL, ids=[ID], name="custodian 3"), request_)


def test_one_that_is_slow_runs_into_the_callers_patience(
    told: Told, url: str, request_: OpeningRequest
) -> None:
    told.wait = 2
    with pytest.raises(ServiceUnreachable):
        release(HttpCustodian(url, timeout=0.2, ids=[ID]), request_)


def test_an_answer_without_end_is_not_read_to_its_end(told: Told, url: str) -> None:
    told.body = bytes(2000)
    with pytest.raises(Broken, match="AnswerTooLong"):
        Line(url, 5, most_answer=1999).ask("GET", "/")
    assert Line(url, 5, most_answer=2000).ask("GET", "/") == (200, bytes(2000))


def test_a_connection_is_kept_and_one_that_ended_is_replaced(told: Told, url: str) -> None:
    line = Line(url, 5, most_answer=100)
    for _ in range(3):
        assert line.ask("POST", "/", b"{}") == (200, b"{}")
    assert told.connections == 1
    told.close_after = True
    line.ask("GET", "/")
    (idle,) = line._kept
    wait_until(lambda: not idle.is_fresh())
    assert line.ask("GET", "/") == (200, b"{}")
    assert told.connections == 2


@pytest.mark.parametrize(
    "wrong",
    ["", "ftp://x", "http://", "127.0.0.1:80"],
)
def test_an_address_that_is_none_is_a_mistake(wrong: str) -> None:
    with pytest.raises(ValueError, match="http"):
        Line(wrong, 5, most_answer=1)


def test_path_query_and_credentials_of_an_address_go_with_each_request(
    told: Told, url: str
) -> None:
    place = url.removeprefix("http://")
    line = Line(f"http://me:p%40ss@{place}/v1/?key=5", 5, most_answer=10)
    line.ask("GET", "/x")
    Line(url, 5, most_answer=10).ask("GET", "")
    assert told.seen == ["GET /v1/x?key=5", "GET /"]
    assert told.credentials == ["Basic " + b64encode(b"me:p@ss").decode(), None]
    assert line.place == place


def test_a_password_in_an_address_is_never_told() -> None:
    assert HttpCustodian("http://name:secret@127.0.0.1:9").name == "127.0.0.1:9"


# --- proofs ---


def test_nodes_are_asked_for_a_proof_until_one_has_it(told: Told, url: str) -> None:
    tree = MerkleTree([salt(1), salt(2), salt(3)])
    proof = tree.proof(salt(1))
    path = ["0x" + step.hex() for step in proof.path]
    answers(told, {"root": "0x" + proof.root.hex(), "path": path})
    ask = NodeProofs([DEAD_URL, url])
    assert ask(salt(1)) == proof
    assert told.seen == [f"GET /api/proofs/{salt(1).hex()}"]
    assert ask(salt(2)) is None, "the proof of another digest proves nothing"


@pytest.mark.parametrize("body", [{}, [], {"root": 5}, {"root": "0x", "path": []}, {"path": 7}])
def test_a_node_that_has_no_proof_is_passed_over(told: Told, url: str, body: Any) -> None:
    answers(told, body)
    assert NodeProofs([url])(salt(1)) is None
    answers(told, write_error(NotStored(address="it")), 404)
    assert NodeProofs([url])(salt(1)) is None


def test_an_inquiry_is_sent_with_its_page(told: Told, url: str) -> None:
    answers(told, {"chartkey": "log-page/1", "entries": ["0x12"], "after": 4})
    patient = make_person("patient")
    signed = sign_access(patient, [seal_record(patient, patient).record])
    page = HttpCustodian(url, ids=[ID]).entries(signed, after=3)
    assert (page.entries, page.after) == ((b"\x12",), 4)
