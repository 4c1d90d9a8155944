"""What a node tells itself in waybills comes back whole to it, and is noise to everybody else."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from app.core.errors import MalformedSeal, UnknownVersion
from app.core.waybills import HEAD, MOST, Entry, NodeSecret, read_waybill, write_waybills
from tests.makers import randomness

OWN, OTHER = NodeSecret(b"o" * 32), NodeSecret(b"x" * 32)


def entries(*texts: str) -> list[Entry]:
    return [Entry(at=100 + n, number=1 + n, text=text) for n, text in enumerate(texts)]


def told(bills: list[tuple[bytes, bytes]]) -> list[object]:
    """The entries of all waybills, in order."""
    return [entry for _, bill in bills for entry in read_waybill(OWN.open(bill))[1]]


# --- sealing ---


@pytest.mark.parametrize("content", [b"", b"x", bytes(100_000)], ids=["nothing", "a byte", "much"])
def test_what_a_node_seals_it_opens(content: bytes) -> None:
    sealed = OWN.seal(content, randomness())
    assert OWN.open(sealed) == content
    assert content[:16] not in sealed[HEAD:] or len(content) < 16


def test_the_same_content_is_sealed_to_other_bytes_each_time() -> None:
    random = randomness()
    assert OWN.seal(b"content", random) != OWN.seal(b"content", random)


def test_another_node_opens_nothing() -> None:
    with pytest.raises(MalformedSeal):
        OTHER.open(OWN.seal(b"content", randomness()))


@pytest.mark.parametrize("place", [4, 4 + 15, HEAD, -1], ids=["salt", "salt end", "text", "tag"])
def test_an_altered_byte_is_refused(place: int) -> None:
    sealed = bytearray(OWN.seal(b"content", randomness()))
    sealed[place] ^= 1
    with pytest.raises(MalformedSeal):
        OWN.open(bytes(sealed))


def test_what_is_cut_short_or_of_another_kind_is_refused() -> None:
    sealed = OWN.seal(b"", randomness())
    for length in range(len(sealed)):
        with pytest.raises(MalformedSeal):
            OWN.open(sealed[:length])
    with pytest.raises(MalformedSeal):
        OWN.open(sealed + b"\0")
    with pytest.raises(MalformedSeal):
        OWN.open(b"CKM" + sealed[3:])


def test_a_later_version_is_named() -> None:
    sealed = OWN.seal(b"content", randomness())
    with pytest.raises(UnknownVersion):
        OWN.open(sealed[:3] + b"\2" + sealed[4:])


def test_the_secret_shows_in_no_text() -> None:
    assert "o" * 8 not in repr(OWN)
    assert repr(b"o" * 32) not in repr(OWN)


# --- marks ---


def test_a_mark_is_known_to_its_node_alone_and_tells_of_one_envelope() -> None:
    envelope = sha256(b"bill").digest()
    assert OWN.mark(envelope) == OWN.mark(envelope)
    assert len({OWN.mark(envelope), OTHER.mark(envelope), OWN.mark(sha256(b"2").digest())}) == 3
    assert len(OWN.mark(envelope)) == 32


def test_each_waybill_stands_under_the_mark_of_its_hash() -> None:
    for mark, bill in write_waybills(entries('["a"]', '["b"]'), OWN, randomness()):
        assert mark == OWN.mark(sha256(bill).digest())


# --- writing and reading ---


def test_nothing_to_tell_makes_no_waybill() -> None:
    assert write_waybills([], OWN, randomness()) == []


def test_entries_come_back_in_order_with_the_place_of_the_first() -> None:
    ((_, bill),) = write_waybills(entries('["a",1]', '["b",[2]]'), OWN, randomness())
    assert read_waybill(OWN.open(bill)) == ((100, 1), [["a", 1], ["b", [2]]])


def test_more_than_a_block_is_told_in_several_and_none_is_larger() -> None:
    texts = [json.dumps(["entry", number, "é" * 900]) for number in range(700)]
    bills = write_waybills(entries(*texts), OWN, randomness())
    assert len(bills) > 3
    assert all(len(bill) <= MOST for _, bill in bills)
    assert told(bills) == [json.loads(text) for text in texts]
    orders = [read_waybill(OWN.open(bill))[0] for _, bill in bills]
    assert orders == sorted(orders)
    assert len(set(orders)) == len(orders)


def test_the_largest_entry_that_fits_has_a_waybill_of_its_own_and_a_larger_one_is_refused() -> None:
    room = MOST - 256 - 1
    largest = json.dumps("x" * (room - 2))
    assert len(largest) == room
    bills = write_waybills(entries('["a"]', largest, '["b"]'), OWN, randomness())
    assert len(bills) == 3
    assert all(len(bill) <= MOST for _, bill in bills)
    with pytest.raises(ValueError, match="larger"):
        write_waybills(entries(json.dumps("x" * (room - 1))), OWN, randomness())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"chartkey":"waybill/1","entries":[]}',
        b'{"chartkey":"waybill/1","order":[1],"entries":[]}',
        b'{"chartkey":"waybill/1","order":5,"entries":[]}',
        b'{"chartkey":"waybill/1","order":["a","b"],"entries":[]}',
        b'{"chartkey":"waybill/1","order":[1,2],"entries":5}',
    ],
)
def test_a_text_that_is_no_waybill_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedSeal):
        read_waybill(text)


def test_a_waybill_of_a_later_version_is_named() -> None:
    with pytest.raises(UnknownVersion):
        read_waybill(b'{"chartkey":"waybill/2","order":[1,2],"entries":[]}')
