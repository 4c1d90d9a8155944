"""Owns the vectors of what travels to custodians and back."""

from __future__ import annotations

from typing import Any

from app.core.audit import inquiry
from app.core.encoding import ZERO32
from app.core.opening import AskedRecord, LogPage, OpeningRequest, OpenSession, Release
from app.core.people import IdentityKeys
from app.core.sheets import Kind, Slot
from app.core.signatures import Proof, Signed
from app.core.statements import (
    Access,
    Grant,
    Membership,
    Record,
    Revocation,
    RevocationOfAll,
    Session,
)
from app.core.typed_data import Statement
from app.core.wire import (
    read_inquiry,
    read_page,
    read_release,
    read_request,
    read_revocation,
    write_inquiry,
    write_page,
    write_release,
    write_request,
    write_revocation,
)
from scripts.golden.parties import CUSTODIANS, PATIENT, VIEWER
from scripts.golden.signed import ADDRESS, DOMAINS, sample, sign
from scripts.golden.source import Document, fixed

SLOT_BYTES = 1169


def wire(_: Document) -> Document:
    """wire.json: requests as they are sent, and answers as they come; sealed parts are made up."""
    release = Release(
        custodian=CUSTODIANS[0].public.id,
        shares={fixed("a record"): fixed("a release", SLOT_BYTES)},
    )
    page = LogPage(entries=(fixed("an entry", 40), fixed("another entry", 41)), after=2)
    made: Document = {
        "contracts": {
            "people": DOMAINS.people.contract,
            "records": DOMAINS.records.contract,
            "consent": DOMAINS.consent.contract,
            "audit": DOMAINS.audit.contract,
        },
        "openings": [write_request(request) for request in (_viewers(), _authors())],
        "release": write_release(release),
        "revocations": [
            write_revocation(_signed(sample(t))) for t in (Revocation, RevocationOfAll)
        ],
        "inquiries": [
            write_inquiry(_signed(_inquiry()), session, after)
            for session, after in ((None, 0), (_session(), 17))
        ],
        "pages": [write_page(page), write_page(LogPage(entries=(), after=None))],
    }
    assert [read_request(document) for document in made["openings"]] == [_viewers(), _authors()]
    assert read_release(made["release"]) == release
    assert [read_revocation(document) for document in made["revocations"]]
    assert [read_inquiry(document)[2] for document in made["inquiries"]] == [0, 17]
    assert read_page(made["pages"][0]) == page
    return made


def _signed(statement: Statement) -> Signed[Any]:
    return Signed(statement=statement, signature=sign(DOMAINS.digest(statement)))


def _session() -> OpenSession:
    return OpenSession(
        signed=_signed(sample(Session)), public_key=b"\x04" + fixed("session point", 64)
    )


def _inquiry() -> Access:
    return inquiry(ADDRESS, CUSTODIANS[0].public.id, at=1_800_000_001, salt=fixed("inquiry salt"))


def _asked(name: str, *, share: bool) -> AskedRecord:
    slot = Slot(
        kind=Kind.SHARE_OF_B,
        number=2,
        recipient=CUSTODIANS[0].public.id,
        sealed=fixed(f"{name} share", SLOT_BYTES),
    )
    record = sample(Record, salt=fixed(f"{name} salt"))
    assert isinstance(record, Record)
    return AskedRecord(record=record, epoch=7, share=slot if share else None)


def _documents() -> Document:
    patient = IdentityKeys(
        identity=PATIENT.public, custodians=tuple(key.public for key in CUSTODIANS), threshold=2
    )
    return {
        "viewer_keys": IdentityKeys(identity=VIEWER.public).encode(),
        "patient_keys": patient.encode(),
    }


def _viewers() -> OpeningRequest:
    """A member of an organization opens two records under a session."""
    return OpeningRequest(
        access=_signed(sample(Access)),
        records=(_asked("one", share=True), _asked("two", share=False)),
        grant=_signed(sample(Grant)),
        grant_proof=Proof(root=fixed("root"), path=(fixed("step 1"), fixed("step 2"))),
        session=_session(),
        membership=_signed(sample(Membership)),
        audit=DOMAINS.audit,
        **_documents(),
    )


def _authors() -> OpeningRequest:
    """An author reopens an own record: nothing but the access."""
    return OpeningRequest(
        access=_signed(sample(Access, grant=ZERO32)),
        records=(_asked("one", share=True),),
        audit=DOMAINS.audit,
        **_documents(),
    )
