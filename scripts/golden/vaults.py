"""Owns the vectors of the vault: phrases, and locks under a passphrase or a wallet."""

from __future__ import annotations

import unicodedata
from hashlib import scrypt
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eth_account import Account
from eth_account.messages import encode_defunct

from app.core.encoding import canonical_json, checksum_address, from_hex, hex0x
from app.core.keys import derive
from app.core.vault import (
    Vault,
    lock_message,
    lock_with_passphrase,
    lock_with_wallet,
    open_with_passphrase,
    open_with_wallet,
    own_wallet_key,
    ticket,
    wallet_message,
)
from scripts.golden.signed import ADDRESS
from scripts.golden.source import Document, FixedRandom, Row, fixed, refusal

VAULT, DEVICE = Vault(fixed("vault")), fixed("device")
SALT = fixed("vault salt", 16)
ORIGIN = "https://clinic.example:8443"
ELSEWHERE = "https://clinic.example.evil.example"
AT = "2026-11-21T00:00:00Z"
WORDS = "\ufb01ve plain w\u00f6rds \U0001f511"
"""A passphrase that every Unicode normalization form writes in other bytes."""


def vaults(_: Document) -> Document:
    """vaults.json: scrypt's cost is small here, so that tests are fast."""
    message = wallet_message(origin=ORIGIN, address=ADDRESS, salt=SALT, chain_id=31337, at=AT)
    signed = Account.sign_message(encode_defunct(text=message), fixed("signer"))
    signature, random = bytes(signed.signature), FixedRandom("locks")
    passphrase = lock_with_passphrase(VAULT, WORDS, random, n=1024)
    wallet = lock_with_wallet(
        *(VAULT, (signature, signature), DEVICE, random),
        origin=ORIGIN,
        address=ADDRESS,
        salt=SALT,
        chain_id=31337,
        at=AT,
    )
    assert open_with_passphrase(passphrase, WORDS) == VAULT
    assert lock_message(wallet, ORIGIN) == message
    assert open_with_wallet(wallet, signature, DEVICE) == VAULT
    phrases = (VAULT.seed, bytes(32), b"\xff" * 32)
    return {
        "seed": hex0x(VAULT.seed),
        "phrases": [{"seed": hex0x(s), "phrase": Vault(s).phrase} for s in phrases],
        "passphrase": WORDS,
        "passphraseLock": passphrase,
        "wallet": {
            "origin": ORIGIN,
            "privateKey": hex0x(fixed("signer")),
            "deviceSecret": hex0x(DEVICE),
            "message": message,
            "signature": hex0x(signature),
        },
        "walletLock": wallet,
        "wrongPhrases": _wrong_phrases(VAULT.phrase),
        "ownWallets": [_own_wallet(seed) for seed in (VAULT.seed, bytes(32))],
        "ticket": {
            "name": "Ada.Example-1",
            "passphrase": WORDS,
            "ticket": hex0x(ticket("ada.example-1", WORDS)),
        },
        "refusals": [
            *_passphrase_refusals(passphrase, wallet),
            *_wallet_refusals(wallet, signature),
        ],
    }


def _own_wallet(seed: bytes) -> Document:
    key = own_wallet_key(seed)
    return {
        "seed": hex0x(seed),
        "privateKey": hex0x(key),
        "address": Account.from_key(key).address,
    }


def _wrong_phrases(phrase: str) -> list[str]:
    words = phrase.split()
    return [
        "",
        " ".join(words[:23]),
        " ".join([*words, words[0]]),
        " ".join([words[1], words[0], *words[2:]]),
        " ".join(["chartkey", *words[1:]]),
        " ".join(["abandon"] * 24),
    ]


def _both(lock: Document) -> list[Row]:
    """What damages either lock."""
    altered = bytearray(from_hex(lock["sealed"]))
    altered[0] ^= 1
    return [
        ("a part missing", "MalformedSeal", ["drop", "/salt"]),
        ("no commitment", "MalformedSeal", ["drop", "/commitment"]),
        ("a part too many", "MalformedSeal", ["set", "/hint", "no"]),
        ("another salt", "WrongLock", ["set", "/salt", hex0x(fixed("other", 16))]),
        ("another commitment", "WrongLock", ["set", "/commitment", hex0x(fixed("other"))]),
        ("a commitment of 31 bytes", "MalformedSeal", ["set", "/commitment", hex0x(bytes(31))]),
        ("another nonce", "WrongLock", ["set", "/nonce", hex0x(fixed("other", 12))]),
        ("a nonce of 16 bytes", "MalformedSeal", ["set", "/nonce", hex0x(bytes(16))]),
        ("sealed bytes altered", "WrongLock", ["set", "/sealed", hex0x(bytes(altered))]),
        ("nothing sealed", "WrongLock", ["set", "/sealed", "0x"]),
    ]


