"""Owns the statements: every typed message that a person can sign, and who judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from app.core.errors import WrongChain, WrongContract
from app.core.typed_data import (
    Address,
    Bytes32,
    Domain,
    Statement,
    Text,
    Uint8,
    Uint64,
    Uint256,
    parse_typed_data,
)

PEOPLE = "PeopleRegistry"
RECORDS = "RecordRegistry"
CONSENT = "ConsentRegistry"
AUDIT = "AuditTrail"
BOOKS = (RECORDS, CONSENT, AUDIT)
"""The contracts that keep a book of anchors."""

VIEW = 1
ADD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment(Statement):
    """A person enters the registry; signed by the address that becomes its permanent id."""

    judge: ClassVar[str] = PEOPLE
    person: Address
    keys_hash: Bytes32
    recovery: Address
    nonce: Uint256
    deadline: Uint256


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation(Statement):
    """A person's signing key changes; signed by the present key."""

    judge: ClassVar[str] = PEOPLE
    person: Address
    new_key: Address
    nonce: Uint256
    deadline: Uint256


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysChange(Statement):
    """A person's identity keys document changes; signed by the present key."""

    judge: ClassVar[str] = PEOPLE
    person: Address
    keys_hash: Bytes32
    nonce: Uint256
    deadline: Uint256


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryChange(Statement):
    """Another authority may recover the person; signed by the present key."""

    judge: ClassVar[str] = PEOPLE
    person: Address
    recovery: Address
    nonce: Uint256
    deadline: Uint256


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery(Statement):
    """A new signing key after a delay; signed by the recovery authority."""

    judge: ClassVar[str] = PEOPLE
    person: Address
    new_key: Address
    nonce: Uint256
    deadline: Uint256


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation(Statement):
    """Somebody speaks for the person until `expires_at`; signed by the present key."""

    judge: ClassVar[str] = PEOPLE
    person: Address
    representative: Address
    expires_at: Uint64
    nonce: Uint256
    deadline: Uint256


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership(Statement):
    """A member acts under the grants to an organization; signed for the organization."""

    judge: ClassVar[str] = PEOPLE
    organization: Address
    member: Address
    not_before: Uint64
    expires_at: Uint64
    salt: Bytes32


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipEnd(Statement):
    """A membership (its digest) ends now; signed for the organization."""

    judge: ClassVar[str] = PEOPLE
    organization: Address
    membership: Bytes32


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryKeys(Statement):
    """The public halves of a patient's category keys in one epoch; signed by the patient."""

    judge: ClassVar[str] = PEOPLE
    patient: Address
    epoch: Uint64
    keys_hash: Bytes32
    salt: Bytes32


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction(Statement):
    """What a person is called, says a registrar who credentialed them; kept off the chain."""

    judge: ClassVar[str] = PEOPLE
    registrar: Address
    person: Address
    name: Text
    issued_at: Uint64
    salt: Bytes32


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Statement):
    """One entry of a chart; signed by its author."""

    judge: ClassVar[str] = RECORDS
    patient: Address
    author: Address
    category: Text
    content_root: Bytes32
    sealed_hash: Bytes32
    supersedes: Bytes32
    issued_at: Uint64
    salt: Bytes32


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet(Statement):
    """The key sheet of a record; version 0 by its author, later ones by the patient."""

    judge: ClassVar[str] = RECORDS
    record: Bytes32
    version: Uint64
    sheet_hash: Bytes32
    salt: Bytes32


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction(Statement):
    """A record is entered in error (its author) or no longer shared (its patient)."""

    judge: ClassVar[str] = RECORDS
    person: Address
    record: Bytes32


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Statement):
    """The patient lets a viewer see or add to part of the chart; `record` zero: the category."""

    judge: ClassVar[str] = CONSENT
    patient: Address
    viewer: Address
    category: Text
    record: Bytes32
    purpose: Text
    rights: Uint8
    not_before: Uint64
    expires_at: Uint64
    nonce: Uint256
    salt: Bytes32


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Statement):
    """A viewer asks a patient for a grant, and says why; sealed to the patient, never anchored."""

    judge: ClassVar[str] = CONSENT
    patient: Address
    viewer: Address
    category: Text
    purpose: Text
    rights: Uint8
    expires_at: Uint64
    reason: Text
    at: Uint64
    salt: Bytes32


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation(Statement):
    """The patient takes back the grants whose bits `mask` names in `word`."""

    judge: ClassVar[str] = CONSENT
    patient: Address
    word: Uint256
    mask: Uint256


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationOfAll(Statement):
    """The patient takes back every grant signed under `tag`."""

    judge: ClassVar[str] = CONSENT
    patient: Address
    tag: Uint64
    new_tag: Uint64


@dataclass(frozen=True, slots=True, kw_only=True)
class Access(Statement):
    """A viewer opens records (the root over their digests) under a grant, or as their author."""

    judge: ClassVar[str] = AUDIT
    viewer: Address
    grant: Bytes32
    records: Bytes32
    purpose: Text
    at: Uint64
    salt: Bytes32


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Statement):
    """The wallet lets a P-256 key of one browser sign accesses; `key` is the key's id."""

    judge: ClassVar[str] = AUDIT
    person: Address
    key: Bytes32
    origin: Text
    not_before: Uint64
    expires_at: Uint64
    salt: Bytes32


TYPES: Mapping[str, type[Statement]] = {
    t.__name__: t
    for t in (
        *(Enrolment, Rotation, KeysChange, RecoveryChange, Recovery, Representation),
        *(Membership, MembershipEnd, CategoryKeys, Introduction),
        *(Record, Sheet, Retraction, Grant, Request, Revocation, RevocationOfAll),
        *(Access, Session),
    )
}


MAKERS = ("registrar", "author", "organization", "viewer", "patient", "person")
"""Fields that name who makes a statement, the first that it has; but a grant names its viewer too."""


def maker_of(statement: Statement) -> str:
    """The person for whom a statement must be signed; empty for a Sheet, whose record tells."""
    if isinstance(statement, Grant):
        return statement.patient
    return next((str(getattr(statement, name)) for name in MAKERS if hasattr(statement, name)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Domains:
    """The four contracts of one deployment, as the domains of the statements they judge."""

    people: Domain
    records: Domain
    consent: Domain
    audit: Domain

    @property
    def chain_id(self) -> int:
        """The EIP-155 id that all four share."""
        return self.people.chain_id

    def judging(self, statement: Statement | type[Statement]) -> Domain:
        """The domain in which a statement is signed."""
        return {
            PEOPLE: self.people,
            RECORDS: self.records,
            CONSENT: self.consent,
            AUDIT: self.audit,
        }[statement.judge]

    def digest(self, statement: Statement) -> bytes:
        """The 32-byte EIP-712 digest in the statement's own domain."""
        return statement.digest(self.judging(statement))

    def require_own(self, statement: Statement, domain: Domain) -> None:
        """Raise WrongChain or WrongContract unless `domain` is where this statement belongs."""
        own = self.judging(statement)
        if domain.chain_id != own.chain_id:
            raise WrongChain(given=domain.chain_id, expected=own.chain_id)
        if domain.contract != own.contract:
            raise WrongContract(given=domain.contract, expected=own.contract)


def parse_statement(document: Mapping[str, Any]) -> tuple[Statement, Domain]:
    """Read eth_signTypedData_v4 JSON; raises MalformedStatement, UnknownStatement, Wrong…"""
    return parse_typed_data(document, TYPES)
