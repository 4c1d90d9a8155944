"""Tests of the vault: its phrase, and the locks that only their owner opens."""

from __future__ import annotations

import contextlib
import unicodedata
from hashlib import scrypt
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
    lock_message,
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


ORIGIN = "https://node.example"
ENROLMENT: dict[str, Any] = {
    "origin": ORIGIN,
    "address": make_account("owner").address,
    "salt": salt("lock")[:16],
    "chain_id": 31337,
    "at": "2026-11-21T00:00:00Z",
}
MESSAGE = wallet_message(**ENROLMENT)


def wallet_signature(text: str = MESSAGE, name: str = "owner") -> bytes:
    """What a wallet signs (EIP-191)."""
    return bytes(make_account(name).sign_message(encode_defunct(text=text)).signature)


def wallet_lock(**overrides: Any) -> dict[str, Any]:
    """A lock of wallet and device together, with parts replaced."""
    both = (wallet_signature(), wallet_signature())
    return lock_with_wallet(VAULT, both, DEVICE, randomness(), **ENROLMENT) | overrides


def wallet_key(lock: dict[str, Any]) -> bytes:
    """Key and commitment of a wallet lock, 64 bytes."""
    secret = wallet_signature()[:64] + DEVICE + from_hex(lock["salt"])
    return derive(secret, b"chartkey/lock/wallet/1", 64)


def sealed_again(lock: dict[str, Any], key: bytes, seed: bytes = VAULT.seed) -> dict[str, Any]:
    """The lock with its parts as they are now, sealed by somebody who knows its key."""
    public = {name: value for name, value in lock.items() if name != "sealed"}
    sealed = AESGCM(key[:32]).encrypt(from_hex(lock["nonce"]), seed, canonical_json(public))
    return public | {"sealed": hex0x(sealed)}


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
    assert all(one[part] != other[part] for part in ("salt", "commitment", "nonce", "sealed"))


@pytest.mark.parametrize("part", ["salt", "commitment", "nonce", "sealed"])
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


@pytest.mark.parametrize("part", ["salt", "commitment", "nonce", "sealed"])
@pytest.mark.parametrize("value", [None, 5, "zz", "0x0", [], {}])
def test_a_lock_with_a_broken_part_is_malformed(part: str, value: Any) -> None:
    with pytest.raises((MalformedSeal, WrongLock)):
        open_with_passphrase(passphrase_lock(**{part: value}), "correct horse")
    with pytest.raises((MalformedSeal, WrongLock)):
        open_with_wallet(wallet_lock(**{part: value}), wallet_signature(), DEVICE)


@pytest.mark.parametrize("part", ["origin", "address", "chainId", "at"])
@pytest.mark.parametrize("value", [None, 5, 1.5, "another", {"a": [1.5]}, "\ud800"])
def test_a_wallet_lock_with_another_part_opens_nothing(part: str, value: Any) -> None:
    with pytest.raises((MalformedSeal, WrongLock)):
        open_with_wallet(wallet_lock(**{part: value}), wallet_signature(), DEVICE)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("at", "2026-01-01T00:00:00Z\nURI: https://elsewhere.example"),
        ("address", "0x" + "11" * 20 + "\n\nI agree to everything"),
        ("origin", "https://chartkey.example\nVersion: 2"),
        ("chainId", 2**53),
    ],
)
def test_a_lock_puts_no_line_of_its_own_into_what_a_wallet_signs(part: str, value: Any) -> None:
    lock = wallet_lock(**{part: value})
    with pytest.raises((MalformedSeal, WrongLock)):
        lock_message(lock, lock["origin"])


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_a_lock_has_a_salt_of_sixteen_bytes(size: int) -> None:
    with pytest.raises((MalformedSeal, WrongLock)):
        open_with_passphrase(passphrase_lock(salt=hex0x(bytes(size))), "correct horse")


