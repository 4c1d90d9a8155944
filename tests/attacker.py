"""Owns an attacker who holds every key there is, and tries each of them on every byte that is left.

What is opened is searched again, until nothing new comes of it: letters give keys and halves, waybills
and sealed sheets give what was sealed to the node, sheets give halves and shares.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import Any

from app.core.encoding import from_hex
from app.core.envelopes import open_envelope
from app.core.errors import ChartkeyError
from app.core.keys import PrivateKey
from app.core.sealing import BodyContext, BodyKey, Halves, open_stream
from app.core.sheets import Kind, combine, decode_sheet, slot_purpose
from app.core.statements import Record
from app.core.typed_data import Domain
from app.core.waybills import NodeSecret


def blobs_below(*folders: Path) -> Iterator[bytes]:
    """Every file, and every value of every row of every database, also in hexadecimal inside text."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                yield path.read_bytes()
            if path.suffix == ".db":
                yield from _values(path)


def _values(path: Path) -> Iterator[bytes]:
    database = sqlite3.connect(path)
    try:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    yield from _bytes_of(value)
    finally:
        database.close()


def _bytes_of(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, str):
        yield value.encode()
        for part in value.replace('"', " ").split():
            with suppress(ValueError):
                yield bytes.fromhex(part.removeprefix("0x"))


@dataclass(kw_only=True)
class Attacker:
    """Every key, every byte, and what came of putting them together."""

    keys: list[PrivateKey]
    secrets: Sequence[NodeSecret]
    halves_a: set[bytes] = field(default_factory=set)
    halves_b: set[bytes] = field(default_factory=set)
    bodies: list[bytes] = field(default_factory=list)
    shares: dict[bytes, set[bytes]] = field(default_factory=dict)
    opened: int = 0

    def search(self, blobs: Iterable[bytes]) -> None:
        """Open what can be opened, and what comes out of it."""
        seen: set[bytes] = set()
        sealed: list[bytes] = []
        waiting = list(blobs)
        while waiting:
            blob = waiting.pop()
            if (mark := sha256(blob).digest()) in seen:
                continue
            seen.add(mark)
            if blob.startswith(b"CKB"):
                self.bodies.append(blob)
            elif blob.startswith(b"CKS"):
                self._take_apart(blob)
            elif blob.startswith(b"CKW"):
                for secret in self.secrets:
                    with suppress(ChartkeyError):
                        inside = secret.open(blob)
                        waiting += [inside, *_bytes_of(inside.decode("latin-1"))]
            elif blob.startswith(b"CKE"):
                sealed.append(blob)
        self._open_letters(sealed)

    def _open_letters(self, sealed: Sequence[bytes]) -> None:
        for envelope in sealed:
            with suppress(ChartkeyError):
                letter = open_envelope(envelope, *self.keys)
                self.opened += 1
                known = {key.seed for key in self.keys}
                new = [from_hex(seed) for seed in letter.get("keys", ())]
                self.keys += [PrivateKey(seed) for seed in new if seed not in known]
                if "halfA" in letter:
                    self.halves_a.add(from_hex(letter["halfA"]))

    def _take_apart(self, blob: bytes) -> None:
        with suppress(ChartkeyError):
            sheet = decode_sheet(blob)
            for slot in sheet.slots:
                for key in self.keys:
                    if key.public.id != slot.recipient:
                        continue
                    purpose = slot_purpose(
                        Kind(slot.kind), sheet.record, sheet.epoch, slot.recipient
                    )
                    with suppress(ChartkeyError):
                        self._note(slot.kind, blob, key.open(slot.sealed, purpose))
            found = sorted(self.shares.get(blob, ()))
            for some in combinations(found, sheet.threshold):
                self.halves_b.add(combine(list(some), sheet.threshold))

    def _note(self, kind: int, sheet: bytes, secret: bytes) -> None:
        if kind in (Kind.A_FOR_CATEGORY, Kind.A_FOR_AUTHOR):
            self.halves_a.add(secret)
        elif kind == Kind.B_FOR_PATIENT:
            self.halves_b.add(secret)
        else:
            self.shares.setdefault(sheet, set()).add(secret)

    def contents(self, record: Record, registry: Domain) -> set[bytes]:
        """What any two halves open of any body, under the record's name."""
        context = BodyContext(
            registry=registry,
            patient=record.patient,
            author=record.author,
            category=record.category,
            content_root=record.content_root,
        )
        found = set()
        for a in self.halves_a:
            for b in self.halves_b:
                key = BodyKey.of(Halves(a=a, b=b), context)
                for body in self.bodies:
                    with suppress(ChartkeyError):
                        found.add(b"".join(open_stream(BytesIO(body).read, key)))
        return found
