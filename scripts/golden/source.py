"""Owns what all vector files share: fixed bytes, what is kept, and how an input is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from hashlib import shake_256
from pathlib import Path
from typing import Any

from app.core.encoding import canonical_json, from_hex, hex0x, keccak
from app.core.errors import ChartkeyError

FOLDER = Path(__file__).parents[2] / "tests" / "vectors"

Document = dict[str, Any]
Row = tuple[str, str, list[Any]]
"""Why a refusal, its error, and the one step that damages its input."""


def load(name: str) -> Document:
    """One vector file; empty where there is none yet."""
    path = FOLDER / f"{name}.json"
    document: Document = json.loads(path.read_text()) if path.exists() else {}
    return document


def fixed(name: str, size: int = 32) -> bytes:
    """Bytes that are the same in every run and on every machine."""
    return shake_256(f"chartkey vector {name}".encode()).digest(size)


class FixedRandom:
    """Stands for `os.urandom` where the core takes randomness."""

    def __init__(self, name: str) -> None:
        self._name, self._calls = name, 0

    def __call__(self, size: int) -> bytes:
        self._calls += 1
        return fixed(f"{self._name} {self._calls}", size)


def counting(size: int) -> bytes:
    """The counting body: byte i is i · 31 mod 251."""
    cycle = bytes(i * 31 % 251 for i in range(251))
    return (cycle * (size // 251 + 1))[:size]


def numbered_digests(count: int) -> list[bytes]:
    """Digests of the trees: keccak of the text `chartkey digest {i}`."""
    return [keccak(f"chartkey digest {i}".encode()) for i in range(count)]


class Kept:
    """What HPKE sealed in an earlier run: it is random inside the library, so it is made once."""

    def __init__(self, before: Document) -> None:
        self._before = before.get("sealed", {})
        self.sealed: dict[str, str] = {}

    def __call__(
        self, name: str, opens: Callable[[bytes], bool], make: Callable[[], bytes]
    ) -> bytes:
        """The kept bytes of that name if they still open, else new ones."""
        made = from_hex(self._before[name]) if name in self._before else make()
        if not _is_open(opens, made):
            made = make()
        self.sealed[name] = hex0x(made)
        return made


def _is_open(opens: Callable[[bytes], bool], made: bytes) -> bool:
    try:
        return opens(made)
    except ChartkeyError:
        return False


def refusal(why: str, error: str, of: str, *steps: list[Any], **opened_with: Any) -> Document:
    """One entry of `refusals`: what is damaged, how, and the error that the core raises."""
    entry: Document = {"why": why, "of": of, "steps": list(steps), "error": error}
    return entry | ({"with": opened_with} if opened_with else {})


def damage(original: bytes, steps: list[list[Any]]) -> bytes:
    """The bytes after some steps: xor, put, cut, add, swap."""
    raw = bytearray(original)
    for name, *given in steps:
        match name, given:
            case "xor", [at, byte]:
                raw[at] ^= byte
            case "put", [at, text]:
                raw[at : at + len(from_hex(text))] = from_hex(text)
            case "cut", [start, end]:
                del raw[start:end]
            case "add", [text]:
                raw += from_hex(text)
            case "swap", [a, b, length]:
                first, second = raw[a : a + length], raw[b : b + length]
                raw[a : a + length], raw[b : b + length] = second, first
            case _:
                raise ValueError(f"{name} is no step for bytes")
    return bytes(raw)


def damage_document(original: Document, steps: list[list[Any]]) -> Document:
    """The JSON document after some steps: set, drop."""
    document = deepcopy(original)
    for name, pointer, *value in steps:
        *parents, last = pointer.split("/")[1:]
        inner: Any = document
        for parent in parents:
            inner = inner[int(parent) if isinstance(inner, list) else parent]
        place = int(last) if isinstance(inner, list) else last
        match name:
            case "set":
                inner[place] = value[0]
            case "drop":
                del inner[place]
            case _:
                raise ValueError(f"{name} is no step for a document")
    return document


def damage_text(original: str, steps: list[list[Any]]) -> bytes:
    """A canonical JSON text after some steps, whether these are for bytes or for a document."""
    if steps[0][0] in ("set", "drop"):
        return canonical_json(damage_document(json.loads(original), steps))
    return damage(original.encode(), steps)


def refusals(name: str) -> Iterator[Document]:
    """The refusals of one vector file."""
    yield from load(name)["refusals"]
