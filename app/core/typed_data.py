"""Owns EIP-712: how a flat statement becomes a type string, a 32-byte digest, and wallet JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from typing import Annotated, Any, ClassVar, Self, get_type_hints

from app.core.encoding import address_bytes, checksum_address, from_hex, hex0x, keccak
from app.core.errors import MalformedStatement, UnknownStatement, WrongChain, WrongVersion

NAME = "Chartkey"
VERSION = "1"
DOMAIN_FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
_DOMAIN_TYPE_HASH = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)

Address = Annotated[str, "address"]
Bytes32 = Annotated[bytes, "bytes32"]
Text = Annotated[str, "string"]
Uint8 = Annotated[int, "uint8"]
Uint64 = Annotated[int, "uint64"]
Uint256 = Annotated[int, "uint256"]


@lru_cache(maxsize=65536)
def parse_address(address: str) -> str:
    """The ERC-55 form of an address; one in mixed case must already have the right case."""
    raw = address_bytes(address)
    checksummed = checksum_address(raw)
    body = address[2:]
    if body not in (body.lower(), body.upper(), checksummed[2:]):
        raise MalformedStatement("an address has a wrong checksum: one of its letters is off")
    return checksummed


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The EIP-712 domain of one contract on one chain."""

    chain_id: int
    contract: Address

    def __post_init__(self) -> None:
        object.__setattr__(self, "contract", parse_address(self.contract))

    @cached_property
    def separator(self) -> bytes:
        """The 32-byte domain separator (EIP-712)."""
        return keccak(
            _DOMAIN_TYPE_HASH
            + keccak(NAME.encode())
            + keccak(VERSION.encode())
            + self.chain_id.to_bytes(32, "big")
            + bytes(12)
            + address_bytes(self.contract)
        )

    def as_json(self) -> dict[str, Any]:
        """The domain as wallets expect it."""
        return {
            "name": NAME,
            "version": VERSION,
            "chainId": self.chain_id,
            "verifyingContract": self.contract,
        }


