"""Owns the key sheet: the sealed halves of a record's key, one slot for each recipient.

Half A goes to the category key and to the author, half B whole to the patient and in shares
(Shamir, t of n) to the custodians that the patient chose. Every slot is sealed with its own
purpose (kind, record digest, epoch, recipient), so it opens for no other record and no other use.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from shamir_mnemonic.shamir import RawShare, _interpolate

from app.core.errors import (
    MalformedSeal,
    NoSlot,
    NotEnoughShares,
    SheetStale,
    SheetSubstituted,
    UnknownVersion,
    WrongShare,
)
from app.core.keys import OVERHEAD_BYTES, PrivateKey, PublicKey
from app.core.sealing import Halves
from app.core.statements import Sheet

MAGIC = b"CKS"
VERSION = 1
_HEAD = struct.Struct(">32sQQBBH")
_SLOT = struct.Struct(">BB32sH")

RandomBytes = Callable[[int], bytes]
"""Returns n bytes that nobody can guess: `os.urandom`, or a fixed source in vectors."""


class Kind(IntEnum):
    """What a slot holds; readers pass over kinds they do not know."""

    A_FOR_CATEGORY = 1
    A_FOR_AUTHOR = 2
    SHARE_OF_B = 3
    B_FOR_PATIENT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One sealed secret: its kind, its share number (0 where none), its recipient's key id."""

    kind: int
    number: int
    recipient: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySheet:
    """The slots of one record; `epoch` is that of the category key, `threshold` of `shares`."""

    record: bytes
    version: int
    epoch: int
    threshold: int
    shares: int
    slots: tuple[Slot, ...]

    def encode(self) -> bytes:
        """`CKS`, format version, then the fields big-endian and the slots in order."""
        head = _HEAD.pack(
            *(self.record, self.version, self.epoch, self.threshold, self.shares),
            len(self.slots),
        )
        rows = (
            _SLOT.pack(s.kind, s.number, s.recipient, len(s.sealed)) + s.sealed for s in self.slots
        )
        return MAGIC + bytes([VERSION]) + head + b"".join(rows)

    def slot(self, kind: Kind, recipient: bytes) -> Slot:
        """The slot of that kind for the key with that id; raises NoSlot."""
        for slot in self.slots:
            if slot.kind == kind and slot.recipient == recipient:
                return slot
        raise NoSlot()

    def open(self, kind: Kind, key: PrivateKey) -> bytes:
        """The 32 bytes (of a share: 33) sealed to a key; raises NoSlot, SlotNotOpened."""
        slot = self.slot(kind, key.public.id)
        return key.open(slot.sealed, slot_purpose(kind, self.record, self.epoch, slot.recipient))


def decode_sheet(sheet: bytes) -> KeySheet:
    """Read a key sheet; raises MalformedSeal, UnknownVersion."""
    if len(sheet) < 4 + _HEAD.size or sheet[:3] != MAGIC:
        raise MalformedSeal("too short or of another kind", kind="key sheet")
    if sheet[3] != VERSION:
        raise UnknownVersion(kind="key sheet", version=sheet[3])
    record, version, epoch, threshold, shares, count = _HEAD.unpack_from(sheet, 4)
    if not 1 <= threshold <= shares:
        raise MalformedSeal("its threshold does not fit its shares", kind="key sheet")
    slots, at = [], 4 + _HEAD.size
    for _ in range(count):
        if len(sheet) < at + _SLOT.size:
            raise MalformedSeal("a slot is cut off", kind="key sheet")
        kind, number, recipient, length = _SLOT.unpack_from(sheet, at)
        at += _SLOT.size
        slots.append(
            Slot(kind=kind, number=number, recipient=recipient, sealed=sheet[at : at + length])
        )
        at += length
    if at != len(sheet):
        raise MalformedSeal("its length does not fit its slots", kind="key sheet")
    return KeySheet(
        record=record,
        version=version,
        epoch=epoch,
        threshold=threshold,
        shares=shares,
        slots=tuple(slots),
    )


def sheet_hash(sheet: bytes) -> bytes:
    """The SHA-256 of an encoded sheet: a Sheet statement's `sheetHash`."""
    return sha256(sheet).digest()


