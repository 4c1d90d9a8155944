"""Owns one RPC endpoint as an auditor asks it: its chain, its head, and single blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from app.adapters.deployment import Deployment
from app.adapters.followed import FollowedChain
from app.adapters.rpc import Caller, RpcRefused
from app.core.errors import ChainUnreachable
from app.core.indexing import Block


class OneEndpoint:
    """An endpoint on its own, without failover; `name` is its host and port."""

    def __init__(self, url: str, rpc: Caller, deployment: Deployment) -> None:
        self._rpc, self._chain = rpc, FollowedChain(rpc, deployment)
        parts = urlsplit(url)
        self.name = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    def chain_id(self) -> int:
        """The EIP-155 id that it tells; raises ChainUnreachable."""
        try:
            return int(self._rpc.call("eth_chainId"), 16)
        except (RpcRefused, TypeError, ValueError) as cause:
            raise ChainUnreachable("it does not tell its chain") from cause

    def head(self) -> Block:
        """The newest block that it shows; raises ChainUnreachable."""
        return self._chain.head()

    def blocks_at(self, numbers: Iterable[int]) -> Sequence[Block | None]:
        """The blocks of those numbers; None where it shows none."""
        return self._chain.blocks_at(numbers)
