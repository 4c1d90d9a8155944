"""Owns the contracts' ABI: calldata, answers, events and reverts, encoded without a connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import eth_abi
from eth_abi.exceptions import DecodingError
from eth_utils.abi import abi_to_signature

from app.core.contract_errors import CONTRACT_ERRORS, UnknownRevert
from app.core.encoding import keccak
from app.core.errors import ContractRefused
from app.core.statements import (
    Enrolment,
    KeysChange,
    MembershipEnd,
    Recovery,
    RecoveryChange,
    Representation,
    Retraction,
    Revocation,
    RevocationOfAll,
    Rotation,
)
from app.core.typed_data import Address, Statement, schema

RELAYED: Mapping[type[Statement], str] = {
    Enrolment: "enrolBySig",
    Rotation: "rotateBySig",
    KeysChange: "changeKeysBySig",
    RecoveryChange: "changeRecoveryBySig",
    Recovery: "startRecoveryBySig",
    Representation: "representBySig",
    MembershipEnd: "endMembershipBySig",
    Retraction: "retractBySig",
    Revocation: "revokeBySig",
    RevocationOfAll: "revokeAllBySig",
}
"""Statements that the contracts act on, and the function that takes them from anyone."""


PLAIN = {"address": 160, "bytes32": 256, "uint8": 8, "uint64": 64, "uint256": 256}
"""Types of one word, and the bits that they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function of a contract."""

    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    is_plain: bool
    """Whether each input is one word of 32 bytes: such calldata is written here, much faster."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A contract's address and ABI."""

    name: str
    address: Address
    abi: Sequence[Mapping[str, Any]]

    @cached_property
    def _functions(self) -> dict[str, Function]:
        return {
            entry["name"]: Function(
                selector=keccak(abi_to_signature(entry).encode())[:4],  # type: ignore[arg-type]
                inputs=tuple(_canonical(item) for item in entry["inputs"]),
                outputs=tuple(_canonical(item) for item in entry["outputs"]),
                is_plain=all(item["type"] in PLAIN for item in entry["inputs"]),
            )
            for entry in self.abi
            if entry["type"] == "function"
        }

    def encode(self, function: str, *arguments: Any) -> bytes:
        """Calldata of a call."""
        form = self._functions[function]
        if form.is_plain and len(arguments) == len(form.inputs):
            words = map(_word, form.inputs, arguments)
            return form.selector + b"".join(words)
        return form.selector + eth_abi.encode(form.inputs, arguments)

    def decode(self, function: str, answer: bytes) -> Any:
        """What a call returned: one value, or a tuple of several."""
        values = eth_abi.decode(self._functions[function].outputs, answer)
        return values[0] if len(values) == 1 else values

    def relayed(self, statement: Statement, signature: bytes) -> bytes:
        """Calldata that hands in a signed statement."""
        values, function = abi_values(statement), RELAYED[type(statement)]
        if isinstance(statement, Revocation):
            return self.encode(function, [values], [signature])
        return self.encode(function, values, signature)

    @cached_property
    def _errors(self) -> dict[bytes, Mapping[str, Any]]:
        return {
            keccak(abi_to_signature(entry).encode())[:4]: entry  # type: ignore[arg-type]
            for entry in self.abi
            if entry["type"] == "error"
        }

    def refused(self, revert: bytes, message: str) -> ContractRefused:
        """The typed error of a revert."""
        entry = self._errors.get(revert[:4])
        if entry is None or entry["name"] not in CONTRACT_ERRORS:
            return UnknownRevert(message[:200])
        try:
            values = eth_abi.decode([_canonical(item) for item in entry["inputs"]], revert[4:])
        except DecodingError:
            return UnknownRevert(message[:200])
        names = [item["name"] for item in entry["inputs"]]
        return CONTRACT_ERRORS[entry["name"]](**dict(zip(names, values, strict=True)))


def _word(kind: str, value: Any) -> bytes:
    """One argument as its 32 bytes (Contract ABI Specification); raises ValueError."""
    number, fits = b"", False
    match kind, value:
        case "bytes32", bytes():
            number, fits = value, len(value) == 32
        case "address", str():
            number = bytes.fromhex(value.removeprefix("0x"))
            fits = len(number) == 20
        case _, int() if kind.startswith("uint") and 0 <= value < 1 << PLAIN[kind]:
            number, fits = value.to_bytes(32, "big"), True
    if not fits:
        raise ValueError(f"not a value of type {kind}")
    return number.rjust(32, b"\0")


def _canonical(item: Mapping[str, Any]) -> str:
    if not item["type"].startswith("tuple"):
        return str(item["type"])
    inner = ",".join(_canonical(part) for part in item["components"])
    return f"({inner}){item['type'].removeprefix('tuple')}"


def abi_values(statement: Statement) -> tuple[Any, ...]:
    """A statement as the tuple that its Solidity struct is encoded from."""
    return tuple(getattr(statement, field.name) for field in schema(type(statement)).fields)
