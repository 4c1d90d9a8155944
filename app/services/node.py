"""Owns a node's work for people: accepting what they sign, and keeping what is sealed for them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from app.core.cid import CHUNK, require_cid
from app.core.envelopes import MOST_SLOTS
from app.core.erasure import Erased, SignedReceipt, require_own_retraction
from app.core.errors import (
    ChainUnreachable,
    ChartkeyError,
    MalformedSignature,
    MalformedStatement,
    MalleableSignature,
    QuotaExceeded,
    SheetStale,
    SheetSubstituted,
    StatementError,
    StoreAltered,
    StoreError,
    TooLarge,
)
from app.core.foresight import Question
from app.core.merkle import MerkleTree, decode_manifest
from app.core.opening import OpenSession
from app.core.people import document_hash
from app.core.ports import BodyKeeper, ChainView, Custodian
from app.core.relaying import CHANGES, ROTATES, TAKES_BACK, Accepted, Submission
from app.core.sheets import RandomBytes, sheet_hash
from app.core.signatures import Proof, Signed, parse_signed, recover, signed_json
from app.core.statements import (
    BOOKS,
    RECORDS,
    Access,
    CategoryKeys,
    Domains,
    Enrolment,
    Grant,
    MembershipEnd,
    Record,
    Retraction,
    Revocation,
    RevocationOfAll,
    Rotation,
    Sheet,
    maker_of,
)
from app.core.typed_data import Statement, parse_address
from app.core.waybills import NodeSecret
from app.services.calling import read
from app.services.erasure import Erasing, ErasingPeer, tell_peers
from app.services.failpoints import reach
from app.services.hearing import tell_custodians
from app.services.ports import Chain, Keeping
from app.services.proofs import Proofs
from app.services.relayer import Relayer, Settled
from app.services.speakers import Speakers

DIGEST_COST, CALL_COST = 1, 100
"""What an anchored digest and a transaction of its own take of a person's daily quota."""
NEWCOMERS = "enrolments"
"""Whose quota pays for enrolments: anybody can make addresses without end."""
LARGEST_KEPT = 1 << 16
"""Bytes of a keys document or a locked vault."""
ANCHORED = (Record, Grant, Access)
"""The statements that people hand in to be anchored; key sheets have a way of their own."""


