"""Owns proofs: the path from any digest that the index knows to a root on the chain."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Protocol

from app.core.indexing import Dated
from app.core.merkle import MerkleTree
from app.core.signatures import Proof

MOST_LEAVES = 200_000
"""Digests in all trees that are kept; a tree takes some 250 bytes for each."""


class Index(Protocol):
    """What proofs are made of (adapters/database/index.py)."""

    def anchors_of(self, digest: bytes) -> Sequence[Dated]: ...
    def entries_of(self, list_: int) -> Sequence[tuple[bytes, bytes]]: ...


class Proofs:
    """Makes proofs out of the lists that were read; threads may share it.

    Nobody has to believe one: it leads to a root, and the contract dates the root.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._trees: OrderedDict[bytes, MerkleTree] = OrderedDict()
        self._leaves = 0
        self._lock = Lock()

    def proof(self, digest: bytes, judge: str | None = None) -> Proof | None:
        """The path to the root that was anchored first, None where none is known.

        Name the contract that judges the statement: anybody can anchor a digest in another's book.
        """
        for dated in self._index.anchors_of(digest):
            if judge is None or dated.judge == judge:
                tree = self._tree(dated)
                if tree is not None:
                    return tree.proof(digest)
        return None

    def _tree(self, dated: Dated) -> MerkleTree | None:
        """The tree under a root; None where a reorganization has just taken its list."""
        with self._lock:
            if dated.root in self._trees:
                self._trees.move_to_end(dated.root)
                return self._trees[dated.root]
        entries = self._index.entries_of(dated.list)
        if not entries:
            return None
        tree = MerkleTree(digest for digest, _ in entries)
        with self._lock:
            if dated.root not in self._trees:
                self._trees[dated.root] = tree
                self._leaves += len(tree.leaves)
            while self._leaves > MOST_LEAVES and len(self._trees) > 1:
                _, oldest = self._trees.popitem(last=False)
                self._leaves -= len(oldest.leaves)
        return tree
