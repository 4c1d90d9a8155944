"""Asks the JavaScript reader of the formats (tests/vectors/reader.mjs), one process for all tests."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from app.adapters import tools
from app.core.errors import CannotStart
from scripts.golden.signed import DOMAINS

READER = Path(__file__).parents[1] / "vectors" / "reader.mjs"


class Refused(Exception):
    """The JavaScript reader refused what it was given."""


class JavaScript:
    """The running reader; `ask` puts one question and waits for its answer."""

    def __init__(self, node: list[str]) -> None:
        self._process = subprocess.Popen(
            [*node, str(READER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, question: str, **given: Any) -> Any:
        """The answer; bytes go as hexadecimal. Raises Refused."""
        asking, answering = self._process.stdin, self._process.stdout
        assert asking is not None
        assert answering is not None
        asking.write(json.dumps({"ask": question, **given}, default=_written) + "\n")
        asking.flush()
        answer = json.loads(answering.readline() or '{"failed": "the reader has ended"}')
        if "refused" in answer:
            raise Refused(answer["refused"])
        assert "failed" not in answer, answer["failed"]
        return answer.get("answer")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)  # its input ends, so it does


def _written(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    raise TypeError(type(value).__name__)


def missing() -> str | None:
    """What keeps the reader from running here, if anything."""
    if node_command() is None:
        return "Node is not installed: make setup installs it"
    if not (tools.NODE_MODULES / "@hpke" / "hybridkem-x-wing").is_dir():
        return "node_modules is missing: make setup installs it"
    return None


def node_command() -> list[str] | None:
    """Node as set-up found or installed it, else the host's."""
    try:
        return tools.node_command()
    except CannotStart:
        found = shutil.which("node")
        return [found] if found else None


def started() -> Iterator[JavaScript]:
    """The body of a fixture: the reader while tests need it."""
    node = node_command()
    assert node is not None
    with JavaScript(node) as reader:
        yield reader


def read_file(js: JavaScript, document: dict[str, Any]) -> Any:
    """What the reader finds in a statement file that is addressed to the vectors' ConsentRegistry."""
    return js.ask("statement file", text=json.dumps(document), contract=DOMAINS.consent.as_json())
