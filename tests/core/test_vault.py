"""Tests of the vault: its phrase, and the locks that only their owner opens."""

from __future__ import annotations

import contextlib
import unicodedata
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eth_account.messages import encode_defunct
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.encoding import canonical_json, from_hex, hex0x
from app.core.errors import ChartkeyError, InvalidPhrase, MalformedSeal, UnknownVersion, WrongLock
from app.core.keys import derive
from app.core.vault import (
    SCRYPT_N,
    SCRYPT_N_MOST,
    Vault,
    lock_with_passphrase,
    lock_with_wallet,
    open_with_passphrase,
    open_with_wallet,
    vault_from_phrase,
    wallet_message,
)
from tests.makers import make_account, randomness, salt

VAULT = Vault(salt("seed"))
DEVICE = salt("device secret")
CHEAP = 16
"""scrypt's cost in tests of anything but scrypt."""


def passphrase_lock(passphrase: str = "correct horse", **overrides: Any) -> dict[str, Any]:
    """A lock that opens quickly, with parts replaced."""
    return lock_with_passphrase(VAULT, passphrase, randomness(), n=CHEAP) | overrides


def wallet_signature(text: str = "message", name: str = "owner") -> bytes:
    """What a wallet signs (EIP-191)."""
    return bytes(make_account(name).sign_message(encode_defunct(text=text)).signature)


def wallet_lock(**overrides: Any) -> dict[str, Any]:
    """A lock of wallet and device together, with parts replaced."""
    both = (wallet_signature(), wallet_signature())
    lock = lock_with_wallet(VAULT, both, DEVICE, randomness(), salt=salt("lock")[:16], message="message")
    return lock | overrides


@settings(max_examples=20)
@given(st.binary(min_size=32, max_size=32))
def test_a_vault_comes_back_from_its_phrase(seed: bytes) -> None:
    phrase = Vault(seed).phrase
    assert len(phrase.split()) == 24
    assert vault_from_phrase(phrase) == Vault(seed)


def test_the_phrase_is_that_of_bip_39() -> None:
    assert Vault(bytes(32)).phrase == "abandon " * 23 + "art"


def test_case_and_white_space_of_a_phrase_do_not_matter() -> None:
    assert vault_from_phrase("  " + VAULT.phrase.upper().replace(" ", " \n")) == VAULT


def test_a_phrase_with_a_word_missing_or_too_many_is_refused() -> None:
    for phrase in ("", " ".join(VAULT.phrase.split()[:23]), VAULT.phrase + " art"):
        with pytest.raises(InvalidPhrase, match="instead of 24"):
            vault_from_phrase(phrase)


def test_a_phrase_with_an_unknown_word_tells_its_place_and_not_the_word() -> None:
    words = VAULT.phrase.split()
    words[4] = "chartkey"
    with pytest.raises(InvalidPhrase, match="word 5 is not") as refused:
        vault_from_phrase(" ".join(words))
    assert "chartkey" not in str(refused.value)


def test_a_phrase_out_of_order_is_refused() -> None:
    with pytest.raises(InvalidPhrase, match="out of order"):
        vault_from_phrase("art " + "abandon " * 23)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_seed_has_32_bytes(length: int) -> None:
    with pytest.raises(MalformedSeal):
        Vault(bytes(length))


def test_a_vault_does_not_show_its_seed() -> None:
    assert repr(VAULT.seed) not in repr(VAULT)


def test_every_key_of_a_vault_is_another() -> None:
    keys = [VAULT.identity, VAULT.category("vitals", 0), VAULT.category("vitals", 1)]
    keys += [VAULT.category("plans", 0), Vault(salt("other")).identity]
    assert len({key.public.id for key in keys}) == 5


def test_a_passphrase_opens_its_lock() -> None:
    assert open_with_passphrase(passphrase_lock(), "correct horse") == VAULT


def test_the_default_cost_opens_too() -> None:
    lock = lock_with_passphrase(VAULT, "correct horse", randomness())
    assert lock["n"] == SCRYPT_N
    assert open_with_passphrase(lock, "correct horse") == VAULT


@pytest.mark.parametrize("passphrase", ["", "correct horse ", "Correct horse", "\ud800"])
def test_another_passphrase_opens_nothing(passphrase: str) -> None:
    with pytest.raises(WrongLock):
        open_with_passphrase(passphrase_lock(), passphrase)


def test_a_passphrase_opens_however_its_accents_are_typed() -> None:
    for form in ("NFC", "NFD"):
        lock = passphrase_lock(unicodedata.normalize(form, "café Zürich"))
        for typed in ("NFC", "NFD"):
            assert open_with_passphrase(lock, unicodedata.normalize(typed, "café Zürich")) == VAULT


def test_a_passphrase_that_is_no_text_locks_nothing() -> None:
    with pytest.raises(WrongLock):
        passphrase_lock("\ud800")


def test_two_locks_of_one_vault_share_nothing() -> None:
    draw = randomness()
    one, other = (lock_with_passphrase(VAULT, "same", draw, n=CHEAP) for _ in range(2))
    assert all(one[part] != other[part] for part in ("salt", "nonce", "sealed"))