def _committed_elsewhere(of: str, lock: Document, key: bytes) -> Document:
    """All but the commitment fits: AES-GCM alone would open it."""
    assert lock["commitment"] == hex0x(key[32:])
    public = {name: part for name, part in lock.items() if name != "sealed"}
    public["commitment"] = hex0x(fixed("another commitment"))
    sealed = AESGCM(key[:32]).encrypt(from_hex(lock["nonce"]), VAULT.seed, canonical_json(public))
    steps: list[list[Any]] = [
        ["set", "/commitment", public["commitment"]],
        ["set", "/sealed", hex0x(sealed)],
    ]
    return refusal("a commitment to another key", "WrongLock", of, *steps)


def _passphrase_refusals(lock: Document, wallet: Document) -> list[Document]:
    of = "passphraseLock"
    rows: list[Row] = [
        ("another lock", "UnknownVersion", ["set", "/lock", "passphrase/2"]),
        ("another cost", "WrongLock", ["set", "/n", 2048]),
        ("a cost that is no power of two", "MalformedSeal", ["set", "/n", 1000]),
        ("a cost of one", "MalformedSeal", ["set", "/n", 1]),
        ("a cost beyond the limit", "MalformedSeal", ["set", "/n", 1 << 19]),
        ("a block size beyond the limit", "MalformedSeal", ["set", "/r", 9]),
        ("a parallelism of none", "MalformedSeal", ["set", "/p", 0]),
        ("a cost as text", "MalformedSeal", ["set", "/n", "1024"]),
        ("another seed sealed", "WrongLock", ["set", "/sealed", wallet["sealed"]]),
    ]
    words = unicodedata.normalize("NFKC", WORDS).encode()
    key = scrypt(words, salt=from_hex(lock["salt"]), n=1024, r=8, p=1, dklen=64)
    return [
        *(refusal(why, error, of, step) for why, error, step in [*_both(lock), *rows]),
        _committed_elsewhere(of, lock, key),
        refusal("another passphrase", "WrongLock", of, passphrase="five plain words"),  # noqa: S106
    ]


def _wallet_refusals(lock: Document, signature: bytes) -> list[Document]:
    of, other = "walletLock", hex0x(fixed("other"))
    rows: list[Row] = [
        ("another lock", "UnknownVersion", ["set", "/lock", "passphrase/1"]),
        ("another origin", "WrongLock", ["set", "/origin", ELSEWHERE]),
        ("another address", "WrongLock", ["set", "/address", checksum_address(fixed("other", 20))]),
        ("another chain", "WrongLock", ["set", "/chainId", 1]),
        ("another time", "WrongLock", ["set", "/at", "2026-11-21T00:00:01Z"]),
        ("a salt of 17 bytes", "MalformedSeal", ["set", "/salt", hex0x(bytes(17))]),
        ("a message of its own", "MalformedSeal", ["set", "/message", "Open my vault."]),
        ("an origin that is no text", "MalformedSeal", ["set", "/origin", [ORIGIN]]),
        ("an address that is no text", "MalformedSeal", ["set", "/address", 5]),
        ("a time that is no text", "MalformedSeal", ["set", "/at", None]),
        ("a chain as text", "MalformedSeal", ["set", "/chainId", "31337"]),
        ("true as a chain", "MalformedSeal", ["set", "/chainId", True]),
    ]
    key = derive(signature[:64] + DEVICE + SALT, b"chartkey/lock/wallet/1", 64)
    return [
        *(refusal(why, error, of, step) for why, error, step in [*_both(lock), *rows]),
        _committed_elsewhere(of, lock, key),
        refusal("opened elsewhere", "WrongLock", of, origin=ELSEWHERE),
        refusal("another wallet", "WrongLock", of, privateKey=other),
        refusal("another device", "WrongLock", of, deviceSecret=other),
    ]
