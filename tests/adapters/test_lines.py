"""One kept line to a service: how an answer is framed, when it is kept, and when it is asked again."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from threading import Thread

import pytest

from app.adapters.lines import Broken, Line, TooLong

OK = b"HTTP/1.1 200 OK\r\n"
FINE = OK + b"Content-Length: 2\r\n\r\nhi"


class Connections:
    """A server that sends, at each request of each connection, the bytes that a test gives it."""

    def __init__(self, scripts: Sequence[Sequence[bytes]]) -> None:
        self.asked: list[bytes] = []
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        for answers in self._scripts:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # the test has ended
                return
            with connection:
                connection.settimeout(10)
                for answer in answers:
                    if not self._hears(connection):
                        break
                    connection.sendall(answer)

    def _hears(self, connection: socket.socket) -> bool:
        request = b""
        while b"\r\n\r\n" not in request:
            more = connection.recv(65536)
            if not more:
                return False
            request += more
        self.asked.append(request)
        return True

    def end(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # whoever waits for a connection stops waiting
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Connections]]:
    servers: list[Connections] = []

    def start(*scripts: Sequence[bytes]) -> Connections:
        servers.append(Connections(scripts))
        return servers[-1]

    yield start
    for server in servers:
        server.end()


def line_to(server: Connections, most: int = 100) -> Line:
    return Line(server.url, 5, most_answer=most)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (FINE, b"hi"),
        (OK + b"Content-Length: 0\r\n\r\n", b""),
        (OK + b"content-length:   2  \r\nX: a: b\r\n\r\nhi", b"hi"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3;x=1\r\nyou\r\n0\r\nT: 1\r\n\r\n", b"hiyou"),
        (OK + b"\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n" + FINE, b"hi"),
    ],
)  # fmt: skip
def test_an_answer_is_read_by_its_framing(
    serve: Callable[..., Connections], answer: bytes, body: bytes
) -> None:
    assert line_to(serve([answer])).ask("GET", "/x") == (200, body)


def test_an_answer_without_a_body_has_none(serve: Callable[..., Connections]) -> None:
    server = serve([b"HTTP/1.1 204 Nothing\r\n\r\n", FINE])
    line = line_to(server)
    assert line.ask("GET", "/") == (204, b"")
    assert line.ask("GET", "/") == (200, b"hi")


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b" Folded: x\r\n\r\n",
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
        OK + b"Content-Length: -2\r\n\r\nhi",
        OK + b"Content-Length: +2\r\n\r\nhi",
        OK + b"Content-Length: two\r\n\r\nhi",
        OK + b"Content-Length: 3\r\n\r\nhi",
        OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: gzip\r\n\r\nhi",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhi",
        OK + b"A: " + b"x" * 70_000,
        OK + b"A: b\r\n",
    ],
)
def test_what_is_framed_in_no_way_or_two_is_no_answer(
    serve: Callable[..., Connections], answer: bytes
) -> None:
    with pytest.raises(Broken):
        line_to(serve([answer], [answer])).ask("GET", "/")


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 101\r\n\r\n" + bytes(101),
        OK + b"\r\n" + bytes(101),
        OK + b"Transfer-Encoding: chunked\r\n\r\n65\r\n" + bytes(101) + b"\r\n0\r\n\r\n",
    ],
)
def test_no_more_is_read_than_was_asked_for(
    serve: Callable[..., Connections], answer: bytes
) -> None:
    with pytest.raises(TooLong):
        line_to(serve([answer])).ask("GET", "/")


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi",
        OK + b"\r\nhi",
        FINE + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged",
    ],
)
def test_a_connection_that_cannot_be_trusted_with_another_question_is_not_kept(
    serve: Callable[..., Connections], first: bytes
) -> None:
    line = line_to(serve([first], [FINE]))
    assert line.ask("GET", "/") == (200, b"hi")
    assert line.ask("GET", "/") == (200, b"hi")


def test_a_body_that_was_left_unread_is_never_the_next_answer(
    serve: Callable[..., Connections],
) -> None:
    line = line_to(serve([OK + b"Content-Length: 6\r\n\r\nunread"], [FINE]))
    with line.answer("GET", "/") as answer:
        assert answer.status == 200
    assert line.ask("GET", "/") == (200, b"hi")


def test_a_kept_connection_that_ends_unanswered_is_replaced_once(
    serve: Callable[..., Connections],
) -> None:
    server = serve([FINE, b""], [b""], [FINE])
    line = line_to(server)
    assert line.ask("GET", "/1") == (200, b"hi")
    with pytest.raises(Broken):
        line.ask("POST", "/2", b"{}")
    assert [asked.split(b" ")[1] for asked in server.asked] == [b"/1", b"/2", b"/2"]
    assert line.ask("GET", "/3") == (200, b"hi")


def test_a_kept_connection_that_breaks_off_within_an_answer_is_not_asked_again(
    serve: Callable[..., Connections],
) -> None:
    server = serve([FINE, OK + b"Content-Length: 9\r\n\r\nhalf"], [FINE])
    line = line_to(server)
    line.ask("GET", "/1")
    with pytest.raises(Broken, match="BrokenOff"):
        line.ask("GET", "/2")
    assert len(server.asked) == 2


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/ä", "/\x7f"])
def test_a_path_can_carry_nothing_but_a_path(path: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        Line("http://127.0.0.1:9", 5, most_answer=1).ask("GET", path)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".example", "127.0.0.1:9"])
def test_a_service_that_is_nowhere_is_broken(host: str) -> None:
    with pytest.raises(Broken):
        Line(f"http://{host}", 2, most_answer=1).ask("GET", "/")


def test_a_service_whose_certificate_is_missing_is_not_believed(
    serve: Callable[..., Connections],
) -> None:
    server = serve([FINE])
    with pytest.raises(Broken):
        Line(server.url.replace("http:", "https:"), 2, most_answer=9).ask("GET", "/")
