"""Owns an independent reading of the statements: the type strings of the design, encoded by eth-account.

Nothing here comes from app.core: what the contracts are held against is not the code that uses them.
"""

from __future__ import annotations

from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, _hash_eip191_message, encode_typed_data

TYPE_STRINGS = {
    "PeopleRegistry": (
        "Enrolment(address person,bytes32 keysHash,address recovery,uint256 nonce,uint256 deadline)",
        "Rotation(address person,address newKey,uint256 nonce,uint256 deadline)",
        "KeysChange(address person,bytes32 keysHash,uint256 nonce,uint256 deadline)",
        "RecoveryChange(address person,address recovery,uint256 nonce,uint256 deadline)",
        "Recovery(address person,address newKey,uint256 nonce,uint256 deadline)",
        "Representation(address person,address representative,uint64 expiresAt,uint256 nonce,uint256 deadline)",
        "Membership(address organization,address member,uint64 notBefore,uint64 expiresAt,bytes32 salt)",
        "MembershipEnd(address organization,bytes32 membership)",
        "CategoryKeys(address patient,uint64 epoch,bytes32 keysHash,bytes32 salt)",
    ),
    "RecordRegistry": (
        "Record(address patient,address author,string category,bytes32 contentRoot,bytes32 sealedHash,"
        "bytes32 supersedes,uint64 issuedAt,bytes32 salt)",
        "Sheet(bytes32 record,uint64 version,bytes32 sheetHash,bytes32 salt)",
        "Retraction(address person,bytes32 record)",
    ),
    "ConsentRegistry": (
        "Grant(address patient,address viewer,string category,bytes32 record,string purpose,uint8 rights,"
        "uint64 notBefore,uint64 expiresAt,uint256 nonce,bytes32 salt)",
        "Revocation(address patient,uint256 word,uint256 mask)",
        "RevocationOfAll(address patient,uint64 tag,uint64 newTag)",
    ),
    "AuditTrail": (
        "Access(address viewer,bytes32 grant,bytes32 records,string purpose,uint64 at,bytes32 salt)",
        "Session(address person,bytes32 key,string origin,uint64 notBefore,uint64 expiresAt,bytes32 salt)",
    ),
}

DOMAIN_FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def _fields(type_string: str) -> list[dict[str, str]]:
    inside = type_string[type_string.index("(") + 1 : -1]
    return [
        dict(zip(("type", "name"), field.split(" "), strict=True)) for field in inside.split(",")
    ]


TYPES = {
    text[: text.index("(")]: _fields(text) for texts in TYPE_STRINGS.values() for text in texts
}
JUDGES = {text[: text.index("(")]: judge for judge, texts in TYPE_STRINGS.items() for text in texts}


def names(type_name: str) -> list[str]:
    """The names of a statement's fields, in order."""
    return [field["name"] for field in TYPES[type_name]]


def encode(type_name: str, message: dict[str, Any], domain: dict[str, Any]) -> SignableMessage:
    """The statement as a wallet is asked to sign it."""
    return encode_typed_data(
        full_message={
            "types": {"EIP712Domain": DOMAIN_FIELDS, type_name: TYPES[type_name]},
            "primaryType": type_name,
            "domain": domain,
            "message": message,
        }
    )


def digest(type_name: str, message: dict[str, Any], domain: dict[str, Any]) -> bytes:
    """The statement's EIP-712 digest."""
    return bytes(_hash_eip191_message(encode(type_name, message, domain)))


def sign(key: str, type_name: str, message: dict[str, Any], domain: dict[str, Any]) -> bytes:
    """r ‖ s ‖ v."""
    return bytes(Account.sign_message(encode(type_name, message, domain), key).signature)


def with_high_s(signature: bytes) -> bytes:
    """The other signature that the curve would take for the same key and digest."""
    s, v = int.from_bytes(signature[32:64], "big"), signature[64]
    assert s <= HALF_ORDER
    return signature[:32] + (ORDER - s).to_bytes(32, "big") + bytes([27 + 28 - v])


def compact(signature: bytes) -> bytes:
    """The 64-byte form of ERC-2098."""
    s = int.from_bytes(signature[32:64], "big") | (signature[64] - 27) << 255
    return signature[:32] + s.to_bytes(32, "big")
