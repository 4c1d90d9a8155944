"""Owns a node's web application: its blueprints, put together, and what every answer carries."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Flask, Response

from app.web.metrics import Gauges, measure

MOST_BYTES = 16 << 20
"""Of a request: a thousand statements with their envelopes."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create_web(blueprints: Sequence[Blueprint], gauges: Gauges) -> Flask:
    """The application; what its blueprints raise becomes an answer, and requests are measured."""
    app = Flask("chartkey", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    measure(app, gauges)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app
