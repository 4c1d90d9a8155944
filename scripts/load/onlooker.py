"""Owns what an onlooker sees: the digests that the chain and the published manifests show as anchored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.adapters.deployment import Deployment
from app.adapters.payer import ANCHORED
from app.adapters.rpc import Rpc
from app.core.cid import raw_cid
from app.core.encoding import from_hex, hex0x
from app.core.merkle import decode_manifest, manifest_id, merkle_root
from app.core.ports import BodyKeeper
from app.core.statements import BOOKS


class Onlooker:
    """Reads each anchor once; a digest counts where its manifest gives the anchored root."""

    def __init__(self, rpc: Rpc, deployment: Deployment, bodies: BodyKeeper) -> None:
        self._rpc, self._bodies = rpc, bodies
        self._books = [deployment[name].address for name in BOOKS]
        self._next = deployment.first_block
        self.anchored: set[bytes] = set()

    def look(self) -> set[bytes]:
        """All digests that are anchored by now."""
        head = int(self._rpc.call("eth_blockNumber"), 16)
        if head >= self._next:
            question = {
                "fromBlock": hex(self._next),
                "toBlock": hex(head),
                "address": self._books,
                "topics": [hex0x(ANCHORED)],
            }
            for log in self._rpc.call("eth_getLogs", question):
                self.anchored.update(self._listed(log))
            self._next = head + 1
        return self.anchored

    def _listed(self, log: Mapping[str, Any]) -> set[bytes]:
        root, listed = from_hex(log["topics"][1], 32), from_hex(log["data"])[:32]
        manifest = self._bodies.fetch(raw_cid(listed))
        digests = {entry.digest for entry in decode_manifest(manifest)}
        if manifest_id(manifest) != listed or merkle_root(digests) != root:
            return set()
        return digests
