"""Owns the opening of a body: finding the shares that fit it, and checking what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from itertools import combinations, islice

from app.core.content import JSON, JSON_MOST, content_root, json_elements, opaque_elements
from app.core.errors import (
    ContentMismatch,
    SlotNotOpened,
    StoreAltered,
    WrongShare,
)
from app.core.sealing import HEADER, BodyContext, BodyKey, Halves, open_stream, require_header
from app.core.sheets import combine

MOST_CHOICES = 1000
"""Choices of t shares that are tried: an author who sealed a wrong half A costs no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One custodian's share of half B."""

    custodian: str
    share: bytes


def fitting_halves(
    header: bytes, half_a: bytes, shares: Sequence[Share], threshold: int, context: BodyContext
) -> Halves:
    """The halves that the body commits to, from whichever t shares fit.

    Raises UnknownVersion, UnknownSuite, MalformedSeal for the header, WrongShare where no choice
    of t shares fits: then one of the custodians lied, or half A is another record's.
    """
    require_header(header)
    for chosen in islice(combinations(shares, threshold), MOST_CHOICES):
        try:
            half_b = combine([share.share for share in chosen], threshold)
            halves = Halves(a=half_a, b=half_b)
        except (WrongShare, SlotNotOpened):
            continue
        if compare_digest(BodyKey.of(halves, context).header, header):
            return halves
    names = ", ".join(share.custodian for share in shares)
    raise WrongShare(f"no {threshold} of those from {names} open this body")


class PieceReader:
    """Reads an iterator of pieces as a stream, hashing what passes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""
        self.hash = sha256()

    def peek(self, size: int) -> bytes:
        """The next bytes, left in place."""
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        return self._rest[:size]

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none only at the end."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
        chunk, self._rest = self._rest[:size], self._rest[size:]
        self.hash.update(chunk)
        return chunk


def body_pieces(
    source: PieceReader, halves: Halves, context: BodyContext, content: str, sealed_hash: bytes
) -> Iterator[bytes]:
    """The body's bytes as they verify; the hash of the whole and its content root at the end.

    Raises the errors of `open_stream`, StoreAltered where other bytes were sealed than those that
    were signed, ContentMismatch where the author signed something else than was sealed.
    """
    kept, whole = bytearray(), sha256()
    for piece in open_stream(source.read, BodyKey.of(halves, context)):
        whole.update(piece)
        if content == JSON and len(kept) <= JSON_MOST:  # beyond it, it was never JSON
            kept += piece
        yield piece
    if source.hash.digest() != sealed_hash:
        raise StoreAltered(address="the sealed body")
    try:
        elements = (
            json_elements(bytes(kept)) if content == JSON else opaque_elements(whole.digest())
        )
    except (ValueError, RecursionError) as cause:
        raise ContentMismatch() from cause
    if content_root(elements, halves.content_secret) != context.content_root:
        raise ContentMismatch()


def reader_of(pieces: Iterator[bytes]) -> tuple[PieceReader, bytes]:
    """A stream over a sealed body, and its header."""
    source = PieceReader(pieces)
    return source, source.peek(HEADER)
