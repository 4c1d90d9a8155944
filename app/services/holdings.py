"""Owns the account of what a node must hold, by its database, and of what was erased for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.core.auditing import Difference, KeptSheet, Kind, Listed
from app.core.cid import CHUNK, cid_of, raw_cid
from app.core.encoding import ZERO32, hex0x
from app.core.erasure import KIND, SignedReceipt, node_address, read_receipt
from app.core.errors import (
    ChartkeyError,
    MalformedStatement,
    SealError,
    StatementError,
    StoreError,
)
from app.core.merkle import (
    ManifestEntry,
    decode_manifest,
    encode_manifest,
    manifest_id,
    merkle_root,
)
from app.core.people import document_hash
from app.core.ports import BodyKeeper
from app.core.sheets import sheet_hash
from app.core.signatures import parse_signed
from app.core.waybills import NodeSecret, read_waybill
from app.core.wire import read_json

MANIFEST, ENVELOPE, WAYBILL, SHEET, BODY = "manifest", "envelope", "waybill", "sealed sheet", "body"
KEPT_SHEET, DOCUMENT, WAITING, CLAIM = "key sheet", "keys document", "waiting bytes", "claim"
RECORD, LIST, BATCH = "erased record", "list", "batch"
DATABASE, INDEX = "database", "index"
READ = "read"


class Rows(Protocol):
    """What the database says that the node keeps (adapters/database/inventory.py)."""

    def lists(self) -> Iterator[Listed]: ...
    def entries_of(self, list_: int) -> Sequence[tuple[bytes, bytes]]: ...
    def own_lists(self) -> Iterator[bytes]: ...
    def parcels(self) -> Iterator[tuple[str, bytes, str]]: ...
    def claims(self) -> Iterator[tuple[str, bytes]]: ...
    def is_known(self, digest: bytes) -> bool: ...
    def sheets(self) -> Iterator[KeptSheet]: ...
    def documents(self) -> Iterator[tuple[bytes, bytes]]: ...
    def unpublished(self) -> Iterator[tuple[str, bytes]]: ...
    def receipts(self) -> Sequence[tuple[str, bytes]]: ...
    def belongings(self, record: bytes) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """Bytes that the node must hold: what they are, and to which statement they belong."""

    what: str
    digest: bytes = b""


@dataclass(slots=True)
class Holdings:
    """What a node must hold, what it must not, and what is wrong with its own rows."""

    required: dict[str, Required] = field(default_factory=dict)
    referred: set[str] = field(default_factory=set)
    """Addresses that something leads to, whether or not this node must hold them."""
    erased: dict[bytes, tuple[str, SignedReceipt]] = field(default_factory=dict)
    """Patient and receipt, by the record's digest."""
    retracted: set[bytes] = field(default_factory=set)
    manifests: dict[str, bytes] = field(default_factory=dict)
    """Lists by address, as the database could write them again."""
    wanted: list[bytes] = field(default_factory=list)
    looked: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    def must_not_hold(self, record: bytes) -> list[str]:
        """The addresses of an erased record that belong to nothing else."""
        receipt = self.erased[record][1].receipt
        return sorted({*receipt.left, *receipt.deleted} - self.required.keys())


def take_stock(
    rows: Rows,
    bodies: BodyKeeper,
    secret: NodeSecret | None,
    retractions: Mapping[bytes, set[str]],
) -> Holdings:
    """Gather from the database what the node must hold; raises DatabaseUnreachable.

    `retractions` are the chain's: who retracted which record, by its digest.
    """
    stock = Holdings()
    node = node_address(secret) if secret else ""
    for patient, text in rows.receipts():
        _note_receipt(stock, patient, text, node)
    _gather_lists(stock, rows, bodies, secret)
    _gather_parcels(stock, rows, retractions)
    for body, record in rows.claims():
        stock.required.setdefault(body, Required(what=BODY, digest=record))
        if not rows.is_known(record):
            words = "the record that claims it is neither queued nor anchored"
            stock.differences.append(_own(Kind.EXTRA, CLAIM, DATABASE, body, words))
    _gather_sheets(stock, rows)
    for hash_, content in rows.documents():
        if document_hash(content) != hash_:
            words = "its bytes are others than those of its hash"
            stock.differences.append(_own(Kind.ALTERED, DOCUMENT, DATABASE, hex0x(hash_), words))
    for address, content in rows.unpublished():
        stock.required.pop(address, None)
        stock.referred.add(address)
        if cid_of(content) != address:
            words = "its bytes are others than those of its address"
            stock.differences.append(_own(Kind.ALTERED, WAITING, DATABASE, address, words))
    for record in stock.erased:
        belongings = rows.belongings(record)
        for address in belongings:
            stock.required.pop(address, None)
        if belongings:
            words = "the record was erased, and rows that lead to it are there again"
            name = hex0x(record)
            stock.differences.append(_own(Kind.CAME_BACK, RECORD, DATABASE, name, words))
    stock.referred |= stock.required.keys()
    return stock


def _note_receipt(stock: Holdings, patient: str, text: bytes, node: str) -> None:
    """Only the node's own word counts: by another's, a repair would delete what it names."""
    try:
        receipt = read_receipt(read_json(text))
    except StatementError:
        receipt = None
    if receipt is None or receipt.receipt.node != (node or receipt.receipt.node):
        words = "a receipt of an erasure cannot be read, or was not signed by this node"
        stock.differences.append(_own(Kind.ALTERED, RECORD, DATABASE, "a receipt", words))
    else:
        stock.erased[receipt.receipt.record] = (patient, receipt)


# lists


