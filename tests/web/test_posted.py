"""The short way to one path answers as Flask would: limits, errors, and what it has no word for."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask, Response

from app.core.errors import GrantRevoked
from app.core.wire import MOST_BYTES
from app.web.errors import answer, install_errors
from app.web.posted import PostedAlone


def app_with(work: Callable[[str, bytes], Any]) -> Flask:
    app = Flask("test", static_folder=None)
    install_errors(app)

    @app.post("/x")
    def _long_way() -> Response:
        return answer({"way": "long"})

    app.wsgi_app = PostedAlone(app.wsgi_app, "/x", work)  # type: ignore[method-assign]
    return app


def test_a_post_goes_the_short_way_with_its_client_and_its_body() -> None:
    client = app_with(lambda who, body: {"who": who, "body": body.decode()}).test_client()
    told = client.post("/x", data=b"hello")
    assert told.json == {"who": "127.0.0.1", "body": "hello"}
    assert told.headers["Cache-Control"] == "no-store"
    assert told.headers["Content-Type"] == "application/json"


def test_everything_else_is_left_to_flask() -> None:
    client = app_with(lambda who, body: {}).test_client()
    assert client.get("/x").status_code == 405
    assert "POST" in client.get("/x").headers["Allow"]
    assert client.post("/y").status_code == 404


def test_an_error_of_ours_is_told_as_it_is() -> None:
    def refuse(_who: str, _body: bytes) -> Any:
        raise GrantRevoked()

    told = app_with(refuse).test_client().post("/x", data=b"{}")
    assert (told.status_code, told.json["error"]) == (403, "GrantRevoked")  # type: ignore[index]


def test_what_nobody_expected_is_logged_by_its_type_and_told_to_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_who: str, _body: bytes) -> Any:
        raise RuntimeError("a secret")

    told = app_with(fail).test_client().post("/x", data=b"{}")
    assert (told.status_code, told.json["error"]) == (500, "ServerFault")  # type: ignore[index]
    assert "a secret" not in told.text + caplog.text
    assert [record.error for record in caplog.records] == ["RuntimeError"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("declared", [True, False])
def test_what_is_too_large_is_not_read(declared: bool) -> None:
    def never(_who: str, _body: bytes) -> Any:
        raise AssertionError("it was read")

    body = bytes(MOST_BYTES + 1)
    way: dict[str, Any] = {"data": body}
    if not declared:  # in chunks, as gunicorn hands them on
        ended = {"wsgi.input_terminated": True}
        way = {"input_stream": BytesIO(body), "environ_overrides": ended}
    told = app_with(never).test_client().post("/x", **way)
    assert (told.status_code, told.json["error"]) == (413, "TooLarge")  # type: ignore[index]
    assert told.json["facts"] == {"most": MOST_BYTES}  # type: ignore[index]


def test_a_body_that_breaks_off_is_refused() -> None:
    client = app_with(lambda who, body: {}).test_client()
    told = client.post("/x", data=b"half", environ_overrides={"CONTENT_LENGTH": "9"})
    assert told.status_code == 400