@dataclass(kw_only=True)
class LocalNode:
    """A `Node` in this process, over a chain, a database, a body store and custodians.

    With a `relayer` it settles itself; without, a relayer elsewhere works on the same database.
    """

    chain: Chain
    database: Keeping
    bodies: BodyKeeper
    secret: NodeSecret
    relayer: Relayer | None = None
    custodians: Sequence[Custodian] = ()
    peers: Sequence[ErasingPeer] = ()
    """Other nodes, which are told when a record is erased."""
    proofs: Proofs | None = None
    """Of what the index knows beyond this node's own batches."""
    random: RandomBytes = field(default=os.urandom)
    settled: list[Settled] = field(default_factory=list)
    """What this node's own relayer brought to the chain."""

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
        make is refused when it is settled, and an anchor adds no authority. Raises QuotaExceeded
        where the person has had enough taken today; custodians hear of a revocation all the same.
        """
        submission = Submission(
            signed=signed, envelope=envelope, parties=parties, body=body, session=session
        )
        accepted = self._checked(submission, self._speakers())
        taken = self.database.accept(accepted)
        reach("accepted")
        tell_custodians(self.custodians, [signed])
        if not taken:
            raise QuotaExceeded()

    def accept_all(self, many: Sequence[Submission]) -> list[ChartkeyError | None]:
        """Take many statements in one transaction; for each None, or why it was not taken."""
        outcomes: list[ChartkeyError | None] = [None] * len(many)
        self._foresee([submission.signed for submission in many])
        speakers = self._speakers()
        checked: dict[int, Accepted] = {}
        for place, submission in enumerate(many):
            try:
                checked[place] = self._checked(submission, speakers)
            except ChartkeyError as fault:
                outcomes[place] = fault
        taken = self.database.accept_all(list(checked.values()))
        for place, was_taken in zip(checked, taken, strict=True):
            outcomes[place] = None if was_taken else QuotaExceeded()
        tell_custodians(self.custodians, [many[place].signed for place in checked])
        return outcomes

    def _foresee(self, many: Sequence[Signed[Statement]]) -> None:
        """Ask at once who speaks for whom, as each statement will ask; it is only speed."""
        with suppress(ChainUnreachable):
            view = self.view()
            self.chain.foresee(view, [q for signed in many for q in self._questions(signed, view)])

    def _questions(self, signed: Signed[Statement], view: ChainView) -> Iterator[Question]:
        if isinstance(signed.statement, Record | Grant):
            with suppress(MalformedSignature, MalleableSignature):
                signer = recover(self.domains.digest(signed.statement), signed.signature)
                yield "speaks_for", (maker_of(signed.statement), signer, view.time)
        if isinstance(signed.statement, Record):
            digest = self.domains.digest(signed.statement)
            yield "retracted_at", (signed.statement.patient, digest)

    def _checked(self, submission: Submission, speakers: Speakers | None) -> Accepted:
        signed, statement = submission.signed, submission.signed.statement
        relayed, after = self.chain.is_relayed(statement), None
        if not relayed and not isinstance(statement, ANCHORED):
            raise MalformedStatement("nothing is done with statements of its type here")
        _require_address(submission.body)
        _require_letter(submission.envelope, submission.parties)
        if speakers is not None:
            with suppress(ChainUnreachable):
                speakers.require_fresh(statement)
                after = speakers.require_maker(signed, submission.session)
                speakers.require_not_retracted(statement)
                if relayed:
                    self.chain.try_out(signed)
        return Accepted(
            digest=self.domains.digest(statement),
            judge=statement.judge,
            envelope=submission.envelope,
            parties=submission.parties,
            body=submission.body,
            statement=json.dumps(signed_json(signed, self.domains)) if relayed else "",
            person=maker_of(statement),
            account=NEWCOMERS if isinstance(statement, Enrolment) else maker_of(statement),
            rank=_rank(statement),
            after=after,
            cost=CALL_COST if relayed else DIGEST_COST,
        )

    def accept_digest(
        self, digest: bytes, judge: str, envelope: bytes = b"", parties: Sequence[str] = ()
    ) -> None:
        """Take a bare digest to anchor, as custodians hand in accesses that nobody else did."""
        if judge not in BOOKS:
            raise MalformedStatement("no book takes it")
        _require_letter(envelope, parties)
        one = Accepted(digest=digest, judge=judge, envelope=envelope, parties=parties)
        self.database.accept(one)

    def _speakers(self) -> Speakers | None:
        """Who speaks for whom now; None while the chain does not answer."""
        queued = ((call.id, read(call)) for call in self.database.calls_under_way())
        try:
            return Speakers(self.domains, self.view(), proof=self.proof, queued=queued)
        except ChainUnreachable:
            return None

    def _present_speakers(self) -> Speakers:
        """Who speaks for whom now; raises ChainUnreachable."""
        self.view()
        speakers = self._speakers()
        if speakers is None:
            raise ChainUnreachable("it went away")
        return speakers

    def settle(self) -> None:
        """Have this node's own relayer bring to the chain what was accepted; see Relayer.settle."""
        if self.relayer is not None:
            self.relayer.settle()

    def proof(self, digest: bytes) -> Proof | None:
        found = self.database.anchored_batch(digest)
        if found is not None:
            return _tree(found[1]).proof(digest)
        return self.proofs.proof(digest) if self.proofs else None

    # envelopes

    def deliver(self, person: str, digest: bytes, envelope: bytes) -> None:
        _require_letter(envelope, [person])
        self.database.deliver(person, digest, envelope)

    def envelopes(self, person: str) -> list[tuple[bytes, bytes]]:
        """What can be had of it: one that is lost or damaged does not hold back the others."""
        found = []
        for digest, address, content in self.database.parcels_of(person):
            with suppress(StoreError):  # `app audit` names what a store has lost
                found.append((digest, content or b"".join(list(self.bodies.read(address)))))
        return found

    # key sheets, keys documents, locks

    def keep_sheet(self, signed: Signed[Sheet], sheet: bytes, record: Signed[Record]) -> None:
        """Keep a sheet and queue its statement's digest; raises ForeignSignature."""
        statement, after = signed.statement, None
        if sheet_hash(sheet) != statement.sheet_hash:
            raise SheetSubstituted()
        speakers = self._speakers()
        if speakers is not None:
            with suppress(ChainUnreachable):
                after = speakers.require_sheet(signed, record)
        maker = record.statement.patient if statement.version else record.statement.author
        digest = self.domains.digest(statement)
        accepted = Accepted(
            digest=digest, judge=RECORDS, account=maker, after=after, cost=DIGEST_COST
        )
        if not self.database.accept(accepted):
            raise QuotaExceeded()
        self.database.keep_sheet(
            record=statement.record,
            version=statement.version,
            digest=digest,
            statement=signed_json(signed, self.domains),
            sheet=sheet,
            sealed=self.secret.seal(sheet, self.random),
        )

    def sheets(self, record: bytes) -> list[tuple[Signed[Sheet], bytes]]:
        """What can be read of them: one that is damaged does not hold back the others."""
        found = []
        for statement, sheet in self.database.sheets_of(record):
            with suppress(StatementError):
                found.append((parse_signed(statement)[0], sheet))
        return found

    def keep_document(self, document: bytes) -> bytes:
        _require_small(document)
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
        self._present_speakers().require_maker(signed)
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
        _require_small(lock)
        self.database.put_on_shelf(person, "vault-lock", lock)

    def lock(self, person: str) -> bytes:
        return self.database.from_shelf(person, "vault-lock")

    def erase(self, record: Signed[Record], retraction: Signed[Retraction]) -> Erased:
        """Take the patient's retraction, delete what this node keeps of the record, tell its peers.

        Nothing is deleted on a word that could not be checked: raises ForeignSignature,
        ChainUnreachable. What a store or a peer did not do stands in what is answered.
        """
        require_own_retraction(record, retraction, self.domains)
        self._present_speakers().require_maker(retraction)
        if not self.chain.is_done(retraction.statement):
            self.accept(retraction)
        own = self.erase_here(record, retraction)
        return Erased(own=own, peers=tell_peers(self.peers, record, retraction))

    def erase_here(self, record: Signed[Record], retraction: Signed[Retraction]) -> SignedReceipt:
        """Delete what this node keeps of a record, as another node asks that took the retraction.

        Raises ForeignSignature, ChainUnreachable.
        """
        digest = require_own_retraction(record, retraction, self.domains)
        self._present_speakers().require_maker(retraction)
        erasing = Erasing(database=self.database, bodies=self.bodies, secret=self.secret)
        return erasing.erase(record.statement.patient, digest)


@lru_cache(maxsize=64)
def _tree(manifest: bytes) -> MerkleTree:
    return MerkleTree(entry.digest for entry in decode_manifest(manifest))


def _rank(statement: Statement) -> int:
    if isinstance(statement, Revocation | RevocationOfAll | Retraction | MembershipEnd):
        return TAKES_BACK
    return ROTATES if isinstance(statement, Rotation) else CHANGES


def _require_letter(envelope: bytes, parties: Sequence[str]) -> None:
    """An envelope that is one block, to people: its address is written into waybills."""
    if len(envelope) > CHUNK:
        raise TooLarge(most=CHUNK)
    if len(parties) > MOST_SLOTS or any(parse_address(person) != person for person in parties):
        raise MalformedStatement("it is addressed to somebody who is no person")


def _require_address(body: str) -> None:
    if body:
        require_cid(body)


def _require_small(content: bytes) -> None:
    if len(content) > LARGEST_KEPT:
        raise TooLarge(most=LARGEST_KEPT)
