"""Owns the way to one service: kept-alive HTTP connections that threads share."""

from __future__ import annotations

import re
import socket
import ssl
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from urllib.parse import unquote, urlsplit
from weakref import finalize

from app.adapters.connections import Answer, Broken, Connection, Ended, TooLong

__all__ = ["Answer", "Broken", "Line", "TooLong"]

MOST_KEPT = 32
"""Connections that are kept open between calls."""
PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"[!-~]+")


class Line:
    """Asks one service; neither proxies nor redirects: who asks decides what comes next.

    `timeout` is in seconds between two signs of life. A kept connection may end just as it is used
    again: then, and only before the first byte of an answer, it is asked once more on a new one. So
    nothing may be asked that must not arrive twice. Raises ValueError for an address that is not one
    of a service.
    """

    def __init__(self, url: str, timeout: float, *, most_answer: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or not _PLAIN.fullmatch(url):
            raise ValueError("the address of a service begins with http:// or https://")
        self.place = parts.netloc.rpartition("@")[2]
        self._secure, self._timeout = parts.scheme == "https", timeout
        self._host, self._port = parts.hostname, parts.port or PORTS[parts.scheme]
        self._path = parts.path.rstrip("/")
        self._query = f"?{parts.query}" if parts.query else ""  # some endpoints want a key there
        self._headers = (
            f"Host: {self.place}\r\nUser-Agent: chartkey\r\nAccept-Encoding: identity\r\n"
            + _credentials(parts.username, parts.password)
        )
        self._most_answer = most_answer
        self._kept: deque[Connection] = deque()
        finalize(self, _end_all, self._kept)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of an answer. Raises Broken."""
        with self.answer(method, path, body) as answer:
            return answer.status, b"".join(answer.pieces(self._most_answer))

    @contextmanager
    def answer(self, method: str, path: str, body: bytes | None = None) -> Iterator[Answer]:
        """An answer whose body can be read for as long as this lasts. Raises Broken."""
        connection, answer = self._asked(self._question(method, path, body))
        try:
            yield answer
        finally:
            if answer.leaves_open and len(self._kept) < MOST_KEPT:
                self._kept.append(connection)
            else:
                connection.end()

    def _question(self, method: str, path: str, body: bytes | None) -> bytes:
        target = (self._path + path or "/") + self._query
        if not _PLAIN.fullmatch(target):
            raise ValueError("the path of a request holds plain letters only")
        head = f"{method} {target} HTTP/1.1\r\n{self._headers}"
        if body is None:
            return f"{head}\r\n".encode()
        told = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return f"{head}{told}".encode() + body

    def _asked(self, question: bytes) -> tuple[Connection, Answer]:
        kept = self._take()
        if kept is not None:
            try:
                return kept, _ask(kept, question)
            except Ended:
                pass  # it was kept for too long
        connection = self._connect()
        return connection, _ask(connection, question)

    def _take(self) -> Connection | None:
        """A kept connection that the other side has not ended meanwhile."""
        while self._kept:
            try:
                connection = self._kept.pop()
            except IndexError:  # another thread took the last one
                return None
            if connection.is_fresh():
                return connection
            connection.end()
        return None

    def _connect(self) -> Connection:
        """A new connection; raises Broken."""
        try:
            opened = socket.create_connection((self._host, self._port), self._timeout)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._secure:  # it closes the socket where the other side cannot be trusted
                opened = _trust().wrap_socket(opened, server_hostname=self._host)
        except (OSError, UnicodeError) as cause:  # the latter for a name that can be none
            raise Broken(type(cause).__name__) from cause
        return Connection(opened)


def _ask(connection: Connection, question: bytes) -> Answer:
    try:
        return connection.ask(question)
    except BaseException:
        connection.end()
        raise


@cache
def _trust() -> ssl.SSLContext:
    """Certificates are checked against those that the system trusts, and so are their names."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _credentials(name: str | None, password: str | None) -> str:
    """HTTP basic authentication (RFC 7617), where an address carries it."""
    if name is None:
        return ""
    pair = f"{unquote(name)}:{unquote(password or '')}".encode()
    return f"Authorization: Basic {b64encode(pair).decode()}\r\n"


def _end_all(kept: deque[Connection]) -> None:
    with suppress(IndexError):
        while True:  # at the process's end, threads may still put some back
            kept.pop().end()
