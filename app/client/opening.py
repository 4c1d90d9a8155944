"""Owns the opening of a record: gathering shares from custodians, and checking what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from itertools import combinations, islice
from queue import SimpleQueue

from app.client.errands import Errands
from app.core.content import JSON, JSON_MOST, content_root, json_elements, opaque_elements
from app.core.custody import release_purpose
from app.core.errors import (
    ChartkeyError,
    ContentMismatch,
    NotEnoughShares,
    SlotNotOpened,
    StoreAltered,
    WrongShare,
)
from app.core.keys import PrivateKey
from app.core.opening import OpeningRequest, Release
from app.core.ports import Custodian
from app.core.sealing import HEADER, BodyContext, BodyKey, Halves, open_stream, require_header
from app.core.sheets import combine

ERRANDS = Errands()
"""Questions to custodians."""
MOST_CHOICES = 1000
"""Choices of t shares that are tried: an author who sealed a wrong half A costs no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One custodian's share of half B."""

    custodian: str
    share: bytes


class Gathering:
    """Shares as custodians send them: all are asked at once, and none is waited for in vain.

    `request_for` answers None for a custodian that has no share of these records; `thresholds` tells
    by record digest how many are needed.

    The order in which they answer decides nothing: shares are taken in the order of the custodians,
    and more are waited for while those at hand do not open the body. An answer is only looked into
    once it is waited for.
    """

    def __init__(
        self,
        custodians: Sequence[Custodian],
        request_for: Callable[[Custodian], OpeningRequest | None],
        *,
        thresholds: Mapping[bytes, int],
        access: bytes,
        key: PrivateKey,
    ) -> None:
        self._thresholds, self._access = thresholds, access
        self._key, self._viewer = key, key.public.id
        self._custodians = list(custodians)
        self._opened: dict[int, Mapping[bytes, Share]] = {}
        self._failures: dict[int, ChartkeyError] = {}
        self._answers: SimpleQueue[tuple[int, Release | BaseException | None]] = SimpleQueue()
        self._awaited = len(self._custodians)
        for place, custodian in enumerate(self._custodians):
            ERRANDS.run(partial(self._ask, place, custodian, request_for))

    @property
    def failures(self) -> dict[str, ChartkeyError]:
        """Who failed so far, and why; those who have not answered yet are not among them."""
        return {
            self._custodians[place].name: self._failures[place] for place in sorted(self._failures)
        }

    def shares(self, digest: bytes) -> list[Share]:
        """Those of one record that are at hand, in the order of the custodians."""
        found = (self._opened[place].get(digest) for place in sorted(self._opened))
        return [share for share in found if share is not None]

    def require_enough(self) -> None:
        """Wait until every record has as many shares as it needs.

        Raises what the custodians say where too few answer: the reason of a refusal that they
        share, else NotEnoughShares with each one's reason.
        """
        for digest, threshold in self._thresholds.items():
            while len(self.shares(digest)) < threshold and self._wait():
                pass
        for digest, threshold in self._thresholds.items():
            if len(self.shares(digest)) < threshold:
                self.wait_for_all()  # every reason is told
                raise _why(self.failures, len(self.shares(digest)), threshold)

    def wait_for_all(self) -> None:
        """Wait until everybody has answered or failed."""
        while self._wait():
            pass

    def halves(self, digest: bytes, header: bytes, half_a: bytes, context: BodyContext) -> Halves:
        """What opens a body; waits for further shares where one of the first lied.

        Raises what `fitting_halves` raises.
        """
        while True:
            try:
                return fitting_halves(
                    header, half_a, self.shares(digest), self._thresholds[digest], context
                )
            except WrongShare:
                if not self._wait():
                    raise

    def _ask(
        self,
        place: int,
        custodian: Custodian,
        request_for: Callable[[Custodian], OpeningRequest | None],
    ) -> None:
        answer: Release | BaseException | None
        try:
            request = request_for(custodian)
            answer = None if request is None else custodian.release(request)
        except BaseException as failure:  # noqa: BLE001 — raised again where it is waited for
            answer = failure
        self._answers.put((place, answer))

    def _opened_from(self, name: str, answer: Release) -> Mapping[bytes, Share]:
        return {
            digest: Share(
                custodian=name,
                share=self._key.open(
                    sealed, release_purpose(self._access, digest, answer.custodian, self._viewer)
                ),
            )
            for digest, sealed in answer.shares.items()
            if digest in self._thresholds
        }

    def _wait(self) -> bool:
        """Wait for one more answer; False where all have come."""
        if not self._awaited:
            return False
        place, answer = self._answers.get()
        self._awaited -= 1
        try:
            if isinstance(answer, BaseException):
                raise answer
            name = self._custodians[place].name
            self._opened[place] = {} if answer is None else self._opened_from(name, answer)
        except ChartkeyError as failure:
            self._failures[place] = failure
        return True


def _why(failures: Mapping[str, ChartkeyError], answered: int, threshold: int) -> ChartkeyError:
    kinds = {type(failure) for failure in failures.values()}
    if answered == 0 and len(kinds) == 1:
        return next(iter(failures.values()))
    reasons = "; ".join(f"{name}: {failure}".rstrip(".") for name, failure in failures.items())
    return NotEnoughShares(reasons or "no custodian was asked", given=answered, needed=threshold)


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
