"""Tests of the servers that `all`, the demo and the pages' tests run in one process."""

from __future__ import annotations

import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from flask import Flask, Response

from app.together import HttpServer, Requests

IDLE = 0.05
PIECE, PIECES = 1 << 16, 400


def test_who_reads_a_body_slowly_gets_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Requests, "timeout", IDLE)
    app = Flask("large")
    app.add_url_rule("/", view_func=lambda: Response(bytes(PIECE) for _ in range(PIECES)))
    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    try:
        line = HTTPConnection(urlsplit(server.url).netloc, timeout=300)
        line.request("GET", "/")
        answer = line.getresponse()
        time.sleep(6 * IDLE)  # more than buffers hold waits at the server meanwhile
        assert len(answer.read()) == PIECE * PIECES
        line.close()
    finally:
        server.end()
