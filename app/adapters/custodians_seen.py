"""Owns a look at custodians over HTTP, all at once and not for long: for whoever operates a node."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.adapters.lines import Broken, Line
from app.core.encoding import from_hex
from app.core.errors import MalformedStatement
from app.core.wire import read_json

SECONDS = 3.0
LARGEST = 1 << 20
MOST = 32


def look_at(urls: Sequence[str]) -> list[tuple[str, str, bytes, str]]:
    """(url, name, id of its present key, what is wrong) of each; empty where nothing is."""
    if not urls:
        return []
    with ThreadPoolExecutor(min(len(urls), MOST)) as pool:
        return list(pool.map(_look_at, urls))


def _look_at(url: str) -> tuple[str, str, bytes, str]:
    name, key_id = "", b""
    try:
        line = Line(url, SECONDS, most_answer=LARGEST)
        _, told = line.ask("GET", "/custodian")
        about = read_json(told)
        name, key_id = str(about["name"])[:80], from_hex(about["ids"][0], 32)
        status, told = line.ask("GET", "/readyz")
    except (Broken, ValueError):
        return url, name, key_id, "ServiceUnreachable"
    except (MalformedStatement, KeyError, IndexError, TypeError):
        return url, name, key_id, "ServiceRefused"
    return url, name, key_id, "" if status == 200 else _error_in(told)


def _error_in(told: bytes) -> str:
    try:
        document: Any = read_json(told)
        return str(document["error"])[:80]
    except (MalformedStatement, KeyError, TypeError):
        return "ServiceRefused"
