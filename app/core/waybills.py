"""Owns the waybill: what a node keeps besides statements, sealed to the node itself.

Who gets which envelope, sheets, keys documents and locks stand on no chain. A node writes them into
waybills, which the manifests of its batches list like envelopes, so that its database can be lost:
chain, manifests and body store give it back to whoever holds the node's secret. To everybody else
a waybill is noise under a random digest.

Layout: `CKW`, format version, salt (16), AES-256-GCM with a key of its own and everything before it
as associated data. A waybill's text is JSON: `chartkey`, `order` (when its first entry was written, and
its number), `entries`. A key sheet is sealed in the same way, one by one, so that it can be erased.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.errors import MalformedSeal, UnknownVersion
from app.core.keys import derive
from app.core.sheets import RandomBytes

MAGIC = b"CKW"
VERSION = 1
SALT = 16
HEAD = 4 + SALT
MOST = 1 << 18
"""Bytes of a sealed waybill: one IPFS block, whose address follows from its SHA-256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a node's journal: when it was written, its number there, and what it says."""

    at: int
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class NodeSecret:
    """The 32 secret bytes of a node, with which it seals to itself."""

    secret: bytes = field(repr=False)

    def seal(self, content: bytes, random: RandomBytes) -> bytes:
        """Seal bytes to this node."""
        head = MAGIC + bytes([VERSION]) + random(SALT)
        return head + AESGCM(self._key(head)).encrypt(bytes(12), content, head)

    def open(self, sealed: bytes) -> bytes:
        """What this node sealed; raises MalformedSeal, UnknownVersion."""
        if len(sealed) < HEAD + 16 or sealed[:3] != MAGIC:
            raise MalformedSeal("too short or of another kind", kind="waybill")
        if sealed[3] != VERSION:
            raise UnknownVersion(kind="waybill", version=sealed[3])
        head = sealed[:HEAD]
        try:
            return AESGCM(self._key(head)).decrypt(bytes(12), sealed[HEAD:], head)
        except InvalidTag:
            raise MalformedSeal(
                "another node sealed it, or it was altered", kind="waybill"
            ) from None

    def mark(self, envelope: bytes) -> bytes:
        """The digest under which a manifest lists a waybill whose SHA-256 is given.

        HMAC-SHA256: its own node knows it, and to others it is one random digest among many.
        """
        return hmac.digest(derive(self.secret, b"chartkey/waybill-mark/1", 32), envelope, "sha256")

    def _key(self, head: bytes) -> bytes:
        # each object has a key of its own, so the nonce may be zero
        return derive(self.secret, b"chartkey/waybill/1" + head, 32)


def write_waybills(
    entries: Sequence[Entry], secret: NodeSecret, random: RandomBytes
) -> list[tuple[bytes, bytes]]:
    """(mark, sealed waybill) of as many as it takes to tell all entries, in order."""
    bills = (_bill(part) for part in _parts(entries))
    sealed = [secret.seal(bill, random) for bill in bills]
    return [(secret.mark(sha256(bill).digest()), bill) for bill in sealed]


def _bill(entries: Sequence[Entry]) -> bytes:
    texts = ",".join(entry.text for entry in entries)
    first = entries[0]
    return (
        f'{{"chartkey":"waybill/1","order":[{first.at},{first.number}],"entries":[{texts}]}}'
    ).encode()


def _parts(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    part: list[Entry] = []
    size = room = MOST - 256
    for entry in entries:
        length = len(entry.text.encode()) + 1
        if length > room:
            raise ValueError("a journal entry is larger than a waybill")
        if part and length > size:
            yield part
            part, size = [], room
        part.append(entry)
        size -= length
    if part:
        yield part


def read_waybill(content: bytes) -> tuple[tuple[int, int], list[Any]]:
    """(order, entries) of an opened waybill; raises MalformedSeal, UnknownVersion."""
    try:
        told = json.loads(content)
        version, (at, number) = told["chartkey"], told["order"]
        order, entries = (int(at), int(number)), list(told["entries"])
    except (ValueError, KeyError, TypeError) as cause:
        raise MalformedSeal("its text is not a waybill", kind="waybill") from cause
    if version != "waybill/1":
        raise UnknownVersion(kind="waybill", version=version)
    return order, entries
