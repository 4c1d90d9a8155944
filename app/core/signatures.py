"""Owns signatures: who signed a digest (secp256k1), and the P-256 keys of browser sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Generic, TypeVar

from coincurve import PublicKey
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from app.core.encoding import checksum_address, from_hex, hex0x, keccak
from app.core.errors import MalformedSignature, MalformedStatement, MalleableSignature
from app.core.statements import Domains, parse_statement
from app.core.typed_data import Domain, Statement

S_co = TypeVar("S_co", bound=Statement, covariant=True)

LONGEST_PROOF = 64
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@lru_cache(maxsize=4096)  # one decision looks at the same signature several times
def recover(digest: bytes, signature: bytes) -> str:
    """The address that signed 32 bytes; raises MalformedSignature, MalleableSignature.

    `signature` is r ‖ s ‖ v with v 27 or 28 and s in the lower half (EIP-2), as the contracts
    demand through OpenZeppelin's ECDSA.
    """
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise MalformedSignature()
    if int.from_bytes(signature[32:64], "big") > _ORDER // 2:
        raise MalleableSignature()
    compact = signature[:64] + bytes([signature[64] - 27])
    try:
        key = PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except Exception as cause:  # libsecp256k1 raises bare Exception and ValueError
        raise MalformedSignature() from cause
    return checksum_address(keccak(key.format(compressed=False)[1:])[12:])


def session_key_id(public_key: bytes) -> bytes:
    """SHA-256 of an uncompressed P-256 point (65 bytes): the `key` of a Session."""
    return sha256(public_key).digest()


def is_session_signature(public_key: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether a P-256 key signed the digest, as WebCrypto's ECDSA with SHA-256 does (r ‖ s)."""
    if len(signature) != 64 or len(public_key) != 65 or public_key[0] != 4:
        return False
    try:
        point = _point(public_key)
        der = encode_dss_signature(
            int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        )
        point.verify(der, digest, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)  # a session signs again and again
def _point(public_key: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(Generic[S_co]):
    """A statement with its signature."""

    statement: S_co
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The path from a digest to an anchored root."""

    root: bytes
    path: tuple[bytes, ...]


def signed_json(
    signed: Signed[Any], domains: Domains, proof: Proof | None = None
) -> dict[str, Any]:
    """A statement file: typed data, signature and, once anchored, its proof."""
    document: dict[str, Any] = {
        "chartkey": "statement/1",
        "typedData": signed.statement.typed_data(domains.judging(signed.statement)),
        "signature": hex0x(signed.signature),
    }
    if proof is not None:
        document["root"] = hex0x(proof.root)
        document["proof"] = [hex0x(step) for step in proof.path]
    return document


def parse_signed(
    document: Mapping[str, Any],
) -> tuple[Signed[Any], Domain, Proof | None]:
    """Read a statement file; raises MalformedStatement and its siblings."""
    if not isinstance(document, Mapping) or document.get("chartkey") != "statement/1":
        raise MalformedStatement("it is not a Chartkey statement file, version 1")
    try:
        statement, domain = parse_statement(document["typedData"])
        signature = from_hex(document["signature"])
        proof = None
        if "root" in document:
            steps = document["proof"]
            if not isinstance(steps, list) or len(steps) > LONGEST_PROOF:
                raise MalformedStatement("its proof is not a list of at most 64 steps")
            path = tuple(from_hex(step, 32) for step in steps)
            proof = Proof(root=from_hex(document["root"], 32), path=path)
    except (KeyError, TypeError):
        raise MalformedStatement("a part of the statement file is missing") from None
    return Signed(statement=statement, signature=signature), domain, proof
