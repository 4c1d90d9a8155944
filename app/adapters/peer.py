"""Owns other nodes over HTTP: what they say and serve, none of it believed before it is checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import Any

from app.adapters.lines import Answer, Broken, Line, TooLong
from app.core.cid import CHUNK, CidHasher, raw_cid, require_cid
from app.core.erasure import SignedReceipt, read_receipt
from app.core.error_json import read_error
from app.core.errors import (
    ChartkeyError,
    MalformedStatement,
    NotStored,
    ServiceRefused,
    ServiceUnreachable,
    StatementError,
    StoreAltered,
)
from app.core.indexing import Anchor
from app.core.peering import (
    MOST_ASKED,
    PeerHead,
    Place,
    is_one_block,
    read_addresses,
    read_anchors,
    read_head,
    write_addresses,
    write_erasure,
    write_place,
)
from app.core.signatures import Signed
from app.core.statements import Domains, Record, Retraction
from app.core.wire import read_json

PIECE = 1 << 16
IN_MEMORY = 1 << 20
"""Bytes of a body that are held in memory; what is larger goes through a temporary file."""
LARGEST_ANSWER, LARGEST_REFUSAL = 2 << 20, 1 << 16
LARGEST_BODY = 1 << 33
START: Place = (0, 0)
"""Before every anchor: the first block of a chain holds none."""


class HttpPeer:
    """A node somewhere else; raises ServiceUnreachable, ServiceRefused, both with its `name`."""

    def __init__(self, url: str, domains: Domains, timeout: float = 10.0) -> None:
        self._line, self._domains = Line(url, timeout, most_answer=LARGEST_ANSWER), domains

    @property
    def name(self) -> str:
        """Its host and port: URLs can hold secrets."""
        return self._line.place

    def head(self) -> PeerHead:
        """What it serves, and how far its index has come."""
        with self._told():
            return read_head(self._ask("GET", "/peer/head"))

    def anchors(self) -> Iterator[Anchor]:
        """Every anchor that its index shows, in order."""
        after: Place | None = START
        while after is not None:
            with self._told():
                document = self._ask("GET", f"/peer/anchors?after={write_place(after)}")
                page, after = read_anchors(document, after)
            yield from page

    def held(self, addresses: Sequence[str]) -> set[str]:
        """Which of these it says it holds."""
        found: set[str] = set()
        for at in range(0, len(addresses), MOST_ASKED):
            part = list(addresses[at : at + MOST_ASKED])
            with self._told():
                answer = self._ask("POST", "/peer/has", write_addresses(part))
                found |= set(read_addresses(answer)) & set(part)
        return found

    def manifest(self, hash_: bytes) -> bytes:
        """A list by its SHA-256; raises NotStored, StoreAltered."""
        return b"".join(self._checked(f"/peer/manifests/{hash_.hex()}", raw_cid(hash_)))

    def read(self, address: str) -> Iterator[bytes]:
        """The bytes, hashed before the first is handed on; raises NotStored, StoreAltered."""
        return self._checked(f"/peer/bytes/{require_cid(address)}", address)

    def erase(self, record: Signed[Record], retraction: Signed[Retraction]) -> SignedReceipt:
        """Ask it to erase a record; its receipt, which it signed for this record."""
        request = write_erasure(record, retraction, self._domains)
        with self._told():
            receipt = read_receipt(self._ask("POST", "/peer/erasures", request))
        if receipt.receipt.record != self._domains.digest(record.statement):
            raise ServiceRefused("its receipt is for another record", name=self.name)
        if receipt.receipt.node != self.head().node:
            raise ServiceRefused("its receipt was signed by another node", name=self.name)
        return receipt

    # asking

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever is wrong with an answer is this peer's fault, and said with its name."""
        try:
            yield
        except StatementError as fault:
            reason = str(fault).rstrip(".")
            raise ServiceRefused(f"its answer is not to be used ({reason})", name=self.name) from (
                fault
            )

    def _ask(self, method: str, path: str, document: Any = None) -> Any:
        with self._answer(method, path, document) as answer:
            return read_json(b"".join(answer.pieces(LARGEST_ANSWER)))

    def _checked(self, path: str, address: str) -> Iterator[bytes]:
        most = CHUNK if is_one_block(address) else LARGEST_BODY
        hasher = CidHasher()
        with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            with self._answer("GET", path) as answer:
                for piece in answer.pieces(most):
                    hasher.update(piece)
                    spool.write(piece)
            if hasher.address() != address:
                raise StoreAltered(address=address)
            spool.seek(0)
            while piece := spool.read(PIECE):
                yield piece

    @contextmanager
    def _answer(self, method: str, path: str, document: Any = None) -> Iterator[Answer]:
        question = None if document is None else json.dumps(document).encode()
        try:
            with self._line.answer(method, path, question) as answer:
                if answer.status != 200:
                    raise self._refusal(answer)
                yield answer
        except TooLong as cause:
            raise ServiceRefused("its answer is too long", name=self.name) from cause
        except Broken as cause:
            raise ServiceUnreachable(str(cause), name=self.name) from cause

    def _refusal(self, answer: Answer) -> ChartkeyError:
        """Only that it does not hold something is an answer; the rest are faults of the peer's."""
        try:
            told = read_error(read_json(b"".join(answer.pieces(LARGEST_REFUSAL))), self.name)
        except MalformedStatement:
            return ServiceRefused(f"HTTP {answer.status}", name=self.name)
        if isinstance(told, NotStored | ServiceRefused):
            return told
        return ServiceRefused(f"{type(told).__name__}: {str(told).rstrip('.')}", name=self.name)
