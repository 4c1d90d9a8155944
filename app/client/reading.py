"""Owns a person's opening of records: asking custodians, or as the patient nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from app.client.charting import Charting
from app.client.letters import GrantFile, RecordFile
from app.client.opening import Gathering, PieceReader, body_pieces, reader_of
from app.core.audit import access_letter, records_root
from app.core.encoding import ZERO32
from app.core.envelopes import seal_envelope
from app.core.errors import (
    ChartkeyError,
    ForeignKeys,
    KeyNotOfBody,
    NoSlot,
    NotAnchored,
    NotStored,
    OutsideGrant,
)
from app.core.keys import PublicKey
from app.core.opening import AskedRecord, OpeningRequest
from app.core.ports import Custodian
from app.core.sealing import BodyContext, BodyKey, Halves
from app.core.sheets import KeySheet, Kind, Slot, require_complete
from app.core.signatures import Proof, Signed
from app.core.statements import Access, Membership

K = TypeVar("K")
V = TypeVar("V")
TREATMENT = "TREAT"


OUTDATED = (ForeignKeys, NotAnchored)
"""What custodians say where a keys document or a proof is no longer what the chain shows."""
MOST_REMEMBERED = 1000


class _Patient(NamedTuple):
    """A patient's identity key, and the keys document in which it stands."""

    identity: PublicKey
    document: bytes


