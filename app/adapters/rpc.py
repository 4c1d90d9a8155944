"""Owns JSON-RPC over HTTP: kept-alive connections, plain values in and out, typed errors."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from app.adapters.lines import Broken, Line
from app.core.encoding import from_hex
from app.core.errors import ChainUnreachable, MalformedStatement

MOST_ANSWER = 1 << 28
"""Bytes of one answer: logs of a range of blocks can be many."""
Request = tuple[str, Sequence[Any]]
"""(method, parameters) of one call in a batch."""


class RpcRefused(Exception):
    """The endpoint answered with an error; `data` is what a contract reverted with, if anything."""

    def __init__(self, message: str, data: bytes, code: int = 0) -> None:
        super().__init__(message)
        self.data = data
        self.code = code

    @property
    def is_revert(self) -> bool:
        """Whether a contract said no: every endpoint on this chain would say the same."""
        return bool(self.data) or self.code == 3 or "revert" in str(self).lower()


class Asker(Protocol):
    """Whatever can be asked one question, or one question many times."""

    def call(self, method: str, *params: Any) -> Any: ...
    def batch(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]: ...


class Caller(Asker, Protocol):
    """One endpoint, or several with failover."""

    def batch_mixed(self, requests: Sequence[Request]) -> list[Any]: ...
    def batch_answers(self, requests: Sequence[Request]) -> list[Any]: ...


class Rpc:
    """One endpoint; raises ChainUnreachable where it does not answer, RpcRefused where it refuses.

    Threads may share it; connections are kept open between calls.
    """

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        self._timeout = timeout
        self._ids = itertools.count(1)
        self._line: Line | None = None
        self.url = url

    @property
    def url(self) -> str:
        """Where the endpoint is; another may take its place."""
        return self._url

    @url.setter
    def url(self, url: str) -> None:
        self._url, self._line = url, None
        with suppress(ValueError):  # asked all the same, it is unreachable
            self._line = Line(url, self._timeout, most_answer=MOST_ANSWER)

    def call(self, method: str, *params: Any) -> Any:
        """The `result` of one call."""
        request = self._request(method, params)
        return _result(self._post(request), request)

    def batch(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]:
        """The `result` of each of many calls in one request, in order; one refusal refuses all."""
        return self.batch_mixed([(method, params) for params in many])

    def batch_mixed(self, requests: Sequence[Request]) -> list[Any]:
        """The `result` of each of several different calls, as `batch`."""
        answers = self.batch_answers(requests)
        for answer in answers:
            if isinstance(answer, RpcRefused):
                raise answer
        return answers

    def batch_answers(self, requests: Sequence[Request]) -> list[Any]:
        """For each call its `result`, or the RpcRefused with which it was answered."""
        if not requests:
            return []
        asked = [self._request(method, params) for method, params in requests]
        told = self._post(asked)
        if isinstance(told, dict) and "error" in told:
            raise _refused(told["error"])  # the batch as a whole, as for being too large
        if not isinstance(told, list) or not all(isinstance(answer, dict) for answer in told):
            raise ChainUnreachable("the answer is not a batch of JSON-RPC")
        by_id = {answer.get("id"): answer for answer in told if _is_id(answer.get("id"))}
        if any(request["id"] not in by_id for request in asked):
            raise ChainUnreachable("an answer of a batch is missing")
        return [_answer(by_id[request["id"]], request) for request in asked]

    def _request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}

    def _post(self, body: Any) -> Any:
        if self._line is None:
            raise ChainUnreachable("its address is not one of a service")
        try:
            status, answer = self._line.ask("POST", "", json.dumps(body).encode())
        except Broken as cause:
            raise ChainUnreachable(str(cause)) from cause
        if status >= 500 or status == 429:
            raise ChainUnreachable(f"HTTP {status}")
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as cause:
            raise ChainUnreachable("the answer is not JSON") from cause


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _result(answer: Any, request: Mapping[str, Any]) -> Any:
    if not isinstance(answer, dict):
        raise ChainUnreachable("the answer is not JSON-RPC")
    found = _answer(answer, request)
    if isinstance(found, RpcRefused):
        raise found
    return found


def _answer(answer: Mapping[str, Any], request: Mapping[str, Any]) -> Any:
    if "error" in answer:
        return _refused(answer["error"])
    if "result" not in answer or answer.get("id") != request["id"]:
        raise ChainUnreachable("the answer is not JSON-RPC")
    return answer["result"]


def _refused(error: Any) -> RpcRefused:
    """Ganache and Anvil put the revert bytes in different places of the error."""
    told = error if isinstance(error, dict) else {}
    message = str(told.get("message", error))
    code = told.get("code")
    found = told.get("data")
    if isinstance(found, dict):
        found = found.get("result") or found.get("data")
    try:
        data = from_hex(found)
    except MalformedStatement:
        data = b""
    return RpcRefused(message, data, code if isinstance(code, int) else 0)
