"""Owns /healthz and /readyz: whether this process lives, and whether the node can do its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.core.errors import ChartkeyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that the node leans on: `look` answers figures, or raises what is wrong.

    While a part that is `needed` fails, the node is not ready. Others are shown, and are for
    whoever watches the metrics: taking web processes away does not help a relayer.
    """

    name: str
    look: Callable[[], Mapping[str, int]]
    needed: bool = True


def health(parts: Sequence[Part]) -> Blueprint:
    """The two routes."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return jsonify(lives=True)

    @blueprint.get("/readyz")
    def readyz() -> ResponseReturnValue:
        found = {part.name: looked_at(part) for part in parts}
        ready = all(found[part.name]["ok"] for part in parts if part.needed)
        return jsonify(ready=ready, parts=found), 200 if ready else 503

    return blueprint


def looked_at(part: Part) -> dict[str, Any]:
    """What a part says of itself."""
    try:
        return {"ok": True, **part.look()}
    except ChartkeyError as error:
        return {"ok": False, "error": type(error).__name__}
