"""Owns `contentRoot`: a tree over the salted elements of a body, so that one can be shown alone.

An element is a path (RFC 6901 JSON Pointer) and a value. A leaf is keccak256 of 97 bytes:
0x00 ‖ salt (32) ‖ SHA-256(path) ‖ SHA-256(value); the salt is HMAC-SHA256 of the path under the
content secret. Inner nodes hash 64 bytes, so no leaf passes as one. An opaque file has the single
element with the empty path, whose value is `#` and the SHA-256 of the file.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

from app.core.encoding import keccak
from app.core.errors import NotElement
from app.core.merkle import MerkleTree, is_proven
from app.core.signatures import Proof

JSON = "json/1"
OPAQUE = "opaque/1"
JSON_MOST = 1 << 20
"""Bodies of more bytes than this are opaque, so that nobody has to parse them to check them."""
JSON_DEEPEST = 64
JSON_ELEMENTS_MOST = 20_000
"""With more elements than this a body is opaque too: every reader hashes each of them."""


class _Number(str):
    """The text of a number as it stands in the source: 1.50 is not 1.5."""

    __slots__ = ()


class _Members(list[tuple[str, Any]]):
    """The members of an object in their order."""

    __slots__ = ()


def _members(pairs: list[tuple[str, Any]]) -> _Members:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("an object names a member twice")
    return _Members(pairs)


def _constant(_: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


def json_elements(body: bytes) -> dict[str, bytes]:
    """Every scalar, array and empty object of a JSON text: path to tagged value.

    Values: `s` and the decoded string, `n` and the digits as they stand in the source, `t`, `f`,
    `z` (null), `{` (an object without members), `[` and the number of items (an array, besides
    its items). Raises ValueError where the text has no one reading, or is too much to take
    apart: a member named twice, a lone surrogate, not UTF-8, a byte order mark, nested deeper
    than 64, more than 20,000 elements.
    """
    document = json.loads(
        body.decode("utf-8"),
        object_pairs_hook=_members,
        parse_float=_Number,
        parse_int=_Number,
        parse_constant=_constant,
    )
    elements = dict(islice(_walk(document, "", 0), JSON_ELEMENTS_MOST + 1))
    if len(elements) > JSON_ELEMENTS_MOST:
        raise ValueError(f"more than {JSON_ELEMENTS_MOST} elements")
    return elements


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, bytes]]:
    if depth > JSON_DEEPEST:
        raise ValueError(f"nested deeper than {JSON_DEEPEST}")
    if isinstance(value, _Members) and value:
        for name, member in value:
            step = name.replace("~", "~0").replace("/", "~1")
            step.encode()  # a lone surrogate has no UTF-8 form
            yield from _walk(member, f"{path}/{step}", depth + 1)
    elif isinstance(value, _Members):
        yield path, b"{"
    elif isinstance(value, list):
        yield path, b"[" + str(len(value)).encode()
        for i, member in enumerate(value):
            yield from _walk(member, f"{path}/{i}", depth + 1)
    elif isinstance(value, _Number):
        yield path, b"n" + value.encode()
    elif isinstance(value, str):
        yield path, b"s" + value.encode()
    else:
        yield path, {True: b"t", False: b"f", None: b"z"}[value]


def opaque_elements(file_hash: bytes) -> dict[str, bytes]:
    """The one element of a file that is not taken apart: `#` and its SHA-256."""
    return {"": b"#" + file_hash}


def elements_of(body: bytes) -> tuple[str, dict[str, bytes]]:
    """How a body is taken apart, and its elements: JSON where it can be, else opaque."""
    if len(body) <= JSON_MOST:
        try:
            return JSON, json_elements(body)
        except (ValueError, RecursionError):
            pass
    return OPAQUE, opaque_elements(sha256(body).digest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One element of a body with what proves it against the `contentRoot`, and nothing else."""

    path: str
    value: bytes
    salt: bytes
    proof: Proof


def _salt(secret: bytes, path: str) -> bytes:
    return hmac.digest(secret, path.encode(), "sha256")


def _leaf(salt: bytes, path: str, value: bytes) -> bytes:
    return keccak(b"\x00" + salt + sha256(path.encode()).digest() + sha256(value).digest())


def _leaves(elements: dict[str, bytes], secret: bytes) -> Iterable[bytes]:
    return (_leaf(_salt(secret, path), path, value) for path, value in elements.items())


def content_root(elements: dict[str, bytes], secret: bytes) -> bytes:
    """The root over a body's elements under the record's content secret."""
    return MerkleTree(_leaves(elements, secret)).root


def disclose(elements: dict[str, bytes], secret: bytes, path: str) -> Disclosure:
    """Show one element alone; raises NotElement."""
    if path not in elements:
        raise NotElement(path=path)
    salt, value = _salt(secret, path), elements[path]
    proof = MerkleTree(_leaves(elements, secret)).proof(_leaf(salt, path, value))
    return Disclosure(path=path, value=value, salt=salt, proof=proof)


def is_disclosed(disclosure: Disclosure, root: bytes) -> bool:
    """Whether the element stands in the content that was signed with this root."""
    if disclosure.proof.root != root or len(disclosure.salt) != 32:
        return False
    leaf = _leaf(disclosure.salt, disclosure.path, disclosure.value)
    return is_proven(leaf, disclosure.proof)
