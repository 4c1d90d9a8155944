"""Owns kept-alive HTTP connections to one service, shared by threads.

http.client does what is needed here at a third of the work of a general library: an opening asks
three custodians, and each of them its endpoints.
"""

from __future__ import annotations

import select
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

JSON = {"Content-Type": "application/json"}


class Broken(Exception):
    """No answer came, or none that is HTTP; the text is the name of the fault."""


class Line:
    """Raises ValueError for an address that is not one of a service."""

    def __init__(self, url: str, timeout: float, *, most_answer: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the address of a service begins with http:// or https://")
        self.place = parts.netloc.rpartition("@")[2]
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._timeout, self._most_answer = timeout, most_answer
        self._idle: list[HTTPConnection] = []

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of an answer; redirects are not followed. Raises Broken."""
        connection = self._connection()
        try:
            connection.request(method, self._path + path, body, JSON if body is not None else {})
            response = connection.getresponse()
            answer = response.read(self._most_answer + 1)
            if len(answer) > self._most_answer:
                raise Broken("AnswerTooLong")
        except (OSError, HTTPException) as cause:
            connection.close()
            raise Broken(type(cause).__name__) from cause
        except Broken:
            connection.close()
            raise
        if response.isclosed() and not response.will_close:
            self._idle.append(connection)
        else:
            connection.close()
        return response.status, answer

    def _connection(self) -> HTTPConnection:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if not _has_ended(connection):
                return connection
            connection.close()
        if self._tls is not None:
            return HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)
        return HTTPConnection(self._host, self._port, timeout=self._timeout)


def _has_ended(connection: HTTPConnection) -> bool:
    """Whether the other side closed an idle connection: then there is its end to be read."""
    if connection.sock is None:
        return True
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
