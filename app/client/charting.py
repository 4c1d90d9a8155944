"""Owns a person's work with records: writing, finding, opening, correcting and erasing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.client.identity import Identity
from app.client.letters import GrantFile, RecordFile, read_all, read_grant, read_record
from app.client.opening import PieceReader, body_pieces, fitting_halves, gather, reader_of
from app.client.writing import Source, seal_body
from app.core.audit import records_root
from app.core.custody import AskedRecord, OpeningRequest
from app.core.encoding import ZERO32, hex0x
from app.core.envelopes import seal_envelope
from app.core.errors import (
    ForeignSignature,
    KeyNotOfBody,
    NoSlot,
    NotAnchored,
    NotStored,
    OutsideGrant,
    StatementError,
)
from app.core.keys import PrivateKey
from app.core.people import IdentityKeys
from app.core.ports import BodyStore, Custodian
from app.core.records import Role, current_versions, is_welcome, require_authentic
from app.core.sealing import BodyContext, BodyKey, Halves
from app.core.sheets import (
    KeySheet,
    Kind,
    Recipients,
    require_complete,
    require_newest,
    sheet_hash,
    write_sheet,
)
from app.core.signatures import Signed, recover, signed_json
from app.core.statements import Access, Grant, Membership, Record, Retraction, Sheet

TREATMENT = "TREAT"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecord:
    """What an author keeps of an own record, whatever becomes of the patient's copy."""

    file: RecordFile
    sheet: tuple[Signed[Sheet], bytes]


