"""Owns how requests to custodians, their answers and their refusals are written as JSON.

Statements travel as their field values and a signature; the types are known and the domain is named
once. Reading is strict: other members than these, other types or lengths are MalformedStatement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from msgspec.json import decode

from app.core.audit import MOST_RECORDS
from app.core.encoding import from_hex, hex0x
from app.core.error_json import read_error, write_error
from app.core.errors import ChartkeyError, MalformedStatement
from app.core.opening import AskedRecord, LogPage, OpeningRequest, OpenSession, Release
from app.core.sheets import Kind, Slot
from app.core.signatures import LONGEST_PROOF, Proof, Signed
from app.core.statements import (
    TYPES,
    Access,
    Grant,
    Membership,
    Record,
    Revocation,
    RevocationOfAll,
    Session,
)
from app.core.typed_data import Domain, Statement

S = TypeVar("S", bound=Statement)

MOST_BYTES = 8 << 20
"""Of one request: a thousand records with their shares take about four megabytes."""
MOST_TOGETHER = 64
"""Openings that one request asks for, each an access of its own."""
MOST_ENTRIES = 1000
"""On one page of a log."""
LONGEST_SIGNATURE = 4096
LONGEST_SLOT = 4096
LONGEST_DOCUMENT = 1 << 17
LARGEST = 1 << 63


def read_json(text: bytes) -> Any:
    """JSON as RFC 8259 has it, in UTF-8; raises MalformedStatement."""
    try:
        return decode(text)
    except (ValueError, RecursionError) as cause:
        raise MalformedStatement("it is not JSON") from cause


def _members(document: Any, *names: str) -> list[Any]:
    """The values of an object that has exactly these members."""
    if not isinstance(document, dict) or document.keys() != set(names):
        raise MalformedStatement(
            "an object has other members than {members}", members=", ".join(names)
        )
    return [document[name] for name in names]


def _versioned(document: Any, version: str, *names: str) -> list[Any]:
    given, *values = _members(document, "chartkey", *names)
    if given != version:
        raise MalformedStatement("it is not of the form {version}", version=version)
    return values


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise MalformedStatement("a value is not a list of at most {most} items", most=most)
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < LARGEST:
        raise MalformedStatement("a value is not a whole number")
    return value


def _bytes(value: Any, most: int) -> bytes:
    found = from_hex(value)
    if len(found) > most:
        raise MalformedStatement("a value is longer than {most} bytes", most=most)
    return found


def _document(value: Any) -> bytes:
    if not isinstance(value, str) or len(value) > LONGEST_DOCUMENT or not value.isascii():
        raise MalformedStatement("a keys document is not text of its kind")
    return value.encode()


# statements


def _write_signed(signed: Signed[Any]) -> dict[str, Any]:
    return {"message": signed.statement.message(), "signature": hex0x(signed.signature)}


def _read_signed(document: Any, kind: type[S]) -> Signed[S]:
    message, signature = _members(document, "message", "signature")
    return Signed(
        statement=kind.from_message(message), signature=_bytes(signature, LONGEST_SIGNATURE)
    )


def _write_session(session: OpenSession) -> dict[str, Any]:
    return {**_write_signed(session.signed), "publicKey": hex0x(session.public_key)}


def _read_session(document: Any) -> OpenSession:
    message, signature, key = _members(document, "message", "signature", "publicKey")
    signed = _read_signed({"message": message, "signature": signature}, Session)
    return OpenSession(signed=signed, public_key=from_hex(key, 65))


# an opening


def write_request(request: OpeningRequest) -> dict[str, Any]:
    """An OpeningRequest as JSON; it names its domain, so it must have one."""
    return dict(json.loads(request_text(request)))


def request_text(request: OpeningRequest) -> bytes:
    """The text of that JSON.

    A request's custodians get the same but for their shares, and a session and a grant serve many
    openings: what was written once is not written again.
    """
    if request.audit is None:
        raise ValueError("a request that travels names the registry that it is meant for")
    before = _before_records(
        *(request.audit, request.access, request.session, request.grant),
        *(request.grant_proof, request.membership),
    )
    records = json.dumps([_write_asked(asked) for asked in request.records])
    after = _after_records(request.viewer_keys, request.patient_keys)
    return f'{before}, "records": {records}, {after}'.encode()


@lru_cache(maxsize=64)
def _before_records(
    audit: Domain,
    access: Signed[Access],
    session: OpenSession | None,
    grant: Signed[Grant] | None,
    proof: Proof | None,
    membership: Signed[Membership] | None,
) -> str:
    told = {
        "chartkey": "opening/1",
        "chain": audit.chain_id,
        "audit": audit.contract,
        "access": _write_signed(access),
        "session": _write_session(session) if session else None,
        "grant": _write_signed(grant) if grant else None,
        "proof": _write_proof(proof) if proof else None,
        "membership": _write_signed(membership) if membership else None,
    }
    return json.dumps(told)[:-1]


@lru_cache(maxsize=64)
def _after_records(viewer: bytes, patient: bytes) -> str:
    keys = {"viewerKeys": viewer.decode("ascii"), "patientKeys": patient.decode("ascii")}
    return json.dumps(keys)[1:]


def read_request(document: Any) -> OpeningRequest:
    """What `write_request` wrote; raises MalformedStatement."""
    chain, audit, access, session, grant, proof, membership, records, viewer, patient = _versioned(
        document, "opening/1", "chain", "audit", "access", "session", "grant", "proof",
        "membership", "records", "viewerKeys", "patientKeys",
    )  # fmt: skip
    if not isinstance(audit, str):
        raise MalformedStatement("a value is not an address")
    return OpeningRequest(
        audit=Domain(chain_id=_number(chain), contract=audit),
        access=_read_signed(access, Access),
        session=None if session is None else _read_session(session),
        grant=None if grant is None else _read_signed(grant, Grant),
        grant_proof=None if proof is None else _read_proof(proof),
        membership=None if membership is None else _read_signed(membership, Membership),
        records=tuple(_read_asked(asked) for asked in _list(records, MOST_RECORDS)),
        viewer_keys=_document(viewer),
        patient_keys=_document(patient),
    )


def _write_proof(proof: Proof) -> dict[str, Any]:
    return {"root": hex0x(proof.root), "path": [hex0x(step) for step in proof.path]}


def _read_proof(document: Any) -> Proof:
    root, path = _members(document, "root", "path")
    steps = tuple(from_hex(step, 32) for step in _list(path, LONGEST_PROOF))
    return Proof(root=from_hex(root, 32), path=steps)


def _write_asked(asked: AskedRecord) -> dict[str, Any]:
    share = asked.share
    return {
        "message": asked.record.message(),
        "epoch": asked.epoch,
        "share": share
        and {
            "number": share.number,
            "recipient": hex0x(share.recipient),
            "sealed": hex0x(share.sealed),
        },
    }


def _read_asked(document: Any) -> AskedRecord:
    message, epoch, share = _members(document, "message", "epoch", "share")
    return AskedRecord(
        record=Record.from_message(message),
        epoch=_number(epoch),
        share=None if share is None else _read_share(share),
    )


def _read_share(document: Any) -> Slot:
    number, recipient, sealed = _members(document, "number", "recipient", "sealed")
    return Slot(
        kind=Kind.SHARE_OF_B,
        number=_number(number),
        recipient=from_hex(recipient, 32),
        sealed=_bytes(sealed, LONGEST_SLOT),
    )


def write_release(release: Release) -> dict[str, Any]:
    """A Release as JSON."""
    shares = {hex0x(record): hex0x(share) for record, share in release.shares.items()}
    return {"chartkey": "release/1", "custodian": hex0x(release.custodian), "shares": shares}


def read_release(document: Any) -> Release:
    """What `write_release` wrote; raises MalformedStatement."""
    custodian, shares = _versioned(document, "release/1", "custodian", "shares")
    if not isinstance(shares, dict) or len(shares) > MOST_RECORDS:
        raise MalformedStatement("its shares are not an object of at most 1000")
    return Release(
        custodian=from_hex(custodian, 32),
        shares={from_hex(at, 32): _bytes(sealed, LONGEST_SLOT) for at, sealed in shares.items()},
    )


# several openings at once


def in_lists(texts: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Requests, each written by `request_text`, in lists that a custodian takes at once."""
    part: list[bytes] = []
    size = 0
    for text in texts:
        if part and (len(part) == MOST_TOGETHER or size + len(text) > MOST_BYTES // 2):
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield part


def requests_text(texts: Sequence[bytes]) -> bytes:
    """The text of such a list."""
    return b"[" + b",".join(texts) + b"]"


def read_requests(document: Any) -> list[Any]:
    """The openings of a list, each still to be read by `read_request`; raises MalformedStatement."""
    if not document:
        raise MalformedStatement("it asks for nothing")
    return _list(document, MOST_TOGETHER)


def write_outcomes(outcomes: Iterable[Release | ChartkeyError]) -> list[dict[str, Any]]:
    """What became of each opening of a list, as JSON."""
    return [
        write_error(one) if isinstance(one, ChartkeyError) else write_release(one)
        for one in outcomes
    ]


def read_outcomes(document: Any, name: str, count: int) -> list[Release | ChartkeyError]:
    """What `write_outcomes` wrote of `count` openings; `name` is the custodian's.

    Raises MalformedStatement.
    """
    if not isinstance(document, list) or len(document) != count:
        raise MalformedStatement("it is no list of {count} answers", count=count)
    return [
        read_error(one, name) if isinstance(one, dict) and "error" in one else read_release(one)
        for one in document
    ]


# a revocation


def write_revocation(signed: Signed[Statement]) -> dict[str, Any]:
    """A signed revocation as JSON; which registry it is meant for shows in its signature."""
    kind = type(signed.statement).__name__
    return {"chartkey": "revocation/1", "type": kind, **_write_signed(signed)}


def read_revocation(document: Any) -> Signed[Statement]:
    """What `write_revocation` wrote; raises MalformedStatement."""
    kind, message, signature = _versioned(document, "revocation/1", "type", "message", "signature")
    if kind not in (Revocation.__name__, RevocationOfAll.__name__):
        raise MalformedStatement("it is not a revocation")
    return _read_signed({"message": message, "signature": signature}, TYPES[kind])


# an inquiry


def write_inquiry(
    inquiry: Signed[Access], session: OpenSession | None, after: int
) -> dict[str, Any]:
    """A patient's inquiry as JSON, with the page that is asked for."""
    return {
        "chartkey": "inquiry/1",
        "access": _write_signed(inquiry),
        "session": _write_session(session) if session else None,
        "after": after,
    }


def read_inquiry(document: Any) -> tuple[Signed[Access], OpenSession | None, int]:
    """What `write_inquiry` wrote; raises MalformedStatement."""
    access, session, after = _versioned(document, "inquiry/1", "access", "session", "after")
    opened = None if session is None else _read_session(session)
    return _read_signed(access, Access), opened, _number(after)


def write_page(page: LogPage) -> dict[str, Any]:
    """A page of a log as JSON."""
    entries = [hex0x(entry) for entry in page.entries]
    return {"chartkey": "log-page/1", "entries": entries, "after": page.after}


def read_page(document: Any) -> LogPage:
    """What `write_page` wrote; raises MalformedStatement."""
    entries, after = _versioned(document, "log-page/1", "entries", "after")
    return LogPage(
        entries=tuple(from_hex(entry) for entry in _list(entries, MOST_ENTRIES)),
        after=None if after is None else _number(after),
    )