def test_a_lock_that_commits_to_another_key_opens_nothing() -> None:
    lock = wallet_lock(commitment=hex0x(salt("another commitment")))
    # whoever seals it again could pass AES-GCM's own check
    with pytest.raises(WrongLock):
        open_with_wallet(sealed_again(lock, wallet_key(lock)), wallet_signature(), DEVICE)
    good = sealed_again(wallet_lock(), wallet_key(lock))
    assert open_with_wallet(good, wallet_signature(), DEVICE) == VAULT


def test_a_passphrase_lock_that_commits_to_another_key_opens_nothing() -> None:
    lock = passphrase_lock()
    key = scrypt(b"correct horse", salt=from_hex(lock["salt"]), n=CHEAP, r=8, p=1, dklen=64)
    assert open_with_passphrase(sealed_again(lock, key), "correct horse") == VAULT
    with pytest.raises(WrongLock):
        open_with_passphrase(
            sealed_again(lock | {"commitment": "0x" + "00" * 32}, key), "correct horse"
        )


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_commitment_has_32_bytes(length: int) -> None:
    commitment = hex0x(bytes(length))
    with pytest.raises(MalformedSeal):
        open_with_passphrase(passphrase_lock(commitment=commitment), "correct horse")
    with pytest.raises(MalformedSeal):
        open_with_wallet(wallet_lock(commitment=commitment), wallet_signature(), DEVICE)


def test_the_lock_tells_what_its_wallet_must_sign() -> None:
    assert lock_message(wallet_lock(), ORIGIN) == MESSAGE


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://node.example",
        "https://node.example:8443",
        "https://Node.example",
        "",
    ],
)
def test_a_lock_of_another_origin_makes_no_wallet_sign(origin: str) -> None:
    with pytest.raises(WrongLock):
        lock_message(wallet_lock(), origin)
    with pytest.raises((WrongLock, MalformedSeal)):  # malformed where it is no origin at all
        lock_message(wallet_lock(origin=origin), ORIGIN)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": None}, {"origin": [ORIGIN]}, {"address": 5}, {"at": None}, {"chainId": "31337"},
        {"chainId": True}, {"chainId": 1.0}, {"salt": None}, {"salt": "0x00"}, {"salt": "0x" + "00" * 17},
        {"message": MESSAGE},
    ],
    ids=str,
)  # fmt: skip
def test_a_wallet_lock_with_a_broken_part_has_no_message(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedSeal):
        lock_message(wallet_lock(**change), ORIGIN)


@pytest.mark.parametrize("lock", [None, [], "wallet/1", 5])
def test_what_is_no_lock_is_malformed(lock: Any) -> None:
    with pytest.raises(MalformedSeal):
        lock_message(lock, ORIGIN)
    with pytest.raises(MalformedSeal):
        open_with_wallet(lock, wallet_signature(), DEVICE)
    with pytest.raises(MalformedSeal):
        open_with_passphrase(lock, "correct horse")


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
    lock = wallet_lock()
    with pytest.raises(MalformedSeal):
        open_with_wallet(sealed_again(lock, wallet_key(lock), b"short"), wallet_signature(), DEVICE)


def test_wallet_and_device_together_open_their_lock() -> None:
    assert open_with_wallet(wallet_lock(), wallet_signature(), DEVICE) == VAULT


@pytest.mark.parametrize("v", [0, 1, 27, 28])
def test_how_a_wallet_writes_the_last_byte_of_a_signature_does_not_matter(v: int) -> None:
    signature = wallet_signature()[:64] + bytes([v])
    assert open_with_wallet(wallet_lock(), signature, DEVICE) == VAULT


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
            VAULT,
            (wallet_signature(), wallet_signature("once more")),
            DEVICE,
            randomness(),
            **ENROLMENT,
        )


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


@given(
    st.dictionaries(
        st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=4
    )
)
def test_any_document_is_a_lock_or_a_typed_error(document: dict[str, Any]) -> None:
    for lock in (document, passphrase_lock() | document, wallet_lock() | document):
        with contextlib.suppress(ChartkeyError):
            open_with_passphrase(lock, "correct horse")
        with contextlib.suppress(ChartkeyError):
            lock_message(lock, ORIGIN)
        with contextlib.suppress(ChartkeyError):
            open_with_wallet(lock, wallet_signature(), DEVICE)
