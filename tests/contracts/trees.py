"""Owns a small Merkle tree for the contract tests: OpenZeppelin's array shape over sorted digests."""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak


def _pair(a: bytes, b: bytes) -> bytes:
    return keccak(min(a, b) + max(a, b))


def _tree(digests: Sequence[bytes]) -> list[bytes]:
    leaves = sorted(digests)
    tree = [b""] * (len(leaves) - 1) + leaves[::-1]
    for i in range(len(leaves) - 2, -1, -1):
        tree[i] = _pair(tree[2 * i + 1], tree[2 * i + 2])
    return tree


def root(digests: Sequence[bytes]) -> bytes:
    """The root over the digests; one alone is its own."""
    return _tree(digests)[0]


def proof(digests: Sequence[bytes], digest: bytes) -> list[bytes]:
    """The path from a digest to the root."""
    tree = _tree(digests)
    place, path = tree.index(digest, len(digests) - 1), []
    while place > 0:
        path.append(tree[place + 1 if place % 2 else place - 1])
        place = (place - 1) // 2
    return path
