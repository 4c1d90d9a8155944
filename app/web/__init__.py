"""Owns a node's web application: its blueprints, put together, and what every answer carries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flask import Blueprint, Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from app.web.errors import install_errors
from app.web.languages import install_languages
from app.web.limits import Limit
from app.web.metrics import Gauges, measure
from app.web.statements import MOST_BYTES

LIMITED = ("/api/", "/peer/")
"""What anybody may ask for; the rest is for operators, behind a proxy that keeps others away."""
TEMPLATES = Path(__file__).resolve().parent / "templates"
YEAR = "max-age=31536000; includeSubDomains"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create_web(blueprints: Sequence[Blueprint], gauges: Gauges, *, rate: str = "") -> Flask:
    """The application; what its blueprints raise becomes an answer, and requests are measured.

    `rate` limits each address, as in `600/minute`; empty: no limit.
    """
    app = Flask("chartkey", static_folder=None, template_folder=str(TEMPLATES))
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    install_errors(app)
    install_languages(app)
    measure(app, gauges)
    limit = Limit(rate)

    @app.before_request
    def require_few() -> None:
        if request.path.startswith(LIMITED):
            limit.require(request.remote_addr or "unknown")

    for blueprint in blueprints:
        app.register_blueprint(blueprint)

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = YEAR
        return response

    return app


def trust_proxies(app: Flask, proxies: int) -> None:
    """Take a client's address from the headers of so many proxies, and of no others."""
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0, x_port=0, x_prefix=0
        )
