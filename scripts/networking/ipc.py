"""Owns asking a geth over its socket: what only the machine's operator may ask."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from app.core.errors import ChainUnreachable

PATIENCE = 60.0
LONGEST_PATH = 100
"""Of a socket: systems stop at 104 or 108 bytes."""


class NodeRefused(ChainUnreachable):
    sentence = "The node refused {method}: {reason}."
    unharmed = "What was on its chain stays there."
    remedy = "See its log beside its folder."


def ask(path: Path, method: str, *params: Any) -> Any:
    """The `result` of one call; raises ChainUnreachable, NodeRefused."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(PATIENCE)
            line.connect(str(path))
            line.sendall(json.dumps(request).encode() + b"\n")
            answer = _read(line)
    except OSError as cause:
        raise ChainUnreachable("the node's socket does not") from cause
    if "error" in answer:
        raise NodeRefused(str(answer["error"].get("message")), method=method)
    return answer["result"]


def _read(line: socket.socket) -> dict[str, Any]:
    """One JSON object, however many pieces it comes in."""
    text = b""
    while piece := line.recv(1 << 16):
        text += piece
        if text.endswith(b"\n"):
            found: dict[str, Any] = json.loads(text)
            return found
    raise ChainUnreachable("the node's socket was closed")
