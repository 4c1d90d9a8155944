"""Who pays is a keystore, a key file or a key in the environment: one of them, and never in the project."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from app.adapters import paying
from app.adapters.paying import KEY, KEY_FILE, KEYSTORE, PASSPHRASE, account_of
from app.core.encoding import hex0x
from app.core.errors import KeyFileExposed, Misconfigured

QUICK = 2
PAYER: LocalAccount = Account.create()
WORDS = "correct horse"


@pytest.fixture
def secret(tmp_path: Path) -> Callable[[str, str], str]:
    """Makes a file that only its owner can read; its path."""

    def make(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    return make


@pytest.fixture
def keystore(secret: Callable[[str, str], str]) -> dict[str, str]:
    """An environment that names a keystore and its passphrase."""
    sealed = json.dumps(Account.encrypt(PAYER.key, WORDS, iterations=QUICK))
    return {KEYSTORE: secret("keystore", sealed), PASSPHRASE: secret("words", WORDS + "\n")}


def named(environ: Mapping[str, str]) -> str | None:
    found = account_of(environ)
    return found.address if isinstance(found, LocalAccount) else found


def test_nobody_is_named_where_the_environment_names_nobody() -> None:
    assert account_of({KEY: "", "PATH": "/bin"}) is None


def test_a_keystore_opens_with_its_passphrase(keystore: dict[str, str]) -> None:
    assert named(keystore) == PAYER.address


def test_a_dry_run_needs_no_passphrase(keystore: dict[str, str]) -> None:
    del keystore[PASSPHRASE]
    assert account_of(keystore, only_address=True) == PAYER.address
    with pytest.raises(Misconfigured, match=PASSPHRASE):
        account_of(keystore)


def test_a_key_file_and_a_key_in_the_environment_pay_too(
    secret: Callable[[str, str], str],
) -> None:
    key = hex0x(bytes(PAYER.key))
    assert named({KEY_FILE: secret("key", key)}) == PAYER.address
    assert named({KEY: key}) == PAYER.address


@pytest.mark.parametrize("name", [KEYSTORE, KEY_FILE])
def test_two_accounts_are_one_too_many(keystore: dict[str, str], name: str) -> None:
    both = {name: keystore[KEYSTORE], KEY: hex0x(bytes(PAYER.key))}
    with pytest.raises(Misconfigured, match="names an account too"):
        account_of(both)


def test_a_wrong_passphrase_is_told_without_telling_it(
    keystore: dict[str, str], secret: Callable[[str, str], str]
) -> None:
    wrong = "incorrect horse"
    with pytest.raises(Misconfigured) as told:
        account_of(keystore | {PASSPHRASE: secret("wrong", wrong)})
    assert wrong not in str(told.value)


@pytest.mark.parametrize("text", ["", "[]", '{"version": 3}', "no JSON", '{"address": 7}'])
def test_what_is_no_keystore_is_told_so(
    keystore: dict[str, str], secret: Callable[[str, str], str], text: str
) -> None:
    with pytest.raises(Misconfigured, match="keystore"):
        account_of(keystore | {KEYSTORE: secret("damaged", text)})


@pytest.mark.parametrize("key", ["0x12", "not a key", "0x" + "00" * 32, "0x" + "ff" * 32])
def test_what_is_no_key_is_told_without_telling_it(key: str) -> None:
    with pytest.raises(Misconfigured) as told:
        account_of({KEY: key})
    assert key not in str(told.value)
    assert told.value.__cause__ is None


@pytest.mark.parametrize("name", ["words", "key"])
def test_a_secret_that_others_may_read_is_refused(
    keystore: dict[str, str], secret: Callable[[str, str], str], name: str
) -> None:
    environ = keystore if name == "words" else {KEY_FILE: secret("key", hex0x(bytes(PAYER.key)))}
    Path(environ[PASSPHRASE if name == "words" else KEY_FILE]).chmod(0o644)
    with pytest.raises(KeyFileExposed):
        account_of(environ)


@pytest.mark.parametrize("name", [KEYSTORE, KEY_FILE])
def test_no_key_is_read_from_a_file_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(paying, "ROOT", tmp_path)
    monkeypatch.setattr(paying, "KEPT_APART", tmp_path / "var")
    with pytest.raises(Misconfigured, match="file of the project"):
        account_of({name: str(tmp_path / "deploy" / "key")})
    with pytest.raises(Misconfigured, match="no such file"):
        account_of({name: str(tmp_path / "var" / "key")})
