"""Tests of envelopes: parties open them, others learn neither content nor who they are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.encoding import canonical_json
from app.core.envelopes import (
    LARGEST,
    PADDED,
    PURPOSE,
    SLOT,
    SLOTS_STEP,
    SMALLEST,
    TAIL,
    noise_envelope,
    open_envelope,
    seal_envelope,
)
from app.core.errors import MalformedSeal, NoSlot, SealError, UnknownVersion
from app.core.keys import PrivateKey, derive
from app.core.sealed_forms import require_envelope
from tests.makers import DOMAINS, Person, make_grant, randomness, salt

CONTENTS = {"grant": "…", "key": "0x00"}


def keys(count: int) -> list[PrivateKey]:
    """Some private keys."""
    return [PrivateKey(salt(("party", i))) for i in range(count)]


def seal(contents: dict[str, Any], *parties: PrivateKey) -> bytes:
    """Seal to them."""
    return seal_envelope(contents, [party.public for party in parties], randomness())


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_each_party_opens_the_envelope(count: int) -> None:
    envelope = seal(CONTENTS, *keys(count))
    assert all(open_envelope(envelope, key) == CONTENTS for key in keys(count))


def test_any_of_several_keys_opens(stranger: Person) -> None:
    envelope = seal(CONTENTS, *keys(1))
    assert open_envelope(envelope, stranger.identity, *keys(1)) == CONTENTS


def test_others_open_nothing(stranger: Person) -> None:
    envelope = seal(CONTENTS, *keys(2))
    with pytest.raises(NoSlot):
        open_envelope(envelope, stranger.identity)
    with pytest.raises(NoSlot):
        open_envelope(envelope)


def test_a_party_named_twice_has_one_slot() -> None:
    one = keys(1)[0]
    assert len(seal(CONTENTS, one, one)) == len(seal(CONTENTS, one))


def test_the_size_tells_neither_how_many_parties_nor_how_much_text() -> None:
    few, many = seal({"a": "b"}, *keys(1)), seal({"a": "b" * 4000}, *keys(3))
    assert len(few) == len(many) == 5 + SLOTS_STEP * SLOT + TAIL + PADDED + 16
    assert few[:5] == many[:5]


def test_the_parties_are_not_named() -> None:
    envelope = seal(CONTENTS, *keys(2))
    assert not any(key.public.id in envelope or key.public.raw[:32] in envelope for key in keys(2))


@pytest.mark.parametrize(
    ("length", "text"),
    [(4088, 4096), (4089, 16_384), (16_376, 16_384), (16_377, 65_536), (65_529, LARGEST)],
)
def test_longer_texts_are_padded_to_four_times_as_much(length: int, text: int) -> None:
    envelope = seal({"a": "b" * length}, *keys(1))
    assert len(envelope) == 5 + SLOTS_STEP * SLOT + TAIL + text + 16
    assert require_envelope(envelope) == envelope


def test_an_envelope_of_the_sizes_that_were_once_written_still_opens() -> None:
    text = canonical_json(CONTENTS)
    for length in (SMALLEST, 2 * PADDED):
        assert open_envelope(envelope_of(padded(text, length)), *keys(1)) == CONTENTS


def test_noise_has_the_shape_of_an_envelope_and_opens_for_nobody() -> None:
    noise = noise_envelope(randomness("noise"))
    assert require_envelope(noise) == noise
    assert (len(noise), noise[:5]) == (len(seal(CONTENTS, *keys(2))), seal(CONTENTS, *keys(2))[:5])
    with pytest.raises(NoSlot):
        open_envelope(noise, *keys(3))


def test_a_text_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="128 KiB"):
        seal({"a": "b" * LARGEST}, *keys(1))


def test_an_envelope_has_parties_but_not_too_many() -> None:
    with pytest.raises(ValueError, match="108"):
        seal(CONTENTS)
    with pytest.raises(ValueError, match="108"):
        seal(CONTENTS, *keys(109))


def test_a_statement_travels_in_an_envelope(patient: Person, doctor: Person) -> None:
    grant = make_grant(patient, doctor)
    document = grant.typed_data(DOMAINS.consent)
    assert open_envelope(seal(document, doctor.identity), doctor.identity) == document


def test_a_flipped_bit_anywhere_opens_nothing() -> None:
    envelope = seal(CONTENTS, *keys(1))
    for at in {0, 3, 4, len(envelope) - 1} | set(random.Random(6).sample(range(len(envelope)), 40)):
        altered = bytearray(envelope)
        altered[at] ^= 1 << (at % 8)
        with pytest.raises(SealError):
            open_envelope(bytes(altered), *keys(1))


def test_an_altered_text_is_named() -> None:
    envelope = bytearray(seal(CONTENTS, *keys(1)))
    envelope[-20] ^= 1
    with pytest.raises(MalformedSeal, match="altered"):
        open_envelope(bytes(envelope), *keys(1))


@pytest.mark.parametrize(
    "cut",
    [
        0,
        4,
        5,
        5 + SLOTS_STEP * SLOT,
        5 + SLOTS_STEP * SLOT + 32,
        5 + SLOTS_STEP * SLOT + TAIL + SMALLEST + 15,
    ],
)
def test_an_envelope_that_is_cut_off_is_malformed(cut: int) -> None:
    with pytest.raises(MalformedSeal):
        open_envelope(seal(CONTENTS, *keys(1))[:cut], *keys(1))


def test_an_envelope_of_another_kind_or_version_is_refused() -> None:
    envelope = seal(CONTENTS, *keys(1))
    with pytest.raises(MalformedSeal):
        open_envelope(b"CKS" + envelope[3:], *keys(1))
    with pytest.raises(UnknownVersion):
        open_envelope(envelope[:3] + b"\x02" + envelope[4:], *keys(1))


def key_of(secret: bytes) -> tuple[bytes, bytes]:
    """The AES key that a slot's secret leads to, and the commitment to it."""
    okm = derive(secret, b"chartkey/envelope-key/1", 64)
    return okm[:32], okm[32:]


