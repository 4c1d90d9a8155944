"""Owns local keys: a wallet in memory, and key files that nobody else on the machine can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from coincurve import PrivateKey
from eth_account import Account

from app.core.encoding import from_hex, hex0x
from app.core.errors import KeyFileExposed
from app.core.typed_data import Domain, Statement


class LocalWallet:
    """A secp256k1 key held by this process; it signs as any wallet signs typed data."""

    def __init__(self, key: bytes) -> None:
        self._key = PrivateKey(key)
        self.account = Account.from_key(key)
        self.address: str = self.account.address

    def sign(self, statement: Statement, domain: Domain) -> bytes:
        """r ‖ s ‖ v (27 or 28) over the statement's digest, deterministic (RFC 6979)."""
        signature = self._key.sign_recoverable(statement.digest(domain), hasher=None)
        return signature[:64] + bytes([signature[64] + 27])


def new_wallet() -> LocalWallet:
    """A wallet with a fresh random key."""
    return LocalWallet(os.urandom(32))


def write_key(path: Path, key: bytes) -> None:
    """Keep 32 secret bytes in a new file that only its owner can read (mode 600)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(hex0x(key) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path) -> bytes:
    """Read 32 secret bytes; raises KeyFileExposed where others may read the file."""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileExposed(path=path.name)
    return from_hex(path.read_text(encoding="ascii").strip(), 32)


def own_key(path: Path) -> bytes:
    """The key in the file, made at the first call."""
    if not path.exists():
        write_key(path, os.urandom(32))
    return read_key(path)
