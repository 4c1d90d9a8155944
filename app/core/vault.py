"""Owns the vault: a person's secret seed, its recovery phrase, and the locks that seal it.

A lock is JSON. `passphrase/1` wraps the seed under scrypt (RFC 7914); `wallet/1` under a wallet's
signature *together with* a device key or passphrase: a signature alone is never a key. Both commit
to their key, so whoever keeps a lock cannot make one that tells many guesses apart at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from mnemonic import Mnemonic

from app.core.encoding import canonical_json, hex0x, hex_part
from app.core.errors import (
    InvalidPhrase,
    MalformedSeal,
    MalformedStatement,
    UnknownVersion,
    WrongLock,
)
from app.core.keys import PrivateKey, category_key, derive, identity_key
from app.core.sheets import RandomBytes
from app.core.signing_in import sign_in_name
from app.core.typed_data import parse_address

KIND = "vault lock"
WALLET = b"chartkey/wallet/1"
TICKET = b"chartkey/ticket/1"
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1: a private key is a number below it, and not zero."""
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
            raise MalformedSeal("its seed has {given} bytes", given=len(self.seed), kind="vault")

    @cached_property
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
        raise InvalidPhrase("it has {given} words instead of 24", given=len(words))
    known = set(_words().wordlist)
    unknown = [str(place) for place, word in enumerate(words, 1) if word not in known]
    if unknown:
        raise InvalidPhrase("word {places} is not in the list", places=", ".join(unknown))
    try:
        return Vault(bytes(_words().to_entropy(words)))
    except ValueError:
        raise InvalidPhrase("its check does not fit: a word is wrong or out of order") from None


def own_wallet_key(seed: bytes) -> bytes:
    """The secp256k1 private key of a person without a wallet of their own, from the vault's seed.

    HKDF once, and again with a counter in its info while what comes out is no key of the curve.
    """
    key, counter = derive(seed, WALLET), 0
    while not 0 < int.from_bytes(key, "big") < _ORDER:
        counter += 1
        key = derive(seed, WALLET + bytes([counter]))
    return key


def ticket(name: str, passphrase: str) -> bytes:
    """What a second device shows a node to be handed the locked vault: 32 bytes.

    Who does not know the passphrase cannot make it, and it does not open the vault: scrypt's salt
    is another than the lock's. Raises MalformedStatement, WrongLock.
    """
    salt = sha256(TICKET + sign_in_name(name).encode()).digest()
    return Scrypt(salt=salt, length=32, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P).derive(
        _normal(passphrase)
    )


def lock_with_passphrase(
    vault: Vault, passphrase: str, random: RandomBytes, *, n: int = SCRYPT_N
) -> dict[str, Any]:
    """Seal the seed under a passphrase; `n` is scrypt's cost (memory 128·n·r bytes)."""
    salt = random(16)
    lock = {
        "lock": "passphrase/1",
        "salt": hex0x(salt),
        "n": n,
        "r": SCRYPT_R,
        "p": SCRYPT_P,
    }
    return _wrap(vault, lock, _scrypt(passphrase, salt, n, SCRYPT_R, SCRYPT_P), random)


def open_with_passphrase(lock: Mapping[str, Any], passphrase: str) -> Vault:
    """Open a passphrase lock; raises WrongLock, MalformedSeal, UnknownVersion."""
    public = _public(lock, "passphrase/1", {"salt", "n", "r", "p"})
    n, r, p = public["n"], public["r"], public["p"]
    if not (
        all(type(x) is int for x in (n, r, p))
        and 1 < n <= SCRYPT_N_MOST
        and n & (n - 1) == 0
        and 0 < r <= 8
        and 0 < p <= 4
    ):
        raise MalformedSeal("its scrypt cost is out of bounds", kind=KIND)
    return _unwrap(public, _scrypt(passphrase, hex_part(public["salt"], KIND, 16), n, r, p))


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


def lock_message(lock: Mapping[str, Any], origin: str) -> str:
    """What the wallet must sign to open a wallet lock, rebuilt from its parts.

    The lock may come from anybody, and must not make a wallet sign in elsewhere: raises
    WrongLock unless it was made for this origin; MalformedSeal, UnknownVersion.
    """
    public = _wallet_parts(lock)
    if public["origin"] != origin:
        raise WrongLock()
    return wallet_message(
        origin=origin,
        address=public["address"],
        salt=hex_part(public["salt"], KIND, 16),
        chain_id=public["chainId"],
        at=public["at"],
    )


