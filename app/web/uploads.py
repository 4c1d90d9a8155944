"""Owns the API for sealed bodies on their way in, piece by piece."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.core.uploading import PIECE
from app.services.uploading import Uploading
from app.web.reading import number_of, read_bytes, read_object
from app.web.sessions import Guard


def uploads(guard: Guard, uploading: Uploading) -> Blueprint:
    """The routes; an upload is its person's own."""
    blueprint = Blueprint("uploads", __name__, url_prefix="/api")

    @blueprint.post("/uploads")
    def begin() -> ResponseReturnValue:
        person = guard.person()
        upload = uploading.begin(person, number_of(read_object("size")["size"]))
        return jsonify(upload=upload.id, piece=PIECE, offset=0)

    @blueprint.put("/uploads/<id_>")
    def append(id_: str) -> ResponseReturnValue:
        person, offset = guard.person(), number_of(request.args.get("offset", ""))
        return jsonify(offset=uploading.append(person, id_, offset, read_bytes(PIECE)))

    @blueprint.get("/uploads/<id_>")
    def come_so_far(id_: str) -> ResponseReturnValue:
        offset, size = uploading.offset(guard.person(), id_)
        return jsonify(offset=offset, size=size)

    @blueprint.post("/uploads/<id_>/end")
    def end(id_: str) -> ResponseReturnValue:
        return jsonify(address=uploading.end(guard.person(), id_))

    @blueprint.delete("/uploads/<id_>")
    def drop(id_: str) -> ResponseReturnValue:
        uploading.drop(guard.person(), id_)
        return jsonify({})

    @blueprint.post("/bodies")
    def take() -> ResponseReturnValue:
        person = guard.person()
        return jsonify(address=uploading.take(person, read_bytes(PIECE)))

    return blueprint
