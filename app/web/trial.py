"""Owns the routes of a Chartkey to try out: a registrar that credentials whoever asks, and a chart to begin with.

They exist only where a node runs on a chain of its own, which knows no real people.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from app.core.signing_in import require_name
from app.services.ports import Trial
from app.web.reading import person_of, read_object, text_of
from app.web.sessions import Guard


def trial(guard: Guard, place: Trial) -> Blueprint:
    """The routes."""
    blueprint = Blueprint("trial", __name__, url_prefix="/api/trial")

    @blueprint.post("/credential")
    def credential() -> ResponseReturnValue:
        guard.require()
        given = read_object("person", "name")
        place.credential(person_of(given["person"]), require_name(text_of(given["name"])))
        return jsonify({})

    @blueprint.get("/bundle")
    def bundle() -> ResponseReturnValue:
        return Response(place.bundle(), mimetype="application/fhir+json")

    return blueprint
