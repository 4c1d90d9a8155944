"""Owns the rules of accesses: what an Access names, and who may sign it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from app.core.encoding import ZERO32, hex0x
from app.core.errors import AccessMismatch, AccessNotOfNow, ForeignSignature, SessionInvalid
from app.core.merkle import merkle_root
from app.core.opening import OpenSession
from app.core.ports import ChainView
from app.core.signatures import (
    Signed,
    is_session_signature,
    recover,
    session_key_id,
    signed_json,
)
from app.core.statements import Access, Domains
from app.core.typed_data import Domain

MOST_RECORDS = 1000
CLOCK_SKEW = 120
LONGEST_SESSION = 12 * 3600
INQUIRY = "PATRQT"
"""The purpose of a patient's inquiry (HL7 v3: patient requested)."""


def records_root(digests: Iterable[bytes]) -> bytes:
    """An Access's `records`: the root over the digests of what is opened."""
    return merkle_root(digests)


def access_letter(
    signed: Signed[Access],
    session: OpenSession | None,
    records: Iterable[bytes],
    domains: Domains,
) -> dict[str, Any]:
    """What is left with the patient of an opening."""
    contents: dict[str, Any] = {
        "access": signed_json(signed, domains),
        "records": [hex0x(digest) for digest in records],
    }
    if session is not None:
        contents["session"] = signed_json(session.signed, domains)
        contents["sessionKey"] = hex0x(session.public_key)
    return contents


def inquiry(patient: str, custodian: bytes, *, at: int, salt: bytes) -> Access:
    """A patient's question what a custodian (its key id) has logged about their chart.

    It is an Access without a grant whose `records` is the custodian's key id: no root over records
    has that value, so it opens nothing, and no other custodian answers to it.
    """
    return Access(
        viewer=patient, grant=ZERO32, records=custodian, purpose=INQUIRY, at=at, salt=salt
    )


def require_inquiry(
    signed: Signed[Access],
    session: OpenSession | None,
    *,
    custodian: Collection[bytes],
    domain: Domain,
    view: ChainView,
    clock: int,
) -> str:
    """The patient who asks a custodian (its key ids) just now.

    Raises AccessMismatch where it is no inquiry to this custodian, and what `require_signed_now`
    raises.
    """
    asked = signed.statement
    if (asked.grant, asked.purpose) != (ZERO32, INQUIRY) or asked.records not in custodian:
        raise AccessMismatch()
    require_signed_now(signed, session, domain=domain, view=view, clock=clock)
    return asked.viewer


def require_signed_now(
    signed: Signed[Access],
    session: OpenSession | None,
    *,
    domain: Domain,
    view: ChainView,
    clock: int,
) -> None:
    """Raise unless the viewer, or a session key of theirs, signed this access just now."""
    access = signed.statement
    if abs(clock - access.at) > CLOCK_SKEW:
        raise AccessNotOfNow(seconds=abs(clock - access.at))
    require_signed(signed, session, domain=domain, view=view, at=view.time, clock=clock)


def require_signed(
    signed: Signed[Access],
    session: OpenSession | None,
    *,
    domain: Domain,
    view: ChainView,
    at: int,
    clock: int,
) -> None:
    """Raise unless someone who spoke for the viewer `at` that time signed, or let a session sign.

    `clock` is when a session must have been running: the present, or the access's own time where
    an old one is looked at again. Raises ForeignSignature, SessionInvalid.
    """
    access = signed.statement
    digest = access.digest(domain)
    if session is None:
        if not view.speaks_for(access.viewer, recover(digest, signed.signature), at):
            raise ForeignSignature(person=access.viewer)
        return
    _require_session(session, access.viewer, domain=domain, view=view, at=at, clock=clock)
    if not is_session_signature(session.public_key, digest, signed.signature):
        raise SessionInvalid("it did not sign this access")


def _require_session(
    session: OpenSession, person: str, *, domain: Domain, view: ChainView, at: int, clock: int
) -> None:
    statement = session.signed.statement
    if statement.person != person:
        raise SessionInvalid("it belongs to somebody else")
    if statement.key != session_key_id(session.public_key):
        raise SessionInvalid("the wallet allowed another key")
    if statement.expires_at - statement.not_before > LONGEST_SESSION:
        raise SessionInvalid("it is longer than twelve hours")
    if not statement.not_before <= clock < statement.expires_at:
        raise SessionInvalid("it has ended, or has not begun")
    signer = recover(statement.digest(domain), session.signed.signature)
    if not view.speaks_for(person, signer, at):
        raise SessionInvalid("nobody who speaks for the person signed it")
