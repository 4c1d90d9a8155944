"""Owns the vectors of what a node seals to itself: waybills, and single key sheets."""

from __future__ import annotations

from hashlib import sha256

from app.core.encoding import hex0x
from app.core.waybills import Entry, NodeSecret, write_waybills
from scripts.golden.source import Document, fixed

SECRET = NodeSecret(fixed("node secret"))
PERSON = "0x" + fixed("patient", 20).hex()
ENTRIES = [
    f'["parcel","{PERSON}","{fixed("digest").hex()}","bafkreigexample"]',
    f'["document","{sha256(b"keys").hexdigest()}","{b"keys".hex()}"]',
    f'["forget","{fixed("digest").hex()}"]',
]


def waybills(_: Document) -> Document:
    """waybills.json."""
    entries = [Entry(at=1_800_000_000 + i, number=i, text=text) for i, text in enumerate(ENTRIES)]
    [(mark, bill)] = write_waybills(entries, SECRET, lambda size: fixed("salt", size))
    sheet = fixed("a key sheet", 500)
    sealed = SECRET.seal(sheet, lambda size: fixed("another salt", size))
    return {
        "secret": hex0x(SECRET.secret),
        "sealed": [
            {"content": hex0x(SECRET.open(bill)), "salt": hex0x(fixed("salt", 16))}
            | _row(bill, mark),
            {"content": hex0x(sheet), "salt": hex0x(fixed("another salt", 16))}
            | _row(sealed, SECRET.mark(sha256(sealed).digest())),
        ],
        "refused": [
            {"why": "one bit of the text", "sealed": hex0x(_flipped(bill, -20))},
            {"why": "one bit of the salt", "sealed": hex0x(_flipped(bill, 6))},
            {"why": "cut off", "sealed": hex0x(bill[:35])},
            {"why": "another kind", "sealed": hex0x(b"CKE" + bill[3:])},
            {"why": "a later version", "sealed": hex0x(b"CKW\x02" + bill[4:])},
            {"why": "another node", "sealed": hex0x(_others())},
        ],
    }


def _row(sealed: bytes, mark: bytes) -> dict[str, str]:
    return {"sealed": hex0x(sealed), "mark": hex0x(mark)}


def _flipped(sealed: bytes, at: int) -> bytes:
    altered = bytearray(sealed)
    altered[at] ^= 1
    return bytes(altered)


def _others() -> bytes:
    return NodeSecret(fixed("another node")).seal(b"content", lambda size: fixed("salt", size))
