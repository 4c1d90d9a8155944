"""Owns what people publish about their keys: identity keys and category keys documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Self

from msgspec.json import decode

from app.core.categories import CATEGORIES
from app.core.encoding import canonical_json, hex0x, hex_part, is_canonical
from app.core.errors import (
    ForeignSignature,
    MalformedSeal,
    MembershipInvalid,
    NoCredential,
    UnknownVersion,
)
from app.core.keys import PublicKey
from app.core.ports import ChainView
from app.core.signatures import Signed, recover
from app.core.statements import Introduction, Membership
from app.core.typed_data import Domain

MOST_CUSTODIANS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityKeys:
    """The document that a person's `keysHash` commits to (SHA-256 of its canonical JSON).

    `custodians` are the public keys of those whom this person, as a patient, chose, and
    `threshold` how many of them open a record together.
    """

    identity: PublicKey
    custodians: tuple[PublicKey, ...] = ()
    threshold: int = 0

    def encode(self) -> bytes:
        """Canonical JSON: version, identity, custodians, threshold."""
        return _encoded(self)

    @classmethod
    def decode(cls, document: bytes) -> Self:
        """Read a document; raises MalformedSeal, UnknownVersion."""
        fields = _read(document, "identity-keys/1", {"identity", "custodians", "threshold"})
        custodians, threshold = fields["custodians"], fields["threshold"]
        if not isinstance(custodians, list) or len(custodians) > MOST_CUSTODIANS:
            raise MalformedSeal("its custodians are not a list of keys", kind="keys document")
        if type(threshold) is not int or not min(1, len(custodians)) <= threshold <= len(
            custodians
        ):
            raise MalformedSeal("its threshold does not fit its custodians", kind="keys document")
        keys = tuple(PublicKey(hex_part(key, "keys document")) for key in custodians)
        if len({key.id for key in keys}) != len(keys):
            raise MalformedSeal("it names a custodian twice", kind="keys document")
        return cls(
            identity=PublicKey(hex_part(fields["identity"], "keys document")),
            custodians=keys,
            threshold=threshold,
        )


@lru_cache(maxsize=64)  # a person's own goes with each opening
def _encoded(keys: IdentityKeys) -> bytes:
    return canonical_json(
        {
            "chartkey": "identity-keys/1",
            "identity": hex0x(keys.identity.raw),
            "custodians": [hex0x(key.raw) for key in keys.custodians],
            "threshold": keys.threshold,
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryKeysDocument:
    """The public halves of all of a patient's category keys in one epoch."""

    epoch: int
    keys: Mapping[str, PublicKey]

    def encode(self) -> bytes:
        """Canonical JSON: version, epoch, keys by category."""
        return canonical_json(
            {
                "chartkey": "category-keys/1",
                "epoch": self.epoch,
                "keys": {name: hex0x(key.raw) for name, key in self.keys.items()},
            }
        )

    @classmethod
    def decode(cls, document: bytes) -> Self:
        """Read a document; raises MalformedSeal, UnknownVersion."""
        fields = _read(document, "category-keys/1", {"epoch", "keys"})
        epoch, keys = fields["epoch"], fields["keys"]
        if type(epoch) is not int or not 0 <= epoch < 1 << 53 or not isinstance(keys, dict):
            raise MalformedSeal("its epoch or keys are missing", kind="keys document")
        if not set(keys) <= set(CATEGORIES):
            raise MalformedSeal("it names a category that there is not", kind="keys document")
        return cls(
            epoch=epoch,
            keys={name: PublicKey(hex_part(key, "keys document")) for name, key in keys.items()},
        )


def _read(document: bytes, version: str, names: set[str]) -> dict[str, Any]:
    try:
        fields = decode(document)
    except (ValueError, RecursionError) as cause:
        raise MalformedSeal("it is not JSON", kind="keys document") from cause
    if not is_canonical(fields, document):
        raise MalformedSeal("it is not in its canonical form", kind="keys document")
    if not isinstance(fields, dict) or fields.get("chartkey") != version:
        given = fields.get("chartkey") if isinstance(fields, dict) else None
        raise UnknownVersion(kind="keys document", version=str(given)[:40])
    if set(fields) != names | {"chartkey"}:
        raise MalformedSeal("it has other parts than it should", kind="keys document")
    return fields


def document_hash(document: bytes) -> bytes:
    """The SHA-256 of a keys document: a `keysHash`."""
    return sha256(document).digest()


def require_membership(
    signed: Signed[Membership],
    *,
    organization: str,
    member: str,
    domain: Domain,
    view: ChainView,
    now: int,
) -> None:
    """Raise MembershipInvalid unless the member acts for the organization now."""
    membership = signed.statement
    digest = membership.digest(domain)
    if membership.organization != organization:
        raise MembershipInvalid("it is one of another organization")
    if membership.member != member:
        raise MembershipInvalid("it was given to somebody else")
    if not membership.not_before <= now < membership.expires_at:
        raise MembershipInvalid("it has ended, or has not begun")
    if view.membership_ended_at(organization, digest):
        raise MembershipInvalid("the organization has ended it")
    if not view.speaks_for(organization, recover(digest, signed.signature), now):
        raise MembershipInvalid("nobody who speaks for the organization signed it")


def require_introduction(
    signed: Signed[Introduction], *, domain: Domain, view: ChainView
) -> Introduction:
    """What a registrar of one of the person's roles says they are called.

    Raises ForeignSignature where nobody who speaks for the registrar signed it, NoCredential where
    the registrar has no authority over a role that the person holds now.
    """
    introduction = signed.statement
    signer = recover(introduction.digest(domain), signed.signature)
    if not view.speaks_for(introduction.registrar, signer, view.time):
        raise ForeignSignature(person=introduction.registrar)
    roles = view.roles_of(introduction.person, view.time)
    held = (role for role in range(1, roles.bit_length()) if roles >> role & 1)
    if not any(view.is_registrar(introduction.registrar, role, view.time) for role in held):
        raise NoCredential()
    return introduction