def _gather_lists(
    stock: Holdings, rows: Rows, bodies: BodyKeeper, secret: NodeSecret | None
) -> None:
    waybills: set[str] = set()
    for manifest in rows.own_lists():
        try:
            entries = [(one.digest, one.envelope) for one in decode_manifest(manifest)]
        except SealError:
            words = "the manifest of one of this node's batches cannot be read"
            stock.differences.append(_own(Kind.ALTERED, BATCH, DATABASE, "a batch", words))
            continue
        _require_list(stock, manifest, entries, secret, waybills, own=True)
    for listed in rows.lists():
        stock.referred.add(raw_cid(listed.manifest))
        if listed.state != READ:
            stock.wanted += [listed.manifest] if listed.state == "wanted" else []
            continue
        entries = list(rows.entries_of(listed.id))
        stock.looked["digests"] = stock.looked.get("digests", 0) + len(entries)
        manifest = _encoded(entries)
        if not _fits(listed, entries) or manifest_id(manifest) != listed.manifest:
            words = "its digests in the index are others than those that were anchored"
            name = hex0x(listed.manifest)
            stock.differences.append(_own(Kind.ALTERED, LIST, INDEX, name, words))
            continue
        own = secret is not None and any(
            secret.mark(sent) == one for one, sent in entries if sent != ZERO32
        )
        _require_list(stock, manifest, entries, secret, waybills, own=own)
    if secret is not None:
        _read_waybills(stock, bodies, secret, waybills)


def _encoded(entries: Sequence[tuple[bytes, bytes]]) -> bytes:
    try:
        return encode_manifest([ManifestEntry(digest=d, envelope=e) for d, e in entries])
    except ValueError:
        return b""


def _fits(listed: Listed, entries: Sequence[tuple[bytes, bytes]]) -> bool:
    try:
        return merkle_root(digest for digest, _ in entries) == listed.root
    except ValueError:
        return False


def _require_list(
    stock: Holdings,
    manifest: bytes,
    entries: Sequence[tuple[bytes, bytes]],
    secret: NodeSecret | None,
    waybills: set[str],
    *,
    own: bool,
) -> None:
    """A list of this node's, and the envelopes that it names; of others', only that they exist."""
    address = raw_cid(manifest_id(manifest))
    if len(manifest) <= CHUNK:
        stock.referred.add(address)
        if own:
            stock.manifests[address] = manifest
            stock.required[address] = Required(what=MANIFEST)
    for digest, envelope in entries:
        if envelope == ZERO32:
            continue
        at = raw_cid(envelope)
        stock.referred.add(at)
        if not own or digest in stock.erased:
            continue
        is_waybill = secret is not None and secret.mark(envelope) == digest
        stock.required[at] = Required(what=WAYBILL if is_waybill else ENVELOPE, digest=digest)
        if is_waybill:
            waybills.add(at)


def _read_waybills(
    stock: Holdings, bodies: BodyKeeper, secret: NodeSecret, waybills: set[str]
) -> None:
    """Learn from the node's own waybills of erasures that its database has lost, as to a backup."""
    told: list[tuple[tuple[int, int], list[tuple[str, bytes]]]] = []
    for address in waybills:
        with suppress(
            StoreError, SealError
        ):  # a missing one is named where the stores are looked at
            order, entries = read_waybill(secret.open(b"".join(list(bodies.read(address)))))
            told.append((order, list(_receipts_in(entries))))
    lost: dict[bytes, tuple[str, SignedReceipt]] = {}
    for patient, text in (one for _, receipts in sorted(told) for one in receipts):
        with suppress(ChartkeyError):
            receipt = read_receipt(read_json(text))
            own = receipt.receipt.node == node_address(secret)
            if own and receipt.receipt.record not in stock.erased:
                lost[receipt.receipt.record] = (patient, receipt)
    for record, known in lost.items():
        stock.erased[record] = known
        for address in (*known[1].receipt.left, *known[1].receipt.deleted):
            stock.required.pop(address, None)  # the lists were gone through before this was known
        words = "a waybill says that the record was erased, and the database has no receipt of it"
        stock.differences.append(_own(Kind.MISSING, RECORD, DATABASE, hex0x(record), words))


def _receipts_in(entries: Sequence[Any]) -> Iterator[tuple[str, bytes]]:
    for entry in entries:
        match entry:
            case ["shelf", str(person), str(kind), str(content)] if kind.startswith(KIND):
                yield person, bytes.fromhex(content)


# what is kept for people


def _gather_parcels(stock: Holdings, rows: Rows, retractions: Mapping[bytes, set[str]]) -> None:
    for person, digest, address in rows.parcels():
        stock.required.setdefault(address, Required(what=ENVELOPE, digest=digest))
        # a retraction by whoever got no letter about it is a stranger's, and excuses nothing
        if person in retractions.get(digest, ()):
            stock.retracted.add(digest)


def _gather_sheets(stock: Holdings, rows: Rows) -> None:
    for kept in rows.sheets():
        stock.required[kept.address] = Required(what=SHEET, digest=kept.record)
        try:
            signed, _, _ = parse_signed(kept.statement)
            right = sheet_hash(kept.sheet) == signed.statement.sheet_hash
        except (MalformedStatement, AttributeError):
            right = False
        if not right:
            words = "it is not the sheet that was signed"
            stock.differences.append(_own(Kind.ALTERED, KEPT_SHEET, DATABASE, kept.address, words))


def _own(kind: Kind, what: str, where: str, name: str, words: str) -> Difference:
    return Difference(kind=kind, what=what, where=where, name=name, found=words)
