"""Asks the browser's core in Node (tests/vectors/reader.mjs), one process for all tests."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.adapters import tools
from app.core.errors import CannotStart
from scripts.golden.signed import DOMAINS

READER = Path(__file__).parents[1] / "vectors" / "reader.mjs"


class Refused(Exception):
    """The browser's core refused what it was given, with an error of this class."""

    def __init__(self, sentence: str, error: str) -> None:
        super().__init__(sentence)
        self.error = error


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
        asking.write(question_line(question, given) + "\n")
        asking.flush()
        return found_in(answering.readline() or '{"failed": "the reader has ended"}')

    def close(self) -> None:
        """End the process by ending its input."""
        self._process.communicate(timeout=300)


def question_line(question: str, given: Mapping[str, Any]) -> str:
    """A question as tests/vectors/answers.mjs reads it."""
    return json.dumps({"ask": question, **given}, default=_written)


def found_in(line: str) -> Any:
    """What it answered; raises Refused."""
    answer = json.loads(line)
    if "refused" in answer:
        raise Refused(answer["refused"], answer["error"])
    assert "failed" not in answer, answer["failed"]
    return answer.get("answer")


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


@cache
def _running(*node: str) -> JavaScript:
    reader = JavaScript(list(node))
    atexit.register(reader.close)
    return reader


@pytest.fixture(scope="session")
def js() -> JavaScript:
    """The reader, one process for the whole session; skips where Node or its packages are missing."""
    reason = missing()
    node = node_command()
    if reason is not None or node is None:
        pytest.skip(str(reason))
    return _running(*node)


def read_file(js: JavaScript, document: dict[str, Any]) -> Any:
    """What the reader finds in a statement file that is addressed to the vectors' ConsentRegistry."""
    return js.ask("statement file", text=json.dumps(document), contract=DOMAINS.consent.as_json())
