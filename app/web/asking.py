"""Owns what anybody may ask a node about its deployment and its chain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from app.services.asking import Asking
from app.services.peering import PeerDesk
from app.web.reading import LARGE, read_object


def asking(asked: Asking, desk: PeerDesk, deployment: dict[str, Any]) -> Blueprint:
    """The routes; `deployment` is told as it is."""
    blueprint = Blueprint("asking", __name__, url_prefix="/api")

    @blueprint.get("/deployment")
    def tell_deployment() -> ResponseReturnValue:
        return jsonify(deployment)

    @blueprint.post("/chain")
    def ask() -> ResponseReturnValue:
        told = asked.answers(read_object("questions", most=LARGE)["questions"])
        return jsonify(number=told.number, time=told.time, answers=list(told.answers))

    @blueprint.get("/bodies/<address>")
    def body(address: str) -> ResponseReturnValue:
        return streamed(desk.read(address))

    return blueprint


def streamed(pieces: Iterator[bytes]) -> Response:
    """Ciphertext, piece by piece; whoever gets it checks it."""
    return Response(pieces, mimetype="application/octet-stream")
