"""A file's inner nodes are read as they were laid out, and what is no such node is refused."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.dag import children_of, is_cid, is_leaf, require_block
from app.core.cid import cid_text, raw_cid
from app.core.errors import StoreAltered

LEAF = raw_cid(sha256(b"leaf").digest())
NODE = cid_text(bytes([1, 0x70]) + b"\x12\x20" + sha256(b"node").digest())


def link(number: int) -> tuple[bytes, str]:
    """A link of a node, as dag-pb has it, and the address of its child."""
    digest = sha256(str(number).encode()).digest()
    cid = bytes([1, 0x55]) + b"\x12\x20" + digest
    field = b"\x0a\x24" + cid + b"\x12\x00\x18" + bytes([number])
    return b"\x12" + bytes([len(field)]) + field, raw_cid(digest)


@given(st.lists(st.integers(0, 127), min_size=1, max_size=174))
def test_children_are_told_in_order(numbers: list[int]) -> None:
    links = [link(number) for number in numbers]
    node = b"".join(encoded for encoded, _ in links) + b"\x0a\x04\x08\x02\x18\x07"
    assert children_of(NODE, node) == [address for _, address in links]


@given(st.binary(max_size=300))
def test_what_is_no_node_is_refused_and_never_crashes(noise: bytes) -> None:
    try:
        children = children_of(NODE, noise)
    except StoreAltered:
        return
    assert all(is_cid(child) for child in children)


@pytest.mark.parametrize(
    "node",
    [
        b"",
        b"\x0a\x02\x08\x02",  # no links: its bytes stand in the node itself
        link(1)[0][:-1],
        b"\x12\x02\x12\x00",  # a link to nothing
        b"\x12\x03\x0a\x01\x00",  # a link to what is no address
        b"\x12" + b"\xff" * 20,
        b"\x13\x00",
    ],
    ids=repr,
)
def test_a_node_that_is_not_of_our_layout_is_refused(node: bytes) -> None:
    with pytest.raises(StoreAltered):
        children_of(NODE, node)


def test_a_block_is_the_one_of_its_address_or_refused() -> None:
    assert is_leaf(LEAF)
    assert not is_leaf(NODE)
    assert require_block(LEAF, b"leaf") == b"leaf"
    with pytest.raises(StoreAltered):
        require_block(LEAF, b"leaf\0")
    with pytest.raises(StoreAltered):
        require_block(NODE, b"leaf")
