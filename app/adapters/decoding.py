"""Owns the contracts' events: what a log says, by the contract's ABI, and what a bloom filter says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import eth_abi
from eth_abi.exceptions import DecodingError
from eth_utils.abi import abi_to_signature

from app.adapters.contracts import Contract
from app.core.encoding import checksum_address, from_hex, hex0x, keccak
from app.core.errors import ChainUnreachable

ANCHORED = keccak(b"Anchored(bytes32,bytes32,address)")
EXACT_BITS = 48
"""Integers of more bits are told as decimal text: a double does not hold them all."""


class EventForms:
    """The events of one contract, by topic."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._forms = {
            keccak(abi_to_signature(entry).encode()): entry  # type: ignore[arg-type]
            for entry in contract.abi
            if entry["type"] == "event" and not entry.get("anonymous")
        }

    def __contains__(self, topic: bytes) -> bool:
        return topic in self._forms

    def decode(self, topics: Sequence[bytes], content: bytes) -> tuple[str, str, Mapping[str, Any]]:
        """(name, subject, arguments as JSON) of a log; raises ChainUnreachable (malformed)."""
        form = self._forms[topics[0]]
        indexed = [item for item in form["inputs"] if item["indexed"]]
        plain = [item["type"] for item in form["inputs"] if not item["indexed"]]
        try:
            words = [_indexed(item["type"], t) for item, t in zip(indexed, topics[1:], strict=True)]
            values = iter(eth_abi.decode(plain, content))
        except (DecodingError, ValueError) as cause:
            raise ChainUnreachable("it shows an event that cannot be read") from cause
        told = iter(words)
        arguments = {
            item["name"]: next(told) if item["indexed"] else _plain(item["type"], next(values))
            for item in form["inputs"]
        }
        return form["name"], str(words[0]) if words else "", arguments


def _indexed(kind: str, topic: bytes) -> Any:
    """An indexed argument; of one that is longer than a word, its hash."""
    if kind in ("string", "bytes") or kind.endswith("]") or kind.startswith("tuple"):
        return hex0x(topic)
    return _plain(kind, eth_abi.decode([kind], topic)[0])


def _plain(kind: str, value: Any) -> Any:
    if kind.endswith("]"):
        return [_plain(kind.rpartition("[")[0], item) for item in value]
    if kind == "address":
        return checksum_address(from_hex(value, 20))
    if isinstance(value, bytes):
        return hex0x(value)
    if isinstance(value, int) and kind.lstrip("uint").isdigit():
        return value if int(kind.lstrip("uint")) <= EXACT_BITS else str(value)
    return value


def may_have_logged(bloom: bytes, address: bytes) -> bool:
    """Whether a block's bloom filter admits an event of that contract (Yellow Paper, 4.3.1)."""
    bits = int.from_bytes(bloom, "big")
    hash_ = keccak(address)
    places = (int.from_bytes(hash_[at : at + 2], "big") % 2048 for at in (0, 2, 4))
    return all(bits >> place & 1 for place in places)