@dataclass(kw_only=True)
class Charting(Identity):
    """A person who writes and opens records."""

    archive: BodyStore | None = None
    """Where an author keeps the sealed bodies of own records, as the law asks."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.kept: dict[bytes, KeptRecord] = {}
        self._newest_sheet: dict[bytes, int] = {}

    # writing

    def write(
        self,
        source: Source,
        *,
        category: str,
        patient: str = "",
        media_type: str = "application/fhir+json",
        title: str = "",
        supersedes: RecordFile | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> RecordFile:
        """Seal, sign and hand in a record (of this person unless a patient is named).

        Returns once the node has taken it durably. Raises StoreFull, ForeignSignature.
        """
        patient = patient or self.address
        patient_keys, keys = self.keys_of(patient), self.category_keys_of(patient)
        body = seal_body(
            source,
            registry=self.node.domains.records,
            patient=patient,
            author=self.address,
            category=category,
            store=self.node.bodies,
            random=self.random,
            progress=progress,
        )
        signed = self.sign(
            Record(
                patient=patient,
                author=self.address,
                category=category,
                content_root=body.content_root,
                sealed_hash=body.sealed_hash,
                supersedes=supersedes.digest if supersedes else ZERO32,
                issued_at=self.clock(),
                salt=self.random(32),
            )
        )
        file = RecordFile(
            digest=self.node.domains.digest(signed.statement),
            signed=signed,
            address=body.address,
            content=body.content,
            media_type=media_type,
            size=body.size,
            title=title,
        )
        to = Recipients(
            category=keys.keys[category],
            epoch=keys.epoch,
            patient=patient_keys.identity,
            custodians=patient_keys.custodians,
            threshold=patient_keys.threshold,
            authors=() if patient == self.address else (self.vault.identity.public,),
        )
        sheet = self._hand_in_sheet(file.digest, 0, body.halves, to)
        parties = [to.patient, to.category, *to.authors]
        envelope = seal_envelope(file.letter(self.node.domains), parties, self.random)
        self.node.accept(signed, envelope=envelope, parties=[patient, self.address])
        self._keep(file, sheet)
        return file

    def _hand_in_sheet(
        self, record: bytes, version: int, halves: Halves, to: Recipients
    ) -> tuple[Signed[Sheet], bytes]:
        sheet = write_sheet(
            record=record, version=version, halves=halves, to=to, random=self.random
        ).encode()
        signed = self.sign(
            Sheet(
                record=record,
                version=version,
                sheet_hash=sheet_hash(sheet),
                salt=self.random(32),
            )
        )
        self.node.keep_sheet(signed, sheet)
        return signed, sheet

    def _keep(self, file: RecordFile, sheet: tuple[Signed[Sheet], bytes]) -> None:
        if self.archive is not None:
            self.archive.put(self.node.bodies.read(file.address))
            self.kept[file.digest] = KeptRecord(file=file, sheet=sheet)

    def correct(self, older: RecordFile, source: Source, **about: Any) -> RecordFile:
        """Write a new version of an own record; the old one stays and stays provable."""
        statement = older.statement
        about = {"media_type": older.media_type, "title": older.title, **about}
        return self.write(
            source,
            category=statement.category,
            patient=statement.patient,
            supersedes=older,
            **about,
        )

    # finding

    def chart(
        self, patient: str = "", keys: Sequence[PrivateKey] = (), *, history: bool = False
    ) -> list[RecordFile]:
        """The records of a patient (self unless named) that these keys show, oldest first.

        Corrected versions replace older ones unless `history` is asked for. In one's own chart
        stand the records that are welcome; the others wait in `addressed`.
        """
        patient = patient or self.address
        found = self._found(patient, keys)
        if patient == self.address:
            given = self._given()
            found = {
                digest: file
                for digest, file in found.items()
                if is_welcome(file.statement, digest, given)
            }
        current = current_versions({digest: file.statement for digest, file in found.items()})
        return [file for digest, file in found.items() if history or digest in current]

    def addressed(self) -> list[RecordFile]:
        """Records that others addressed to this patient without a right to add; see `welcome`."""
        given = self._given()
        return [
            file
            for digest, file in self._found(self.address).items()
            if not is_welcome(file.statement, digest, given)
        ]

    def _found(self, patient: str, keys: Sequence[PrivateKey] = ()) -> dict[bytes, RecordFile]:
        letters = self.letters(patient, keys)
        return {
            file.digest: file
            for file in read_all(read_record, letters, self.node.domains)
            if file.statement.patient == patient
        }

    def _given(self) -> list[Grant]:
        files = read_all(read_grant, self.letters(), self.node.domains)
        return [f.statement for f in files if f.statement.patient == self.address]

    def require_authentic(self, file: RecordFile) -> Role:
        """The role in which the author wrote it (NONE: the patient); raises why it is not."""
        proof = self.node.proof(file.digest)
        if proof is None:
            raise NotAnchored()
        return require_authentic(
            file.signed, proof, domain=self.node.domains.records, view=self.node.view()
        )

    def is_authentic(self, file: RecordFile) -> bool:
        """Whether the contracts say that its author wrote it, with a credential where due."""
        try:
            self.require_authentic(file)
        except StatementError:
            return False
        return True

    # opening

    def open(
        self,
        file: RecordFile,
        grant: GrantFile | None = None,
        *,
        purpose: str = "",
        membership: Signed[Membership] | None = None,
    ) -> bytes:
        """One record's body in memory; see `open_all`."""
        opened = dict(self.open_all([file], grant, purpose=purpose, membership=membership))
        return b"".join(opened[file])

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
        membership = membership or (grant.membership if grant else None)
        access = self._access(files, grant, purpose)
        sheets = {file.digest: self._sheet(file) for file in files}
        patient = self.keys_of(files[0].statement.patient)
        request_for = self._requests(access, files, sheets, grant, membership)
        digest = self.node.domains.digest(access)
        chosen = [c for c in self.node.custodians if self._serves(c, sheets)]
        shares = gather(
            chosen,
            request_for,
            digests=list(sheets),
            access=digest,
            key=self.vault.identity,
            threshold=next(iter(sheets.values())).threshold,
        )
        self._report(request_for(chosen[0]), patient, grant, list(sheets))
        opened = []
        for file in files:
            sheet = sheets[file.digest]
            source, header = reader_of(self._body(file))
            halves = fitting_halves(
                header,
                self._half_a(sheet, grant),
                shares[file.digest],
                sheet.threshold,
                self._context(file),
            )
            opened.append((file, self._pieces(file, source, halves)))
        return opened

    def _access(
        self, files: Sequence[RecordFile], grant: GrantFile | None, purpose: str
    ) -> Access:
        return Access(
            viewer=self.address,
            grant=grant.digest if grant else ZERO32,
            records=records_root(file.digest for file in files),
            purpose=purpose or (grant.statement.purpose if grant else TREATMENT),
            at=self.clock(),
            salt=self.random(32),
        )

    def _requests(
        self,
        access: Access,
        files: Sequence[RecordFile],
        sheets: Mapping[bytes, KeySheet],
        grant: GrantFile | None,
        membership: Signed[Membership] | None,
    ) -> Callable[[Custodian], OpeningRequest]:
        signed, session = self.sign_access(access)
        proof = self.node.proof(grant.digest) if grant else None

        def request(custodian: Custodian) -> OpeningRequest:
            asked = tuple(
                AskedRecord(
                    record=file.statement,
                    epoch=sheets[file.digest].epoch,
                    share=sheets[file.digest].slot(Kind.SHARE_OF_B, custodian.id),
                )
                for file in files
            )
            return OpeningRequest(
                access=signed,
                records=asked,
                viewer_keys=self.keys_document(),
                grant=grant.signed if grant else None,
                grant_proof=proof,
                session=session,
                membership=membership,
            )

        return request

    @staticmethod
    def _serves(custodian: Custodian, sheets: Mapping[bytes, KeySheet]) -> bool:
        try:
            return all(sheet.slot(Kind.SHARE_OF_B, custodian.id) for sheet in sheets.values())
        except NoSlot:
            return False

    def _sheet(self, file: RecordFile) -> KeySheet:
        """The newest sheet, if the author (version 0) or the patient (later) signed it.

        Raises SheetStale where a newer one was seen before, SheetSubstituted, ForeignSignature.
        """
        try:
            signed, sheet = self.node.sheet(file.digest)
        except NotStored:
            if file.digest not in self.kept:
                raise
            signed, sheet = self.kept[file.digest].sheet
        newest = self._newest_sheet.get(file.digest, 0)
        parsed = require_newest(sheet, signed.statement, newest)
        record, view = file.statement, self.node.view()
        person = record.patient if signed.statement.version else record.author
        signer = recover(self.node.domains.digest(signed.statement), signed.signature)
        spoke = view.speaks_for(person, signer, record.issued_at)
        if parsed.record != file.digest or not (
            spoke or view.speaks_for(person, signer, view.time)
        ):
            raise ForeignSignature(person=person)
        self._newest_sheet[file.digest] = parsed.version
        return parsed

    def require_good_sheet(self, file: RecordFile) -> None:
        """What a patient checks of a new record: every slot is there, and both halves open it.

        Raises NoSlot, SheetSubstituted, SlotNotOpened, KeyNotOfBody; `reseal` mends them while
        the halves can still be had.
        """
        sheet = self._sheet(file)
        require_complete(sheet, self._own_recipients(file, sheet.epoch))
        _, header = reader_of(self._body(file))
        if BodyKey.of(self.halves_of(file), self._context(file)).header != header:
            raise KeyNotOfBody()

    def reseal(self, file: RecordFile) -> None:
        """Write a better key sheet for an own chart's record: this epoch, these custodians."""
        halves, version = self.halves_of(file), self._sheet(file).version + 1
        epoch = self.category_keys_of(self.address).epoch
        self._hand_in_sheet(file.digest, version, halves, self._own_recipients(file, epoch))

    def _own_recipients(self, file: RecordFile, epoch: int) -> Recipients:
        record = file.statement
        author = () if record.author == self.address else (self.keys_of(record.author).identity,)
        return Recipients(
            category=self.vault.category(record.category, epoch).public,
            epoch=epoch,
            patient=self.vault.identity.public,
            custodians=tuple(self.custodians),
            threshold=self.threshold,
            authors=author,
        )

    def _half_a(self, sheet: KeySheet, grant: GrantFile | None) -> bytes:
        if grant is None:
            return sheet.open(Kind.A_FOR_AUTHOR, self.vault.identity)
        if grant.half_a:
            return grant.half_a
        if sheet.epoch not in grant.keys:
            raise OutsideGrant()
        return sheet.open(Kind.A_FOR_CATEGORY, grant.keys[sheet.epoch])

    def halves_of(self, file: RecordFile) -> Halves:
        """Both halves of an own chart's record, without any custodian."""
        sheet = self._sheet(file)
        category = self.vault.category(file.statement.category, sheet.epoch)
        return Halves(
            a=sheet.open(Kind.A_FOR_CATEGORY, category),
            b=sheet.open(Kind.B_FOR_PATIENT, self.vault.identity),
        )

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
            first = next(pieces)
        except NotStored:
            if self.archive is None or file.digest not in self.kept:
                raise
            pieces = self.archive.read(file.address)
            first = next(pieces)
        yield first
        yield from pieces

    def _report(
        self,
        request: OpeningRequest,
        patient: IdentityKeys,
        grant: GrantFile | None,
        digests: Sequence[bytes],
    ) -> None:
        """Leave the opening with the patient and hand its digest in to be anchored."""
        contents: dict[str, Any] = {
            "access": signed_json(request.access, self.node.domains),
            "records": [hex0x(digest) for digest in digests],
        }
        if grant is not None:
            contents["grant"] = hex0x(grant.digest)
        envelope = seal_envelope(contents, [patient.identity], self.random)
        owner = request.records[0].record.patient
        self.node.accept(request.access, envelope=envelope, parties=[owner])

    # taking back

    def retract(self, file: RecordFile) -> None:
        """Entered in error (as its author) or no longer shared (as its patient)."""
        self.node.accept(self.sign(Retraction(person=self.address, record=file.digest)))

    def erase(self, file: RecordFile) -> None:
        """Retract a record of one's own chart and have its node delete what it keeps of it."""
        self.retract(file)
        self.node.erase(file.digest, file.address)
