"""Owns how errors become HTTP: the one place that knows both."""

from __future__ import annotations

import json
import logging
import time
from threading import Lock
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app.core import errors
from app.core.error_json import write_error
from app.core.errors import ChartkeyError

LOG = logging.getLogger("chartkey.web")

FAULTS = "chartkey.faults"
"""Under this name an application counts what it answered."""
RETRY_AFTER = 60
"""Seconds after which a client may try again, unless the error tells."""

STATUS: tuple[tuple[type[ChartkeyError], int], ...] = (
    (errors.SignInNeeded, 401),
    (errors.SignInRefused, 401),
    (errors.NameTaken, 409),
    (errors.KeyNotTaken, 422),
    (errors.SignInError, 403),
    (errors.OffsetMismatch, 409),
    (errors.StorageSpent, 507),
    (errors.TooManyRequests, 429),
    (errors.QuotaExceeded, 429),
    (errors.StoppedByOperator, 503),
    (errors.RegistryClosed, 410),
    (errors.AccessRefused, 403),
    (errors.ForeignSignature, 403),
    (errors.NoCredential, 403),
    (errors.NotAnchored, 409),
    (errors.StatementError, 400),
    (errors.NotEnoughShares, 503),
    (errors.SealError, 422),
    (errors.VaultError, 403),
    (errors.BundleError, 422),
    (errors.NotStored, 404),
    (errors.TooLarge, 413),
    (errors.StoreFull, 507),
    (errors.StoreError, 503),
    (errors.ChainError, 503),
    (errors.ServiceError, 502),
    (errors.ContractRefused, 409),
    (errors.CannotStart, 503),
    (ChartkeyError, 500),
)
"""The first class that fits decides; what is narrower stands before what is wider."""
ORDINARY = (errors.NotStored, errors.SignInNeeded)
"""What pages ask in the course of things, such as whether somebody has an address book: no fault."""


class HttpError(ChartkeyError):
    """What Flask refuses."""

    sentence = "There is nothing here that answers such a request ({status})."
    remedy = "Check the address and the method."


def status_of(error: ChartkeyError) -> int:
    """The HTTP status that says the same as an error."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def install_errors(app: Flask) -> None:
    """Answer every error as JSON; what was not expected is logged by its type and told to nobody."""
    app.extensions[FAULTS] = Faults()
    app.register_error_handler(ChartkeyError, told)
    app.register_error_handler(HTTPException, _refused_by_flask)
    app.register_error_handler(Exception, _unexpected)


def told_of(error: Exception) -> Response:
    """Any error, for what is answered past Flask."""
    match error:
        case ChartkeyError():
            return told(error)
        case HTTPException():
            return _refused_by_flask(error)
    return _unexpected(error)


def told(error: ChartkeyError) -> Response:
    """An error of ours, in full."""
    status = status_of(error)
    if not isinstance(error, ORDINARY):
        _count(error)
    response = answer(write_error(error), status)
    if status in (429, 503):
        response.headers["Retry-After"] = str(error.facts.get("retry_after", RETRY_AFTER))
    return response


def answer(document: Any, status: int = 200) -> Response:
    """JSON that nobody keeps."""
    response = Response(json.dumps(document), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused_by_flask(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        return told(errors.TooLarge(most=request.max_content_length))
    response = answer(write_error(HttpError(status=error.name)), error.code or 500)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


class Faults:
    """How often each kind of error was answered by this process, and when last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[str, tuple[int, int]] = {}

    def count(self, error: Exception) -> None:
        """One more."""
        name, now = type(error).__name__, int(time.time())
        with self._lock:
            self._found[name] = self._found.get(name, (0, 0))[0] + 1, now

    def newest(self) -> dict[str, tuple[int, int]]:
        """(count, time of the last one) by kind, the newest first."""
        with self._lock:
            return dict(sorted(self._found.items(), key=lambda one: -one[1][1]))


def faults_of(app: Flask) -> dict[str, tuple[int, int]]:
    """What an application has answered with errors."""
    faults: Faults = app.extensions[FAULTS]
    return faults.newest()


def _count(error: Exception) -> None:
    if current_app and FAULTS in current_app.extensions:
        current_app.extensions[FAULTS].count(error)


def _unexpected(error: Exception) -> Response:
    _count(error)
    LOG.error("something unexpected", extra={"error": type(error).__name__})
    return answer(write_error(errors.ServerFault()), 500)