def _wallet_parts(lock: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a wallet lock, none of which can carry a line of its own into the message."""
    public = _public(lock, "wallet/1", {"origin", "address", "chainId", "at", "salt"})
    origin, address, chain_id, at = (public[n] for n in ("origin", "address", "chainId", "at"))
    try:
        sound = (
            re.fullmatch(r"https?://[\x21-\x7e]{1,255}", origin)
            and parse_address(address) == address
            and type(chain_id) is int
            and 0 <= chain_id < 1 << 53
            and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", at, re.ASCII)
        )
    except (TypeError, AttributeError, MalformedStatement):
        sound = False
    if not sound:
        raise MalformedSeal("a part is of another kind", kind=KIND)
    return public


def lock_with_wallet(
    vault: Vault,
    signatures: tuple[bytes, bytes],
    device_secret: bytes,
    random: RandomBytes,
    *,
    origin: str,
    address: str,
    salt: bytes,
    chain_id: int,
    at: str,
) -> dict[str, Any]:
    """Seal under a wallet's signature together with a device secret (32 bytes).

    The wallet signs `wallet_message` twice; unless both signatures are identical it is not
    deterministic and could never open the lock: raises WrongLock.
    """
    if not compare_digest(*signatures):
        raise WrongLock()
    lock = {
        "lock": "wallet/1",
        "origin": origin,
        "address": address,
        "chainId": chain_id,
        "at": at,
        "salt": hex0x(salt),
    }
    return _wrap(vault, lock, _wallet_key(signatures[0], device_secret, salt), random)


def open_with_wallet(lock: Mapping[str, Any], signature: bytes, device_secret: bytes) -> Vault:
    """Open a wallet lock; raises WrongLock, MalformedSeal, UnknownVersion."""
    public = _wallet_parts(lock)
    salt = hex_part(public["salt"], KIND, 16)
    return _unwrap(public, _wallet_key(signature, device_secret, salt))


def _public(lock: Mapping[str, Any], version: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(lock, Mapping):
        raise MalformedSeal("it is not a JSON object", kind=KIND)
    kind = str(lock.get("lock"))
    if kind != version:
        raise UnknownVersion(kind=KIND, version=kind[:40])
    if set(lock) != names | {"lock", "commitment", "nonce", "sealed"}:
        raise MalformedSeal("a part is missing", kind=KIND)
    return dict(lock)


def _wrap(vault: Vault, lock: dict[str, Any], key: bytes, random: RandomBytes) -> dict[str, Any]:
    """Seal the seed under 64 bytes of key and commitment: a lock opens with one key only."""
    nonce = random(12)
    public = lock | {"commitment": hex0x(key[32:]), "nonce": hex0x(nonce)}
    sealed = AESGCM(key[:32]).encrypt(nonce, vault.seed, canonical_json(public))
    return public | {"sealed": hex0x(sealed)}


def _unwrap(lock: Mapping[str, Any], key: bytes) -> Vault:
    public = {name: part for name, part in lock.items() if name != "sealed"}
    sealed = hex_part(lock["sealed"], KIND)
    if not compare_digest(hex_part(lock["commitment"], KIND, 32), key[32:]):
        raise WrongLock()
    try:
        authenticated = canonical_json(public)
        seed = AESGCM(key[:32]).decrypt(hex_part(lock["nonce"], KIND, 12), sealed, authenticated)
    except (InvalidTag, ValueError):
        raise WrongLock() from None
    return Vault(seed)


def _scrypt(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=64, n=n, r=r, p=p).derive(_normal(passphrase))


def _normal(passphrase: str) -> bytes:
    """NFKC, so that an accent typed on another keyboard opens the same lock; raises WrongLock."""
    try:
        return unicodedata.normalize("NFKC", passphrase).encode()
    except UnicodeEncodeError:
        raise WrongLock() from None


def _wallet_key(signature: bytes, device_secret: bytes, salt: bytes) -> bytes:
    if len(signature) != 65 or len(device_secret) != 32:
        raise WrongLock()
    # r ‖ s only: some wallets give v as 0 or 1, others as 27 or 28
    return derive(signature[:64] + device_secret + salt, b"chartkey/lock/wallet/1", 64)
