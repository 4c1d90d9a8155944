"""Owns the one tree: roots and proofs over digests, and the manifest of an anchored batch.

The shape is that of OpenZeppelin's merkle-tree over sorted, distinct digests, without hashing
the leaves again; inner nodes are keccak256 of the sorted pair. A digest is the hash of 66 bytes
(EIP-712) and an inner node of 64, so neither passes as the other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from app.core.encoding import ZERO32, keccak
from app.core.errors import MalformedSeal, UnknownVersion
from app.core.signatures import Proof

MANIFEST_MAGIC = b"CKM"
MANIFEST_VERSION = 1
MANIFEST_MOST = 1 << 16
"""Most entries that a reader accepts in one manifest."""


def _pair(a: bytes, b: bytes) -> bytes:
    return keccak(a + b if a < b else b + a)


class MerkleTree:
    """The tree over some digests (32 bytes each, at least one); order and repeats do not matter."""

    def __init__(self, digests: Iterable[bytes]) -> None:
        leaves = sorted(set(digests))
        if not leaves or any(len(leaf) != 32 for leaf in leaves):
            raise ValueError("a tree stands on at least one digest of 32 bytes")
        count = len(leaves)
        nodes = [b""] * (2 * count - 1)
        nodes[count - 1 :] = reversed(leaves)
        for i in range(count - 2, -1, -1):
            nodes[i] = _pair(nodes[2 * i + 1], nodes[2 * i + 2])
        self.leaves = leaves
        self.root = nodes[0]
        self._nodes = nodes
        self._place = {leaf: len(nodes) - 1 - i for i, leaf in enumerate(leaves)}

    def proof(self, digest: bytes) -> Proof:
        """The siblings from a digest up to the root; KeyError where it is not in the tree."""
        i, path = self._place[digest], []
        while i > 0:
            path.append(self._nodes[i - 1 if i % 2 == 0 else i + 1])
            i = (i - 1) // 2
        return Proof(root=self.root, path=tuple(path))


def merkle_root(digests: Iterable[bytes]) -> bytes:
    """The root over some digests."""
    return MerkleTree(digests).root


def is_proven(digest: bytes, proof: Proof) -> bool:
    """Whether the path leads from the digest to the root (OpenZeppelin's MerkleProof)."""
    if any(len(part) != 32 for part in (digest, proof.root, *proof.path)):
        return False
    node = digest
    for sibling in proof.path:
        node = _pair(node, sibling)
    return node == proof.root


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    """One statement of a batch: its digest and the SHA-256 of its envelope (zero: none)."""

    digest: bytes
    envelope: bytes = ZERO32


def encode_manifest(entries: Sequence[ManifestEntry]) -> bytes:
    """The published list of a batch, sorted by digest: 8 bytes and 64 for each entry."""
    rows = sorted((e.digest, e.envelope) for e in entries)
    if not 0 < len(rows) <= MANIFEST_MOST or len({digest for digest, _ in rows}) != len(rows):
        raise ValueError("a manifest lists between 1 and 65,536 distinct digests")
    head = MANIFEST_MAGIC + bytes([MANIFEST_VERSION]) + struct.pack(">I", len(rows))
    return head + b"".join(digest + envelope for digest, envelope in rows)


def decode_manifest(manifest: bytes) -> list[ManifestEntry]:
    """Read a manifest; raises UnknownVersion, MalformedSeal (size, order, repeats)."""
    if len(manifest) < 8 or manifest[:3] != MANIFEST_MAGIC:
        raise MalformedSeal("too short or of another kind", kind="manifest")
    if manifest[3] != MANIFEST_VERSION:
        raise UnknownVersion(kind="manifest", version=manifest[3])
    (count,) = struct.unpack(">I", manifest[4:8])
    if not 0 < count <= MANIFEST_MOST or len(manifest) != 8 + 64 * count:
        raise MalformedSeal("its length does not fit its count", kind="manifest")
    entries = [
        ManifestEntry(digest=manifest[at : at + 32], envelope=manifest[at + 32 : at + 64])
        for at in range(8, len(manifest), 64)
    ]
    if any(a.digest >= b.digest for a, b in pairwise(entries)):
        raise MalformedSeal("its digests are not sorted and distinct", kind="manifest")
    return entries


def manifest_id(manifest: bytes) -> bytes:
    """The SHA-256 under which a manifest is anchored and found."""
    return sha256(manifest).digest()
