"""Owns what lets pages of any node ask a custodian: cross-origin answers, without anybody's cookies.

A custodian knows nobody by a cookie: what it answers depends on signatures alone, so any page may ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = frozenset({"/custodian", "/openings", "/revocations", "/entries"})
HEADERS = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "Retry-After"),
]
PREFLIGHT = [
    *HEADERS,
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Content-Type"),
    ("Access-Control-Max-Age", "86400"),
    ("Content-Length", "0"),
]


class OpenToPages:
    """A WSGI application around a custodian's."""

    def __init__(self, within: WSGIApplication) -> None:
        self._within = within

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        if environ.get("PATH_INFO") not in PATHS:
            return self._within(environ, start_response)
        if environ.get("REQUEST_METHOD") == "OPTIONS":
            start_response("204 No Content", PREFLIGHT)
            return []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[..., object]:
            return start_response(status, [*headers, *HEADERS], *rest)

        return self._within(environ, start)