@pytest.mark.parametrize("part", ["salt", "nonce", "sealed"])
def test_an_altered_lock_opens_nothing(part: str) -> None:
    for lock, opened in (
        (passphrase_lock(), lambda altered: open_with_passphrase(altered, "correct horse")),
        (wallet_lock(), lambda altered: open_with_wallet(altered, wallet_signature(), DEVICE)),
    ):
        last = "1" if lock[part][-1] == "0" else "0"
        with pytest.raises(WrongLock):
            opened(lock | {part: lock[part][:-1] + last})


@pytest.mark.parametrize("change", [{"n": 32}, {"r": 4}, {"p": 2}])
def test_a_lock_with_another_cost_opens_nothing(change: dict[str, Any]) -> None:
    with pytest.raises(WrongLock):
        open_with_passphrase(passphrase_lock(**change), "correct horse")


@pytest.mark.parametrize(
    "change",
    [
        {"n": 2 * SCRYPT_N_MOST}, {"n": 0}, {"n": 1}, {"n": -2}, {"n": 24}, {"n": True}, {"n": "16"},
        {"n": 16.0}, {"n": None}, {"r": 0}, {"r": 17}, {"r": 2**40}, {"p": 0}, {"p": 5}, {"p": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_lock_that_asks_for_too_much_work_is_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedSeal):
        open_with_passphrase(passphrase_lock(**change), "correct horse")


@pytest.mark.parametrize("part", ["salt", "nonce", "sealed"])
@pytest.mark.parametrize("value", [None, 5, "zz", "0x0", [], {}])
def test_a_lock_with_a_broken_part_is_malformed(part: str, value: Any) -> None:
    with pytest.raises((MalformedSeal, WrongLock)):
        open_with_passphrase(passphrase_lock(**{part: value}), "correct horse")
    with pytest.raises((MalformedSeal, WrongLock)):
        open_with_wallet(wallet_lock(**{part: value}), wallet_signature(), DEVICE)


@pytest.mark.parametrize("message", [None, 5, 1.5, "another", {"a": [1.5]}, "\ud800"])
def test_a_wallet_lock_with_another_message_opens_nothing(message: Any) -> None:
    with pytest.raises(WrongLock):
        open_with_wallet(wallet_lock(message=message), wallet_signature(), DEVICE)


def test_a_lock_with_a_part_missing_or_too_many_is_malformed() -> None:
    lock = passphrase_lock()
    for broken in (lock | {"more": 1}, {name: lock[name] for name in lock if name != "salt"}):
        with pytest.raises(MalformedSeal):
            open_with_passphrase(broken, "correct horse")


@pytest.mark.parametrize("kind", ["passphrase/2", "wallet/1", None, 5])
def test_a_lock_of_another_kind_is_named(kind: Any) -> None:
    with pytest.raises(UnknownVersion):
        open_with_passphrase(passphrase_lock(lock=kind), "correct horse")
    with pytest.raises(UnknownVersion):
        open_with_wallet(passphrase_lock(), wallet_signature(), DEVICE)


def test_a_lock_that_holds_something_else_than_a_seed_is_malformed() -> None:
    lock = {name: value for name, value in wallet_lock().items() if name != "sealed"}
    key = derive(wallet_signature() + DEVICE + from_hex(lock["salt"]), b"chartkey/lock/wallet/1")
    sealed = AESGCM(key).encrypt(from_hex(lock["nonce"]), b"short", canonical_json(lock))
    with pytest.raises(MalformedSeal):
        open_with_wallet(lock | {"sealed": hex0x(sealed)}, wallet_signature(), DEVICE)


def test_wallet_and_device_together_open_their_lock() -> None:
    assert open_with_wallet(wallet_lock(), wallet_signature(), DEVICE) == VAULT


def test_neither_wallet_nor_device_opens_the_lock_alone() -> None:
    for signature, device in (
        (wallet_signature(name="thief"), DEVICE),
        (wallet_signature("another message"), DEVICE),
        (wallet_signature(), salt("another device")),
        (wallet_signature(), b""),
        (b"", DEVICE),
        (wallet_signature()[:64], DEVICE),
    ):
        with pytest.raises(WrongLock):
            open_with_wallet(wallet_lock(), signature, device)


def test_a_wallet_that_signs_differently_each_time_locks_nothing() -> None:
    with pytest.raises(WrongLock):
        lock_with_wallet(
            VAULT, (wallet_signature(), wallet_signature("once more")), DEVICE, randomness(),
            salt=salt()[:16], message="message",
        )  # fmt: skip


def test_the_wallets_message_is_shaped_like_erc_4361() -> None:
    message = wallet_message(
        origin="https://node.example", address="0xAb", salt=b"\x01\x02", chain_id=1,
        at="2026-11-21T00:00:00Z",
    )  # fmt: skip
    first, address, _, _, _, *fields = message.split("\n")
    assert first == "node.example wants you to sign in with your Ethereum account:"
    assert address == "0xAb"
    assert fields == [
        "URI: https://node.example", "Version: 1", "Chain ID: 1", "Nonce: 0102",
        "Issued At: 2026-11-21T00:00:00Z",
    ]  # fmt: skip


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=4))
def test_any_document_is_a_lock_or_a_typed_error(document: dict[str, Any]) -> None:
    for lock in (document, passphrase_lock() | document):
        with contextlib.suppress(ChartkeyError):
            open_with_passphrase(lock, "correct horse")
