"""Owns what an onlooker sees: the digests that the chain and the published manifests show as anchored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.cid import raw_cid
from app.core.encoding import from_hex
from app.core.merkle import decode_manifest, manifest_id, merkle_root
from app.core.ports import BodyKeeper
from scripts.load.stage import Stage


class Onlooker:
    """Reads each anchor once; a digest counts where its manifest gives the anchored root."""

    def __init__(self, stage: Stage, bodies: BodyKeeper) -> None:
        self._stage, self._bodies = stage, bodies
        self._next = stage.deployment.first_block
        self.anchored: set[bytes] = set()

    def look(self) -> set[bytes]:
        """All digests that are anchored by now."""
        head = int(self._stage.rpc.call("eth_blockNumber"), 16)
        if head >= self._next:
            for log in self._stage.anchors(self._next, hex(head)):
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
