"""Local keys: they sign as every wallet signs, and nobody else on the machine reads their files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from app.adapters.wallets import LocalWallet, new_wallet, own_key, read_key, write_key
from app.core.errors import KeyFileExposed, MalformedStatement
from app.core.signatures import recover
from app.core.statements import TYPES
from app.core.typed_data import Statement, schema
from tests.makers import DOMAINS, address, salt

KEY = bytes(range(1, 33))


def any_statement(kind: type[Statement]) -> Statement:
    """A statement with a value in every field."""
    values = {"address": address("somebody"), "bytes32": salt("x"), "string": "Größe"}
    return kind(**{f.name: values.get(f.solidity, 200) for f in schema(kind).fields})


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.__name__)
def test_every_statement_is_signed_with_the_bytes_that_eth_account_makes(
    kind: type[Statement],
) -> None:
    statement = any_statement(kind)
    domain = DOMAINS.judging(statement)
    message = encode_typed_data(full_message=statement.typed_data(domain))
    expected = bytes(Account.from_key(KEY).sign_message(message).signature)
    assert LocalWallet(KEY).sign(statement, domain) == expected


def test_a_signature_recovers_to_the_wallet() -> None:
    wallet, statement = new_wallet(), any_statement(TYPES["Grant"])
    signature = wallet.sign(statement, DOMAINS.consent)
    assert recover(DOMAINS.digest(statement), signature) == wallet.address
    assert wallet.sign(statement, DOMAINS.consent) == signature


def test_two_new_wallets_differ() -> None:
    assert new_wallet().address != new_wallet().address


def test_a_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key"
    write_key(path, KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path) == KEY


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    write_key(tmp_path / "key", KEY)
    with pytest.raises(FileExistsError):
        write_key(tmp_path / "key", bytes(32))
    assert read_key(tmp_path / "key") == KEY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o610, 0o777], ids=oct)
def test_a_key_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    write_key(tmp_path / "key", KEY)
    (tmp_path / "key").chmod(mode)
    with pytest.raises(KeyFileExposed, match="key") as refusal:
        read_key(tmp_path / "key")
    assert KEY.hex() not in str(refusal.value)
    with pytest.raises(KeyFileExposed):
        own_key(tmp_path / "key")


@pytest.mark.parametrize("text", ["", "0x", "0x00", "ab" * 32, "0x" + "zz" * 32])
def test_a_damaged_key_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text(text, encoding="ascii")
    with pytest.raises(MalformedStatement):
        read_key(tmp_path / "key")


def test_an_own_key_is_made_once(tmp_path: Path) -> None:
    assert own_key(tmp_path / "key") == own_key(tmp_path / "key") != own_key(tmp_path / "other")
