"""Owns the reading of a file's inner nodes: which blocks it consists of, in order.

Only files as `app.core.cid` lays them out are read: raw leaves, and dag-pb nodes that carry
nothing but links (https://ipld.io/specs/codecs/dag-pb/spec/).
"""

from __future__ import annotations

from base64 import b32decode
from collections.abc import Iterator
from hashlib import sha256

from app.core.cid import cid_text, require_cid
from app.core.errors import NotStored, StoreAltered

_LINK, _HASH = 0x12, 0x0A
"""Field 2 of a node and field 1 of a link, both bytes."""
_RAW = 0x55
_VARINT, _BYTES = 0, 2


def is_cid(text: str) -> bool:
    """Whether the text is an address as `app.core.cid` gives them."""
    try:
        require_cid(text)
    except NotStored:
        return False
    return True


def is_leaf(address: str) -> bool:
    """Whether the address is one of plain bytes, not of a node with links."""
    return _binary(address)[1] == _RAW


def require_block(address: str, block: bytes) -> bytes:
    """The block, if it is the one of that address; raises StoreAltered."""
    if sha256(block).digest() != _binary(address)[4:]:
        raise StoreAltered(address=address)
    return block


def children_of(address: str, node: bytes) -> list[str]:
    """The addresses that a node links to, in order; raises StoreAltered where it is no such node."""
    try:
        links = [field for tag, field in _fields(node) if tag == _LINK]
        children = [_text(next(f for tag, f in _fields(link) if tag == _HASH)) for link in links]
    except (IndexError, ValueError, StopIteration):
        children = []
    if not children:
        raise StoreAltered(address=address)
    return children


def _binary(address: str) -> bytes:
    return b32decode(address[1:].upper() + "=" * (-len(address[1:]) % 8))


def _text(cid: bytes) -> str:
    if len(cid) != 36:
        raise ValueError
    return cid_text(cid)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of each field that has a length; numbers are passed over."""
    at = 0
    while at < len(message):
        tag, at = message[at], at + 1
        number, at = _varint(message, at)
        if tag & 7 == _BYTES:
            if at + number > len(message):
                raise ValueError
            yield tag, message[at : at + number]
            at += number
        elif tag & 7 != _VARINT:
            raise ValueError


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 64, 7):
        byte, at = message[at], at + 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError
