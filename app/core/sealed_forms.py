"""Owns how sealed bytes look from outside: a node takes nothing that is not one of Chartkey's ciphertexts.

None of this opens anything; a node holds no key. It keeps plaintext, by mistake or on purpose, from
being left with a node.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import envelopes, sealing, sheets
from app.core.encoding import hex_part
from app.core.errors import MalformedSeal, UnknownSuite, UnknownVersion

SMALLEST_BODY = sealing.HEADER + sealing.TAG
LOCKS: Mapping[str, frozenset[str]] = {
    "passphrase/1": frozenset({"salt", "n", "r", "p"}),
    "wallet/1": frozenset({"origin", "address", "chainId", "at", "salt"}),
}
"""The members of each kind of lock, beside those that all have."""
ALWAYS = frozenset({"lock", "commitment", "nonce", "sealed"})


def require_envelope(content: bytes) -> bytes:
    """Raise MalformedSeal or UnknownVersion unless the bytes have an envelope's shape."""
    _require(content[:3] == envelopes.MAGIC and len(content) > 5, "envelope")
    if content[3] != envelopes.VERSION:
        raise UnknownVersion(kind="envelope", version=content[3])
    slots = content[4]
    _require(0 < slots <= envelopes.MOST_SLOTS and slots % envelopes.SLOTS_STEP == 0, "envelope")
    text = len(content) - 5 - slots * envelopes.SLOT - envelopes.TAIL - sealing.TAG
    fits = envelopes.SMALLEST <= text <= envelopes.LARGEST and text & (text - 1) == 0
    _require(fits, "envelope")
    return content


def require_body_head(head: bytes) -> None:
    """Raise unless the first bytes are the header of a sealed body."""
    _require(len(head) >= sealing.HEADER and head[:3] == sealing.MAGIC, "sealed body")
    if head[3] != sealing.VERSION:
        raise UnknownVersion(kind="sealed body", version=head[3])
    if head[4] != sealing.SUITE:
        raise UnknownSuite(suite=head[4])
    _require(head[5:8] == bytes(3), "sealed body")


def require_body_size(size: int) -> None:
    """Raise MalformedSeal unless a sealed body can have that many bytes."""
    rest = (size - sealing.HEADER) % (sealing.SEGMENT + sealing.TAG)
    _require(size >= SMALLEST_BODY and (rest == 0 or rest >= sealing.TAG), "sealed body")


def require_sheet(content: bytes) -> bytes:
    """Raise MalformedSeal or UnknownVersion unless the bytes are a key sheet."""
    sheets.decode_sheet(content)
    return content


def require_lock(lock: Any) -> Mapping[str, Any]:
    """Raise MalformedSeal or UnknownVersion unless it is a vault's lock, with nothing beside it."""
    if not isinstance(lock, Mapping) or not isinstance(lock.get("lock"), str):
        raise MalformedSeal("it is no lock", kind="vault lock")
    members = LOCKS.get(lock["lock"])
    if members is None:
        raise UnknownVersion(kind="vault lock", version=lock["lock"][:40])
    if set(lock) != members | ALWAYS:
        raise MalformedSeal("it has other parts than a lock", kind="vault lock")
    for name, length in (("commitment", 32), ("nonce", 12), ("sealed", 48)):
        hex_part(lock[name], "vault lock", length)
    return lock


def _require(is_so: bool, kind: str) -> None:
    if not is_so:
        raise MalformedSeal("it was not sealed by Chartkey", kind=kind)
