"""Owns key pairs and one-message sealing: HPKE (RFC 9180) over X-Wing, derived from seeds.

Suite: KEM X-Wing (ML-KEM-768 + X25519, draft-connolly-cfrg-xwing-kem), HKDF-SHA256, AES-256-GCM.
A private key is a 32-byte seed everywhere; SHAKE256 expands it to 96 bytes as the draft says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256, shake_256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.errors import MalformedSeal, SlotNotOpened

SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
PUBLIC_KEY_BYTES = 1216
ENCAPSULATION_BYTES = 1120
OVERHEAD_BYTES = ENCAPSULATION_BYTES + 16
"""What sealing adds to a plaintext: the encapsulated key and the tag."""


@dataclass(frozen=True)
class PublicKey:
    """An X-Wing public key of 1216 bytes: ML-KEM-768 encapsulation key, then X25519 key."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != PUBLIC_KEY_BYTES:
            raise MalformedSeal("it has {given} bytes", given=len(self.raw), kind="public key")

    @cached_property
    def id(self) -> bytes:
        """The SHA-256 of the public key: its name in slots and documents."""
        return sha256(self.raw).digest()

    @cached_property
    def _kem(self) -> MLKEM768PublicKey:
        try:
            return MLKEM768PublicKey.from_public_bytes(self.raw[:1184])
        except ValueError as cause:
            raise MalformedSeal("it is not a valid point", kind="public key") from cause

    @cached_property
    def _key(self) -> MLKEM768X25519PublicKey:
        kem = self._kem
        try:
            curve = X25519PublicKey.from_public_bytes(self.raw[1184:])
        except ValueError as cause:
            raise MalformedSeal("it is not a valid point", kind="public key") from cause
        return MLKEM768X25519PublicKey(kem, curve)

    def seal(self, plaintext: bytes, purpose: bytes) -> bytes:
        """Seal to this key: encapsulation (1120) ‖ ciphertext ‖ tag (16); `purpose` is HPKE's info.

        Raises MalformedSeal where the key is not a valid one.
        """
        try:
            sealed: bytes = SUITE.encrypt(plaintext, self._key, info=purpose)
        except ValueError as cause:  # unreduced coefficients, or a point of low order
            raise MalformedSeal("it is not a valid key", kind="public key") from cause
        return sealed

    def noise(self, length: int, random: Callable[[int], bytes]) -> bytes:
        """What looks like a sealing of `length` bytes to this key, and holds nothing.

        The encapsulation is a real one, whose secrets are thrown away; what AES-GCM writes under a key
        that nobody has cannot be told from random bytes, so these are. A third cheaper than sealing.
        """
        _, kem = self._kem.encapsulate()
        curve = X25519PrivateKey.generate().public_key().public_bytes_raw()
        return kem + curve + random(length + 16)


@dataclass(frozen=True)
class PrivateKey:
    """An X-Wing private key: its 32-byte seed."""

    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise MalformedSeal("it has {given} bytes", given=len(self.seed), kind="private key")

    @cached_property
    def _key(self) -> MLKEM768X25519PrivateKey:
        expanded = shake_256(self.seed).digest(96)
        return MLKEM768X25519PrivateKey(
            MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
            X25519PrivateKey.from_private_bytes(expanded[64:]),
        )

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        expanded = shake_256(self.seed).digest(96)
        kem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).public_key().public_bytes_raw()
        curve = X25519PrivateKey.from_private_bytes(expanded[64:]).public_key().public_bytes_raw()
        return PublicKey(kem + curve)

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        """Open what was sealed to this key for this purpose; raises SlotNotOpened."""
        if len(sealed) < OVERHEAD_BYTES:
            raise SlotNotOpened()
        try:
            plaintext: bytes = SUITE.decrypt(sealed, self._key, info=purpose)
        except (InvalidTag, ValueError) as cause:
            raise SlotNotOpened() from cause
        return plaintext


def derive(secret: bytes, purpose: bytes, length: int = 32) -> bytes:
    """HKDF-SHA256 (RFC 5869) without salt; `purpose` is its info."""
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=purpose).derive(secret)


def identity_key(seed: bytes) -> PrivateKey:
    """The identity key of the person whose vault holds this 32-byte seed."""
    return PrivateKey(derive(seed, b"chartkey/identity/1"))


def category_key(seed: bytes, category: str, epoch: int) -> PrivateKey:
    """The patient's key of one category in one epoch."""
    purpose = b"chartkey/category/1" + epoch.to_bytes(8, "big") + category.encode()
    return PrivateKey(derive(seed, purpose))
