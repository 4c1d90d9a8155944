"""Owns what administrators see: how the node is doing, its queue, its errors, its custodians, its people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue

from app.core.encoding import hex0x
from app.core.errors import ChartkeyError
from app.web.errors import faults_of
from app.web.health import Part, looked_at
from app.web.sessions import Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodianSeen:
    """What a custodian answered: its key's id, or why it did not; `url` is where it was asked."""

    url: str
    name: str = ""
    key_id: bytes = b""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Where an administrator's figures come from."""

    version: str
    parts: Sequence[Part]
    gauges: Callable[[], Mapping[str, float]]
    custodians: Callable[[], Sequence[CustodianSeen]]
    people: Callable[[], Mapping[str, int]]
    settings: Mapping[str, Any]


def administration(guard: Guard, overview: Overview) -> Blueprint:
    """The route."""
    blueprint = Blueprint("administration", __name__, url_prefix="/api")

    @blueprint.get("/node")
    def node() -> ResponseReturnValue:
        guard.administrator()
        parts = {part.name: looked_at(part) for part in overview.parts}
        needed = [part.name for part in overview.parts if part.needed]
        return jsonify(
            version=overview.version,
            ready=all(parts[name]["ok"] for name in needed),
            parts=parts,
            gauges=dict(overview.gauges()),
            errors=[
                {"error": name, "count": count, "last": last}
                for name, (count, last) in faults_of(current_app).items()
            ],
            custodians=[
                {
                    "url": seen.url,
                    "name": seen.name,
                    "keyId": hex0x(seen.key_id) if seen.key_id else None,
                    "ready": not seen.error,
                    "error": seen.error or None,
                }
                for seen in overview.custodians()
            ],
            people=_counted(overview.people),
            settings=dict(overview.settings),
        )

    return blueprint


def _counted(count: Callable[[], Mapping[str, int]]) -> dict[str, int]:
    try:
        return dict(count())
    except ChartkeyError:  # the part `database` says that it does not answer
        return {}
