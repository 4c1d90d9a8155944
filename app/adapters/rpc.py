"""Owns JSON-RPC over HTTP: one kept-alive connection, plain values in and out, typed errors."""

from __future__ import annotations

import itertools
from typing import Any

import requests

from app.core.errors import ChainUnreachable


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
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        try:
            response = self._session.post(self.url, json=request, timeout=self._timeout)
            answer = response.json()
        except (requests.RequestException, ValueError) as cause:
            raise ChainUnreachable(type(cause).__name__) from cause
        if not isinstance(answer, dict):
            raise ChainUnreachable("the answer is not JSON-RPC")
        if "error" in answer:
            raise _refused(answer["error"])
        return answer.get("result")


def _refused(error: Any) -> RpcRefused:
    """Ganache and Anvil put the revert bytes in different places of the error."""
    message = str(error.get("message", error)) if isinstance(error, dict) else str(error)
    found = error.get("data") if isinstance(error, dict) else None
    if isinstance(found, dict):
        found = found.get("result") or found.get("data")
    if isinstance(found, str) and found.startswith("0x"):
        return RpcRefused(message, bytes.fromhex(found[2:]))
    return RpcRefused(message, b"")
