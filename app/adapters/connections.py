"""Owns one HTTP connection: a question goes out as bytes, and httptools reads the framing of its answer.

A whole HTTP client costs three times as much for each of the dozen small questions of an opening.
"""

from __future__ import annotations

import select
import socket
from collections import deque
from collections.abc import Iterator

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

PIECE = 1 << 16
LONGEST_HEAD = 1 << 16


class Broken(Exception):
    """No answer came, or none that is HTTP; the text is the name of the fault."""


class Ended(Broken):
    """The other side ended the connection before the first byte of its answer."""


class TooLong(Broken):
    """The answer has more bytes than the one who asks wants to read."""


class Connection:
    """One connection, used by one thread at a time; `opened` carries its timeout."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._watch = select.poll()
        self._watch.register(opened, select.POLLIN)

    def ask(self, question: bytes) -> Answer:
        """Send a question; its answer, whose body is still to be read. Raises Broken, Ended."""
        try:
            self._socket.sendall(question)
            first = self._socket.recv(PIECE)
        except ConnectionError as cause:
            raise Ended(type(cause).__name__) from cause
        except OSError as cause:
            raise Broken(type(cause).__name__) from cause
        if not first:
            raise Ended("BrokenOff")
        return Answer(self, first)

    def is_fresh(self) -> bool:
        """Whether nothing can be read before anything was asked: neither its end nor a stray word."""
        return not self._watch.poll(0)

    def end(self) -> None:
        """Close it."""
        self._socket.close()

    def receive(self) -> bytes:
        """The next bytes; none where the connection has ended. Raises Broken."""
        try:
            return self._socket.recv(PIECE)
        except OSError as cause:
            raise Broken(type(cause).__name__) from cause


class Answer:
    """The status of an answer, and its body as it comes."""

    def __init__(self, connection: Connection, first: bytes) -> None:
        """Read up to the body; raises Broken."""
        self._connection = connection
        self._reading = _Reading()
        self._reading.take(first)
        size = len(first)
        while not self._reading.has_head:
            if size > LONGEST_HEAD:
                raise Broken("HeadTooLong")
            size += self._read_on()
        self.status = self._reading.status

    @property
    def leaves_open(self) -> bool:
        """Whether all of it was read, and the connection can be asked again."""
        return self._reading.is_whole and self._reading.may_stay

    def pieces(self, most: int) -> Iterator[bytes]:
        """The body piece by piece; raises TooLong, Broken."""
        count, waiting = 0, self._reading.body
        while True:
            while waiting:
                piece = waiting.popleft()
                count += len(piece)
                if count > most:
                    raise TooLong("AnswerTooLong")
                yield piece
            if self._reading.is_whole or not self._read_on():
                return

    def _read_on(self) -> int:
        """How many bytes more were read; 0 where the end of the connection is that of the answer."""
        more = self._connection.receive()
        if more:
            self._reading.take(more)
        elif not self._reading.lasts_until_end:
            raise Broken("BrokenOff")
        return len(more)


class _Reading:
    """What httptools has read of one answer; it calls the methods that begin with `on_`."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.body: deque[bytes] = deque()
        self.status = 0
        self.has_head = self.is_whole = self.may_stay = False
        self._has_length = self._is_over = False

    @property
    def lasts_until_end(self) -> bool:
        """Whether the body has no length of its own."""
        return self.has_head and not self._has_length

    def take(self, received: bytes) -> None:
        """Read on; raises Broken."""
        try:
            self._parser.feed_data(received)
        except (HttpParserError, HttpParserUpgrade) as cause:
            raise Broken("NotHttp") from cause

    def on_message_begin(self) -> None:
        """An answer begins; a second one after the first was not asked for."""
        if self.is_whole:
            self.may_stay, self._is_over = False, True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One line of the head."""
        name = name.lower()
        if name == b"transfer-encoding" and value.lower() != b"chunked":
            raise Broken("NotHttp")
        if name in (b"content-length", b"transfer-encoding") and not self._is_over:
            self._has_length = True

    def on_headers_complete(self) -> None:
        """The head ends; one of what comes before an answer (1xx) is passed over."""
        status = self._parser.get_status_code()
        if self._is_over:
            return
        if status < 200:
            self._has_length = False
            return
        self.status, self.has_head = status, True
        self.may_stay = self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        """Some of the body."""
        if not self._is_over:
            self.body.append(piece)

    def on_message_complete(self) -> None:
        """The answer ends."""
        if self.has_head:
            self.is_whole = True
