"""Content addresses are those that `ipfs add --cid-version=1` gives to the same bytes."""

from __future__ import annotations

from hashlib import shake_128

import pytest

from app.adapters.cid import CHUNK, CidHasher, cid_of, raw_cid, require_cid
from app.core.errors import NotStored

EMPTY = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
"""`hello world`, without an end of line."""


@pytest.mark.parametrize(("content", "address"), [(b"", EMPTY), (b"hello world", HELLO)])
def test_known_contents_have_their_known_address(content: bytes, address: str) -> None:
    assert cid_of(content) == address


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 175 * CHUNK + 3])
def test_the_address_does_not_depend_on_how_the_bytes_come(size: int) -> None:
    content = shake_128(b"pieces").digest(4096) * (size // 4096 + 1)
    content = content[:size]
    whole = cid_of(content)
    for step in (1000, CHUNK - 1, CHUNK, CHUNK + 1):
        hasher = CidHasher()
        for at in range(0, size, step):
            hasher.update(content[at : at + step])
        hasher.update(b"")
        assert hasher.address() == whole


def test_one_block_is_addressed_by_its_hash_alone() -> None:
    from hashlib import sha256

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
