"""Owns how bytes are joined and written: keccak, canonical JSON, hex and fixed-width integers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import sha3
from msgspec.json import Encoder

from app.core.errors import MalformedSeal, MalformedStatement

ZERO_ADDRESS = "0x" + "00" * 20
ZERO32 = bytes(32)


def keccak(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it: 32 bytes."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


def hex0x(data: bytes) -> str:
    """Lower-case hexadecimal with 0x."""
    return "0x" + data.hex()


def from_hex(text: Any, length: int | None = None) -> bytes:
    """Bytes of a 0x-prefixed hexadecimal string, of `length` bytes where given."""
    try:
        if not text.startswith("0x"):
            raise ValueError
        data = bytes.fromhex(text[2:])
        if len(text) != 2 + 2 * len(data):  # fromhex skips white space
            raise ValueError
    except (ValueError, AttributeError, TypeError):
        raise MalformedStatement("a value is not 0x-prefixed hexadecimal") from None
    if length is not None and len(data) != length:
        raise MalformedStatement(
            "a value has {given} bytes instead of {expected}", given=len(data), expected=length
        )
    return data


def hex_part(text: Any, kind: str, length: int | None = None) -> bytes:
    """Bytes of a hexadecimal part of a sealed document; raises MalformedSeal of that kind."""
    try:
        return from_hex(text, length)
    except MalformedStatement:
        raise MalformedSeal("a part is not hexadecimal of its length", kind=kind) from None


def address_bytes(address: str) -> bytes:
    """The 20 bytes of an address."""
    return from_hex(address, 20)


@lru_cache(maxsize=4096)  # the same people come again and again
def checksum_address(raw: bytes) -> str:
    """The ERC-55 mixed-case form of 20 bytes."""
    text = raw.hex()
    nibbles = keccak(text.encode()).hex()
    return "0x" + "".join(c.upper() if n > "7" else c for c, n in zip(text, nibbles, strict=False))


_CANONICAL = Encoder(order="sorted")


def canonical_json(document: Any) -> bytes:
    """JSON with sorted keys and no white space; equals RFC 8785 for the values allowed here.

    Allowed: objects with ASCII keys, arrays, strings, booleans, null and integers up to 2^53.
    """
    _require_plain(document)
    return _CANONICAL.encode(document)


def is_canonical(document: Any, text: bytes) -> bool:
    """Whether a text is the canonical form of what it was read as: nothing said twice."""
    try:
        return canonical_json(document) == text
    except (ValueError, RecursionError):
        return False


_SIMPLE = (str, bool, type(None))


def _require_plain(document: Any) -> None:
    waiting = [document]
    for value in waiting:  # which grows on the way
        if isinstance(value, _SIMPLE):
            continue
        if isinstance(value, dict):
            _require_ascii(value)
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif not isinstance(value, int):
            raise ValueError(f"{type(value).__name__} has no canonical form here")
        elif abs(value) > 2**53:
            raise ValueError("integers of a canonical document fit a double")


def _require_ascii(keys: Iterable[Any]) -> None:
    try:
        is_ascii = "".join(keys).isascii()
    except TypeError:  # one is no string
        is_ascii = False
    if not is_ascii:
        raise ValueError("keys of a canonical document are ASCII strings")