def slot_purpose(kind: Kind, record: bytes, epoch: int, recipient: bytes) -> bytes:
    """HPKE's info of a slot: label ‖ kind ‖ record digest (32) ‖ epoch (8) ‖ key id (32)."""
    return b"chartkey/slot/1" + bytes([kind]) + record + epoch.to_bytes(8, "big") + recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """To whom a sheet is sealed: category, authors, the patient, custodians with threshold."""

    category: PublicKey
    epoch: int
    patient: PublicKey
    custodians: tuple[PublicKey, ...]
    threshold: int
    authors: tuple[PublicKey, ...] = ()


def write_sheet(
    *, record: bytes, version: int, halves: Halves, to: Recipients, random: RandomBytes
) -> KeySheet:
    """Seal both halves for a record (its digest) to everyone who gets a part."""

    def slot(kind: Kind, key: PublicKey, secret: bytes, number: int = 0) -> Slot:
        sealed = key.seal(secret, slot_purpose(kind, record, to.epoch, key.id))
        return Slot(kind=kind, number=number, recipient=key.id, sealed=sealed)

    shares = split(halves.b, to.threshold, len(to.custodians), random)
    slots = [slot(Kind.A_FOR_CATEGORY, to.category, halves.a)]
    slots += [slot(Kind.A_FOR_AUTHOR, author, halves.a) for author in to.authors]
    slots += [
        slot(Kind.SHARE_OF_B, custodian, share, share[-1])
        for custodian, share in zip(to.custodians, shares, strict=True)
    ]
    slots.append(slot(Kind.B_FOR_PATIENT, to.patient, halves.b))
    return KeySheet(
        record=record,
        version=version,
        epoch=to.epoch,
        threshold=to.threshold,
        shares=len(to.custodians),
        slots=tuple(slots),
    )


def require_newest(sheet: bytes, signed: Sheet, newest: int = 0) -> KeySheet:
    """Read a sheet only if it is the signed one and none newer is known.

    Raises SheetSubstituted, SheetStale, MalformedSeal, UnknownVersion.
    """
    if sheet_hash(sheet) != signed.sheet_hash:
        raise SheetSubstituted()
    parsed = decode_sheet(sheet)
    if (parsed.record, parsed.version) != (signed.record, signed.version):
        raise SheetSubstituted()
    if signed.version < newest:
        raise SheetStale(given=signed.version, newest=newest)
    return parsed


def split(secret: bytes, threshold: int, count: int, random: RandomBytes) -> list[bytes]:
    """Shamir's shares over GF(2^8) (Rijndael's polynomial): the secret's length and x (1 byte).

    t−1 shares are random, the others interpolated through the secret at x = 0, which has the
    same distribution as random coefficients. Format as that of HashiCorp Vault and of npm's
    shamir-secret-sharing. A threshold of one hands the secret to each.
    """
    if not 1 <= threshold <= count <= 255:
        raise ValueError("1 ≤ threshold ≤ count ≤ 255")
    points = [RawShare(0, secret)]
    points += [RawShare(x, random(len(secret))) for x in range(1, threshold)]
    known = {point.x: point.data for point in points}
    return [(known.get(x) or _interpolate(points, x)) + bytes([x]) for x in range(1, count + 1)]


def combine(shares: Sequence[bytes], threshold: int) -> bytes:
    """The secret from t shares with different x; raises NotEnoughShares, WrongShare."""
    if len(shares) < threshold:
        raise NotEnoughShares("the others are missing", given=len(shares), needed=threshold)
    chosen = shares[:threshold]
    if len({len(share) for share in chosen}) != 1 or len(chosen[0]) < 2:
        raise WrongShare("it has another length")
    if len({share[-1] for share in chosen}) != threshold or any(s[-1] == 0 for s in chosen):
        raise WrongShare("two have the same number")
    return bytes(_interpolate([RawShare(s[-1], s[:-1]) for s in chosen], 0))


def require_complete(sheet: KeySheet, to: Recipients) -> None:
    """What its patient checks: nobody is left out, and as many custodians open as were chosen.

    Raises NoSlot, SheetSubstituted.
    """
    if (sheet.epoch, sheet.threshold, sheet.shares) != (
        *(to.epoch, to.threshold),
        len(to.custodians),
    ):
        raise SheetSubstituted()
    due: Iterable[tuple[Kind, PublicKey]] = [
        (Kind.A_FOR_CATEGORY, to.category),
        (Kind.B_FOR_PATIENT, to.patient),
        *((Kind.SHARE_OF_B, custodian) for custodian in to.custodians),
    ]
    for kind, key in due:
        if len(sheet.slot(kind, key.id).sealed) <= OVERHEAD_BYTES:
            raise NoSlot()