class Reading(Charting):
    """A person who opens records."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._patients: dict[str, _Patient] = {}
        self._proofs: dict[bytes, Proof] = {}

    def open(
        self,
        file: RecordFile,
        grant: GrantFile | None = None,
        *,
        purpose: str = "",
        membership: Signed[Membership] | None = None,
    ) -> bytes:
        """One record's body in memory; see `open_all`."""
        [(_, pieces)] = self.open_all([file], grant, purpose=purpose, membership=membership)
        return b"".join(pieces)

    def open_all(
        self,
        files: Sequence[RecordFile],
        grant: GrantFile | None = None,
        *,
        purpose: str = "",
        membership: Signed[Membership] | None = None,
    ) -> list[tuple[RecordFile, Iterator[bytes]]]:
        """Open records of one chart with one signature: each with its bytes, piece by piece.

        The patient needs nobody; a viewer a grant, an author neither. Raises AccessRefused and
        its siblings, SealError, NotStored, NotEnoughShares.
        """
        if all(file.statement.patient == self.address for file in files):
            return [(file, self._open_own(file)) for file in files]
        sheets = {file.digest: self.sheet_of(file) for file in files}
        try:
            gathering = self._gathered(files, sheets, grant, purpose, membership)
        except ChartkeyError:
            if not self._forget_outdated(files[0].statement.patient, grant):
                raise
            gathering = self._gathered(files, sheets, grant, purpose, membership)
        opened = []
        for file in files:
            sheet, context = sheets[file.digest], self._context(file)
            source, header = reader_of(self._body(file))
            half_a = self._half_a(sheet, grant)
            halves = gathering.halves(file.digest, header, half_a, context)
            opened.append((file, self._pieces(file, source, halves)))
        self.faults = gathering.failures
        return opened

    def _gathered(
        self,
        files: Sequence[RecordFile],
        sheets: Mapping[bytes, KeySheet],
        grant: GrantFile | None,
        purpose: str,
        membership: Signed[Membership] | None,
    ) -> Gathering:
        """Shares enough for all; the opening is with the patient before any of them is used."""
        access = Access(
            viewer=self.address,
            grant=grant.digest if grant else ZERO32,
            records=records_root(sheets),
            purpose=purpose or (grant.statement.purpose if grant else TREATMENT),
            at=self.clock(),
            salt=self.random(32),
        )
        patient = self._patient(files[0].statement.patient)
        request_for = self._requests(access, files, sheets, grant, membership, patient)
        gathering = Gathering(
            self.node.custodians,
            lambda custodian: request_for(custodian) if _serves(custodian, sheets) else None,
            thresholds={digest: sheet.threshold for digest, sheet in sheets.items()},
            access=self.node.domains.digest(access),
            key=self.vault.identity,
        )
        try:
            gathering.require_enough()
        finally:
            self.faults = gathering.failures
        self._report(request_for(None), list(sheets), patient.identity)
        return gathering

    # what is remembered between openings: custodians check it at each of them

    def _patient(self, person: str) -> _Patient:
        patient = self._patients.get(person)
        if patient is None:
            keys = self.keys_of(person)
            patient = _Patient(keys.identity, keys.encode())
            remember(self._patients, person, patient)
        return patient

    def _proof(self, grant: bytes) -> Proof | None:
        proof = self._proofs.get(grant) or self.node.proof(grant)
        if proof is not None and grant not in self._proofs:
            remember(self._proofs, grant, proof)
        return proof

    def _forget_outdated(self, patient: str, grant: GrantFile | None) -> bool:
        """Whether a custodian found something outdated that was remembered; it no longer is."""
        if not any(isinstance(fault, OUTDATED) for fault in self.faults.values()):
            return False
        known = self._patients.pop(patient, None)
        proof = self._proofs.pop(grant.digest, None) if grant else None
        return known is not None or proof is not None

    def _requests(
        self,
        access: Access,
        files: Sequence[RecordFile],
        sheets: Mapping[bytes, KeySheet],
        grant: GrantFile | None,
        membership: Signed[Membership] | None,
        patient: _Patient,
    ) -> Callable[[Custodian | None], OpeningRequest]:
        """The request to each custodian: the same but for the shares that are its own."""
        signed, session = self.sign_access(access)
        proof = self._proof(grant.digest) if grant else None
        viewer_keys = self.keys_document()

        def request(custodian: Custodian | None) -> OpeningRequest:
            asked = tuple(
                AskedRecord(
                    record=file.statement,
                    epoch=sheets[file.digest].epoch,
                    share=_share(custodian, sheets[file.digest]),
                )
                for file in files
            )
            return OpeningRequest(
                access=signed,
                records=asked,
                viewer_keys=viewer_keys,
                grant=grant.signed if grant else None,
                grant_proof=proof,
                session=session,
                membership=membership or (grant.membership if grant else None),
                patient_keys=patient.document,
                audit=self.node.domains.audit,
            )

        return request

    def _half_a(self, sheet: KeySheet, grant: GrantFile | None) -> bytes:
        if grant is None:
            return sheet.open(Kind.A_FOR_AUTHOR, self.vault.identity)
        if grant.half_a:
            return grant.half_a
        for key in grant.keys:
            with suppress(NoSlot):
                return sheet.open(Kind.A_FOR_CATEGORY, key)
        raise OutsideGrant()

    def _report(
        self, request: OpeningRequest, digests: Sequence[bytes], identity: PublicKey
    ) -> None:
        """Leave the opening with the patient and hand its digest in to be anchored."""
        patient = request.records[0].record.patient
        contents = access_letter(request.access, request.session, digests, self.node.domains)
        envelope = seal_envelope(contents, [identity], self.random)
        self.node.accept(
            request.access, envelope=envelope, parties=[patient], session=request.session
        )

    # the body

    def _open_own(self, file: RecordFile) -> Iterator[bytes]:
        source, _ = reader_of(self._body(file))
        return self._pieces(file, source, self.halves_of(file))

    def _context(self, file: RecordFile) -> BodyContext:
        record = file.statement
        return BodyContext(
            registry=self.node.domains.records,
            patient=record.patient,
            author=record.author,
            category=record.category,
            content_root=record.content_root,
        )

    def _pieces(self, file: RecordFile, source: PieceReader, halves: Halves) -> Iterator[bytes]:
        return body_pieces(
            source, halves, self._context(file), file.content, file.statement.sealed_hash
        )

    def _body(self, file: RecordFile) -> Iterator[bytes]:
        """The sealed body, from the own archive where the node has erased it."""
        pieces = self.node.bodies.read(file.address)
        try:
            first = next(pieces, b"")
        except NotStored:
            if self.archive is None or file.digest not in self.kept:
                raise
            pieces = self.archive.read(file.address)
            first = next(pieces, b"")
        yield first
        yield from pieces

    def require_good_sheet(self, file: RecordFile) -> None:
        """What a patient checks of a new record: every slot is there, and both halves open it.

        Raises NoSlot, SheetSubstituted, SlotNotOpened, KeyNotOfBody; `reseal` mends the sheet
        while the halves can still be had.
        """
        sheet = self.sheet_of(file)
        require_complete(sheet, self.own_recipients(file, sheet.epoch))
        _, header = reader_of(self._body(file))
        if BodyKey.of(self.halves_of(file), self._context(file)).header != header:
            raise KeyNotOfBody()


def remember(known: dict[K, V], key: K, value: V) -> None:
    """Keep something, and forget the oldest where there is too much."""
    for old in list(known)[: max(len(known) - MOST_REMEMBERED + 1, 0)]:
        known.pop(old, None)
    known[key] = value


def _share(custodian: Custodian | None, sheet: KeySheet) -> Slot | None:
    """A custodian's slot in a sheet, None where it is not among those that the patient chose."""
    for id_ in custodian.ids if custodian else ():
        with suppress(NoSlot):
            return sheet.slot(Kind.SHARE_OF_B, id_)
    return None


def _serves(custodian: Custodian, sheets: Mapping[bytes, KeySheet]) -> bool:
    return any(_share(custodian, sheet) for sheet in sheets.values())
