"""Owns a node's work: accepting statements durably, anchoring them, and keeping what is sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

from app.core.encoding import ZERO32
from app.core.errors import (
    ChainUnreachable,
    ChartkeyError,
    ContractRefused,
    ForeignSignature,
    SheetStale,
    SheetSubstituted,
    StoreAltered,
    StoreError,
)
from app.core.merkle import (
    ManifestEntry,
    MerkleTree,
    decode_manifest,
    encode_manifest,
    manifest_id,
)
from app.core.opening import OpenSession
from app.core.people import document_hash
from app.core.ports import BodyStore, ChainView, Custodian
from app.core.sheets import sheet_hash
from app.core.signatures import Proof, Signed, parse_signed, signed_json
from app.core.statements import (
    BOOKS,
    RECORDS,
    CategoryKeys,
    Domains,
    MembershipEnd,
    Record,
    Retraction,
    Revocation,
    RevocationOfAll,
    Rotation,
    Sheet,
)
from app.core.typed_data import Statement
from app.services.ports import Chain, Database, Receipt
from app.services.speakers import Speakers

BATCH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One transaction that `settle` brought to the chain, and how many statements it carried."""

    what: str
    count: int
    receipt: Receipt


@dataclass(kw_only=True)
class LocalNode:
    """A `Node` in this process, over a chain, a database, a body store and custodians."""

    chain: Chain
    database: Database
    bodies: BodyStore
    custodians: Sequence[Custodian] = ()
    settled: list[Settled] = field(default_factory=list)

    @property
    def domains(self) -> Domains:
        return self.chain.domains

    def view(self) -> ChainView:
        return self.chain.view()

    # accepting

    def accept(
        self,
        signed: Signed[Statement],
        *,
        envelope: bytes = b"",
        parties: Sequence[str] = (),
        body: str = "",
        session: OpenSession | None = None,
    ) -> None:
        """Take a statement durably; raises ForeignSignature, SessionInvalid, ContractRefused.

        While the chain does not answer, what was signed is kept unseen: a call that nobody may
        make is refused when it is settled, and an anchor adds no authority.
        """
        statement = signed.statement
        digest = self.domains.digest(statement)
        relayed = self.chain.is_relayed(statement)
        with suppress(ChainUnreachable):
            speakers = self._speakers()
            speakers.require_fresh(statement)
            speakers.require_maker(signed, session)
            if relayed:
                self.chain.try_out(signed)
        address = self.bodies.put(iter([envelope])) if envelope else ""
        parcels = [(person, address) for person in dict.fromkeys(parties) if address]
        if relayed:
            text = json.dumps(signed_json(signed, self.domains))
            self.database.accept_call(digest=digest, statement=text, parcels_to=parcels)
            self._tell_custodians(signed)
        else:
            self.accept_digest(digest, statement.judge, envelope, parcels, body)

    def accept_digest(
        self,
        digest: bytes,
        judge: str,
        envelope: bytes = b"",
        parcels: Iterable[tuple[str, str]] = (),
        body: str = "",
    ) -> None:
        """Take a bare digest to anchor, as custodians hand in accesses that nobody else did."""
        self.database.accept(
            digest=digest,
            judge=judge,
            envelope=sha256(envelope).digest() if envelope else ZERO32,
            parcels_to=parcels,
            body=body,
        )

    def _queued(self) -> list[tuple[int, Signed[Statement]]]:
        calls = [
            (row, parse_signed(json.loads(text))[0]) for row, text in self.database.waiting_calls()
        ]
        urgent = (Revocation, RevocationOfAll, Retraction, MembershipEnd)
        return sorted(calls, key=lambda call: not isinstance(call[1].statement, urgent))

    def _speakers(self) -> Speakers:
        queued = (signed for _, signed in self._queued())
        return Speakers(self.domains, self.view(), proof=self.proof, queued=queued)

    def _tell_custodians(self, signed: Signed[Statement]) -> None:
        """Let custodians refuse from now on; the chain, not this message, is what binds them."""
        if isinstance(signed.statement, Revocation | RevocationOfAll):
            for custodian in self.custodians:
                with suppress(ChartkeyError):  # told again before it is sent, and then by the chain
                    custodian.hear(signed)

    # settling

    def settle(self) -> None:
        """Send what was accepted: what takes back first, changes, anchors, and rotations last.

        What the old key signed is anchored while it still speaks, so rotations come after the
        anchors, and in a later second. Safe to call again after any fault: batches are bound
        before they leave, and whatever the chain already shows is not sent twice. One call that
        fails holds nothing else up; its error is raised at the end.
        """
        failures = list(self._settle_calls(rotations=False))
        self._settle_anchors()
        failures += self._settle_calls(rotations=True)
        if failures:
            raise failures[0]

    def _settle_anchors(self) -> None:
        left_over = {batch.id for batch in self.database.open_batches()}
        for judge in BOOKS:
            while waiting := self.database.waiting(judge, BATCH):
                tree = MerkleTree(row.digest for row in waiting)
                manifest = encode_manifest(
                    [ManifestEntry(digest=row.digest, envelope=row.envelope) for row in waiting]
                )
                self.database.form_batch(judge, tree.root, manifest, tree.leaves)
        for batch in self.database.open_batches():
            self.bodies.put(iter([batch.manifest]))
            manifest, receipt = manifest_id(batch.manifest), None
            if batch.id in left_over:  # perhaps it was sent before a fault
                receipt = self.chain.find_anchor(batch.judge, batch.root, manifest)
            if receipt is None:
                receipt = self.chain.anchor(batch.judge, batch.root, manifest)
            self.database.close_batch(batch.id, receipt.block)
            count = len(decode_manifest(batch.manifest))
            self.settled.append(Settled(what=batch.judge, count=count, receipt=receipt))

    def _settle_calls(self, *, rotations: bool) -> Iterable[ChartkeyError]:
        for row, signed in self._queued():
            if isinstance(signed.statement, Rotation) is not rotations:
                continue
            if self.chain.is_done(signed.statement):
                self.database.close_call(row, "done")
                continue
            self._tell_custodians(signed)
            if rotations:
                self.chain.wait_for_next_second()
            try:
                self.chain.try_out(signed)
                receipt = self.chain.relay(signed)
            except (ContractRefused, ForeignSignature) as refusal:
                self.database.close_call(row, "refused")
                yield refusal
            except ChainUnreachable:
                raise
            except ChartkeyError as fault:
                yield fault  # no funds, a full pool: it stays queued
            else:
                self.database.close_call(row, "done")
                name = type(signed.statement).__name__
                self.settled.append(Settled(what=name, count=1, receipt=receipt))

    def proof(self, digest: bytes) -> Proof | None:
        found = self.database.anchored_batch(digest)
        if found is None:
            return None
        _, manifest = found
        return MerkleTree(entry.digest for entry in decode_manifest(manifest)).proof(digest)

    # envelopes

    def deliver(self, person: str, digest: bytes, envelope: bytes) -> None:
        self.database.deliver(person, digest, self.bodies.put(iter([envelope])))

    def envelopes(self, person: str) -> list[tuple[bytes, bytes]]:
        """What can be had of it: one that is lost or damaged does not hold back the others."""
        found = []
        for digest, address in self.database.parcels_of(person):
            with suppress(StoreError):  # `app audit` names what a store has lost
                found.append((digest, b"".join(list(self.bodies.read(address)))))
        return found

    # key sheets, keys documents, locks

    def keep_sheet(self, signed: Signed[Sheet], sheet: bytes, record: Signed[Record]) -> None:
        """Keep a sheet and queue its statement's digest; raises ForeignSignature."""
        statement = signed.statement
        if sheet_hash(sheet) != statement.sheet_hash:
            raise SheetSubstituted()
        with suppress(ChainUnreachable):
            self._speakers().require_sheet(signed, record)
        digest = self.domains.digest(statement)
        self.database.keep_sheet(
            record=statement.record,
            version=statement.version,
            digest=digest,
            statement=signed_json(signed, self.domains),
            sheet=sheet,
        )
        self.accept_digest(digest, RECORDS)

    def sheets(self, record: bytes) -> list[tuple[Signed[Sheet], bytes]]:
        return [
            (parse_signed(statement)[0], sheet)
            for statement, sheet in self.database.sheets_of(record)
        ]

    def keep_document(self, document: bytes) -> bytes:
        digest = document_hash(document)
        self.database.keep_document(digest, document)
        return digest

    def document(self, digest: bytes) -> bytes:
        document = self.database.document(digest)
        if document_hash(document) != digest:
            raise StoreAltered(address="a keys document")
        return document

    def keep_category_keys(self, signed: Signed[CategoryKeys], document: bytes) -> None:
        """Keep a patient's category keys; raises ForeignSignature, SheetStale, ChainUnreachable.

        They are not taken unseen: whoever replaced them could read what is written next.
        """
        statement = signed.statement
        if document_hash(document) != statement.keys_hash:
            raise SheetSubstituted()
        self._speakers().require_maker(signed)
        with suppress(StoreError):
            newest = self.category_keys(statement.patient)[0].statement.epoch
            if statement.epoch < newest:
                raise SheetStale(given=statement.epoch, newest=newest)
        self.keep_document(document)
        text = json.dumps(signed_json(signed, self.domains)).encode()
        self.database.put_on_shelf(statement.patient, "category-keys", text)

    def category_keys(self, patient: str) -> tuple[Signed[CategoryKeys], bytes]:
        text = self.database.from_shelf(patient, "category-keys")
        signed, _, _ = parse_signed(json.loads(text))
        return signed, self.document(signed.statement.keys_hash)

    def keep_lock(self, person: str, lock: bytes) -> None:
        self.database.put_on_shelf(person, "vault-lock", lock)

    def lock(self, person: str) -> bytes:
        return self.database.from_shelf(person, "vault-lock")

    def erase(self, record: Signed[Record], retraction: Signed[Retraction]) -> None:
        """Take the patient's retraction and delete what this node keeps of the record.

        Nothing is deleted on a word that could not be checked: raises ForeignSignature,
        ChainUnreachable.
        """
        digest, statement = self.domains.digest(record.statement), retraction.statement
        if (statement.person, statement.record) != (record.statement.patient, digest):
            raise ForeignSignature(person=record.statement.patient)
        self._speakers().require_maker(retraction)
        self.accept(retraction)
        for address in self.database.belongings(digest):
            self.bodies.delete(address)
        self.database.forget(digest)
