"""Owns content addresses: the CIDv1 that IPFS gives to a file, computed while it streams by.

Chunks of 256 KiB are raw leaves; a balanced DAG of UnixFS nodes with up to 174 links stands over
them (`ipfs add --cid-version=1`). A file of one chunk is addressed by its SHA-256 alone.
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from binascii import Error as Base32Error
from dataclasses import dataclass
from hashlib import sha256

from app.core.errors import NotStored

CHUNK = 1 << 18
LINKS = 174
_RAW, _DAG_PB = 0x55, 0x70
_SHA256 = b"\x12\x20"
_FILE = 2


def _cid(codec: int, digest: bytes) -> bytes:
    return bytes([1, codec]) + _SHA256 + digest


def cid_text(cid: bytes) -> str:
    """The base32 form (multibase `b`)."""
    return "b" + b32encode(cid).decode().rstrip("=").lower()


def raw_cid(digest: bytes) -> str:
    """The address of one block of at most 256 KiB with that SHA-256."""
    return cid_text(_cid(_RAW, digest))


def require_cid(address: str) -> str:
    """The address, if it is a CIDv1 of SHA-256 in base32; raises NotStored."""
    try:
        cid = b32decode(address[1:].upper() + "=" * (-len(address[1:]) % 8))
    except (Base32Error, ValueError):
        cid = b""
    known = len(cid) == 36 and cid[0] == 1 and cid[1] in (_RAW, _DAG_PB) and cid[2:4] == _SHA256
    if not known or cid_text(cid) != address:
        raise NotStored(address=address[:80])
    return address


@dataclass(frozen=True, slots=True)
class _Link:
    """A node's child: its CID, the bytes of file below it, and the bytes of DAG below it."""

    cid: bytes
    file_size: int
    dag_size: int


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def _bytes_field(tag: int, content: bytes) -> bytes:
    return bytes([tag << 3 | 2]) + _varint(len(content)) + content


def _number_field(tag: int, number: int) -> bytes:
    return bytes([tag << 3]) + _varint(number)


def _parent(children: list[_Link]) -> _Link:
    """The dag-pb node over some children, with its UnixFS file entry."""
    links = b"".join(
        _bytes_field(
            2, _bytes_field(1, c.cid) + _bytes_field(2, b"") + _number_field(3, c.dag_size)
        )
        for c in children
    )
    size = sum(c.file_size for c in children)
    unixfs = _number_field(1, _FILE) + _number_field(3, size)
    unixfs += b"".join(_number_field(4, c.file_size) for c in children)
    node = links + _bytes_field(1, unixfs)
    dag_size = len(node) + sum(c.dag_size for c in children)
    return _Link(_cid(_DAG_PB, sha256(node).digest()), size, dag_size)


class CidHasher:
    """Hashes a stream of bytes into its CID; memory grows by one link for each 256 KiB."""

    def __init__(self) -> None:
        self._chunk, self._filled = sha256(), 0
        self._leaves: list[_Link] = []

    def update(self, piece: bytes) -> None:
        """Take the next bytes."""
        rest = memoryview(piece)
        while rest:
            if self._filled == CHUNK:
                self._close_chunk()
            part = rest[: CHUNK - self._filled]
            self._chunk.update(part)
            self._filled += len(part)
            rest = rest[len(part) :]

    def _close_chunk(self) -> None:
        cid = _cid(_RAW, self._chunk.digest())
        self._leaves.append(_Link(cid, self._filled, self._filled))
        self._chunk, self._filled = sha256(), 0

    def address(self) -> str:
        """The CID of everything taken; call once, at the end."""
        self._close_chunk()
        level = self._leaves
        while len(level) > 1:
            level = [_parent(level[i : i + LINKS]) for i in range(0, len(level), LINKS)]
        return cid_text(level[0].cid)


def cid_of(content: bytes) -> str:
    """The CID of bytes in memory."""
    if len(content) <= CHUNK:  # as envelopes and manifests always are: one block
        return cid_text(_cid(_RAW, sha256(content).digest()))
    hasher = CidHasher()
    hasher.update(content)
    return hasher.address()