def envelope_of(
    text: bytes, secrets: Sequence[bytes] = (salt("secret"),), commitment: bytes | None = None
) -> bytes:
    """An envelope with any padded text, a slot for each party, as a hostile sender may make it.

    The text is sealed under the first secret.
    """
    key, own = key_of(secrets[0])
    slots = [
        party.public.seal(s, PURPOSE) for party, s in zip(keys(len(secrets)), secrets, strict=True)
    ]
    head = b"CKE\x01" + bytes([len(slots)]) + b"".join(slots) + (commitment or own) + bytes(12)
    return head + AESGCM(key).encrypt(bytes(12), text, head)


def padded(text: bytes, length: int = SMALLEST) -> bytes:
    """The text and spaces."""
    return text.ljust(length, b" ")


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"[]", b'"text"', b"5", b"\xff\xfe", b"[" * 100_000, b"9" * 5000, b'{"a":NaN}',
        b'{"a":1.0}', b'{"a":1,"a":1}', b'{"b":1,"a":2}', b' {"a":1}', b'{"a": 1}', b'{"a":1}\n',
        b'{"a":"\\u0062"}', b'{"a":9007199254740993}', b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-16-be"), '{"a":1}'.encode("utf-32"),
    ],
    ids=lambda text: text[:12].decode("latin-1"),
)  # fmt: skip
def test_a_text_that_is_no_canonical_json_object_is_malformed(text: bytes) -> None:
    assert open_envelope(envelope_of(padded(canonical_json(CONTENTS))), *keys(1)) == CONTENTS
    with pytest.raises(MalformedSeal, match="text"):
        open_envelope(envelope_of(padded(text)), *keys(1))


def test_an_envelope_holds_at_most_256_kib_of_text() -> None:
    text = canonical_json(CONTENTS)
    assert open_envelope(envelope_of(padded(text, LARGEST)), *keys(1)) == CONTENTS
    for length in (LARGEST + 1, 2 * LARGEST):
        with pytest.raises(MalformedSeal, match="too long"):
            open_envelope(envelope_of(padded(text, length)), *keys(1))


def test_a_slot_with_another_secret_opens_nothing() -> None:
    first, second = keys(2)
    envelope = envelope_of(padded(canonical_json(CONTENTS)), (salt("one"), salt("other")))
    assert open_envelope(envelope, first) == CONTENTS
    with pytest.raises(MalformedSeal, match="commits"):
        open_envelope(envelope, second)


def test_no_envelope_reads_differently_for_two_parties() -> None:
    first, second = keys(2)
    secrets = (salt("one"), salt("other"))
    head, text = two_faced(*secrets)
    # without the commitment, AES-GCM would open this ciphertext under both keys
    for secret in secrets:
        AESGCM(key_of(secret)[0]).decrypt(bytes(12), text, head)
    with pytest.raises(MalformedSeal, match="its text is"):
        open_envelope(head + text, first)
    with pytest.raises(MalformedSeal, match="commits"):
        open_envelope(head + text, second)


def two_faced(one: bytes, other: bytes) -> tuple[bytes, bytes]:
    """An envelope's head, and a ciphertext whose tag fits the keys of both secrets.

    The last block before the tag is chosen so that both GHASHes (NIST SP 800-38D) agree.
    """
    slots = [p.public.seal(s, PURPOSE) for p, s in zip(keys(2), (one, other), strict=True)]
    head = b"CKE\x01\x02" + b"".join(slots) + key_of(one)[1] + bytes(12)
    body = bytes(SMALLEST - 16)
    shares = [_tag(key_of(secret)[0], body + bytes(16), head) for secret in (one, other)]
    hashes = [_block(key_of(secret)[0], bytes(16)) for secret in (one, other)]
    squares = _times(hashes[0], hashes[0]) ^ _times(hashes[1], hashes[1])
    # the chosen block enters each tag times the square of its hash key
    block = _times(shares[0] ^ shares[1], _inverse(squares))
    text = body + block.to_bytes(16, "big")
    return head, text + _tag(key_of(one)[0], text, head).to_bytes(16, "big")


def _block(key: bytes, block: bytes) -> int:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return int.from_bytes(encryptor.update(block), "big")


def _tag(key: bytes, text: bytes, head: bytes) -> int:
    """AES-GCM's tag over a ciphertext, under the nonce of zeros."""
    lengths = (8 * len(head)).to_bytes(8, "big") + (8 * len(text)).to_bytes(8, "big")
    hashed = head + bytes(-len(head) % 16) + text + bytes(-len(text) % 16) + lengths
    h, state = _block(key, bytes(16)), 0
    for at in range(0, len(hashed), 16):
        state = _times(state ^ int.from_bytes(hashed[at : at + 16], "big"), h)
    return state ^ _block(key, bytes(15) + b"\x01")


def _times(x: int, y: int) -> int:
    """The product in GCM's field of 2^128."""
    product = 0
    for i in range(127, -1, -1):
        if x >> i & 1:
            product ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def _inverse(x: int) -> int:
    """x to the power of 2^128 - 2."""
    result = 1 << 127
    for _ in range(127):
        x = _times(x, x)
        result = _times(result, x)
    return result
