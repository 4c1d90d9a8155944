"""Owns the routes that a node serves to other nodes and to auditors.

They need no authentication: what they show is on the chain, or ciphertext under its own hash. The one
that changes something asks for the patient's signature, which the registry judges.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from app.core.encoding import from_hex
from app.core.errors import TooLarge
from app.core.peering import (
    read_addresses,
    read_erasure,
    read_place,
    write_addresses,
    write_anchors,
    write_head,
)
from app.core.wire import read_json
from app.services.peering import PeerDesk

MOST_BYTES = 1 << 16
"""Of one question: two hundred addresses, or two statement files, are less."""


def peers(desk: PeerDesk) -> Blueprint:
    """The routes under /peer."""
    blueprint = Blueprint("peers", __name__, url_prefix="/peer")

    @blueprint.get("/head")
    def head() -> ResponseReturnValue:
        return jsonify(write_head(desk.head()))

    @blueprint.get("/anchors")
    def anchors() -> ResponseReturnValue:
        return jsonify(write_anchors(*desk.anchors(read_place(request.args.get("after", "0:0")))))

    @blueprint.get("/manifests/<hash_>")
    def manifest(hash_: str) -> ResponseReturnValue:
        return _streamed(desk.manifest(from_hex("0x" + hash_, 32)))

    @blueprint.get("/bytes/<address>")
    def content(address: str) -> ResponseReturnValue:
        return _streamed(desk.read(address))

    @blueprint.post("/has")
    def has() -> ResponseReturnValue:
        return jsonify(write_addresses(desk.held(read_addresses(read_json(_small())))))

    @blueprint.post("/erasures")
    def erase() -> ResponseReturnValue:
        return jsonify(desk.erase(*read_erasure(read_json(_small()), desk.domains)).as_json())

    return blueprint


def _streamed(pieces: Iterator[bytes]) -> Response:
    """Bytes that never change under their address; whoever gets them hashes them."""
    response = Response(pieces, mimetype="application/octet-stream")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _small() -> bytes:
    body = request.stream.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise TooLarge(most=MOST_BYTES)
    return body
