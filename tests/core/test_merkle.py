"""Tests of the one tree and of manifests."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.encoding import keccak
from app.core.errors import MalformedSeal, UnknownVersion
from app.core.merkle import (
    MANIFEST_MOST,
    ManifestEntry,
    MerkleTree,
    decode_manifest,
    encode_manifest,
    is_proven,
    manifest_id,
    merkle_root,
)
from app.core.signatures import Proof
from tests.makers import salt

DIGESTS = st.sets(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)


def pair(a: bytes, b: bytes) -> bytes:
    """An inner node, written down once more."""
    return keccak(min(a, b) + max(a, b))


def leaves(count: int) -> list[bytes]:
    """Some sorted digests."""
    return sorted(salt(i) for i in range(count))


@given(DIGESTS)
def test_every_digest_of_a_tree_is_proven(digests: set[bytes]) -> None:
    tree = MerkleTree(digests)
    assert all(is_proven(digest, tree.proof(digest)) for digest in digests)
    assert tree.root == merkle_root(digests)


@given(DIGESTS, st.randoms(use_true_random=False))
def test_order_and_repeats_do_not_change_the_root(digests: set[bytes], random: object) -> None:
    twice = [*digests, *digests]
    random.shuffle(twice)  # type: ignore[attr-defined]
    assert merkle_root(twice) == merkle_root(digests)


@given(DIGESTS, st.binary(min_size=32, max_size=32), st.data())
def test_a_digest_that_is_not_in_the_tree_has_no_proof(
    digests: set[bytes], foreign: bytes, data: st.DataObject
) -> None:
    digests -= {foreign}
    if not digests:
        return
    tree = MerkleTree(digests)
    borrowed = tree.proof(data.draw(st.sampled_from(sorted(digests))))
    assert not is_proven(foreign, borrowed)
    with pytest.raises(KeyError):
        tree.proof(foreign)


@given(DIGESTS, st.data())
def test_a_changed_proof_proves_nothing(digests: set[bytes], data: st.DataObject) -> None:
    tree = MerkleTree(digests)
    digest = data.draw(st.sampled_from(sorted(digests)))
    proof = tree.proof(digest)
    assert not is_proven(digest, Proof(root=salt("other root"), path=proof.path))
    assert not is_proven(digest, Proof(root=proof.root, path=(*proof.path, salt())))
    for step in range(len(proof.path)):
        shorter = proof.path[:step] + proof.path[step + 1 :]
        swapped = (*proof.path[:step], salt(), *proof.path[step + 1 :])
        assert not is_proven(digest, Proof(root=proof.root, path=shorter))
        assert not is_proven(digest, Proof(root=proof.root, path=swapped))


def test_parts_that_are_not_32_bytes_prove_nothing() -> None:
    a, b = leaves(2)
    both, root = a + b, merkle_root([a, b])
    assert is_proven(a, Proof(root=root, path=(b,)))
    for digest, path in (
        (b"", (both,)),
        (both, (b"",)),
        (both[:31], (both[31:],)),
        (both[:1], (both[1:],)),
    ):
        assert not is_proven(digest, Proof(root=root, path=path))
    for length in (0, 31, 33, 64):
        assert not is_proven(bytes(length), Proof(root=bytes(length), path=()))


def test_one_digest_is_its_own_root() -> None:
    assert merkle_root([salt()]) == salt()
    assert MerkleTree([salt()]).proof(salt()) == Proof(root=salt(), path=())


def test_the_shape_is_that_of_openzeppelins_array() -> None:
    a, b, c, d, e = leaves(5)
    # nodes 8 … 4 are the leaves in order, so a and b are the children of node 3
    assert merkle_root([a, b, c, d, e]) == pair(pair(pair(a, b), e), pair(c, d))
    assert merkle_root([a, b, c]) == pair(pair(a, b), c)


@pytest.mark.parametrize("digests", [[], [b""], [b"\x00" * 31], [salt(), b"\x00" * 33]])
def test_a_tree_stands_on_digests(digests: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MerkleTree(digests)


ENTRIES = st.dictionaries(
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    min_size=1,
    max_size=20,
)


@given(ENTRIES)
def test_a_manifest_reads_back_sorted(rows: dict[bytes, bytes]) -> None:
    entries = [ManifestEntry(digest=d, envelope=e) for d, e in rows.items()]
    manifest = encode_manifest(entries)
    assert decode_manifest(manifest) == sorted(entries, key=lambda entry: entry.digest)
    assert encode_manifest(entries[::-1]) == manifest
    assert manifest_id(manifest) != manifest_id(manifest + b"\x00")


def test_a_manifest_that_nobody_could_read_is_not_written() -> None:
    entry = ManifestEntry(digest=salt())
    for entries in ([], [entry, entry], [ManifestEntry(digest=salt(), envelope=salt()), entry]):
        with pytest.raises(ValueError, match="65,536"):
            encode_manifest(entries)


def manifest_of(count: int) -> bytes:
    """A manifest of digests without envelopes."""
    return encode_manifest([ManifestEntry(digest=digest) for digest in leaves(count)])


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 71, 72, 135])
def test_a_manifest_that_is_cut_off_is_malformed(cut: int) -> None:
    with pytest.raises(MalformedSeal):
        decode_manifest(manifest_of(2)[:cut])


def test_a_manifest_with_something_after_it_is_malformed() -> None:
    with pytest.raises(MalformedSeal):
        decode_manifest(manifest_of(2) + b"\x00")


def test_a_manifest_of_another_kind_or_version_is_refused() -> None:
    manifest = manifest_of(2)
    with pytest.raises(MalformedSeal):
        decode_manifest(b"CKX" + manifest[3:])
    with pytest.raises(UnknownVersion):
        decode_manifest(manifest[:3] + b"\x02" + manifest[4:])


def test_a_manifest_of_nothing_or_of_too_much_is_malformed() -> None:
    head = b"CKM\x01"
    with pytest.raises(MalformedSeal):
        decode_manifest(head + struct.pack(">I", 0))
    with pytest.raises(MalformedSeal):
        decode_manifest(
            head + struct.pack(">I", MANIFEST_MOST + 1) + bytes(64 * (MANIFEST_MOST + 1))
        )


def test_a_manifest_that_repeats_or_disorders_digests_is_malformed() -> None:
    head, (a, b) = b"CKM\x01" + struct.pack(">I", 2), leaves(2)
    assert all(x < y for x, y in pairwise([a, b]))
    for rows in ((b, a), (a, a)):
        with pytest.raises(MalformedSeal):
            decode_manifest(head + b"".join(row + bytes(32) for row in rows))
