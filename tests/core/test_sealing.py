"""Tests of the sealed body: it comes back whole or not at all, in any size, in little memory."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import (
    BodyAltered,
    BodyTruncated,
    KeyNotOfBody,
    MalformedSeal,
    SealError,
    UnknownSuite,
    UnknownVersion,
)
from app.core.sealing import (
    HEADER,
    SEGMENT,
    TAG,
    BodyContext,
    BodyKey,
    Halves,
    Read,
    open_bytes,
    open_stream,
    reader,
    require_header,
    seal_bytes,
    seal_stream,
    sealed_hash,
    sealed_size,
)
from app.core.typed_data import Domain
from tests.makers import CHAIN_ID, DOMAINS, address, salt
from tests.openings import make_body_key, make_halves

KEY = make_body_key()
BODY = random.Random(7).randbytes(2 * SEGMENT + 1234)
PIECE = SEGMENT + TAG


def segments(sealed: bytes) -> list[bytes]:
    """The header and the sealed segments."""
    rest = sealed[HEADER:]
    return [sealed[:HEADER], *(rest[at : at + PIECE] for at in range(0, len(rest), PIECE))]


def trickle(body: bytes, steps: Iterator[int]) -> Read:
    """A source that gives fewer bytes than it was asked for, as sockets do."""
    whole = reader(body)
    return lambda size: whole(min(size, next(steps)))


@pytest.mark.parametrize(
    "size", [0, 1, 15, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 2 * SEGMENT + 1, 3 * SEGMENT]
)
def test_a_body_of_any_size_comes_back(size: int) -> None:
    body = random.Random(size).randbytes(size)
    sealed = seal_bytes(body, KEY)
    assert len(sealed) == sealed_size(size)
    assert open_bytes(sealed, KEY) == body


def test_a_body_of_zero_bytes_has_one_empty_segment() -> None:
    sealed = seal_bytes(b"", KEY)
    assert len(sealed) == HEADER + TAG
    assert list(open_stream(reader(sealed), KEY)) == [b""]


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_small_bodies_come_back(body: bytes) -> None:
    assert open_bytes(seal_bytes(body, KEY), KEY) == body


@settings(max_examples=15)
@given(st.integers(0, 3 * SEGMENT), st.randoms(use_true_random=False))
def test_how_a_source_delivers_changes_nothing(size: int, dice: random.Random) -> None:
    body = BODY[:size]
    steps = iter(lambda: dice.randint(1, SEGMENT * 2), 0)
    sealed = b"".join(seal_stream(trickle(body, steps), KEY))
    assert sealed == seal_bytes(body, KEY)
    assert b"".join(open_stream(trickle(sealed, steps), KEY)) == body


def test_a_flipped_bit_in_any_byte_of_a_small_body_is_refused() -> None:
    sealed = seal_bytes(b"The patient is allergic to penicillin.", KEY)
    for at in range(len(sealed)):
        for bit in (0, 7) if at % 3 else range(8):
            altered = bytearray(sealed)
            altered[at] ^= 1 << bit
            with pytest.raises(SealError) as refused:
                open_bytes(bytes(altered), KEY)
            expected = {3: UnknownVersion, 4: UnknownSuite}.get(
                at, MalformedSeal if at < 8 else KeyNotOfBody if at < HEADER else BodyAltered
            )
            assert refused.type is expected


def test_a_flipped_bit_in_a_larger_body_is_found_in_its_segment() -> None:
    sealed = seal_bytes(BODY, KEY)
    for at in random.Random(2).sample(range(HEADER, len(sealed)), 60):
        altered = bytearray(sealed)
        altered[at] ^= 1 << (at % 8)
        with pytest.raises(BodyAltered) as refused:
            open_bytes(bytes(altered), KEY)
        assert refused.value.facts["segment"] == (at - HEADER) // PIECE


def test_nothing_of_an_altered_segment_is_released() -> None:
    sealed = bytearray(seal_bytes(BODY, KEY))
    sealed[HEADER + PIECE + 5] ^= 1
    released = open_stream(reader(bytes(sealed)), KEY)
    assert next(released) == BODY[:SEGMENT]
    with pytest.raises(BodyAltered):
        next(released)


def test_a_body_cut_off_anywhere_is_refused() -> None:
    sealed = seal_bytes(BODY, KEY)
    cuts = {0, 1, HEADER - 1, HEADER, HEADER + 1, HEADER + TAG, len(sealed) - 1, len(sealed) - TAG}
    for cut in cuts | set(random.Random(3).sample(range(len(sealed)), 40)):
        with pytest.raises((BodyTruncated, BodyAltered, MalformedSeal)):
            open_bytes(sealed[:cut], KEY)


@pytest.mark.parametrize("kept", [1, 2])
def test_a_body_that_ends_between_segments_is_truncated(kept: int) -> None:
    head, *rest = segments(seal_bytes(BODY, KEY))
    with pytest.raises(BodyTruncated):
        open_bytes(head + b"".join(rest[:kept]), KEY)


def test_a_body_without_segments_is_truncated() -> None:
    with pytest.raises(BodyTruncated):
        open_bytes(seal_bytes(BODY, KEY)[:HEADER], KEY)


@pytest.mark.parametrize("more", [b"\x00", bytes(TAG), bytes(PIECE), bytes(3 * PIECE)])
@pytest.mark.parametrize("size", [SEGMENT, 2 * SEGMENT])
def test_a_body_that_goes_on_after_its_last_segment_is_truncated(more: bytes, size: int) -> None:
    with pytest.raises(BodyTruncated):
        open_bytes(seal_bytes(BODY[:size], KEY) + more, KEY)


@pytest.mark.parametrize("full", [1, 2])
def test_an_empty_segment_after_full_ones_is_altered(full: int) -> None:
    head, *rest = segments(seal_bytes(BODY, KEY))
    empty = AESGCM(KEY.key).encrypt(KEY.nonce(full, True), b"", KEY.header)
    with pytest.raises(BodyAltered) as refused:
        open_bytes(head + b"".join(rest[:full]) + empty, KEY)
    assert refused.value.facts["segment"] == full


def test_a_last_segment_that_goes_on_is_altered() -> None:
    with pytest.raises(BodyAltered):
        open_bytes(seal_bytes(BODY, KEY) + b"\x00", KEY)


@pytest.mark.parametrize(
    "order", [(1, 0, 2), (0, 2, 1), (2, 1, 0), (0, 0, 1, 2), (0, 1, 1, 2), (1, 2)]
)
def test_segments_in_another_order_number_or_twice_are_refused(order: tuple[int, ...]) -> None:
    head, *rest = segments(seal_bytes(BODY, KEY))
    with pytest.raises((BodyAltered, BodyTruncated)):
        open_bytes(head + b"".join(rest[i] for i in order), KEY)


def test_a_segment_of_another_body_is_refused() -> None:
    head, first, second, last = segments(seal_bytes(BODY, KEY))
    foreign = segments(seal_bytes(BODY, make_body_key("other")))
    with pytest.raises(BodyAltered):
        open_bytes(head + first + foreign[2] + last, KEY)
    assert open_bytes(head + first + second + last, KEY) == BODY


def test_a_swapped_header_is_refused() -> None:
    foreign_key = make_body_key("other")
    foreign = seal_bytes(BODY, foreign_key)
    swapped = foreign[:HEADER] + seal_bytes(BODY, KEY)[HEADER:]
    with pytest.raises(KeyNotOfBody):
        open_bytes(swapped, KEY)
    with pytest.raises(BodyAltered):
        open_bytes(swapped, foreign_key)


@pytest.mark.parametrize("version", [0, 2, 255])
def test_an_unknown_version_is_named(version: int) -> None:
    header = KEY.header[:3] + bytes([version]) + KEY.header[4:]
    with pytest.raises(UnknownVersion) as refused:
        require_header(header)
    assert refused.value.facts["version"] == version


@pytest.mark.parametrize("suite", [0, 2, 255])
def test_an_unknown_suite_is_named(suite: int) -> None:
    header = KEY.header[:4] + bytes([suite]) + KEY.header[5:]
    with pytest.raises(UnknownSuite) as refused:
        require_header(header)
    assert refused.value.facts["suite"] == suite


@pytest.mark.parametrize("header", [b"", b"CKB", KEY.header[:-1], b"CKS" + KEY.header[3:]])
def test_what_is_no_header_is_malformed(header: bytes) -> None:
    with pytest.raises(MalformedSeal):
        require_header(header)


@pytest.mark.parametrize(
    "changed",
    [
        {"registry": Domain(chain_id=CHAIN_ID + 1, contract=DOMAINS.records.contract)},
        {"registry": DOMAINS.consent},
        {"patient": address("another patient")},
        {"author": address("another author")},
        {"category": "vitals"},
        {"content_root": salt("another root")},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_body_opens_under_no_other_records_name(changed: dict[str, object]) -> None:
    with pytest.raises(KeyNotOfBody):
        open_bytes(seal_bytes(BODY, KEY), make_body_key(**changed))


def test_each_half_alone_opens_nothing() -> None:
    good, other = make_halves(), make_halves("other")
    sealed = seal_bytes(b"body", KEY)
    for halves in (
        Halves(a=good.a, b=other.b),
        Halves(a=other.a, b=good.b),
        Halves(a=good.b, b=good.a),
    ):
        context_key = BodyKey.of(halves, make_context())
        with pytest.raises(KeyNotOfBody):
            open_bytes(sealed, context_key)


def make_context() -> BodyContext:
    """The context of KEY."""
    return BodyContext(
        registry=DOMAINS.records,
        patient=address("patient"),
        author=address("author"),
        category="laboratory",
        content_root=salt("root"),
    )


def test_a_key_that_only_claims_the_commitment_opens_nothing() -> None:
    forged = replace(make_body_key("other"), commitment=KEY.commitment)
    with pytest.raises(BodyAltered):
        open_bytes(seal_bytes(b"body", KEY), forged)


@pytest.mark.parametrize(("a", "b"), [(31, 32), (32, 33), (0, 64)])
def test_a_half_has_32_bytes(a: int, b: int) -> None:
    with pytest.raises(MalformedSeal):
        Halves(a=bytes(a), b=bytes(b))


@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(0, 2**32 - 1), st.booleans())
def test_nonces_of_one_body_never_repeat(a: int, last_a: bool, b: int, last_b: bool) -> None:
    assert (KEY.nonce(a, last_a) == KEY.nonce(b, last_b)) == ((a, last_a) == (b, last_b))
    assert len(KEY.nonce(a, last_a)) == 12


def test_a_body_has_at_most_2_to_the_32_segments() -> None:
    with pytest.raises(OverflowError):
        KEY.nonce(2**32, False)


def test_keys_do_not_show_themselves() -> None:
    halves = make_halves()
    for secret in (halves.a, halves.b):
        assert repr(secret) not in repr(halves)
    assert repr(KEY.key) not in repr(KEY)


def test_a_sealed_body_is_named_by_its_hash() -> None:
    sealed = seal_bytes(b"body", KEY)
    assert sealed_hash(sealed) != sealed_hash(sealed + b"\x00")
    assert len(sealed_hash(sealed)) == 32


GIGABYTE = """
import json, sys
from hashlib import sha256
from app.core.sealing import open_stream, seal_stream
from tests.openings import make_body_key

def highest():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM"))

def piped(pieces):
    waiting = bytearray()
    def read(size):
        while len(waiting) < size and (piece := next(pieces, None)) is not None:
            waiting.extend(piece)
        taken = bytes(waiting[:size])
        del waiting[:size]
        return taken
    return read

key, left, block = make_body_key(), int(sys.argv[1]), bytes(range(256)) * 4096
given = sha256()
def source(size):
    global left
    piece = block[: min(size, left)]
    left -= len(piece)
    given.update(piece)
    return piece

start, opened, count = highest(), sha256(), 0
for piece in open_stream(piped(seal_stream(source, key)), key):
    opened.update(piece)
    count += len(piece)
print(json.dumps({"same": opened.digest() == given.digest(), "bytes": count, "kb": highest() - start}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_a_body_of_one_gigabyte_streams_in_little_memory(pytestconfig: pytest.Config) -> None:
    told = subprocess.run(
        [sys.executable, "-c", GIGABYTE, str(1 << 30)],
        capture_output=True, check=True, cwd=pytestconfig.rootpath, text=True, timeout=600,
    )  # fmt: skip
    result = json.loads(told.stdout)
    assert result["same"]
    assert result["bytes"] == 1 << 30
    assert result["kb"] < 64 * 1024
