"""Tests of EIP-712: equal to what wallets sign, and strict about what it reads."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak as reference_keccak

from app.core.errors import (
    MalformedStatement,
    UnknownStatement,
    WrongChain,
    WrongVersion,
)
from app.core.statements import (
    TYPES,
    Grant,
    Retraction,
    RevocationOfAll,
    Session,
    parse_statement,
)
from app.core.typed_data import Domain, Statement, parse_address, schema
from tests.makers import DOMAINS, Person, address, make_grant, salt

VALUES = {
    "address": "0x" + "ab" * 20,
    "bytes32": salt(),
    "string": "Grüße, 患者",
    "uint8": 255,
    "uint64": 2**53 - 1,
    "uint256": 2**256 - 1,
}


def example(kind: type[Statement]) -> Statement:
    """A statement of a type with values near the edges."""
    return kind(**{field.name: VALUES[field.solidity] for field in schema(kind).fields})


def document(**overrides: Any) -> dict[str, Any]:
    """The typed data of a retraction, with parts replaced."""
    retraction = Retraction(person=address("person"), record=salt())
    return copy.deepcopy(retraction.typed_data(DOMAINS.records)) | overrides


def domain(**overrides: Any) -> dict[str, Any]:
    """The same document with parts of its domain replaced."""
    return document(domain=DOMAINS.records.as_json() | overrides)


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
def test_every_digest_equals_that_of_a_wallet(kind: type[Statement]) -> None:
    statement = example(kind)
    signable = encode_typed_data(full_message=statement.typed_data(DOMAINS.judging(kind)))
    wallet = reference_keccak(b"\x19\x01" + signable.header + signable.body)
    assert DOMAINS.digest(statement) == wallet


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
def test_every_statement_reads_back_from_its_json(kind: type[Statement]) -> None:
    statement = example(kind)
    written = json.loads(json.dumps(statement.typed_data(DOMAINS.judging(kind))))
    assert parse_statement(written) == (statement, DOMAINS.judging(kind))


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
def test_every_field_changes_the_digest(kind: type[Statement]) -> None:
    other = {
        "address": address("other"), "bytes32": salt("other"), "string": "other",
        "uint8": 1, "uint64": 1, "uint256": 1,
    }  # fmt: skip
    statement = example(kind)
    values = {field.name: getattr(statement, field.name) for field in schema(kind).fields}
    digests = {DOMAINS.digest(statement)}
    for field in schema(kind).fields:
        digests.add(DOMAINS.digest(kind(**values | {field.name: other[field.solidity]})))
    assert len(digests) == 1 + len(values)


def test_the_chain_and_the_contract_change_the_digest(patient: Person, doctor: Person) -> None:
    grant, own = make_grant(patient, doctor), DOMAINS.consent
    others = (
        Domain(chain_id=own.chain_id + 1, contract=own.contract),
        Domain(chain_id=own.chain_id, contract=DOMAINS.records.contract),
    )
    assert len({grant.digest(place) for place in (own, *others)}) == 3


def test_the_type_string_is_that_of_the_design() -> None:
    assert schema(Grant).type_string == (
        "Grant(address patient,address viewer,string category,bytes32 record,string purpose,"
        "uint8 rights,uint64 notBefore,uint64 expiresAt,uint256 nonce,bytes32 salt)"
    )
    assert schema(Session).type_string == (
        "Session(address person,bytes32 key,string origin,uint64 notBefore,uint64 expiresAt,bytes32 salt)"
    )


def test_numbers_that_a_double_cannot_hold_are_written_as_text() -> None:
    statement = RevocationOfAll(patient=address("patient"), tag=2**63 + 1, new_tag=2**64 - 1)
    message = json.loads(
        json.dumps(statement.message()), parse_int=lambda digits: int(float(digits))
    )
    assert RevocationOfAll.from_message(message) == statement


def test_addresses_are_kept_in_their_checksummed_form() -> None:
    lower = address("anyone").lower()
    assert Retraction(person=lower, record=salt()).person == address("anyone")
    assert parse_address("0x" + lower[2:].upper()) == address("anyone")


def test_an_address_with_a_letter_off_is_refused() -> None:
    wrong = "0x" + "".join(
        reversed([c.swapcase() if i == 3 else c for i, c in enumerate("Ab" * 20)])
    )
    with pytest.raises(MalformedStatement, match="checksum"):
        Retraction(person=wrong, record=salt())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("patient", "0x" + "00" * 19),
        ("patient", b"\x00" * 20),
        ("patient", None),
        ("category", 5),
        ("category", b"laboratory"),
        ("category", "\ud800"),
        ("record", b"\x00" * 31),
        ("record", "0x" + "00" * 32),
        ("rights", 256),
        ("rights", -1),
        ("rights", True),
        ("expires_at", 2**64),
        ("expires_at", 1.0),
        ("nonce", 2**256),
        ("nonce", "1"),
    ],
)
def test_a_value_that_does_not_fit_its_field_is_refused(
    patient: Person, doctor: Person, name: str, value: Any
) -> None:
    with pytest.raises(MalformedStatement):
        make_grant(patient, doctor, **{name: value})


@pytest.mark.parametrize("number", ["0x0a", "10", 10])
def test_numbers_are_read_as_wallets_write_them(
    patient: Person, doctor: Person, number: Any
) -> None:
    message = make_grant(patient, doctor).message()
    assert Grant.from_message(message | {"nonce": number}).nonce == 10


def test_a_number_that_javascript_would_round_must_be_text(patient: Person, doctor: Person) -> None:
    message = make_grant(patient, doctor).message()
    for number in (2**53 - 1, str(2**53), str(2**53 + 1), hex(2**255)):
        assert Grant.from_message(message | {"nonce": number}).nonce == int(str(number), 0)
    for number in (2**53, 2**53 + 1, 2**63, 2**255):
        with pytest.raises(MalformedStatement, match="text"):
            Grant.from_message(message | {"nonce": number})


def test_a_chain_id_that_javascript_would_round_is_refused() -> None:
    with pytest.raises(WrongChain):
        parse_statement(domain(chainId=2**53))


@pytest.mark.parametrize(
    "number", ["", "0x", "1.5", "-1", "١", "1" * 79, "0x" + "1" * 65, 1.5, None, True]
)
def test_what_is_not_a_number_is_refused(patient: Person, doctor: Person, number: Any) -> None:
    message = make_grant(patient, doctor).message()
    with pytest.raises(MalformedStatement):
        Grant.from_message(message | {"nonce": number})


@pytest.mark.parametrize("value", [None, 5, "00" * 32, "0x" + "00" * 31])
def test_what_is_not_32_bytes_is_refused(value: Any) -> None:
    message = Retraction(person=address("person"), record=salt()).message()
    with pytest.raises(MalformedStatement):
        Retraction.from_message(message | {"record": value})


def test_fields_that_are_missing_or_too_many_are_refused() -> None:
    message = Retraction(person=address("person"), record=salt()).message()
    wrong: tuple[Any, ...] = ({}, message | {"more": 1}, {"person": message["person"]}, [], None)
    for broken in wrong:
        with pytest.raises(MalformedStatement):
            Retraction.from_message(broken)


@pytest.mark.parametrize("broken", [None, [], "text", 5, {}, {"primaryType": "Grant"}])
def test_what_is_not_typed_data_is_malformed(broken: Any) -> None:
    with pytest.raises(MalformedStatement):
        parse_statement(broken)


@pytest.mark.parametrize(
    "types", [None, [], "Retraction", {}, {"Retraction": []}, {"Retraction": None}]
)
def test_typed_data_with_a_broken_type_section_is_malformed(types: Any) -> None:
    with pytest.raises(MalformedStatement):
        parse_statement(document(types=types))


def test_a_type_section_that_differs_from_ours_is_malformed() -> None:
    types = document()["types"]
    types["Retraction"].reverse()
    with pytest.raises(MalformedStatement):
        parse_statement(document(types=types))


@pytest.mark.parametrize("name", ["Permit", "", None, 5, []])
def test_an_unknown_type_is_named(name: Any) -> None:
    with pytest.raises(UnknownStatement):
        parse_statement(document(primaryType=name))


@pytest.mark.parametrize(("field", "value"), [("name", "Other"), ("version", "2"), ("version", 1)])
def test_another_application_or_version_is_refused(field: str, value: Any) -> None:
    with pytest.raises(WrongVersion):
        parse_statement(domain(**{field: value}))


@pytest.mark.parametrize(
    "chain_id", [None, True, -1, 1.5, "one", "-1", "", "0x", "1 ", "9" * 5000, [1], {}]
)
def test_a_chain_id_that_is_no_number_is_refused(chain_id: Any) -> None:
    with pytest.raises((WrongChain, MalformedStatement)):
        parse_statement(domain(chainId=chain_id))


@pytest.mark.parametrize("chain_id", [2**256, str(2**256)])
def test_a_chain_id_that_does_not_fit_is_refused(chain_id: Any) -> None:
    with pytest.raises((WrongChain, MalformedStatement)):
        parse_statement(domain(chainId=chain_id))


@pytest.mark.parametrize("chain_id", [31337, "31337", "0x7a69"])
def test_a_chain_id_is_read_as_wallets_write_it(chain_id: Any) -> None:
    assert parse_statement(domain(chainId=chain_id))[1].chain_id == 31337


def test_a_chain_id_with_leading_zeros_is_read_or_refused_but_never_crashes() -> None:
    with contextlib.suppress(WrongChain, MalformedStatement):
        assert parse_statement(domain(chainId="031337"))[1].chain_id == 31337


@pytest.mark.parametrize("contract", [None, "", "0x00", 5, "0x" + "zz" * 20])
def test_a_contract_that_is_no_address_is_refused(contract: Any) -> None:
    with pytest.raises(MalformedStatement):
        parse_statement(domain(verifyingContract=contract))


def test_a_domain_with_other_fields_is_refused() -> None:
    own = DOMAINS.records.as_json()
    wrong: tuple[Any, ...] = (
        own | {"salt": "0x00"},
        {"name": "Chartkey", "version": "1"},
        [],
        None,
    )
    for broken in wrong:
        with pytest.raises(MalformedStatement):
            parse_statement(document(domain=broken))
