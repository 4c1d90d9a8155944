"""Owns the first block of the private network: who seals by Clique (EIP-225), and who has money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

FORKS = (
    "homesteadBlock", "eip150Block", "eip155Block", "eip158Block", "byzantiumBlock",
    "constantinopleBlock", "petersburgBlock", "istanbulBlock", "berlinBlock", "londonBlock",
)  # fmt: skip
"""All that Clique knows: it does not go beyond London's rules."""
GAS_LIMIT = 30_000_000
VANITY, SEAL = 32, 65
"""Bytes around the list of sealers, as in every block's extra data."""
EPOCH = 30_000
RICH = 10**6 * 10**18


def clique(
    chain_id: int, period: int, sealers: Sequence[str], rich: Iterable[str]
) -> dict[str, Any]:
    """A genesis file for geth; `period` is in seconds."""
    named = sorted(bytes.fromhex(sealer.removeprefix("0x")) for sealer in sealers)
    extra = bytes(VANITY) + b"".join(named) + bytes(SEAL)
    return {
        "config": {
            "chainId": chain_id,
            **dict.fromkeys(FORKS, 0),
            "clique": {"period": period, "epoch": EPOCH},
        },
        "difficulty": "0x1",
        "gasLimit": hex(GAS_LIMIT),
        "extraData": "0x" + extra.hex(),
        "alloc": {account: {"balance": hex(RICH)} for account in rich},
    }
