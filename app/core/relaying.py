"""Owns the values that outbox, relayer and payer hand to each other: what was accepted, and what carries it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.core.opening import OpenSession
from app.core.signatures import Signed
from app.core.typed_data import Statement
from app.core.waybills import Entry

TAKES_BACK, CHANGES, ROTATES = 0, 1, 2
"""The ranks of calls: those that take back go first, and rotations after what the old key signed."""

ACCEPTED, SENT, DONE, REFUSED = "accepted", "sent", "done", "refused"
"""The states of a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A statement as the outbox takes it: a digest to anchor, or a call where `statement` is given."""

    digest: bytes
    judge: str
    envelope: bytes = b""
    parties: Sequence[str] = ()
    body: str = ""
    statement: str = ""
    person: str = ""
    rank: int = CHANGES
    after: int | None = None
    """A call that must be done before the digest is anchored."""
    account: str = ""
    """Whose daily quota pays: the person's, or the one that all newcomers share."""
    cost: int = 0
    """What it takes of that quota."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A statement on which a contract acts."""

    id: int
    digest: bytes
    statement: str
    person: str
    rank: int
    state: str
    accepted_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An accepted digest that no batch has taken yet, and the SHA-256 of its envelope."""

    digest: bytes
    envelope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is to be anchored of some digests: root, manifest, and what it lists beside them.

    That is waybills, and the decoys of its padding.
    """

    root: bytes
    manifest: bytes
    waybills: Sequence[bytes] = ()
    decoys: Sequence[bytes] = ()


Maker = Callable[[Sequence[Waiting], Sequence[Entry]], Made | None]
"""Given waiting digests and journal entries: what to anchor, None where it is not worth a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Digests that are anchored together; `size` of them were accepted, the rest is padding."""

    id: int
    judge: str
    root: bytes
    manifest: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A signed transaction: its hash, its bytes, and the fees (wei per gas) that it offers."""

    hash: bytes
    raw: bytes
    max_fee: int
    tip: int
    sent_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """What a transaction carries: one batch, or calls."""

    to: str
    calldata: bytes
    gas: int
    batch: int | None = None
    calls: Sequence[int] = ()
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One nonce of a payer, its cargo, and every attempt made under it, the cheapest first."""

    id: int
    nonce: int
    cargo: Cargo
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest block."""

    number: int
    hash: bytes
    time: int
    base_fee: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """A transaction in a block: whether it succeeded, what it cost, and the anchors it wrote.

    `anchored` holds (contract, root, manifest) of each `Anchored` event.
    """

    transaction: str
    block: int
    block_hash: bytes
    succeeded: bool
    gas: int
    anchored: Sequence[tuple[str, bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What is handed in to a node: a signed statement and what goes with it.

    `body` is the address that a record claims, `session` what signed an access.
    """

    signed: Signed[Statement]
    envelope: bytes = b""
    parties: Sequence[str] = ()
    body: str = ""
    session: OpenSession | None = None
