"""Every Solidity error has a Python class of the same name, and the reverse; their arguments decode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import eth_abi
import pytest
from eth_utils.abi import abi_to_signature

from app.adapters import tools
from app.adapters.compiler import compile_contracts
from app.adapters.contracts import Contract, abi_values
from app.adapters.deployment import NAMES
from app.core.contract_errors import CONTRACT_ERRORS, UnknownRevert
from app.core.encoding import keccak
from app.core.errors import ContractRefused
from tests.makers import make_grant, make_person

FOREIGN = {
    "ECDSAInvalidSignature",
    "ECDSAInvalidSignatureLength",
    "ECDSAInvalidSignatureS",
    "SafeCastOverflowedUintDowncast",
    "CheckpointUnorderedInsertion",
    "InvalidShortString",
    "StringTooLong",
}
"""Errors of OpenZeppelin's that the four contracts' ABIs may name and no call of ours can meet."""
VALUES: dict[str, Any] = {"address": "0x" + "ab" * 20, "bytes32": b"\7" * 32, "bool": True}


def contract(name: str) -> Contract:
    return Contract(name=name, address="0x" + "00" * 20, abi=compile_contracts()[name].abi)


def solidity_errors() -> dict[tuple[str, str], tuple[Contract, Mapping[str, Any]]]:
    found: dict[tuple[str, str], tuple[Contract, Mapping[str, Any]]] = {}
    for name in NAMES:
        one = contract(name)
        found |= {(name, e["name"]): (one, e) for e in one.abi if e["type"] == "error"}
    return {key: value for key, value in found.items() if key[1] not in FOREIGN}


ERRORS = solidity_errors()


def test_every_solidity_error_has_a_python_class() -> None:
    assert {error for _, error in ERRORS} - set(CONTRACT_ERRORS) == set()


def test_every_python_class_stands_for_a_solidity_error() -> None:
    assert set(CONTRACT_ERRORS) - {error for _, error in ERRORS} == {UnknownRevert.__name__}


def test_every_error_of_the_interfaces_can_be_met() -> None:
    declared = {
        name
        for path in (tools.ROOT / "contracts" / "interfaces").glob("*.sol")
        for name in re.findall(r"^\s*error (\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert declared <= {error for _, error in ERRORS}


@pytest.mark.parametrize("key", sorted(ERRORS), ids=".".join)
def test_a_revert_becomes_the_error_with_its_arguments(key: tuple[str, str]) -> None:
    one, entry = ERRORS[key]
    kinds = [item["type"] for item in entry["inputs"]]
    values = [VALUES.get(kind, 5) for kind in kinds]
    selector = keccak(abi_to_signature(entry).encode())[:4]  # type: ignore[arg-type]
    error = one.refused(selector + eth_abi.encode(kinds, values), "execution reverted")
    assert type(error) is CONTRACT_ERRORS[key[1]]
    assert error.facts == dict(zip([item["name"] for item in entry["inputs"]], values, strict=True))
    assert str(error).endswith(".")
    assert "{" not in str(error)


@pytest.mark.parametrize(
    "revert", [b"", b"\1\2\3\4", b"\x08\xc3\x79\xa0" + bytes(64), b"\x08\xc3"], ids=repr
)
def test_an_unknown_revert_is_told_as_such(revert: bytes) -> None:
    error = contract("PeopleRegistry").refused(revert, "something new")
    assert isinstance(error, UnknownRevert)
    assert isinstance(error, ContractRefused)
    assert "something new" in str(error)


def test_a_known_error_with_broken_arguments_is_told_as_unknown() -> None:
    people = contract("PeopleRegistry")
    selector = keccak(b"NonceUsed(address,uint256,uint256)")[:4]
    assert isinstance(people.refused(selector + b"\xff" * 40, "?"), UnknownRevert)


def test_a_statement_is_encoded_as_its_struct() -> None:
    consent = contract("ConsentRegistry")
    grant = make_grant(make_person("patient"), make_person("doctor"))
    calldata = consent.encode("grantDigest", abi_values(grant))
    entry = next(e for e in consent.abi if e.get("name") == "grantDigest")
    assert calldata[:4] == keccak(abi_to_signature(entry).encode())[:4]  # type: ignore[arg-type]
    assert grant.category.encode() in calldata
    assert grant.salt in calldata


def test_a_function_that_is_not_there_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        contract("AuditTrail").encode("destroy")
