"""Owns JSON-RPC over HTTP: one kept-alive connection, plain values in and out, typed errors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import requests

from app.core.encoding import from_hex
from app.core.errors import ChainUnreachable, MalformedStatement


class RpcRefused(Exception):
    """The endpoint answered with an error; `data` is what a contract reverted with, if anything."""

    def __init__(self, message: str, data: bytes) -> None:
        super().__init__(message)
        self.data = data


class Rpc:
    """One endpoint; raises ChainUnreachable where it does not answer, RpcRefused where it refuses."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        self.url = url
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy for the web is none for a local chain
        self._ids = itertools.count(1)

    def call(self, method: str, *params: Any) -> Any:
        """The `result` of one call."""
        answer = self._post(self._request(method, params))
        if not isinstance(answer, dict):
            raise ChainUnreachable("the answer is not JSON-RPC")
        if "error" in answer:
            raise _refused(answer["error"])
        if "result" not in answer:
            raise ChainUnreachable("the answer is not JSON-RPC")
        return answer["result"]

    def batch(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]:
        """The `result` of each of many calls in one request, in order; one refusal refuses all."""
        requests_ = [self._request(method, params) for params in many]
        answers = self._post(requests_)
        if not isinstance(answers, list) or not all(isinstance(a, dict) for a in answers):
            raise ChainUnreachable("the answer is not a batch of JSON-RPC")
        by_id = {answer.get("id"): answer for answer in answers}
        results = []
        for request in requests_:
            answer = by_id.get(request["id"], {})
            if "error" in answer:
                raise _refused(answer["error"])
            if "result" not in answer:
                raise ChainUnreachable("an answer of a batch is missing")
            results.append(answer["result"])
        return results

    def _request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}

    def _post(self, body: Any) -> Any:
        try:
            return self._session.post(self.url, json=body, timeout=self._timeout).json()
        except (requests.RequestException, ValueError) as cause:
            raise ChainUnreachable(type(cause).__name__) from cause


def _refused(error: Any) -> RpcRefused:
    """Ganache and Anvil put the revert bytes in different places of the error."""
    message = str(error.get("message", error)) if isinstance(error, dict) else str(error)
    found = error.get("data") if isinstance(error, dict) else None
    if isinstance(found, dict):
        found = found.get("result") or found.get("data")
    try:
        return RpcRefused(message, from_hex(found))
    except MalformedStatement:
        return RpcRefused(message, b"")
