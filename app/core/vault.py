"""Owns the vault: a person's secret seed, its recovery phrase, and the locks that seal it.

A lock is JSON. `passphrase/1` wraps the seed under scrypt (RFC 7914); `wallet/1` under a wallet's
signature *together with* a device key or passphrase: a signature alone is never a key.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hmac import compare_digest
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from mnemonic import Mnemonic

from app.core.encoding import canonical_json, hex0x, hex_part
from app.core.errors import InvalidPhrase, MalformedSeal, UnknownVersion, WrongLock
from app.core.keys import PrivateKey, category_key, derive, identity_key
from app.core.sheets import RandomBytes

KIND = "vault lock"
SCRYPT_N = 1 << 17
SCRYPT_R = 8
SCRYPT_P = 1
SCRYPT_N_MOST = 1 << 18
"""A lock that asks for more is refused: whoever keeps it could otherwise exhaust the device."""


@dataclass(frozen=True)
class Vault:
    """A seed of 32 bytes, from which all of a person's encryption keys derive."""

    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise MalformedSeal(f"its seed has {len(self.seed)} bytes", kind="vault")

    @property
    def identity(self) -> PrivateKey:
        """The key to which others seal what is for this person."""
        return identity_key(self.seed)

    def category(self, name: str, epoch: int) -> PrivateKey:
        """The key of one category of this patient's chart."""
        return category_key(self.seed, name, epoch)

    @property
    def phrase(self) -> str:
        """The recovery phrase: 24 English words (BIP-39)."""
        return str(_words().to_mnemonic(self.seed))


@cache
def _words() -> Mnemonic:
    return Mnemonic("english")


def vault_from_phrase(phrase: str) -> Vault:
    """Restore a vault; raises InvalidPhrase for a wrong word, length or checksum."""
    words = phrase.lower().split()
    if len(words) != 24:
        raise InvalidPhrase(f"it has {len(words)} words instead of 24")
    known = set(_words().wordlist)
    unknown = [str(place) for place, word in enumerate(words, 1) if word not in known]
    if unknown:
        raise InvalidPhrase(f"word {', '.join(unknown)} is not in the list")
    try:
        return Vault(bytes(_words().to_entropy(words)))
    except ValueError:
        raise InvalidPhrase("its check does not fit: a word is wrong or out of order") from None


def lock_with_passphrase(
    vault: Vault, passphrase: str, random: RandomBytes, *, n: int = SCRYPT_N
) -> dict[str, Any]:
    """Seal the seed under a passphrase; `n` is scrypt's cost (memory 128·n·r bytes)."""
    salt, nonce = random(16), random(12)
    lock = {
        "lock": "passphrase/1",
        "salt": hex0x(salt),
        "nonce": hex0x(nonce),
        "n": n,
        "r": SCRYPT_R,
        "p": SCRYPT_P,
    }
    key = _scrypt(passphrase, salt, n, SCRYPT_R, SCRYPT_P)
    return lock | {"sealed": hex0x(AESGCM(key).encrypt(nonce, vault.seed, canonical_json(lock)))}


def open_with_passphrase(lock: Mapping[str, Any], passphrase: str) -> Vault:
    """Open a passphrase lock; raises WrongLock, MalformedSeal, UnknownVersion."""
    public = _public(lock, "passphrase/1", {"salt", "nonce", "n", "r", "p"})
    n, r, p = public["n"], public["r"], public["p"]
    if not (
        all(type(x) is int for x in (n, r, p))
        and 1 < n <= SCRYPT_N_MOST
        and n & (n - 1) == 0
        and 0 < r <= 8
        and 0 < p <= 4
    ):
        raise MalformedSeal("its scrypt cost is out of bounds", kind=KIND)
    return _unwrap(lock, public, _scrypt(passphrase, hex_part(public["salt"], KIND), n, r, p))


def wallet_message(*, origin: str, address: str, salt: bytes, chain_id: int, at: str) -> str:
    """The ERC-4361-shaped text that a wallet signs to open its lock; `salt` is the vault's.

    `at` (RFC 3339) is the time of enrolment, kept in the lock: the text must not change.
    """
    host = origin.split("://", 1)[-1]
    return (
        f"{host} wants you to sign in with your Ethereum account:\n{address}\n\n"
        "Open my Chartkey vault on this device. Sign this only on the site named above.\n\n"
        f"URI: {origin}\nVersion: 1\nChain ID: {chain_id}\nNonce: {salt.hex()}\nIssued At: {at}"
    )


def lock_with_wallet(
    vault: Vault, signatures: tuple[bytes, bytes], device_secret: bytes, random: RandomBytes,
    *, salt: bytes, message: str,
) -> dict[str, Any]:  # fmt: skip
    """Seal under a wallet's signature together with a device secret (32 bytes).

    The wallet signs the message twice; unless both signatures are identical it is not
    deterministic and could never open the lock: raises WrongLock.
    """
    if not compare_digest(*signatures):
        raise WrongLock()
    nonce = random(12)
    lock = {"lock": "wallet/1", "salt": hex0x(salt), "nonce": hex0x(nonce), "message": message}
    key = _wallet_key(signatures[0], device_secret, salt)
    sealed = AESGCM(key).encrypt(nonce, vault.seed, canonical_json(lock))
    return lock | {"sealed": hex0x(sealed)}


def open_with_wallet(lock: Mapping[str, Any], signature: bytes, device_secret: bytes) -> Vault:
    """Open a wallet lock; raises WrongLock, MalformedSeal, UnknownVersion."""
    public = _public(lock, "wallet/1", {"salt", "nonce", "message"})
    key = _wallet_key(signature, device_secret, hex_part(public["salt"], KIND))
    return _unwrap(lock, public, key)


def _public(lock: Mapping[str, Any], version: str, names: set[str]) -> dict[str, Any]:
    kind = str(lock.get("lock"))
    if kind != version:
        raise UnknownVersion(kind=KIND, version=kind[:40])
    if set(lock) != names | {"lock", "sealed"}:
        raise MalformedSeal("a part is missing", kind=KIND)
    return {name: lock[name] for name in (*names, "lock")}


def _unwrap(lock: Mapping[str, Any], public: dict[str, Any], key: bytes) -> Vault:
    try:
        seed = AESGCM(key).decrypt(
            hex_part(public["nonce"], KIND, 12), hex_part(lock["sealed"], KIND), canonical_json(public)
        )
    except (InvalidTag, ValueError):
        raise WrongLock() from None
    return Vault(seed)


def _scrypt(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(_normal(passphrase))


def _normal(passphrase: str) -> bytes:
    """NFKC, so that an accent typed on another keyboard opens the same lock; raises WrongLock."""
    try:
        return unicodedata.normalize("NFKC", passphrase).encode()
    except UnicodeEncodeError:
        raise WrongLock() from None


def _wallet_key(signature: bytes, device_secret: bytes, salt: bytes) -> bytes:
    if len(signature) != 65 or len(device_secret) != 32:
        raise WrongLock()
    return derive(signature + device_secret + salt, b"chartkey/lock/wallet/1")
