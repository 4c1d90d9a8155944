"""Tests of encoding: hexadecimal, addresses and canonical JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from app.core.encoding import (
    address_bytes,
    canonical_json,
    checksum_address,
    from_hex,
    hex0x,
    keccak,
)
from app.core.errors import MalformedStatement

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_keccak_is_ethereums_and_not_sha3() -> None:
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@given(st.binary(max_size=80))
def test_hexadecimal_comes_back(raw: bytes) -> None:
    assert from_hex(hex0x(raw)) == raw
    assert from_hex(hex0x(raw), len(raw)) == raw


@pytest.mark.parametrize(
    "text", ["", "00", "0X00", "0x0", "0xzz", "0x0 0", "0x 00", "0x00\n", "0xé"]
)
def test_what_is_not_hexadecimal_is_refused(text: str) -> None:
    with pytest.raises(MalformedStatement):
        from_hex(text)


@pytest.mark.parametrize("value", [None, 5, b"0x00", ["0x00"]])
def test_what_is_not_text_is_refused(value: Any) -> None:
    with pytest.raises(MalformedStatement):
        from_hex(value)


def test_bytes_of_another_length_are_refused() -> None:
    with pytest.raises(MalformedStatement, match="31 bytes instead of 32"):
        from_hex("0x" + "00" * 31, 32)
    with pytest.raises(MalformedStatement):
        address_bytes("0x" + "00" * 21)


@given(st.binary(min_size=20, max_size=20))
def test_checksums_are_those_of_erc_55(raw: bytes) -> None:
    assert checksum_address(raw) == to_checksum_address(raw)


def test_canonical_json_is_sorted_and_without_white_space() -> None:
    document = {"b": [1, {"z": None, "a": True}], "a": "é\u2028\x7f\n"}
    assert canonical_json(document) == '{"a":"é\u2028\x7f\\n","b":[1,{"a":true,"z":null}]}'.encode()


def test_every_sign_is_written_as_the_standard_library_writes_it() -> None:
    signs = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    assert canonical_json(signs) == json.dumps(signs, ensure_ascii=False).encode()


@given(PLAIN)
def test_canonical_json_reads_back_and_is_stable(document: Any) -> None:
    written = canonical_json(document)
    assert json.loads(written) == document
    assert canonical_json(json.loads(written)) == written


@pytest.mark.parametrize(
    "document",
    [1.5, float("nan"), 2**53 + 1, -(2**53) - 1, {"é": 1}, {1: 2}, b"bytes", (1, 2), {"a": [1.0]}],
)
def test_values_without_one_canonical_form_are_refused(document: Any) -> None:
    with pytest.raises(ValueError, match=r"canonical|ASCII|double"):
        canonical_json(document)


def test_a_lone_surrogate_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        canonical_json("\ud800")
