"""Owns a network for production: keys and first block of four Hyperledger Besu validators that agree by QBFT.

deploy/network/genesis.json is the first block but for who validates, and who has money; no key is in the
project. `scripts/network.sh besu` makes keys, and fills in what belongs to them; deploy/network/compose.yaml
runs them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rlp
from coincurve import PrivateKey
from eth_account import Account

from app.adapters.files import write_whole
from app.adapters.wallets import own_key
from scripts.steps import ROOT

TEMPLATE = ROOT / "deploy" / "network" / "genesis.json"
VALIDATORS = 4
"""The fewest of whom one may fail: QBFT goes on while more than two thirds agree."""
P2P_PORT = 30303
FIRST_ADDRESS = "172.28.0.1{number}"
"""Besu finds its peers by address: those that compose.yaml gives to the validators."""
FUNDS = 10**9 * 10**18
"""What the operator has: gas costs nothing there, but some tools refuse an empty account."""


def prepare(folder: Path, say: Callable[[str], None]) -> None:
    """Make what compose.yaml mounts; keys that are there already are kept."""
    keys = [own_key(folder / f"validator-{n}" / "key") for n in range(1, VALIDATORS + 1)]
    operator = Account.from_key(own_key(folder / "operator.key"))
    genesis = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    genesis |= {
        "extraData": "0x" + extra_data([Account.from_key(key).address for key in keys]).hex(),
        "alloc": {operator.address: {"balance": hex(FUNDS)}},
    }
    _write(folder / "genesis.json", genesis)
    _write(folder / "static-nodes.json", [_enode(key, n) for n, key in enumerate(keys, start=1)])
    say(f"{VALIDATORS} validators and the first block are below {folder}")
    say(
        "each validator's machine needs its own key alone; whoever has more than a third can halt it"
    )


def extra_data(validators: Sequence[str]) -> bytes:
    """The first block's extra data: nothing of note, who validates, no vote, round 0, no seals."""
    named = sorted(bytes.fromhex(validator.removeprefix("0x")) for validator in validators)
    return bytes(rlp.encode([bytes(32), named, [], 0, []]))


def _enode(key: bytes, number: int) -> str:
    public = PrivateKey(key).public_key.format(compressed=False)[1:].hex()
    return f"enode://{public}@{FIRST_ADDRESS.format(number=number)}:{P2P_PORT}"


def _write(path: Path, content: Any) -> None:
    write_whole(path, json.dumps(content, indent=1) + "\n")
