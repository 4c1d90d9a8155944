"""Owns the ports: what the core and a person's device ask of chains, stores, wallets and nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from app.core.erasure import Erased
from app.core.errors import ChartkeyError
from app.core.opening import LogPage, OpeningRequest, OpenSession, Release
from app.core.relaying import Submission
from app.core.signatures import Proof, Signed
from app.core.statements import Access, CategoryKeys, Domains, Record, Retraction, Sheet
from app.core.typed_data import Domain, Statement


class Wallet(Protocol):
    """Something that signs statements with a secp256k1 key and never shows it."""

    @property
    def address(self) -> str:
        """The ERC-55 address of the key."""

    def sign(self, statement: Statement, domain: Domain) -> bytes:
        """Sign typed data (EIP-712): r ‖ s ‖ v, 65 bytes."""


class ChainView(Protocol):
    """What the four contracts say at one block; every answer belongs to that block.

    Raises ChainUnreachable where an answer cannot be had: nothing is ever guessed.
    """

    @property
    def time(self) -> int:
        """The block's timestamp, in seconds since 1970."""

    def anchored_at(self, judge: str, root: bytes) -> int:
        """When a contract's book first took the root; 0 where it never did."""

    def speaks_for(self, person: str, signer: str, at: int) -> bool:
        """Whether the signer's key, or representation, of the person stood at that time."""

    def key_of(self, person: str) -> str:
        """The person's present signing key; the zero address where not enrolled."""

    def nonce_of(self, person: str) -> int:
        """The number that the person's next registry statement must carry."""

    def keys_hash(self, person: str) -> bytes:
        """The hash of the person's identity keys document; zero where not enrolled."""

    def credential_role(self, person: str, at: int) -> int:
        """A role in which the person held a credential at that time; 0 for none."""

    def holds_credential(self, person: str, role: int, at: int) -> bool:
        """Whether the person held a credential in that role at that time."""

    def roles_of(self, person: str, at: int) -> int:
        """All roles that the person held at that time: bit r stands for role r."""

    def is_registrar(self, registrar: str, role: int, at: int) -> bool:
        """Whether the registrar had authority over that role at that time."""

    def membership_ended_at(self, organization: str, membership: bytes) -> int:
        """When the organization ended the membership (its digest); 0 where it has not."""

    def tag(self, patient: str) -> int:
        """The tag that a patient's grants must carry now."""

    def revoked_bits(self, patient: str, word: int) -> int:
        """The 256 bits of one word of the patient's revocations."""

    def retracted_at(self, person: str, record: bytes) -> int:
        """When the person retracted the record (its digest); 0 where they have not."""

    def accepts(self, account: str, digest: bytes, signature: bytes) -> bool:
        """Whether a contract account accepts the signature now (ERC-1271)."""


class BodyStore(Protocol):
    """A content-addressed store of sealed, public bytes; an address is a CIDv1."""

    def put(self, pieces: Iterator[bytes]) -> str:
        """Keep the bytes and return their address; raises StoreFull."""

    def read(self, address: str) -> Iterator[bytes]:
        """The bytes in pieces, checked against the address; raises NotStored, StoreAltered."""

    def delete(self, address: str) -> bool:
        """Forget the bytes; False where they were not held."""


class BodyKeeper(BodyStore, Protocol):
    """A body store as a node's services see it: they fill it in bulk, and look after it.

    The same bytes have the same address in every keeper. All of them can be shared by threads.
    """

    @property
    def name(self) -> str:
        """What reports call it; holds nothing secret."""

    def put_many(self, contents: Sequence[bytes]) -> list[str]:
        """Keep all of them durably and return their addresses, in order; raises StoreFull."""

    def fetch(self, address: str) -> bytes:
        """All of the bytes, hashed before they are returned; raises as `read` does."""

    def holds(self, address: str) -> bool:
        """Whether all of the bytes are kept here for good; whether they are right, `read` tells."""

    def addresses(self) -> Iterator[str]:
        """The addresses of all that is kept, in no order."""


