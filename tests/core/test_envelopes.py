"""Tests of envelopes: parties open them, others learn neither content nor who they are."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.envelopes import LARGEST, PURPOSE, SLOT, SMALLEST, open_envelope, seal_envelope
from app.core.errors import MalformedSeal, NoSlot, SealError, UnknownVersion
from app.core.keys import PrivateKey
from tests.makers import DOMAINS, Person, make_grant, randomness, salt

CONTENTS = {"grant": "…", "key": "0x00"}


def keys(count: int) -> list[PrivateKey]:
    """Some private keys."""
    return [PrivateKey(salt(("party", i))) for i in range(count)]


def seal(contents: dict[str, Any], *parties: PrivateKey) -> bytes:
    """Seal to them."""
    return seal_envelope(contents, [party.public for party in parties], randomness())


@pytest.mark.parametrize("count", [1, 2, 4, 5])
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
    few, many = seal({"a": "b"}, *keys(1)), seal({"a": "b" * 1500}, *keys(4))
    assert len(few) == len(many) == 5 + 4 * SLOT + 12 + SMALLEST + 16
    assert few[:5] == many[:5]


def test_the_parties_are_not_named() -> None:
    envelope = seal(CONTENTS, *keys(2))
    assert not any(key.public.id in envelope or key.public.raw[:32] in envelope for key in keys(2))


def test_texts_grow_in_powers_of_two() -> None:
    sizes = {len(seal({"a": "b" * length}, *keys(1))) for length in (2100, 3000, 4000)}
    assert sizes == {5 + 4 * SLOT + 12 + 2 * SMALLEST + 16}


def test_a_text_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="256 KiB"):
        seal({"a": "b" * LARGEST}, *keys(1))


def test_an_envelope_has_parties_but_not_too_many() -> None:
    with pytest.raises(ValueError, match="252"):
        seal(CONTENTS)
    with pytest.raises(ValueError, match="252"):
        seal(CONTENTS, *keys(253))


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


@pytest.mark.parametrize("cut", [0, 4, 5, 5 + 4 * SLOT, 5 + 4 * SLOT + 12 + SMALLEST + 15])
def test_an_envelope_that_is_cut_off_is_malformed(cut: int) -> None:
    with pytest.raises(MalformedSeal):
        open_envelope(seal(CONTENTS, *keys(1))[:cut], *keys(1))


def test_an_envelope_of_another_kind_or_version_is_refused() -> None:
    envelope = seal(CONTENTS, *keys(1))
    with pytest.raises(MalformedSeal):
        open_envelope(b"CKS" + envelope[3:], *keys(1))
    with pytest.raises(UnknownVersion):
        open_envelope(envelope[:3] + b"\x02" + envelope[4:], *keys(1))


def envelope_of(text: bytes) -> bytes:
    """An envelope with any text, as a hostile party may seal it."""
    key, content_key = keys(1)[0], salt("content key")
    head = b"CKE\x01\x01" + key.public.seal(content_key, PURPOSE) + bytes(12)
    return head + AESGCM(content_key).encrypt(bytes(12), text.ljust(SMALLEST, b" "), head)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'"text"', b"5", b"\xff\xfe", b"[" * 100_000, b"9" * 5000],
    ids=lambda text: text[:4].decode("latin-1"),
)  # fmt: skip
def test_a_text_that_is_no_json_object_is_malformed(text: bytes) -> None:
    assert open_envelope(envelope_of(json.dumps(CONTENTS).encode()), *keys(1)) == CONTENTS
    with pytest.raises(MalformedSeal):
        open_envelope(envelope_of(text), *keys(1))
