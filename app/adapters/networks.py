"""Owns which network is which: the names that everybody knows, and the rules that a chain's EVM follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from eth_typing import HexStr
from web3 import Web3
from web3.exceptions import Web3Exception, Web3RPCError
from web3.types import RPCEndpoint

from app.adapters.compiler import OLDER_RULES, RULES
from app.core.errors import (
    ChainError,
    ChainUnreachable,
    ForeignChain,
    NotDeployed,
    TransactionFailed,
)

NOTHING, NOTHING_BY_PUSH0 = "0x60006000f3", "0x5f5ff3"
"""Code that creates an empty contract; the second needs an opcode that came with Shanghai (EIP-3855)."""


class AnotherNetwork(ForeignChain):
    sentence = "{network} is chain {expected}, and the endpoint is on chain {given}."
    remedy = "Name an endpoint of that network in CHARTKEY_RPC, or the network that it is on."


class RulesUnknown(ChainError):
    sentence = "The endpoint does not run code on trial, so the rules of its chain are not known."
    unharmed = "Nothing was sent."
    remedy = "Name another endpoint of this network in CHARTKEY_RPC."


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A public network by its name."""

    chain_id: int
    is_testnet: bool
    """Whether its ether is worth nothing."""


KNOWN = {
    "mainnet": Network(chain_id=1, is_testnet=False),
    "sepolia": Network(chain_id=11155111, is_testnet=True),
    "holesky": Network(chain_id=17000, is_testnet=True),
    "hoodi": Network(chain_id=560048, is_testnet=True),
    "gnosis": Network(chain_id=100, is_testnet=False),
    "chiado": Network(chain_id=10200, is_testnet=True),
}
"""Any other name takes the chain id of the endpoint at its first deployment, and keeps it."""


def require_network(network: str, chain_id: int) -> None:
    """Raise AnotherNetwork where everybody knows the name for another chain."""
    known = KNOWN.get(network)
    if known is not None and known.chain_id != chain_id:
        raise AnotherNetwork(network=network, expected=known.chain_id, given=chain_id)


def costs_money(network: str) -> bool:
    """Whether what is spent on it can be worth something to somebody."""
    known = KNOWN.get(network)
    return known is not None and not known.is_testnet


def rules_of(w3: Web3) -> str:
    """The newest rules of the EVM that the contracts are built for and the chain follows.

    Clique networks stop before Shanghai: code for it would be refused there. Raises RulesUnknown.
    """
    if _runs(w3, NOTHING_BY_PUSH0):
        return RULES
    if _runs(w3, NOTHING):
        return OLDER_RULES
    raise RulesUnknown()


def ask(w3: Web3, method: str, *params: Any) -> Any:
    """The plain `result` of a call, None where the endpoint refuses it.

    web3 would refuse a block of Clique or QBFT for its extra data, and warn of methods not known.
    """
    return w3.provider.make_request(RPCEndpoint(method), list(params)).get("result")


def _runs(w3: Web3, code: str) -> bool:
    try:
        answer = w3.eth.call({"data": HexStr(code)})
    except Web3Exception:
        return False
    return bytes(answer) == b""


def require_chain(kept: int, found: int) -> None:
    """Raise NotDeployed where a deployment file is another chain's."""
    if kept != found:
        raise NotDeployed(f"the deployment file is of chain {kept}, and this is chain {found}")


@contextmanager
def translated() -> Iterator[None]:
    """The chain's own errors, as ours."""
    try:
        yield
    except (requests.RequestException, ConnectionError) as cause:
        raise ChainUnreachable(type(cause).__name__) from cause
    except Web3RPCError as cause:
        raise TransactionFailed(str(cause.message or cause)[:200]) from cause
    except Web3Exception as cause:
        raise TransactionFailed(type(cause).__name__) from cause
