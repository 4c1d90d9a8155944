"""Owns a node's work: accepting statements durably, anchoring them, and keeping what is sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from app.core.encoding import ZERO32
from app.core.errors import (
    ChainUnreachable,
    ChartkeyError,
    ContractRefused,
    ForeignSignature,
    StoreAltered,
    TransactionFailed,
)
from app.core.merkle import (
    ManifestEntry,
    MerkleTree,
    decode_manifest,
    encode_manifest,
    manifest_id,
)
from app.core.people import document_hash
from app.core.ports import BodyStore, ChainView, Custodian
from app.core.signatures import Proof, Signed, parse_signed, recover, signed_json
from app.core.statements import (
    AUDIT,
    CONSENT,
    RECORDS,
    Access,
    CategoryKeys,
    Domains,
    Grant,
    Record,
    Revocation,
    RevocationOfAll,
    Sheet,
)
from app.core.typed_data import Statement

BATCH = 1024
BOOKS = (RECORDS, CONSENT, AUDIT)


class Receipt(Protocol):
    """A transaction in a block."""

    @property
    def transaction(self) -> str: ...
    @property
    def block(self) -> int: ...
    @property
    def gas(self) -> int: ...


class Chain(Protocol):
    """What a node asks of its chain."""

    domains: Domains

    def view(self) -> ChainView: ...
    def anchor(self, judge: str, root: bytes, manifest: bytes) -> Receipt: ...
    def relay(self, signed: Signed[Statement]) -> Receipt: ...
    def try_out(self, signed: Signed[Statement]) -> None: ...
    def is_relayed(self, statement: Statement) -> bool: ...
    def is_done(self, statement: Statement) -> bool: ...


class Database(Protocol):
    """What a node asks of its database (adapters/database.py says what each method does)."""

    def accept(
        self, *, digest: bytes, judge: str, envelope: bytes, parcels_to: Iterable[tuple[str, str]]
    ) -> bool: ...
    def accept_call(
        self, *, digest: bytes, statement: str, parcels_to: Iterable[tuple[str, str]]
    ) -> bool: ...
    def waiting_calls(self) -> Sequence[tuple[int, str]]: ...
    def close_call(self, row: int, state: str) -> None: ...
    def waiting(self, judge: str, most: int) -> Sequence[Any]: ...
    def form_batch(
        self, judge: str, root: bytes, manifest: bytes, digests: Sequence[bytes]
    ) -> None: ...
    def open_batches(self) -> Sequence[Any]: ...
    def close_batch(self, batch: int, block: int) -> None: ...
    def anchored_batch(self, digest: bytes) -> tuple[bytes, bytes] | None: ...
    def deliver(self, person: str, digest: bytes, address: str) -> None: ...
    def parcels_of(self, person: str) -> Sequence[tuple[bytes, str]]: ...
    def forget(self, digest: bytes) -> Sequence[str]: ...
    def keep_sheet(self, *, record: bytes, version: int, statement: Any, sheet: bytes) -> None: ...
    def newest_sheet(self, record: bytes) -> tuple[Any, bytes]: ...
    def keep_document(self, digest: bytes, content: bytes) -> None: ...
    def document(self, digest: bytes) -> bytes: ...
    def put_on_shelf(self, person: str, kind: str, content: bytes) -> None: ...
    def from_shelf(self, person: str, kind: str) -> bytes: ...


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

    def accept(
        self, signed: Signed[Statement], *, envelope: bytes = b"", parties: Sequence[str] = ()
    ) -> None:
        """Take a statement durably; raises ForeignSignature, ContractRefused.

        While the chain does not answer, what was signed is kept unseen: a statement that nobody
        may make is refused when it is settled, and an anchor adds no authority.
        """
        statement = signed.statement
        digest = self.domains.digest(statement)
        relayed = self.chain.is_relayed(statement)
        try:
            if relayed:
                self.chain.try_out(signed)
            else:
                self._require_speaker(signed, digest)
        except ChainUnreachable:
            pass
        address = self.bodies.put(iter([envelope])) if envelope else ""
        parcels = [(person, address) for person in dict.fromkeys(parties) if address]
        if relayed:
            text = json.dumps(signed_json(signed, self.domains))
            self.database.accept_call(digest=digest, statement=text, parcels_to=parcels)
            self._tell_custodians(signed)
        else:
            self.accept_digest(digest, statement.judge, envelope, parcels)

    def _tell_custodians(self, signed: Signed[Statement]) -> None:
        """Let custodians refuse from now on; the chain, not this message, is what binds them."""
        if isinstance(signed.statement, Revocation | RevocationOfAll):
            for custodian in self.custodians:
                with suppress(ChartkeyError):  # told again before it is sent, and then by the chain
                    custodian.hear(signed)

    def accept_digest(
        self,
        digest: bytes,
        judge: str,
        envelope: bytes,
        parcels: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Take a bare digest to anchor, as custodians hand in accesses that nobody else did."""
        self.database.accept(
            digest=digest,
            judge=judge,
            envelope=sha256(envelope).digest() if envelope else ZERO32,
            parcels_to=parcels,
        )

    def _require_speaker(self, signed: Signed[Statement], digest: bytes) -> None:
        statement, view = signed.statement, self.view()
        match statement:
            case Record():
                person = statement.author
            case Grant() | CategoryKeys():
                person = statement.patient
            case Access():
                return  # perhaps signed by a session key: custodians have checked it
            case _:
                return
        signer = recover(digest, signed.signature)
        if not view.speaks_for(person, signer, view.time):
            raise ForeignSignature(person=person)

    def settle(self) -> None:
        """Send what was accepted; revocations and other calls first, then anchors.

        Safe to call again after any fault: batches are bound before they leave, and whatever the
        chain already shows is not sent twice.
        """
        self._settle_calls()
        for judge in BOOKS:
            while waiting := self.database.waiting(judge, BATCH):
                tree = MerkleTree(row.digest for row in waiting)
                manifest = encode_manifest(
                    [ManifestEntry(digest=row.digest, envelope=row.envelope) for row in waiting]
                )
                self.database.form_batch(judge, tree.root, manifest, tree.leaves)
        for batch in self.database.open_batches():
            self.bodies.put(iter([batch.manifest]))
            receipt = self.chain.anchor(batch.judge, batch.root, manifest_id(batch.manifest))
            self.database.close_batch(batch.id, receipt.block)
            count = len(decode_manifest(batch.manifest))
            self.settled.append(Settled(what=batch.judge, count=count, receipt=receipt))

    def _settle_calls(self) -> None:
        for row, text in self.database.waiting_calls():
            signed, _, _ = parse_signed(json.loads(text))
            if self.chain.is_done(signed.statement):
                self.database.close_call(row, "done")
                continue
            self._tell_custodians(signed)
            try:
                receipt = self.chain.relay(signed)
            except (ContractRefused, TransactionFailed):
                self.database.close_call(row, "refused")
                raise
            self.database.close_call(row, "done")
            name = type(signed.statement).__name__
            self.settled.append(Settled(what=name, count=1, receipt=receipt))

    def proof(self, digest: bytes) -> Proof | None:
        found = self.database.anchored_batch(digest)
        if found is None:
            return None
        _, manifest = found
        return MerkleTree(entry.digest for entry in decode_manifest(manifest)).proof(digest)

    def deliver(self, person: str, digest: bytes, envelope: bytes) -> None:
        """Hand a person an envelope that belongs to a statement without being anchored."""
        self.database.deliver(person, digest, self.bodies.put(iter([envelope])))

    def envelopes(self, person: str) -> list[tuple[bytes, bytes]]:
        return [
            (digest, b"".join(list(self.bodies.read(address))))
            for digest, address in self.database.parcels_of(person)
        ]

    def keep_sheet(self, signed: Signed[Sheet], sheet: bytes) -> None:
        statement = signed.statement
        self.database.keep_sheet(
            record=statement.record,
            version=statement.version,
            statement=signed_json(signed, self.domains),
            sheet=sheet,
        )

    def sheet(self, record: bytes) -> tuple[Signed[Sheet], bytes]:
        statement, sheet = self.database.newest_sheet(record)
        signed, _, _ = parse_signed(statement)
        return signed, sheet

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
        """Keep the newest public category keys of a patient, for those who may add."""
        self.keep_document(document)
        text = json.dumps(signed_json(signed, self.domains)).encode()
        self.database.put_on_shelf(signed.statement.patient, "category-keys", text)

    def category_keys(self, patient: str) -> tuple[Signed[CategoryKeys], bytes]:
        text = self.database.from_shelf(patient, "category-keys")
        signed, _, _ = parse_signed(json.loads(text))
        return signed, self.document(signed.statement.keys_hash)

    def keep_lock(self, person: str, lock: bytes) -> None:
        self.database.put_on_shelf(person, "vault-lock", lock)

    def lock(self, person: str) -> bytes:
        return self.database.from_shelf(person, "vault-lock")

    def erase(self, record: bytes, body: str) -> None:
        """Delete a record's body, key sheets and envelopes from this node."""
        self.bodies.delete(body)
        for envelope in self.database.forget(record):
            self.bodies.delete(envelope)
