"""Owns the quote: what a deployment would do and cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.adapters.fees import GWEI, Prices
from app.adapters.networks import costs_money
from app.core.errors import ChainError

ETHER = 10**18


class CannotAfford(ChainError):
    sentence = "{payer} holds {balance} ETH, and the deployment needs {needed} ETH."
    unharmed = "Nothing was sent."
    remedy = "Send the account what is missing, or wait until fees fall, then run this again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One contract: where it stands already, or the gas that it takes."""

    name: str
    address: str
    """Where it stands, or will stand."""
    stands: bool = False
    is_under_way: bool = False
    gas: int = 0
    """The most that its transaction may use; zero where none is to be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a deployment would do, from which account, and what that costs."""

    network: str
    chain_id: int
    rules: str
    payer: str
    balance: int
    """In wei."""
    prices: Prices
    cap: int
    items: Sequence[Item]

    @property
    def gas(self) -> int:
        """The most that all transactions to be sent may use."""
        return sum(item.gas for item in self.items)

    @property
    def needed(self) -> int:
        """What an account must hold in wei for a chain to take them: gas at the fee that is offered."""
        return self.gas * self.prices.offered.most

    def require_affordable(self) -> None:
        """Raise FeeCapReached or CannotAfford where there is something to pay that cannot be paid."""
        if self.gas:
            self.prices.require_below_cap()
        if self.balance < self.needed:
            raise CannotAfford(
                payer=self.payer, balance=ether(self.balance), needed=ether(self.needed)
            )

    def lines(self) -> Iterator[str]:
        """As people read it."""
        worth = ", where ether costs money" if costs_money(self.network) else ""
        yield f"{self.network} is chain {self.chain_id}{worth}; the code is built for {self.rules}"
        yield f"paid by {self.payer}, which holds {ether(self.balance)} ETH"
        for item in self.items:
            yield f"  {item.name:<16} {self._fate(item)}"
        yield f"  {'in all':<16} {self._cost(self.gas)}"
        fees = (self.prices.now, self.prices.offered.most, self.cap)
        now, most, cap = (f"{Decimal(fee) / GWEI:f}" for fee in fees)
        yield f"  a unit of gas costs {now} gwei now, {most} are offered, and {cap} are the cap"

    def _fate(self, item: Item) -> str:
        if item.stands:
            return f"stands at {item.address}"
        if item.is_under_way:
            return f"is under way to {item.address}"
        return self._cost(item.gas)

    def _cost(self, gas: int) -> str:
        now, most = (ether(gas * fee) for fee in (self.prices.now, self.cap))
        return f"{gas:>10,} gas: {now} ETH now, at the cap {most}"


def ether(wei: int) -> str:
    """An amount in ether, to six digits behind the point."""
    return f"{Decimal(wei) / ETHER:.6f}"
