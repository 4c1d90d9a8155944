"""Owns the short way to one question that is asked far more often than all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from app.core.errors import TooLarge
from app.core.wire import MOST_BYTES
from app.web.errors import answer, told_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class PostedAlone:
    """A WSGI application that answers the POSTs to one path itself, and leaves the rest to another.

    `work` is given the client's address and the body, and answers a document. Limits and errors are
    those of Flask, whose routes, contexts and signals cost more than the reading of a request does.
    """

    def __init__(
        self, otherwise: WSGIApplication, path: str, work: Callable[[str, bytes], Any]
    ) -> None:
        self._otherwise, self._path, self._work = otherwise, path, work

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        if environ.get("PATH_INFO") != self._path or environ.get("REQUEST_METHOD") != "POST":
            return self._otherwise(environ, start_response)
        posted = Request(environ, populate_request=False)
        posted.max_content_length = MOST_BYTES
        try:
            body = posted.get_data(cache=False)
            response = answer(self._work(posted.remote_addr or "unknown", body))
        except RequestEntityTooLarge:
            response = told_of(TooLarge(most=MOST_BYTES))
        except Exception as error:  # noqa: BLE001 — told_of logs what nobody expected
            response = told_of(error)
        return response(environ, start_response)
