"""Content addresses are those that `ipfs add --cid-version=1` gives to the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256, shake_128

import pytest

from app.core.cid import CHUNK, CidHasher, cid_of, raw_cid, require_cid
from app.core.errors import NotStored

EMPTY = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
"""`hello world`, without an end of line."""


@pytest.mark.parametrize(("content", "address"), [(b"", EMPTY), (b"hello world", HELLO)])
def test_known_contents_have_their_known_address(content: bytes, address: str) -> None:
    assert cid_of(content) == address


PINNED = {
    0: EMPTY,
    1: "bafkreic6g4yfywd4v4d6tgqi4hx5a5e72o53xbkxklsnk2fmfw74easumq",
    CHUNK - 1: "bafkreida5i6hr2srtmeldrw4s6yx65sqdlivcz4geopy77hxiqbehjnojm",
    CHUNK: "bafkreiawoanqq6mri5v7y7vves7mrudlj3i6e5peorx3zqswtgdafi6o6e",
    CHUNK + 1: "bafybeigh22p2jv5ep5vwwim7vfq6sxa63dpzdiealdtsfji3gqkqof73q4",
    1 << 20: "bafybeievht5oqt4om4xu3q775svtqyj7rtvoutlbm4esdnyh2mnfwqb6mq",
    174 * CHUNK: "bafybeigcfci6ie3bwmqqcowmrrpfnt6s26v5gup5lnxixerlu4e35oaqva",
    174 * CHUNK + 1: "bafybeig3vpx3xpoq7xhatkywequwalbltuoivr4fjfl24ibesndaxxc6lu",
    100_000_000: "bafybeie7tx5uno3aj4wn2hvh2bvetkzozpinqodhzbaeifllszaktj5zda",
}
"""What `ipfs add --only-hash --cid-version=1` of kubo 0.41.0 said of `ruled_pieces` of each size."""


def ruled_pieces(size: int) -> Iterator[bytes]:
    """A file made by rule: megabyte n is SHAKE-128 of n (4 bytes, big-endian)."""
    for number in range(-(-size // (1 << 20))):
        piece = shake_128(number.to_bytes(4, "big")).digest(1 << 20)
        yield piece[: size - number * len(piece)]


@pytest.mark.parametrize("size", PINNED)
def test_the_address_is_the_one_that_ipfs_gives(size: int) -> None:
    hasher = CidHasher()
    for piece in ruled_pieces(size):
        hasher.update(piece)
    assert hasher.address() == PINNED[size]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_the_address_does_not_depend_on_how_the_bytes_come(size: int) -> None:
    content = b"".join(ruled_pieces(size))
    whole = cid_of(content)
    for step in (1000, CHUNK - 1, CHUNK, CHUNK + 1):
        hasher = CidHasher()
        for at in range(0, size, step):
            hasher.update(content[at : at + step])
        hasher.update(b"")
        assert hasher.address() == whole


def test_one_block_is_addressed_by_its_hash_alone() -> None:
    assert raw_cid(sha256(b"hello world").digest()) == HELLO


@pytest.mark.parametrize("address", [EMPTY, HELLO, cid_of(bytes(CHUNK + 1))])
def test_a_good_address_passes(address: str) -> None:
    assert require_cid(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "b",
        "../../etc/passwd",
        "..",
        "/etc/passwd",
        EMPTY[:-1],
        EMPTY + "a",
        EMPTY.upper(),
        "B" + EMPTY[1:],
        EMPTY[:-1] + "/",
        "../" + EMPTY,
        EMPTY + "/../x",
        EMPTY[:10] + "\0" + EMPTY[11:],
        "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzd",
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykv",
        "é" * 59,
    ],
    ids=repr,
)
def test_what_is_no_address_is_refused_before_it_touches_a_path(address: str) -> None:
    with pytest.raises(NotStored):
        require_cid(address)
