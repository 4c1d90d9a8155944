"""Owns what a viewer and a custodian say to each other: the request, and the release."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.sheets import Slot
from app.core.signatures import Proof, Signed
from app.core.statements import Access, Grant, Membership, Record, Session
from app.core.typed_data import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session statement, signed by the wallet, and its uncompressed P-256 public key."""

    signed: Signed[Session]
    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRecord:
    """One record that is asked for, with its sheet's epoch and this custodian's sealed share.

    A custodian without a share in that sheet (None) still checks that all is one chart's.
    """

    record: Record
    epoch: int
    share: Slot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRequest:
    """What a viewer sends to a custodian; without a grant the viewer asks as the author."""

    access: Signed[Access]
    records: tuple[AskedRecord, ...]
    viewer_keys: bytes
    """The viewer's identity keys document, which `keysHash` on chain must commit to."""
    grant: Signed[Grant] | None = None
    grant_proof: Proof | None = None
    session: OpenSession | None = None
    membership: Signed[Membership] | None = None
    patient_keys: bytes = b""
    """The patient's identity keys document, to which the custodian seals its log's entry."""
    audit: Domain | None = None
    """The access's domain: which registry is meant, where a custodian serves several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A custodian's answer: its id and, by record digest, its share sealed to the viewer."""

    custodian: bytes
    shares: dict[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOpening:
    """What a custodian's log keeps of an opening: the entry is sealed to the patient."""

    access: bytes
    """The digest of the access."""
    patient: str
    at: int
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Openings that a custodian has logged for a patient, each sealed to the patient."""

    entries: tuple[bytes, ...]
    after: int | None
    """Where the next page begins; None on the last one."""
