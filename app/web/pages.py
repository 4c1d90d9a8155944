"""Owns the pages: one shell in which the application runs, its files, and what browsers look for."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import NotFound

from app.web.built import Built
from app.web.errors import told_of
from app.web.languages import catalogue, wanted_language

BUILD = "node scripts/bundle.mjs"
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
    '<rect width="64" height="64" rx="14" fill="#0b5d5e"/>'
    '<circle cx="25" cy="27" r="11" fill="none" stroke="#fff" stroke-width="6"/>'
    '<path d="M33 35 49 51M43 45l5-5" stroke="#fff" stroke-width="6" stroke-linecap="round"/></svg>'
)
PROGRAMS = ("/api/", "/peer/", "/static/")
"""What only programs and scripts ask for."""
DAY = "public, max-age=86400"


def pages(built: Built, *, policy: str, name: str) -> Blueprint:
    """The routes; `policy` is the pages' content security policy, `name` the node's."""
    blueprint = Blueprint("pages", __name__)

    def page(template: str, status: int = 200, **values: object) -> Response:
        language = wanted_language()
        text = render_template(template, language=language, name=name, **values)
        response = Response(text, status, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = (
            "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"
        )
        response.headers["Vary"] = "Accept-Language, Cookie"  # the cookie tells light or dark
        return response

    @blueprint.get("/")
    @blueprint.get("/app")
    @blueprint.get("/app/<path:_path>")
    def shell(_path: str = "") -> ResponseReturnValue:
        if not built.is_there:
            return page("unbuilt.html", 503, command=BUILD)
        language = wanted_language()
        return page(
            "shell.html",
            main=built.entry("main"),
            worker=built.entry("worker"),
            style=built.entry("style"),
            catalogue=f"/catalogue/{language}.json",
            is_landing=request.path == "/",
        )

    @blueprint.get("/static/<path:file>")
    def static(file: str) -> ResponseReturnValue:
        response = built.response(file)
        # a worker is bound by the policy that comes with its own script
        response.headers["Content-Security-Policy"] = policy
        return response

    @blueprint.get("/catalogue/<language>.json")
    def texts(language: str) -> ResponseReturnValue:
        return jsonify(catalogue(language))

    @blueprint.get("/favicon.ico")
    @blueprint.get("/favicon.svg")
    def icon() -> ResponseReturnValue:
        return Response(ICON, mimetype="image/svg+xml", headers={"Cache-Control": DAY})

    @blueprint.get("/manifest.webmanifest")
    def manifest() -> ResponseReturnValue:
        response = jsonify(
            name="Chartkey",
            short_name="Chartkey",
            description=gettext("Your health records, opened by those whom you allow."),
            start_url="/app",
            scope="/",
            display="standalone",
            background_color="#ffffff",
            theme_color="#0b5d5e",
            icons=[{"src": "/favicon.svg", "sizes": "any", "type": "image/svg+xml"}],
        )
        response.mimetype = "application/manifest+json"
        return response

    @blueprint.app_errorhandler(404)
    def missing(error: NotFound) -> Response:
        """Who mistypes an address reads a page; programs are told as JSON."""
        best = request.accept_mimetypes.best_match(("application/json", "text/html"))
        if best == "text/html" and not request.path.startswith(PROGRAMS):
            return page("missing.html", 404, style=built.entry("style"))
        return told_of(error)

    @blueprint.get("/robots.txt")
    def robots() -> ResponseReturnValue:
        return Response("User-agent: *\nDisallow: /\n", mimetype="text/plain")

    return blueprint
