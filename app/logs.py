"""Owns the logs: lines of JSON on standard error, in which nothing about a person can stand.

A line is made from a short list of fields that a record may carry, and from the fixed words of our
own messages. What is filled into messages is left out, and so are other libraries' messages: an
address in a URL, or a value in an error's text, is nobody's business.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

OURS = "chartkey"
NUMBERS = frozenset(
    ("batch", "block", "bytes", "count", "depth", "line", "port", "seconds", "status", "tries",
     "workers", "threads")
)  # fmt: skip
WORDS = frozenset(("error", "program", "service", "signal", "version"))
"""The fields that leave, when they are numbers and plain words: no digest, address, name or URL."""
LONGEST = 40


class JsonLines(logging.Formatter):
    """One record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "event": record.msg if is_ours(record) else "a library reports something",
        }
        if not is_ours(record):
            line["program"] = record.name.partition(".")[0]
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line | allowed(vars(record)))


def is_ours(record: logging.LogRecord) -> bool:
    """Whether a record comes from Chartkey; a test sees to it that its words are fixed ones."""
    return record.name.partition(".")[0] == OURS


def allowed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that may leave."""
    return {
        name: value
        for name, value in fields.items()
        if (name in NUMBERS and isinstance(value, int | float))
        or (name in WORDS and isinstance(value, str) and is_word(value))
    }


def is_word(value: str) -> bool:
    """Whether a value is the name of a class, a program or a version, and cannot be an address."""
    return 0 < len(value) <= LONGEST and all(c.isalnum() or c in "._- " for c in value) and (
        not value.lower().startswith("0x")
    )  # fmt: skip


def begin(service: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Have everything that is logged in this process leave as lines of JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(service))
    handler.addFilter(lambda record: is_ours(record) or record.levelno >= logging.WARNING)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level.upper())
