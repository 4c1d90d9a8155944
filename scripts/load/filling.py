"""Owns the filling of a stage with anchored digests, so that there is much to index."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

from app.adapters.payer import Payer
from app.adapters.rpc import Rpc
from app.core.encoding import hex0x
from app.core.merkle import ManifestEntry, encode_manifest, manifest_id, merkle_root
from app.core.ports import BodyKeeper
from app.core.relaying import Cargo
from app.core.statements import CONSENT
from scripts.load.sizes import BATCH
from scripts.load.stage import Stage, until

TOGETHER = 100
"""Transactions in one request."""
GAS = 120_000
SAMPLE = 8
"""Digests that are remembered of each list."""


class Filling:
    """Anchors lists of random digests, which nobody can tell from those of statements.

    Lists are published before their roots are anchored, as a node does it, by transactions that are
    signed ahead and handed in together.
    """

    def __init__(self, stage: Stage, bodies: BodyKeeper) -> None:
        self._rpc: Rpc = stage.rpc
        self._payer = Payer(stage.rpc, stage.deployment, stage.chain.accounts[3])
        self._address = stage.deployment[CONSENT].address
        self._bodies = bodies
        self._encode = stage.encode
        self.sample: list[bytes] = []
        """Some of the digests, for asking after them."""

    def add(self, count: int) -> int:
        """Anchor so many digests, in full lists but for the last; how many lists."""
        sizes = [BATCH] * (count // BATCH) + ([count % BATCH] if count % BATCH else [])
        for at in range(0, len(sizes), TOGETHER):
            self._anchor([self._list(size) for size in sizes[at : at + TOGETHER]])
        return len(sizes)

    def _list(self, size: int) -> list[bytes]:
        digests = [os.urandom(32) for _ in range(size)]
        self.sample += digests[:SAMPLE]
        return digests

    def _anchor(self, lists: Sequence[Sequence[bytes]]) -> None:
        manifests = [
            encode_manifest([ManifestEntry(digest=digest) for digest in digests])
            for digests in lists
        ]
        self._bodies.put_many(manifests)
        nonce, fees = self._payer.next_nonce(), self._payer.fees()
        signed = []
        for place, (digests, manifest) in enumerate(zip(lists, manifests, strict=True)):
            calldata = self._encode(CONSENT, "anchor", merkle_root(digests), manifest_id(manifest))
            cargo = Cargo(to=self._address, calldata=calldata, gas=GAS)
            signed.append(self._payer.sign(nonce + place, cargo, fees, 0))
        self._rpc.batch("eth_sendRawTransaction", [[hex0x(one.raw)] for one in signed])
        until(lambda: self._payer.used_nonces() >= nonce + len(signed), "the anchors in blocks")

    def some(self, count: int, seed: int) -> list[bytes]:
        """Digests from all over the lists, the same for the same seed."""
        draw = random.Random(seed)  # noqa: S311 - nothing secret is drawn
        return draw.choices(self.sample, k=count)
