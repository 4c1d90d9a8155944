"""Owns custodians over HTTP: the `Custodian` port, as a person's device and a node use it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from app.adapters.lines import Broken, Line
from app.core.encoding import from_hex
from app.core.error_json import read_error
from app.core.errors import ChartkeyError, MalformedStatement, ServiceRefused, ServiceUnreachable
from app.core.merkle import is_proven
from app.core.opening import LogPage, OpeningRequest, OpenSession, Release
from app.core.outcomes import attempt, each
from app.core.signatures import LONGEST_PROOF, Proof, Signed
from app.core.statements import Access
from app.core.typed_data import Statement
from app.core.wire import (
    MOST_BYTES,
    in_lists,
    read_json,
    read_outcomes,
    read_page,
    request_text,
    requests_text,
    write_inquiry,
    write_revocation,
)

LARGEST_ANSWER = 4 * MOST_BYTES


class _Service:
    """One service of Chartkey."""

    def __init__(self, url: str, name: str, timeout: float) -> None:
        self._line = Line(url, timeout, most_answer=LARGEST_ANSWER)
        self.name = name or self._line.place

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        """The JSON of an answer; raises the error that the service told, ServiceUnreachable."""
        return self.ask_text(method, path, document and json.dumps(document).encode())

    def ask_text(self, method: str, path: str, question: bytes | None) -> Any:
        """The same with a question that is written already."""
        try:
            status, answer = self._line.ask(method, path, question)
        except Broken as cause:
            raise ServiceUnreachable(str(cause), name=self.name) from cause
        try:
            told = read_json(answer)
        except MalformedStatement as cause:
            raise ServiceRefused("it answered no JSON", name=self.name) from cause
        if status != 200:
            raise read_error(told, self.name)
        return told


class HttpCustodian:
    """A `Custodian` somewhere else; it is asked for its key ids unless they are named."""

    def __init__(
        self, url: str, timeout: float = 10.0, *, ids: Sequence[bytes] = (), name: str = ""
    ) -> None:
        self._service = _Service(url, name, timeout)
        self._ids = tuple(ids)

    @property
    def name(self) -> str:
        return self._service.name

    @property
    def id(self) -> bytes:
        return self.ids[0]

    @property
    def ids(self) -> Sequence[bytes]:
        if not self._ids:
            with _understood(self.name):
                told = self._service.ask("GET", "/custodian")
                self._ids = tuple(from_hex(id_, 32) for id_ in told["ids"][:100])
                if not self._ids:
                    raise MalformedStatement("it names no key")
        return self._ids

    def release_all(self, requests: Sequence[OpeningRequest]) -> list[Release | ChartkeyError]:
        """What the custodian says to each; ServiceUnreachable, ServiceRefused are told likewise."""
        outcomes: list[Release | ChartkeyError] = []
        for texts in in_lists([request_text(request) for request in requests]):
            told = attempt(self._released, texts)
            outcomes += [told] * len(texts) if isinstance(told, ChartkeyError) else told
        return each(self._own, outcomes)

    def _released(self, texts: Sequence[bytes]) -> list[Release | ChartkeyError]:
        told = self._service.ask_text("POST", "/openings", requests_text(texts))
        with _understood(self.name):
            return read_outcomes(told, self.name, len(texts))

    def _own(self, answer: Release) -> Release:
        if answer.custodian not in self.ids:
            self._ids = ()  # it may have a new key since
            raise ServiceRefused("it answered under another key than its own", name=self.name)
        return answer

    def hear(self, revocation: Signed[Statement]) -> None:
        """Raises what the custodian says, ServiceUnreachable, ServiceRefused."""
        self._service.ask("POST", "/revocations", write_revocation(revocation))

    def entries(
        self, inquiry: Signed[Access], session: OpenSession | None = None, *, after: int = 0
    ) -> LogPage:
        """Raises what the custodian says, ServiceUnreachable, ServiceRefused."""
        told = self._service.ask("POST", "/entries", write_inquiry(inquiry, session, after))
        with _understood(self.name):
            return read_page(told)


class NodeProofs:
    """Nodes that are asked for the proof of a digest (`GET /api/proofs/<digest>`)."""

    def __init__(self, urls: Sequence[str], timeout: float = 10.0) -> None:
        self._nodes = [_Service(url, "", timeout) for url in urls]

    def __call__(self, digest: bytes) -> Proof | None:
        """The first proof that is one; None where no node has any."""
        for node in self._nodes:
            try:
                proof = _proof(node.ask("GET", f"/api/proofs/{digest.hex()}"))
            except ChartkeyError:
                continue  # it has none, or does not answer: another may
            if is_proven(digest, proof):
                return proof
        return None


def _proof(told: Any) -> Proof:
    try:
        steps = told["path"][: LONGEST_PROOF + 1]
        return Proof(
            root=from_hex(told["root"], 32), path=tuple(from_hex(step, 32) for step in steps)
        )
    except (KeyError, TypeError) as cause:
        raise MalformedStatement("it is no proof") from cause


@contextmanager
def _understood(name: str) -> Iterator[None]:
    """What a service answers that cannot be read is its fault, not its caller's."""
    try:
        yield
    except (MalformedStatement, KeyError, TypeError) as cause:
        raise ServiceRefused("its answer cannot be read", name=name) from cause
