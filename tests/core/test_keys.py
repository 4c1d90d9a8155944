"""Tests of keys: what is sealed to a key opens with it alone, and for its purpose alone."""

from __future__ import annotations

import random
from os import urandom

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import MalformedSeal, SlotNotOpened
from app.core.keys import (
    OVERHEAD_BYTES,
    PUBLIC_KEY_BYTES,
    PrivateKey,
    PublicKey,
    category_key,
    derive,
    identity_key,
)
from tests.makers import salt

KEY, OTHER = PrivateKey(salt("key")), PrivateKey(salt("other key"))


@settings(max_examples=20)
@given(st.binary(max_size=100), st.binary(max_size=40))
def test_what_is_sealed_to_a_key_opens_with_it(plaintext: bytes, purpose: bytes) -> None:
    sealed = KEY.public.seal(plaintext, purpose)
    assert len(sealed) == len(plaintext) + OVERHEAD_BYTES
    assert KEY.open(sealed, purpose) == plaintext


def test_sealing_twice_gives_other_bytes() -> None:
    assert KEY.public.seal(b"secret", b"") != KEY.public.seal(b"secret", b"")


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SlotNotOpened):
        OTHER.open(KEY.public.seal(b"secret", b"purpose"), b"purpose")


@pytest.mark.parametrize("purpose", [b"", b"other", b"purpose\x00", b"purpos"])
def test_another_purpose_opens_nothing(purpose: bytes) -> None:
    with pytest.raises(SlotNotOpened):
        KEY.open(KEY.public.seal(b"secret", b"purpose"), purpose)


@pytest.mark.parametrize("length", [0, 1, 1119, 1120, OVERHEAD_BYTES - 1])
def test_what_is_too_short_opens_nothing(length: int) -> None:
    with pytest.raises(SlotNotOpened):
        KEY.open(KEY.public.seal(b"", b"")[:length], b"")


def test_a_flipped_bit_anywhere_opens_nothing() -> None:
    sealed = KEY.public.seal(salt("secret"), b"purpose")
    places = {0, 1087, 1088, 1119, 1120, len(sealed) - 17, len(sealed) - 16, len(sealed) - 1}
    for at in places | set(random.Random(1).sample(range(len(sealed)), 80)):
        altered = bytearray(sealed)
        altered[at] ^= 1 << (at % 8)
        with pytest.raises(SlotNotOpened):
            KEY.open(bytes(altered), b"purpose")


def test_a_key_is_named_by_the_hash_of_its_public_half() -> None:
    assert KEY.public == PrivateKey(salt("key")).public
    assert KEY.public.id != OTHER.public.id
    assert len(KEY.public.raw) == PUBLIC_KEY_BYTES


@pytest.mark.parametrize("length", [0, 32, 1215, 1217])
def test_a_public_key_of_another_length_is_malformed(length: int) -> None:
    with pytest.raises(MalformedSeal):
        PublicKey(bytes(length))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_malformed(length: int) -> None:
    with pytest.raises(MalformedSeal):
        PrivateKey(bytes(length))


def test_sealing_to_an_invalid_key_is_refused() -> None:
    low_order = PublicKey(KEY.public.raw[:1184] + bytes(32))
    unreduced = PublicKey(b"\xff" * 1184 + KEY.public.raw[1184:])
    for key in (low_order, unreduced):
        with pytest.raises(MalformedSeal):
            key.seal(b"secret", b"")


def test_a_private_key_does_not_show_its_seed() -> None:
    assert salt("key").hex() not in repr(KEY)
    assert repr(salt("key")) not in repr(KEY)


def test_derived_keys_differ_by_seed_category_and_epoch() -> None:
    keys = [
        identity_key(salt("a")),
        identity_key(salt("b")),
        *(category_key(salt("a"), name, epoch) for name in ("vitals", "plans") for epoch in (0, 1)),
        category_key(salt("b"), "vitals", 0),
    ]
    assert len({key.seed for key in keys}) == len(keys)
    assert identity_key(salt("a")) == keys[0]


def test_derivation_is_rfc_5869_without_salt() -> None:
    # test case 3 of RFC 5869: SHA-256, zero-length salt and info
    okm = derive(b"\x0b" * 22, b"", 42)
    assert okm.hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_noise_has_the_length_of_a_sealing_and_opens_to_nobody() -> None:
    key = PrivateKey(bytes(32))
    one, other = (key.public.noise(32, urandom) for _ in range(2))
    assert len(one) == len(key.public.seal(bytes(32), b"purpose"))
    assert one[:1120] != other[:1120]
    assert one[1120:] != other[1120:]
    with pytest.raises(SlotNotOpened):
        key.open(one, b"purpose")
