"""Tests of grants' nonces: tag, word and bit, each taken once and in random order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.consent import fresh_nonce, mask_of, tag_of, word_of
from tests.makers import randomness


@given(st.integers(0, 2**256 - 1))
def test_a_nonce_is_its_word_and_bit(nonce: int) -> None:
    assert word_of(nonce) << 8 | (mask_of(nonce).bit_length() - 1) == nonce
    assert tag_of(nonce) == word_of(nonce) >> 184
    assert mask_of(nonce).bit_count() == 1


@given(st.integers(0, 2**64 - 1), st.integers(), st.integers(1, 600))
def test_nonces_never_repeat_and_carry_the_tag(tag: int, seed: int, count: int) -> None:
    draw, used = randomness(seed), [5 << 192 | 1]
    for _ in range(count):
        used.append(fresh_nonce(tag, used, draw))
    assert len(set(used)) == len(used)
    assert all(tag_of(nonce) == tag for nonce in used[1:])
    assert len({word_of(nonce) for nonce in used[1:]}) == -(-count // 256)


def test_bits_of_a_word_are_taken_in_random_order() -> None:
    draw, used = randomness("order"), list[int]()
    for _ in range(256):
        used.append(fresh_nonce(1, used, draw))
    bits = [nonce & 0xFF for nonce in used]
    assert sorted(bits) == list(range(256))
    assert bits != sorted(bits)


def test_a_new_tag_begins_a_new_word() -> None:
    draw = randomness()
    first = fresh_nonce(1, [], draw)
    second = fresh_nonce(2, [first], draw)
    assert word_of(first) != word_of(second)
    assert tag_of(second) == 2
