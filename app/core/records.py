"""Owns the rules of records: the mirror of RecordRegistry, and which version is current."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import IntEnum

from app.core.encoding import ZERO32
from app.core.errors import (
    AnchoredTooEarly,
    AnchoredTooLate,
    ForeignSignature,
    MalformedSignature,
    MalleableSignature,
    NoCredential,
    NotAnchored,
)
from app.core.merkle import is_proven
from app.core.ports import ChainView
from app.core.signatures import Proof, Signed, recover
from app.core.statements import ADD, RECORDS, Grant, Record
from app.core.typed_data import Domain

EARLIEST = 5 * 60
LATEST = 7 * 24 * 3600
"""A record is anchored between 5 minutes before and 7 days after its `issuedAt`."""


class Role(IntEnum):
    """Roles in which registrars give credentials; numbers are those of PeopleRegistry.Role."""

    NONE = 0
    PRACTITIONER = 1
    HOSPITAL = 2
    LABORATORY = 3
    PHARMACY = 4
    INSURER = 5
    DISTRIBUTOR = 6


class RecordRefusal(IntEnum):
    """Why a record is not authentic; numbers are those of RecordRegistry.Refusal."""

    NONE = 0
    NOT_ANCHORED = 1
    ANCHORED_TOO_EARLY = 2
    ANCHORED_TOO_LATE = 3
    NOT_SIGNED_BY_AUTHOR = 4
    NO_CREDENTIAL = 5


def refusal(
    record: Record, signature: bytes, proof: Proof, *, domain: Domain, view: ChainView
) -> tuple[RecordRefusal, Role]:
    """What RecordRegistry answers; role NONE with refusal NONE: written by the patient."""
    digest = record.digest(domain)
    anchored_at = view.anchored_at(RECORDS, proof.root) if is_proven(digest, proof) else 0
    if not anchored_at:
        return RecordRefusal.NOT_ANCHORED, Role.NONE
    if anchored_at + EARLIEST < record.issued_at:
        return RecordRefusal.ANCHORED_TOO_EARLY, Role.NONE
    if anchored_at > record.issued_at + LATEST:
        return RecordRefusal.ANCHORED_TOO_LATE, Role.NONE
    try:
        signer = recover(digest, signature)
    except (MalformedSignature, MalleableSignature):
        return RecordRefusal.NOT_SIGNED_BY_AUTHOR, Role.NONE
    if not view.speaks_for(record.author, signer, anchored_at):
        return RecordRefusal.NOT_SIGNED_BY_AUTHOR, Role.NONE
    if record.author == record.patient:
        return RecordRefusal.NONE, Role.NONE
    for role in list(Role)[1:]:
        if all(
            view.holds_credential(record.author, role, at) for at in (record.issued_at, anchored_at)
        ):
            return RecordRefusal.NONE, role
    return RecordRefusal.NO_CREDENTIAL, Role.NONE


def require_authentic(
    signed: Signed[Record], proof: Proof, *, domain: Domain, view: ChainView
) -> Role:
    """The role in which the author wrote (NONE: the patient); raises the reason otherwise."""
    record = signed.statement
    reason, role = refusal(record, signed.signature, proof, domain=domain, view=view)
    match reason:
        case RecordRefusal.NOT_ANCHORED:
            raise NotAnchored()
        case RecordRefusal.ANCHORED_TOO_EARLY:
            raise AnchoredTooEarly()
        case RecordRefusal.ANCHORED_TOO_LATE:
            raise AnchoredTooLate()
        case RecordRefusal.NOT_SIGNED_BY_AUTHOR:
            raise ForeignSignature(person=record.author)
        case RecordRefusal.NO_CREDENTIAL:
            raise NoCredential(person=record.author)
        case RecordRefusal.NONE:
            return role


def is_welcome(
    record: Record, digest: bytes, added_by: Iterable[Grant], member_of: Collection[str] = ()
) -> bool:
    """Whether a record belongs into its patient's chart without asking.

    The patient wrote it, or gave its author (or an organization of the author's) the right to
    add to the category, or this very record. Times are not looked at: what was added while the
    right stood stays.
    """
    if record.author == record.patient:
        return True
    authors = {record.author, *member_of}
    return any(
        grant.rights & ADD
        and grant.patient == record.patient
        and grant.viewer in authors
        and grant.category == record.category
        and grant.record in (ZERO32, digest)
        for grant in added_by
    )


def current_versions(
    records: Mapping[bytes, Record], accepted: Collection[bytes] = ()
) -> dict[bytes, Record]:
    """The records (by digest) that no later version replaces.

    A record replaces the one it supersedes where both have one patient, category and author, or
    where the patient accepted it (its digest in `accepted`); otherwise both are shown. The
    caller leaves out what is not authentic or was retracted, lest it hide what it superseded.
    """
    replaced = set()
    for digest, record in records.items():
        older = records.get(record.supersedes)
        if record.supersedes == ZERO32 or older is None:
            continue
        same_part = (older.patient, older.category) == (record.patient, record.category)
        if same_part and (older.author == record.author or digest in accepted):
            replaced.add(record.supersedes)
    return {digest: record for digest, record in records.items() if digest not in replaced}
