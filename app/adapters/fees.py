"""Owns what a deployment's transactions pay for a unit of gas, below a cap: EIP-1559, or one price where a
chain knows no base fee."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from web3 import Web3

from app.adapters.networks import ask
from app.core.errors import ChainUnreachable, FeeCapReached

GWEI = 10**9
FEE_CAP = 500 * GWEI
"""In wei for a unit of gas, as all fees here."""
RAISE, LEAST_RAISE = 25, 10
"""Percent by which a replacement outbids, and the least that nodes ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """What a transaction offers for a unit of gas; without a tip it is one price, as before EIP-1559."""

    most: int
    tip: int | None

    @property
    def fields(self) -> dict[str, int]:
        """As the fields of a transaction."""
        if self.tip is None:
            return {"gasPrice": self.most}
        return {"maxFeePerGas": self.most, "maxPriorityFeePerGas": self.tip}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Fees:
        """From the fields of a transaction."""
        if "gasPrice" in fields:
            return cls(most=int(fields["gasPrice"]), tip=None)
        return cls(most=int(fields["maxFeePerGas"]), tip=int(fields["maxPriorityFeePerGas"]))

    def outbid(self, now: Fees, cap: int) -> Fees:
        """What replaces a transaction that offers these; raises FeeCapReached."""
        least = self.most + self.most * LEAST_RAISE // 100 + 1
        if least > cap:
            raise FeeCapReached()
        most = min(max(self.most + self.most * RAISE // 100, now.most, least), cap)
        if self.tip is None or now.tip is None:
            return Fees(most=most, tip=None)
        tip = max(self.tip + self.tip * LEAST_RAISE // 100 + 1, now.tip)
        return Fees(most=most, tip=min(tip, most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a unit of gas costs now, and what is offered, below the cap, so that the next blocks take it."""

    now: int
    offered: Fees

    def require_below_cap(self) -> Fees:
        """What to offer; raises FeeCapReached where the chain asks for more."""
        if self.now > self.offered.most:
            raise FeeCapReached()
        return self.offered


def prices(w3: Web3, cap: int) -> Prices:
    """What the chain asks for now; raises ChainUnreachable."""
    block = ask(w3, "eth_getBlockByNumber", "latest", False)
    if block is None:
        raise ChainUnreachable("it shows no block")
    if "baseFeePerGas" not in block:
        price = int(w3.eth.gas_price)
        return Prices(now=price, offered=Fees(most=min(price, cap), tip=None))
    base = int(block["baseFeePerGas"], 16)
    asked = ask(w3, "eth_maxPriorityFeePerGas")
    tip = GWEI if asked is None else int(asked, 16)  # Ganache does not know it
    most = min(2 * base + tip, cap)
    return Prices(now=base + tip, offered=Fees(most=most, tip=min(tip, most)))