def parse_domain(document: Mapping[str, Any]) -> Domain:
    """Read a domain; raises WrongVersion where it is not Chartkey's, MalformedStatement."""
    if set(document) != {"name", "version", "chainId", "verifyingContract"}:
        raise MalformedStatement("its domain has other fields than Chartkey's")
    if (document["name"], document["version"]) != (NAME, VERSION):
        raise WrongVersion()
    try:
        chain_id = _read_uint(document["chainId"])
    except MalformedStatement:
        chain_id = -1
    if not 0 <= chain_id < 1 << 64:
        raise WrongChain(given="no number", expected="one of 64 bits")
    return Domain(chain_id=chain_id, contract=str(document["verifyingContract"]))


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a statement: names in Python and in EIP-712, and its three conversions."""

    name: str
    label: str
    solidity: str
    check: Callable[[Any], Any]
    encode: Callable[[Any], bytes]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _check_uint(bits: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << bits:
            raise MalformedStatement("a value does not fit {type}", type=f"uint{bits}")
        return value

    return check


def _check_bytes32(value: Any) -> bytes:
    if not isinstance(value, bytes) or len(value) != 32:
        raise MalformedStatement("a value is not 32 bytes")
    return value


def _check_text(value: Any) -> str:
    try:
        value.encode()
    except (AttributeError, UnicodeEncodeError):
        raise MalformedStatement("a value is not text") from None
    return str(value)


def _check_address(value: Any) -> str:
    if not isinstance(value, str):
        raise MalformedStatement("a value is not an address")
    return parse_address(value)


def _read_uint(value: Any) -> int:
    if isinstance(value, str):
        if re.fullmatch(r"0x[0-9a-fA-F]{1,64}", value):
            return int(value, 16)
        if re.fullmatch(r"[0-9]{1,78}", value):
            return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value < 1 << 53:
        return value  # a larger one must be text: JavaScript would read another number
    raise MalformedStatement("a value is not a whole number, or a large one that is not text")


def _read_bytes32(value: Any) -> bytes:
    if not isinstance(value, str):
        raise MalformedStatement("a value is not 0x-prefixed hexadecimal")
    return from_hex(value, 32)


def _codec(name: str, solidity: str) -> _Field:
    label = re.sub(r"_(.)", lambda match: match[1].upper(), name)
    codec: tuple[Callable[[Any], Any], ...]
    if solidity == "address":
        codec = (_check_address, lambda v: bytes(12) + bytes.fromhex(v[2:]), str, _check_address)
    elif solidity == "bytes32":
        codec = (_check_bytes32, bytes, hex0x, _read_bytes32)
    elif solidity == "string":
        codec = (_check_text, lambda v: keccak(v.encode()), str, _check_text)
    else:
        bits = int(solidity.removeprefix("uint"))
        # JavaScript reads whole numbers beyond 2^53 only from text
        write: Callable[[Any], Any] = str if bits > 32 else int
        codec = (_check_uint(bits), lambda v: v.to_bytes(32, "big"), write, _read_uint)
    return _Field(name, label, solidity, *codec)


@dataclass(frozen=True, slots=True)
class Schema:
    """What EIP-712 knows of a statement type."""

    name: str
    type_string: str
    type_hash: bytes = field(repr=False)
    fields: tuple[_Field, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A typed message that a person signs; subclasses list its fields in signing order.

    Values are checked as they come in: addresses (ERC-55 text), bytes of 32, unsigned integers
    of their width, text. Raises MalformedStatement.
    """

    judge: ClassVar[str]
    """Name of the contract that is the `verifyingContract`."""

    def __post_init__(self) -> None:
        for item in schema(type(self)).fields:
            value = getattr(self, item.name)
            checked = item.check(value)
            if checked is not value:
                object.__setattr__(self, item.name, checked)

    def struct_hash(self) -> bytes:
        """EIP-712 hashStruct: 32 bytes."""
        form = schema(type(self))
        return keccak(
            form.type_hash + b"".join(f.encode(getattr(self, f.name)) for f in form.fields)
        )

    def digest(self, domain: Domain) -> bytes:
        """The 32 bytes that are signed, anchored and proven (EIP-712)."""
        return _digest(self, domain)

    def message(self) -> dict[str, Any]:
        """Field values under their EIP-712 names, as wallets expect them in JSON."""
        return {f.label: f.write(getattr(self, f.name)) for f in schema(type(self)).fields}

    def typed_data(self, domain: Domain) -> dict[str, Any]:
        """The argument of eth_signTypedData_v4."""
        form = schema(type(self))
        return {
            "types": {
                "EIP712Domain": DOMAIN_FIELDS,
                form.name: [{"name": f.label, "type": f.solidity} for f in form.fields],
            },
            "primaryType": form.name,
            "domain": domain.as_json(),
            "message": self.message(),
        }

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Self:
        """Read field values by their EIP-712 names; raises MalformedStatement."""
        form = schema(cls)
        if not isinstance(message, Mapping) or set(message) != {f.label for f in form.fields}:
            raise MalformedStatement("a {type} has other fields than these", type=form.name)
        return cls(**{f.name: f.read(message[f.label]) for f in form.fields})


@lru_cache(maxsize=4096)  # one opening looks at the same few statements again and again
def _digest(statement: Statement, domain: Domain) -> bytes:
    return keccak(b"\x19\x01" + domain.separator + statement.struct_hash())


_schemas: dict[type[Any], Schema] = {}


def schema(statement_type: type[Statement]) -> Schema:
    """The EIP-712 schema of a statement type, derived once from its fields and their order."""

    if statement_type not in _schemas:
        _schemas[statement_type] = _derive(statement_type)
    return _schemas[statement_type]


def _derive(statement_type: type[Statement]) -> Schema:
    hints = get_type_hints(statement_type, include_extras=True)
    columns = tuple(_codec(f.name, hints[f.name].__metadata__[0]) for f in fields(statement_type))
    inner = ",".join(f"{f.solidity} {f.label}" for f in columns)
    text = f"{statement_type.__name__}({inner})"
    return Schema(statement_type.__name__, text, keccak(text.encode()), columns)


def parse_typed_data(
    document: Mapping[str, Any], types: Mapping[str, type[Statement]]
) -> tuple[Statement, Domain]:
    """Read wallet JSON into one of `types`; its type section must be exactly ours."""
    try:
        name, declared = document["primaryType"], document["types"]
        domain = parse_domain(document["domain"])
        message = document["message"]
    except (KeyError, TypeError):
        raise MalformedStatement("it is not EIP-712 typed data") from None
    if not isinstance(name, str) or name not in types:
        raise UnknownStatement()
    form = schema(types[name])
    columns = [{"name": f.label, "type": f.solidity} for f in form.fields]
    if declared != {"EIP712Domain": DOMAIN_FIELDS, name: columns}:
        raise MalformedStatement("its {type} differs from Chartkey's", type=name)
    return types[name].from_message(message), domain
