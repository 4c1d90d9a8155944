"""Owns what the contracts should answer, in plain Python: lists of what was said and when, read from the end.

Nothing here is shared with the contracts or with app/: it is written from their interfaces, to be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NONE, NOT_ANCHORED, NOT_YET_VALID, EXPIRED, NOT_TO_VIEW, TAG_REPLACED, REVOKED, NOT_SIGNED = range(
    8
)
ZERO = "0x" + "00" * 20


def last_before(said: list[tuple[int, Any]], time: int, otherwise: Any) -> Any:
    """The last word at or before a time."""
    return next((value for when, value in reversed(said) if when <= time), otherwise)


@dataclass
class Mirror:
    """People, credentials, anchors and what patients took back; every change is told its block's time."""

    keys: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    nonces: dict[str, int] = field(default_factory=dict)
    representatives: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=dict)
    registrars: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    credentials: dict[str, list[tuple[int, tuple[str, int]]]] = field(default_factory=dict)
    anchors: dict[bytes, int] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    spent: set[tuple[str, int]] = field(default_factory=set)
    bits: dict[tuple[str, int], int] = field(default_factory=dict)

    # people

    def enrol(self, person: str, at: int) -> None:
        self.keys[person] = [(at, person)]
        self.nonces[person] = 1

    def key_of(self, person: str) -> str:
        return self.keys[person][-1][1] if person in self.keys else ZERO

    def rotate(self, person: str, key: str, at: int) -> None:
        self.keys[person].append((at, key))
        self.nonces[person] += 1

    def represent(self, person: str, representative: str, until: int, at: int) -> None:
        said = self.representatives.setdefault((person, representative), [])
        said.append((at, until))
        self.nonces[person] += 1

    def speaks_for(self, person: str, signer: str, time: int) -> bool:
        if last_before(self.keys.get(person, []), time, None) == signer:
            return True
        said = self.representatives.get((person, signer), [])
        return bool(last_before(said, time, 0) > time)

    # credentials of one role

    def appoint(self, registrar: str, until: int, at: int) -> None:
        self.registrars.setdefault(registrar, []).append((at, until))

    def is_registrar(self, registrar: str, time: int) -> bool:
        return bool(last_before(self.registrars.get(registrar, []), time, 0) > time)

    def credential(self, person: str, registrar: str, not_after: int, at: int) -> None:
        self.credentials.setdefault(person, []).append((at, (registrar, not_after)))

    def withdraw(self, person: str, at: int) -> None:
        self.credentials.setdefault(person, []).append((at, (ZERO, 0)))

    def holds_credential(self, person: str, time: int) -> bool:
        registrar, not_after = last_before(self.credentials.get(person, []), time, (ZERO, 0))
        return bool(not_after >= time and self.is_registrar(registrar, time))

    # consent

    def anchor(self, root: bytes, at: int) -> None:
        self.anchors.setdefault(root, at)

    def revoke(self, patient: str, word: int, mask: int) -> None:
        self.bits[patient, word] = self.bits.get((patient, word), 0) | mask

    def revoke_all(self, patient: str, tag: int) -> None:
        self.spent.add((patient, self.tags.get(patient, 0)))
        self.tags[patient] = tag

    def refusal(self, grant: dict[str, Any], signer: str, root: bytes, now: int) -> int:
        """Why this grant, provably under this root, opens nothing; 0 where it opens."""
        patient, nonce = grant["patient"], grant["nonce"]
        anchored = self.anchors.get(root, 0)
        if not anchored:
            return NOT_ANCHORED
        if now < grant["notBefore"]:
            return NOT_YET_VALID
        if now >= grant["expiresAt"]:
            return EXPIRED
        if not grant["rights"] & 1:
            return NOT_TO_VIEW
        if nonce >> 192 != self.tags.get(patient, 0):
            return TAG_REPLACED
        if self.bits.get((patient, nonce >> 8), 0) >> (nonce & 255) & 1:
            return REVOKED
        return NONE if self.speaks_for(patient, signer, anchored) else NOT_SIGNED
