"""Owns a person's work with records: writing, finding, correcting and erasing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.client.letterbox import Letterbox, Look
from app.client.letters import RecordFile
from app.client.writing import SealedBody, Source, seal_body
from app.core.categories import require_category
from app.core.encoding import ZERO32
from app.core.envelopes import seal_envelope
from app.core.erasure import Erased
from app.core.errors import (
    ChartkeyError,
    NotAnchored,
    NotStored,
    SheetStale,
    StatementError,
)
from app.core.keys import PrivateKey
from app.core.people import CategoryKeysDocument, IdentityKeys
from app.core.ports import BodyStore
from app.core.records import Role, current_versions, is_welcome, require_authentic
from app.core.sealing import Halves
from app.core.sheets import (
    KeySheet,
    Kind,
    Recipients,
    require_newest,
    sheet_hash,
    write_sheet,
)
from app.core.signatures import Signed
from app.core.statements import RECORDS, Record, Retraction, Sheet
from app.core.typed_data import parse_address


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecord:
    """What an author keeps of an own record, whatever becomes of the patient's copy."""

    file: RecordFile
    sheet: tuple[Signed[Sheet], bytes]


@dataclass(kw_only=True)
class Charting(Letterbox):
    """A person who writes records and keeps a chart."""

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
        occurred: str = "",
        supersedes: RecordFile | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> RecordFile:
        """Seal, sign and hand in a record (of this person unless a patient is named).

        `occurred` says, as FHIR does, when what it tells of took place; its readers alone see it.
        Returns once the node has taken it durably. Raises UnknownCategory, StoreFull,
        ForeignSignature; then nothing of it is kept.
        """
        category = require_category(category)
        patient = parse_address(patient or self.address)
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
        statement = Record(
            patient=patient,
            author=self.address,
            category=category,
            content_root=body.content_root,
            sealed_hash=body.sealed_hash,
            supersedes=supersedes.digest if supersedes else ZERO32,
            issued_at=self.clock(),
            salt=self.random(32),
        )
        file = RecordFile(
            digest=self.node.domains.digest(statement),
            signed=self.sign(statement),
            address=body.address,
            content=body.content,
            media_type=media_type,
            size=body.size,
            title=title,
            occurred=occurred,
        )
        try:
            self._hand_in(file, body, patient_keys, keys)
        except ChartkeyError:
            self.node.bodies.delete(body.address)
            raise
        return file

    def _hand_in(
        self,
        file: RecordFile,
        body: SealedBody,
        patient_keys: IdentityKeys,
        keys: CategoryKeysDocument,
    ) -> None:
        """The sheet first: a record that was accepted can be opened."""
        record = file.statement
        own = record.patient == self.address
        to = Recipients(
            category=keys.keys[record.category],
            epoch=keys.epoch,
            patient=patient_keys.identity,
            custodians=patient_keys.custodians,
            threshold=patient_keys.threshold,
            authors=() if own else (self.vault.identity.public,),
        )
        sheet = self._hand_in_sheet(file, 0, body.halves, to)
        parties = [to.patient, to.category, *to.authors]
        envelope = seal_envelope(file.letter(self.node.domains), parties, self.random)
        self.node.accept(
            file.signed,
            envelope=envelope,
            parties=[record.patient, self.address],
            body=file.address,
        )
        if self.archive is not None:
            self.archive.put(self.node.bodies.read(file.address))
            self.kept[file.digest] = KeptRecord(file=file, sheet=sheet)

    def _hand_in_sheet(
        self, file: RecordFile, version: int, halves: Halves, to: Recipients
    ) -> tuple[Signed[Sheet], bytes]:
        written = write_sheet(
            record=file.digest, version=version, halves=halves, to=to, random=self.random
        )
        sheet = written.encode()
        statement = Sheet(
            record=file.digest,
            version=version,
            sheet_hash=sheet_hash(sheet),
            salt=self.random(32),
        )
        signed: Signed[Sheet] = self.sign(statement)
        self.node.keep_sheet(signed, sheet, file.signed)
        return signed, sheet

    def correct(self, older: RecordFile, source: Source, **about: Any) -> RecordFile:
        """Write a new version of an own record; the old one stays and stays provable."""
        record = older.statement
        kept = {"media_type": older.media_type, "title": older.title, "occurred": older.occurred}
        return self.write(
            source,
            category=record.category,
            patient=record.patient,
            supersedes=older,
            **kept | about,
        )

    # finding

    def chart(
        self, patient: str = "", keys: Sequence[PrivateKey] = (), *, history: bool = False
    ) -> list[RecordFile]:
        """The records of a patient (self unless named) that these keys show, oldest first.

        Corrected versions replace older ones, and retracted records are left out, unless
        `history` is asked for. In one's own chart stand the records that are welcome; the others
        wait in `addressed`.
        """
        patient = parse_address(patient or self.address)
        found = {file.digest: file for file in self.records_of(patient, keys)}
        if patient == self.address:
            given = [file.statement for file in self.grants_given()]
            found = {d: f for d, f in found.items() if is_welcome(f.statement, d, given)}
        if history:
            return list(found.values())
        look = self.look()
        standing = {d: f for d, f in found.items() if not self.is_retracted(f, look)}
        current = current_versions({d: f.statement for d, f in standing.items()})
        return [standing[digest] for digest in current]

    def addressed(self) -> list[RecordFile]:
        """Records that others addressed to this patient without a right to add."""
        given = [file.statement for file in self.grants_given()]
        return [
            file
            for file in self.records_of(self.address)
            if not is_welcome(file.statement, file.digest, given)
        ]

    def is_retracted(self, file: RecordFile, look: Look | None = None) -> bool:
        """Whether the author said "entered in error", or the patient "no longer shared"."""
        record, view = file.statement, (look or self.node.view)()
        return any(
            view.retracted_at(person, file.digest) for person in {record.author, record.patient}
        )

    def require_authentic(self, file: RecordFile) -> Role:
        """The role in which the author wrote it (NONE: the patient); raises why it is not."""
        look = self.look()
        anchor = self.anchor_of(file.digest, RECORDS, look)
        if anchor is None:
            raise NotAnchored()
        domain = self.node.domains.records
        return require_authentic(file.signed, anchor[0], domain=domain, view=look())

    def is_authentic(self, file: RecordFile) -> bool:
        """Whether the contracts say that its author wrote it, with a credential where due."""
        try:
            self.require_authentic(file)
        except StatementError:
            return False
        return True

    # key sheets

    def sheet_of(self, file: RecordFile, look: Look | None = None) -> KeySheet:
        """The newest sheet that the author (version 0) or the patient (later) signed.

        Raises SheetStale where a newer one was seen before, NotStored where none is valid.
        """
        kept = self.kept.get(file.digest)
        record = file.statement
        for signed, sheet in [*self.node.sheets(file.digest), *([kept.sheet] if kept else [])]:
            person = record.patient if signed.statement.version else record.author
            try:
                parsed = require_newest(sheet, signed.statement)
            except ChartkeyError:
                continue
            if parsed.record != file.digest or not self.is_signed_by(signed, person, look):
                continue
            newest = self._newest_sheet.setdefault(file.digest, parsed.version)
            if parsed.version < newest:
                raise SheetStale(given=parsed.version, newest=newest)
            self._newest_sheet[file.digest] = parsed.version
            return parsed
        raise NotStored(address="a key sheet of that record")

    def reseal(self, file: RecordFile) -> None:
        """Write a better key sheet for an own chart's record: this epoch, these custodians."""
        halves, version = self.halves_of(file), self.sheet_of(file).version + 1
        epoch = self.category_keys_of(self.address).epoch
        self._hand_in_sheet(file, version, halves, self.own_recipients(file, epoch))

    def own_recipients(self, file: RecordFile, epoch: int) -> Recipients:
        """To whom a sheet of an own chart's record should be sealed."""
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

    def halves_of(self, file: RecordFile) -> Halves:
        """Both halves of an own chart's record, without any custodian."""
        sheet = self.sheet_of(file)
        category = self.vault.category(file.statement.category, sheet.epoch)
        return Halves(
            a=sheet.open(Kind.A_FOR_CATEGORY, category),
            b=sheet.open(Kind.B_FOR_PATIENT, self.vault.identity),
        )

    # taking back

    def retract(self, file: RecordFile) -> None:
        """Entered in error (as its author) or no longer shared (as its patient)."""
        self.node.accept(self.sign(Retraction(person=self.address, record=file.digest)))

    def erase(self, file: RecordFile) -> Erased:
        """Retract a record of one's own chart and have its node delete what it keeps of it.

        Answers what was deleted, as the node signed it; what a store or another node has left
        stands there too.
        """
        retraction = Retraction(person=self.address, record=file.digest)
        return self.node.erase(file.signed, self.sign(retraction))
