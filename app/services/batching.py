"""Owns what goes into a batch: accepted digests, waybills, and padding that looks like digests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from app.core.merkle import ManifestEntry, MerkleTree, encode_manifest
from app.core.relaying import Made, Waiting
from app.core.sheets import RandomBytes
from app.core.waybills import Entry, NodeSecret, write_waybills

LARGEST = 4000
"""Entries of a manifest that is one IPFS block, whose address follows from its SHA-256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """Makes root, manifest and waybills of what waits.

    With `pad_to`, a batch is filled up with random digests to that size or the next power of two
    above it, so that the size tells less.
    """

    secret: NodeSecret
    pad_to: int = 0
    random: RandomBytes = field(default=os.urandom)

    def make(self, waiting: Sequence[Waiting], journal: Sequence[Entry]) -> Made | None:
        """What to anchor; None where there is nothing."""
        bills = write_waybills(journal, self.secret, self.random)
        entries = [ManifestEntry(digest=row.digest, envelope=row.envelope) for row in waiting]
        entries += [
            ManifestEntry(digest=mark, envelope=sha256(bill).digest()) for mark, bill in bills
        ]
        if not entries:
            return None
        entries += [ManifestEntry(digest=self.random(32)) for _ in range(self._missing(entries))]
        return Made(
            root=MerkleTree(entry.digest for entry in entries).root,
            manifest=encode_manifest(entries),
            waybills=[bill for _, bill in bills],
        )

    def _missing(self, entries: Sequence[ManifestEntry]) -> int:
        if not self.pad_to:
            return 0
        size = self.pad_to
        while size < len(entries):
            size *= 2
        return min(size, LARGEST) - len(entries) if len(entries) < LARGEST else 0
