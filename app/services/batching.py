"""Owns what goes into a batch: accepted digests, waybills, and padding that looks like digests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from app.core.envelopes import noise_envelope
from app.core.merkle import ManifestEntry, MerkleTree, encode_manifest
from app.core.relaying import Made, Waiting
from app.core.sheets import RandomBytes
from app.core.waybills import Entry, NodeSecret, write_waybills

LARGEST = 4000
"""Entries of a manifest that is one IPFS block, whose address follows from its SHA-256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """Makes root, manifest and waybills of what waits.

    With `pad_to`, a batch is filled up to the next multiple of it with random digests, each with an
    envelope that nobody can open: neither the size of a batch nor what its list leads to tells how
    much was accepted.
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
        decoys = [noise_envelope(self.random) for _ in range(self._missing(len(entries)))]
        entries += [
            ManifestEntry(digest=self.random(32), envelope=sha256(decoy).digest())
            for decoy in decoys
        ]
        return Made(
            root=MerkleTree(entry.digest for entry in entries).root,
            manifest=encode_manifest(entries),
            waybills=[bill for _, bill in bills],
            decoys=decoys,
        )

    def _missing(self, count: int) -> int:
        """How many entries a batch lacks to the next multiple of `pad_to`, or to one full block."""
        if not self.pad_to or count >= LARGEST:
            return 0
        return min(-count % self.pad_to, LARGEST - count)


def is_turn(now: int, since: int, every: int) -> bool:
    """Whether a clock that strikes every so many seconds has struck after `since`, until `now`.

    Batches leave when the clock strikes, whoever was first in them: an anchor's time then tells
    between which strokes something was accepted, and no more. The wait is half as long on average
    as one that begins with the first to come.
    """
    return not every or now // every > since // every
