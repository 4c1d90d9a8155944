"""Owns the strict reading of a FHIR Bundle's JSON: its entries, each with its original text.

Everything is parsed once, and each resource keeps the slice of text that it was parsed from, so
that a body can be cut from the source instead of being written anew: 1.50 stays 1.50.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from app.core.errors import InvalidBundle

MOST_LEVELS: Final = 64
"""Deepest nesting of objects and arrays that is read; FHIR itself stays far below."""

_space = re.compile(r"[ \t\n\r]*").match
# A string may lack its end, so that no text makes the search start over and over again.
_tokens = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL).finditer


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a Bundle: what its resource says, and the very text that says it."""

    index: int
    """Its place in the Bundle, from 0."""
    full_url: str | None
    full_url_text: str | None
    """The JSON string token, quotes and escapes as they stand in the source."""
    resource: Mapping[str, Any]
    text: str

    @property
    def place(self) -> int:
        """The same from 1, by which alone errors call it: ids and types may tell about a person."""
        return self.index + 1

    @property
    def kind(self) -> str:
        """The resource type."""
        return str(self.resource["resourceType"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    start: int
    end: int
    value: Any


def read_bundle(source: bytes | str) -> tuple[Mapping[str, Any], tuple[Entry, ...]]:
    """The Bundle's own members but `entry`, and its entries in their order.

    Raises InvalidBundle on anything but UTF-8, strict JSON (RFC 8259, no name twice in one object,
    no NaN) of sane depth, and a Bundle whose entries each hold a resource with a type.
    """
    text = _decoded(source)
    _require_shallow(text)
    members = _read(text)
    if "resourceType" not in members or members["resourceType"].value != "Bundle":
        raise InvalidBundle("The file is JSON but not a FHIR Bundle.")
    listed = members["entry"].value if "entry" in members else []
    entries = tuple(_entry(text, i, element) for i, element in enumerate(listed))
    return {name: part.value for name, part in members.items() if name != "entry"}, entries


def _decoded(source: bytes | str) -> str:
    try:
        if isinstance(source, bytes):
            return source.decode("utf-8").removeprefix("\ufeff")
        source.encode("utf-8")
    except UnicodeError:
        raise InvalidBundle("The file is not UTF-8 text.") from None
    return source.removeprefix("\ufeff")


def _require_shallow(text: str) -> None:
    level = 0
    for token in _tokens(text):
        if token[0] in "[{":
            level += 1
            if level > MOST_LEVELS:
                raise InvalidBundle("The file nests deeper than {most} levels.", most=MOST_LEVELS)
        elif token[0] in "]}":
            level -= 1


def _entry(text: str, index: int, element: Any) -> Entry:
    place = index + 1
    if not isinstance(element, dict):
        raise InvalidBundle("Entry {place} is not a JSON object.", place=place)
    resource = element.get("resource")
    if resource is None:
        raise InvalidBundle("Entry {place} holds no resource.", place=place)
    if not isinstance(resource.value, dict):
        raise InvalidBundle("Entry {place} has a resource that is not a JSON object.", place=place)
    kind = resource.value.get("resourceType")
    if not isinstance(kind, str) or not kind:
        raise InvalidBundle("Entry {place} has a resource without a resourceType.", place=place)
    full_url = element.get("fullUrl")
    if full_url is not None and not (isinstance(full_url.value, str) and full_url.value):
        raise InvalidBundle("Entry {place} has a fullUrl that is not a string.", place=place)
    return Entry(
        index=index,
        full_url=full_url.value if full_url else None,
        full_url_text=text[full_url.start : full_url.end] if full_url else None,
        resource=resource.value,
        text=text[resource.start : resource.end],
    )


def _refuse_constant(_: str) -> NoReturn:
    raise InvalidBundle("The file holds NaN or Infinity, which are not JSON numbers.")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidBundle("A JSON object in the file has the same name twice.")
    return members


# Integers become floats too: their value is never used, and int() balks at very long ones.
_decoder = json.JSONDecoder(
    object_pairs_hook=_distinct, parse_constant=_refuse_constant, parse_int=float
)


def _read(text: str) -> dict[str, _Part]:
    try:
        start = _after_space(text, 0)
        if text[start : start + 1] != "{":
            _decoder.raw_decode(text, start)
            raise InvalidBundle("The file is JSON but not a FHIR Bundle.")
        members, end = _read_object(text, start, outermost=True)
    except json.JSONDecodeError as fault:
        raise InvalidBundle(
            "The file is not JSON: it breaks at line {line}, column {column}.",
            line=fault.lineno,
            column=fault.colno,
        ) from None
    if _after_space(text, end) != len(text):
        raise InvalidBundle("The file goes on after the end of its JSON.")
    return members


def _after_space(text: str, at: int) -> int:
    match = _space(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, signs: str) -> int:
    at = _after_space(text, at)
    if text[at : at + 1] not in tuple(signs):
        raise json.JSONDecodeError("unexpected", text, at)
    return at


def _read_object(text: str, start: int, *, outermost: bool = False) -> tuple[dict[str, _Part], int]:
    """The members of the object that begins at `start`, with their spans, and where it ends."""
    pairs: list[tuple[str, Any]] = []
    at = _expect(text, start + 1, '"}')
    while text[at] != "}":
        name, at = _decoder.raw_decode(text, _expect(text, at, '"'))
        first = _after_space(text, _expect(text, at, ":") + 1)
        if outermost and name == "entry":
            value, at = _read_entries(text, first)
        else:
            value, at = _decoder.raw_decode(text, first)
        pairs.append((name, _Part(start=first, end=at, value=value)))
        at = _expect(text, at, ",}")
        if text[at] == ",":
            at = _expect(text, at + 1, '"')
    return _distinct(pairs), at + 1


def _read_entries(text: str, start: int) -> tuple[list[Any], int]:
    if text[start : start + 1] != "[":
        _decoder.raw_decode(text, start)
        raise InvalidBundle("The Bundle's entry is not a list.")
    elements: list[Any] = []
    at = _expect_value(text, start + 1)
    while text[at] != "]":
        element: Any
        if text[at] == "{":
            element, at = _read_object(text, at)
        else:
            element, at = _decoder.raw_decode(text, at)
        elements.append(element)
        at = _expect(text, at, ",]")
        if text[at] == ",":
            at = _expect_value(text, at + 1)
            if text[at] == "]":
                raise json.JSONDecodeError("unexpected", text, at)
    return elements, at + 1


def _expect_value(text: str, at: int) -> int:
    at = _after_space(text, at)
    if at == len(text):
        raise json.JSONDecodeError("unexpected", text, at)
    return at
