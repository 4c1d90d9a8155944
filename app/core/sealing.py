"""Owns the sealed body: AES-256-GCM in 64 KiB segments (STREAM), bound to its record by its key.

Layout: header of 40 bytes (`CKB`, format version, suite, three zero bytes, key commitment of 32
bytes), then segments of at most 65,536 bytes of plaintext with a tag of 16 bytes each. A nonce is
prefix (7) ‖ segment number (4) ‖ last (1): Hoang, Reyhanitabar, Rogaway and Vizár, "Online
Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (2015). Key, commitment and prefix
come from HKDF over both halves, so they are never used for another body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.encoding import address_bytes
from app.core.errors import (
    BodyAltered,
    BodyTruncated,
    KeyNotOfBody,
    MalformedSeal,
    UnknownSuite,
    UnknownVersion,
)
from app.core.keys import derive
from app.core.typed_data import Domain

MAGIC = b"CKB"
VERSION = 1
SUITE = 1
"""HKDF-SHA256, AES-256-GCM-STREAM, segments of 64 KiB."""
SEGMENT = 1 << 16
TAG = 16
HEADER = 40

Read = Callable[[int], bytes]
"""Returns up to n bytes, and none only at the end: the `read` of a file opened in binary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """Both halves of a record's key, 32 random bytes each."""

    a: bytes = field(repr=False)
    b: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.a) != 32 or len(self.b) != 32:
            raise MalformedSeal("a half has 32 bytes", kind="key half")

    @property
    def content_secret(self) -> bytes:
        """The 32 bytes from which the salts of the content's elements derive."""
        return derive(self.a + self.b, b"chartkey/content/1")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyContext:
    """What a body key is bound to: a body opens under no other record's name."""

    registry: Domain
    patient: str
    author: str
    category: str
    content_root: bytes

    def encode(self) -> bytes:
        """HKDF's info: label ‖ chain id (8) ‖ registry ‖ patient ‖ author ‖ root ‖ category."""
        return (
            b"chartkey/body/1"
            + self.registry.chain_id.to_bytes(8, "big")
            + address_bytes(self.registry.contract)
            + address_bytes(self.patient)
            + address_bytes(self.author)
            + self.content_root
            + self.category.encode()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyKey:
    """The AES key, the commitment to it, and the nonce prefix of one body."""

    key: bytes = field(repr=False)
    commitment: bytes
    prefix: bytes

    @classmethod
    def of(cls, halves: Halves, context: BodyContext) -> Self:
        """Derive from both halves: 32 + 32 + 7 bytes."""
        okm = derive(halves.a + halves.b, context.encode(), 71)
        return cls(key=okm[:32], commitment=okm[32:64], prefix=okm[64:])

    @property
    def header(self) -> bytes:
        """The 40 bytes that open a sealed body; every segment authenticates them."""
        return MAGIC + bytes([VERSION, SUITE, 0, 0, 0]) + self.commitment

    def nonce(self, segment: int, last: bool) -> bytes:
        """12 bytes; OverflowError beyond 2^32 segments (256 TiB)."""
        return self.prefix + segment.to_bytes(4, "big") + bytes([last])


def sealed_size(size: int) -> int:
    """Bytes of a sealed body of `size` plaintext bytes."""
    return HEADER + size + TAG * max(1, -(-size // SEGMENT))


def _segments(read: Read, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """(number, bytes, last) of each segment of `size`; an empty source has one empty segment."""
    number, waiting = 0, _read_full(read, size)
    while True:
        ahead = _read_full(read, size) if len(waiting) == size else b""
        yield number, waiting, not ahead
        if not ahead:
            return
        number, waiting = number + 1, ahead


def _read_full(read: Read, size: int) -> bytes:
    chunk = read(size)
    if len(chunk) == size or not chunk:
        return chunk
    parts, missing = [chunk], size - len(chunk)
    while missing and (chunk := read(missing)):
        parts.append(chunk)
        missing -= len(chunk)
    return b"".join(parts)


def seal_stream(read: Read, key: BodyKey) -> Iterator[bytes]:
    """The sealed body piece by piece: header, then one segment at a time."""
    cipher, header = AESGCM(key.key), key.header
    yield header
    for number, plaintext, last in _segments(read, SEGMENT):
        yield cipher.encrypt(key.nonce(number, last), plaintext, header)


def open_stream(read: Read, key: BodyKey) -> Iterator[bytes]:
    """The plaintext segment by segment, each only after it verified.

    Raises MalformedSeal, UnknownVersion, UnknownSuite, KeyNotOfBody before any plaintext;
    BodyAltered or BodyTruncated where the damage is.
    """
    header = _read_full(read, HEADER)
    require_header(header)
    if not compare_digest(header, key.header):
        raise KeyNotOfBody()
    cipher = AESGCM(key.key)
    for number, sealed, last in _segments(read, SEGMENT + TAG):
        if len(sealed) < TAG:
            raise BodyTruncated()
        if len(sealed) == TAG and number > 0:
            raise BodyAltered(segment=number)  # only an empty body has an empty segment
        try:
            yield cipher.decrypt(key.nonce(number, last), sealed, header)
        except InvalidTag:
            raise _damage(cipher, key, number, sealed, last) from None


def require_header(header: bytes) -> None:
    """Raise MalformedSeal, UnknownVersion or UnknownSuite unless this header can be read."""
    if len(header) < HEADER or header[:3] != MAGIC:
        raise MalformedSeal("too short or of another kind", kind="sealed body")
    if header[3] != VERSION:
        raise UnknownVersion(kind="sealed body", version=header[3])
    if header[4] != SUITE:
        raise UnknownSuite(suite=header[4])
    if header[5:8] != bytes(3):
        raise MalformedSeal("its reserved bytes are not zero", kind="sealed body")


def _damage(
    cipher: AESGCM, key: BodyKey, number: int, sealed: bytes, last: bool
) -> BodyAltered | BodyTruncated:
    """Tell a body cut off at a segment's end (or continued) from one that was altered."""
    try:
        cipher.decrypt(key.nonce(number, not last), sealed, key.header)
    except InvalidTag:
        return BodyAltered(segment=number)
    return BodyTruncated()


def seal_bytes(body: bytes, key: BodyKey) -> bytes:
    """A small sealed body in one piece."""
    return b"".join(seal_stream(reader(body), key))


def open_bytes(sealed: bytes, key: BodyKey) -> bytes:
    """A small opened body in one piece."""
    return b"".join(open_stream(reader(sealed), key))


def sealed_hash(sealed: bytes) -> bytes:
    """The SHA-256 of a sealed body: a Record's `sealedHash`."""
    return sha256(sealed).digest()


def reader(body: bytes) -> Read:
    """Read bytes in memory as a stream."""
    at = 0

    def read(size: int) -> bytes:
        nonlocal at
        chunk = body[at : at + size]
        at += len(chunk)
        return chunk

    return read
