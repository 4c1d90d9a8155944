"""Owns the receipt of an erasure: what a node deleted of a record, from where, and what it could not.

A receipt is canonical JSON, signed as wallets sign text (EIP-191, `personal_sign`) with the node's own
secp256k1 key, which derives from the node's secret: so any wallet's tool checks it, a rebuilt node
signs with the same key, and no further key has to be kept. It names a record's salted digest and
addresses of ciphertexts, and nobody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coincurve import PrivateKey

from app.core.cid import require_cid
from app.core.encoding import canonical_json, checksum_address, from_hex, hex0x, keccak
from app.core.errors import (
    ChartkeyError,
    ForeignSignature,
    MalformedStatement,
    NotStored,
)
from app.core.keys import derive
from app.core.signatures import Signed, recover
from app.core.statements import Domains, Record, Retraction
from app.core.waybills import NodeSecret

VERSION = "erasure/1"
KIND = "receipt-"
"""Under this and eight digits of the record's digest a receipt stands on its patient's shelf."""
MOST_LISTED = 4000
"""Addresses in one list of a receipt that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What became of a record's bytes in one store: deleted, or left because it did not answer."""

    store: str
    deleted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a node says that it erased; `at` is in seconds since 1970, `node` its key's address."""

    record: bytes
    node: str
    at: int
    stores: tuple[Cleared, ...]

    @property
    def left(self) -> tuple[str, ...]:
        """The addresses that some store may still hold."""
        return tuple(sorted({address for one in self.stores for address in one.left}))

    @property
    def deleted(self) -> tuple[str, ...]:
        """The addresses that were deleted from some store."""
        return tuple(sorted({address for one in self.stores for address in one.deleted}))

    @property
    def is_complete(self) -> bool:
        """Whether every store answered that it holds nothing of the record any more."""
        return not self.left

    @property
    def text(self) -> bytes:
        """What the node signs: canonical JSON."""
        return canonical_json(
            {
                "chartkey": VERSION,
                "record": hex0x(self.record),
                "node": self.node,
                "at": self.at,
                "stores": [
                    {"name": one.store, "deleted": list(one.deleted), "left": list(one.left)}
                    for one in self.stores
                ],
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReceipt:
    """A receipt with the signature of the node that it names."""

    receipt: Receipt
    signature: bytes

    def as_json(self) -> dict[str, Any]:
        """The receipt's members, and `signature`."""
        members: dict[str, Any] = json.loads(self.receipt.text)
        return members | {"signature": hex0x(self.signature)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAnswer:
    """What another node made of an erasure: its own receipt, or why it gave none."""

    name: str
    receipt: SignedReceipt | None = None
    refusal: ChartkeyError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What came of an erasure here, and at the other nodes that were told."""

    own: SignedReceipt
    peers: Sequence[PeerAnswer] = ()


def shelf_of(record: bytes) -> str:
    """The kind under which a record's receipt stands on its patient's shelf."""
    return KIND + record.hex()[:8]


# the node's key


def _key(secret: NodeSecret) -> PrivateKey:
    return PrivateKey(derive(secret.secret, b"chartkey/node-key/1"))


def node_address(secret: NodeSecret) -> str:
    """The address of the key with which a node signs its receipts."""
    point = _key(secret).public_key.format(compressed=False)
    return checksum_address(keccak(point[1:])[12:])


def text_hash(text: bytes) -> bytes:
    """What a wallet signs of a text: EIP-191, version 0x45."""
    return keccak(b"\x19Ethereum Signed Message:\n" + str(len(text)).encode() + text)


def sign_receipt(receipt: Receipt, secret: NodeSecret) -> SignedReceipt:
    """Sign as the node that the receipt names."""
    raw = _key(secret).sign_recoverable(text_hash(receipt.text), hasher=None)
    return SignedReceipt(receipt=receipt, signature=raw[:64] + bytes([raw[64] + 27]))


# reading


def read_receipt(document: Any) -> SignedReceipt:
    """Read a receipt and check its signature; raises MalformedStatement, ForeignSignature."""
    try:
        if document["chartkey"] != VERSION or set(document) != _MEMBERS:
            raise MalformedStatement("it is not a receipt of an erasure")
        receipt = Receipt(
            record=from_hex(document["record"], 32),
            node=checksum_address(from_hex(document["node"], 20)),
            at=_time(document["at"]),
            stores=tuple(_cleared(one) for one in document["stores"]),
        )
        signature = from_hex(document["signature"], 65)
    except (KeyError, TypeError, AttributeError, NotStored) as cause:
        raise MalformedStatement("it is not a receipt of an erasure") from cause
    if recover(text_hash(receipt.text), signature) != receipt.node:
        raise ForeignSignature(person=receipt.node)
    return SignedReceipt(receipt=receipt, signature=signature)


_MEMBERS = {"chartkey", "record", "node", "at", "stores", "signature"}


def _time(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise MalformedStatement("its time is not a time")
    return value


def _cleared(document: Any) -> Cleared:
    name = document["name"]
    if not isinstance(name, str) or not name.isprintable() or len(name) > 200:
        raise MalformedStatement("a store has no name")
    return Cleared(
        store=name, deleted=_addresses(document["deleted"]), left=_addresses(document["left"])
    )


def _addresses(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_LISTED:
        raise MalformedStatement("its addresses are not a list")
    return tuple(require_cid(address) for address in value)


# who may have a record erased


def require_own_retraction(
    record: Signed[Record], retraction: Signed[Retraction], domains: Domains
) -> bytes:
    """The record's digest, where the retraction is its patient's; raises ForeignSignature.

    The digest binds the patient: a record that somebody invents has a digest of its own, to which
    nothing belongs. Whether the signature counts, the registry says, not this.
    """
    digest, statement = domains.digest(record.statement), retraction.statement
    if (statement.person, statement.record) != (record.statement.patient, digest):
        raise ForeignSignature(person=record.statement.patient)
    return digest
