"""Calldata that is written here word by word is what a general encoder writes."""

from __future__ import annotations

from typing import Any

import eth_abi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.compiler import compile_contracts
from app.adapters.contracts import PLAIN, Contract

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "address": st.binary(min_size=20, max_size=20).map(lambda value: "0x" + value.hex()),
    "bytes32": st.binary(min_size=32, max_size=32),
    **{kind: st.integers(0, 2 ** PLAIN[kind] - 1) for kind in ("uint8", "uint64", "uint256")},
}
TOO_MUCH: dict[str, list[Any]] = {
    "address": ["0x" + "11" * 19, "0x" + "11" * 21, b"1" * 20, 7],
    "bytes32": [b"1" * 31, b"1" * 33, "0x" + "11" * 32, 7],
    **{kind: [-1, 2 ** PLAIN[kind], "1", b"1"] for kind in ("uint8", "uint64", "uint256")},
}


def contract() -> Contract:
    abi = [
        {
            "type": "function",
            "name": f"take_{kind}",
            "inputs": [{"type": kind}, {"type": "bytes32"}],
            "outputs": [],
        }
        for kind in PLAIN
    ]
    return Contract(name="any", address="0x" + "11" * 20, abi=abi)


@pytest.mark.parametrize("kind", PLAIN)
def test_every_value_of_a_plain_type_is_encoded_as_eth_abi_does(kind: str) -> None:
    made = contract()

    @given(VALUES[kind])
    def holds(value: Any) -> None:
        expected = eth_abi.encode([kind, "bytes32"], [value, b"x" * 32])
        assert made.encode(f"take_{kind}", value, b"x" * 32)[4:] == expected

    holds()


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, many in TOO_MUCH.items() for v in many])
def test_a_value_that_does_not_fit_its_type_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(ValueError, match=kind):
        contract().encode(f"take_{kind}", value, b"x" * 32)


def test_most_calls_of_the_contracts_are_plain() -> None:
    build = compile_contracts()
    functions = [
        form
        for name in ("PeopleRegistry", "RecordRegistry", "ConsentRegistry", "AuditTrail")
        for form in Contract(
            name=name, address="0x" + "11" * 20, abi=build[name].abi
        )._functions.values()
    ]
    assert sum(form.is_plain for form in functions) > len(functions) / 2
