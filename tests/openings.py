"""Makes what an opening needs: sealed records with their key sheets, and requests to custodians."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.adapters.memory_chain import MemoryChain
from app.core.content import content_root, elements_of
from app.core.custody import Approval, decide
from app.core.encoding import ZERO32
from app.core.keys import PrivateKey, PublicKey
from app.core.opening import AskedRecord, OpeningRequest
from app.core.sealing import BodyContext, BodyKey, Halves, seal_bytes, sealed_hash
from app.core.sheets import KeySheet, Kind, Recipients, write_sheet
from app.core.signatures import Proof, Signed
from app.core.statements import (
    Grant,
    Record,
    Revocation,
    RevocationOfAll,
)
from tests.makers import (
    DOMAINS,
    NOTE,
    Person,
    address,
    anchor,
    make_custodian,
    make_record,
    randomness,
    salt,
    sign_access,
)


def make_halves(seed: object = 0) -> Halves:
    """Both halves of a record's key."""
    draw = randomness(f"halves {seed!r}")
    return Halves(a=draw(32), b=draw(32))


def make_body_key(seed: object = 0, /, **overrides: Any) -> BodyKey:
    """The key of a body between strangers."""
    values: dict[str, Any] = {
        "registry": DOMAINS.records,
        "patient": address("patient"),
        "author": address("author"),
        "category": "laboratory",
        "content_root": salt("root"),
    }
    return BodyKey.of(make_halves(seed), BodyContext(**values | overrides))


@dataclass(frozen=True, kw_only=True)
class SealedRecord:
    """A record with everything that belongs to it."""

    signed: Signed[Record]
    body: bytes
    sealed: bytes
    halves: Halves
    sheet: KeySheet

    @property
    def record(self) -> Record:
        """The statement."""
        return self.signed.statement

    @property
    def digest(self) -> bytes:
        """The statement's digest."""
        return DOMAINS.digest(self.record)

    def body_key(self, halves: Halves | None = None) -> BodyKey:
        """The key of the body, from the right halves or from others."""
        record = self.record
        context = BodyContext(
            registry=DOMAINS.records,
            patient=record.patient,
            author=record.author,
            category=record.category,
            content_root=record.content_root,
        )
        return BodyKey.of(halves or self.halves, context)

    def asked(self, custodian: PrivateKey) -> AskedRecord:
        """What a viewer sends of this record to one custodian."""
        share = self.sheet.slot(Kind.SHARE_OF_B, custodian.public.id)
        return AskedRecord(record=self.record, epoch=self.sheet.epoch, share=share)


def make_recipients(
    patient: Person, *authors: PublicKey, category: str = "laboratory", epoch: int = 0
) -> Recipients:
    """Those to whom a record of the patient is sealed."""
    return Recipients(
        category=patient.vault.category(category, epoch).public,
        epoch=epoch,
        patient=patient.identity.public,
        custodians=patient.keys.custodians,
        threshold=patient.threshold,
        authors=authors,
    )


def seal_record(
    patient: Person, author: Person, body: bytes = NOTE, /, *, seed: object = 0, **overrides: Any
) -> SealedRecord:
    """Seal a body for the patient's chart, sign it, and write its key sheet."""
    halves = make_halves(seed)
    _, elements = elements_of(body)
    root = content_root(elements, halves.content_secret)
    record = make_record(
        patient, author, **{"content_root": root, "salt": salt(("record", seed))} | overrides
    )
    unsealed = SealedRecord(
        signed=author.sign(record), body=body, sealed=b"", halves=halves,
        sheet=KeySheet(record=ZERO32, version=0, epoch=0, threshold=1, shares=1, slots=()),
    )  # fmt: skip
    sealed = seal_bytes(body, unsealed.body_key())
    signed = author.sign(replace(record, sealed_hash=sealed_hash(sealed)))
    sheet = write_sheet(
        record=DOMAINS.digest(signed.statement),
        version=0,
        halves=halves,
        to=make_recipients(patient, author.identity.public, category=record.category),
        random=randomness(("sheet", seed)),
    )
    return replace(unsealed, signed=signed, sealed=sealed, sheet=sheet)


def make_request(
    viewer: Person,
    sealed: Sequence[SealedRecord],
    *,
    grant: Signed[Grant] | None = None,
    proof: Proof | None = None,
    custodian: PrivateKey | None = None,
    **overrides: Any,
) -> OpeningRequest:
    """What the viewer sends to the first custodian to open records."""
    custodian = custodian or make_custodian(1)
    granted = grant.statement if grant else None
    values: dict[str, Any] = {
        "access": sign_access(viewer, [one.record for one in sealed], granted),
        "records": tuple(one.asked(custodian) for one in sealed),
        "viewer_keys": viewer.keys.encode(),
        "grant": grant,
        "grant_proof": proof,
    }
    return OpeningRequest(**values | overrides)


def ask(
    chain: MemoryChain,
    request: OpeningRequest,
    clock: int | None = None,
    heard: Iterable[Revocation | RevocationOfAll] = (),
) -> Approval:
    """The custodian's decision, with a right clock unless told otherwise."""
    return decide(
        request, domains=DOMAINS, view=chain.view(), heard=heard,
        clock=chain.time if clock is None else clock,
    )  # fmt: skip


def ask_with(
    chain: MemoryChain, viewer: Person, sealed: SealedRecord, grant: Signed[Grant], **overrides: Any
) -> Approval:
    """Anchor a grant and ask under it."""
    proof = anchor(chain, grant.statement)
    return ask(chain, make_request(viewer, [sealed], grant=grant, proof=proof, **overrides))
