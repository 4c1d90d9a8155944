"""Owns finding the account that pays for a deployment: a keystore, a key file, or a key in the environment."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3

from app.adapters.tools import ROOT
from app.adapters.wallets import read_key
from app.core.encoding import from_hex
from app.core.errors import KeyFileExposed, MalformedStatement, Misconfigured

KEYSTORE, PASSPHRASE = "CHARTKEY_KEYSTORE", "CHARTKEY_KEYSTORE_PASSPHRASE_FILE"
KEY_FILE, KEY = "CHARTKEY_DEPLOYER_KEY_FILE", "CHARTKEY_DEPLOYER_KEY"
KEPT_APART = ROOT / "var"
"""The one folder in the project's that is never published with it."""


def account_of(
    environ: Mapping[str, str], *, only_address: bool = False
) -> LocalAccount | str | None:
    """The account that the environment names, or None where it names none.

    `only_address` spares the passphrase of a keystore that tells its address. Raises Misconfigured (no
    such file, a wrong passphrase, two accounts, a key in the project) and KeyFileExposed.
    """
    named = [name for name in (KEYSTORE, KEY_FILE, KEY) if environ.get(name)]
    if not named:
        return None
    if len(named) > 1:
        raise Misconfigured(name=named[1], reason=f"{named[0]} names an account too")
    if named == [KEYSTORE]:
        return _from_keystore(environ, only_address=only_address)
    if named == [KEY_FILE]:
        return _account(KEY_FILE, lambda: read_key(_outside(KEY_FILE, environ)))
    return _account(KEY, lambda: from_hex(environ[KEY].strip(), 32))


def _from_keystore(environ: Mapping[str, str], *, only_address: bool) -> LocalAccount | str:
    path = _outside(KEYSTORE, environ)
    try:
        keystore: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        address = keystore.get("address")
    except (ValueError, AttributeError) as cause:
        raise Misconfigured(name=KEYSTORE, reason="it is no keystore file") from cause
    if only_address and isinstance(address, str) and Web3.is_address(address):
        return Web3.to_checksum_address(address)
    if not environ.get(PASSPHRASE):
        raise Misconfigured(name=PASSPHRASE, reason="it names no file with the passphrase")
    passphrase = _secret_text(_outside(PASSPHRASE, environ))
    try:
        key = Account.decrypt(keystore, passphrase)
    except (ValueError, TypeError, KeyError, NotImplementedError) as cause:
        reason = "the passphrase does not open it, or it is no keystore file"
        raise Misconfigured(name=KEYSTORE, reason=reason) from cause
    account: LocalAccount = Account.from_key(key)
    return account


def _account(name: str, read: Callable[[], bytes]) -> LocalAccount:
    try:
        account: LocalAccount = Account.from_key(read())
    except (MalformedStatement, ValueError):  # which may quote the key
        raise Misconfigured(name=name, reason="it is no key of 32 bytes in hexadecimal") from None
    return account


def _outside(name: str, environ: Mapping[str, str]) -> Path:
    """The file that a setting names, which may not lie where it is published with the project."""
    path = Path(environ[name]).expanduser().resolve()
    if path.is_relative_to(ROOT) and not path.is_relative_to(KEPT_APART):
        raise Misconfigured(name=name, reason="no key is kept in a file of the project")
    if not path.is_file():
        raise Misconfigured(name=name, reason="there is no such file")
    return path


def _secret_text(path: Path) -> str:
    """A line that only its owner may read; raises KeyFileExposed."""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileExposed(path=path.name)
    return path.read_text(encoding="utf-8").rstrip("\r\n")