class Custodian(Protocol):
    """A service that releases its share of half a key when the contracts allow it."""

    @property
    def name(self) -> str:
        """A name for people and reports."""

    @property
    def id(self) -> bytes:
        """The id of its present public key: under it, it answers."""

    @property
    def ids(self) -> Sequence[bytes]:
        """The ids of all its keys, the present one first: recipients of its slots in key sheets."""

    def release_all(self, requests: Sequence[OpeningRequest]) -> Sequence[Release | ChartkeyError]:
        """Decide on each and answer: with AccessRefused and its siblings, or ChainError, where not."""

    def hear(self, revocation: Signed[Statement]) -> None:
        """Learn of a signed revocation before the chain does."""

    def entries(
        self, inquiry: Signed[Access], session: OpenSession | None = None, *, after: int = 0
    ) -> LogPage:
        """The openings it has logged for the patient who signed the inquiry (core/audit.py)."""


class Node(Protocol):
    """What a person's device asks of a node: nothing here sees a key or a plaintext."""

    @property
    def domains(self) -> Domains:
        """The contracts that this node serves."""

    @property
    def custodians(self) -> Sequence[Custodian]:
        """The custodians that it can reach."""

    @property
    def bodies(self) -> BodyStore:
        """The store of sealed bodies and envelopes."""

    def view(self) -> ChainView:
        """The chain at its newest block."""

    def accept(
        self,
        signed: Signed[Statement],
        *,
        envelope: bytes = b"",
        parties: Sequence[str] = (),
        body: str = "",
        session: OpenSession | None = None,
    ) -> None:
        """Take a statement durably; it is anchored or sent from here on, whatever happens.

        `body` is the address that a record claims, `session` what signed an access. Raises
        ForeignSignature, SessionInvalid, ContractRefused, and then nothing was taken.
        """

    def accept_all(self, many: Sequence[Submission]) -> Sequence[ChartkeyError | None]:
        """Take many at once; for each None, or why it was not taken."""

    def settle(self) -> None:
        """Anchor and send what has been accepted; raises ChainError, losing nothing."""

    def proof(self, digest: bytes) -> Proof | None:
        """The path to an anchored root, None while there is none."""

    def envelopes(self, person: str) -> Sequence[tuple[bytes, bytes]]:
        """(digest, envelope) of what was addressed to the person, oldest first."""

    def deliver(self, person: str, digest: bytes, envelope: bytes) -> None:
        """Hand a person an envelope that belongs to a statement, without anchoring it."""

    def erase(self, record: Signed[Record], retraction: Signed[Retraction]) -> Erased:
        """Take the patient's retraction, and delete the record's body, sheets and envelopes.

        Answers the node's signed receipt, and what the peers that it told did. Raises
        ForeignSignature, ChainUnreachable, and then nothing was deleted.
        """

    def keep_category_keys(self, signed: Signed[CategoryKeys], document: bytes) -> None:
        """Keep the newest public category keys of a patient; served to those who may add."""

    def category_keys(self, patient: str) -> tuple[Signed[CategoryKeys], bytes]:
        """A patient's newest category keys statement and document; raises NotStored."""

    def keep_sheet(self, signed: Signed[Sheet], sheet: bytes, record: Signed[Record]) -> None:
        """Keep a record's key sheet and have its statement anchored; served to parties."""

    def sheets(self, record: bytes) -> Sequence[tuple[Signed[Sheet], bytes]]:
        """The sheets of a record with their statements, newest version first."""

    def keep_document(self, document: bytes) -> bytes:
        """Keep a keys document, found again by its SHA-256, which is returned."""

    def document(self, digest: bytes) -> bytes:
        """A keys document by its SHA-256, checked; raises NotStored, StoreAltered."""

    def keep_lock(self, person: str, lock: bytes) -> None:
        """Keep a person's locked vault."""

    def lock(self, person: str) -> bytes:
        """A person's locked vault; raises NotStored."""
