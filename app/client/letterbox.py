"""Owns a person's letterbox: what was sent, opened, and believed only after its signer is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from typing import Any

from app.client.identity import Identity
from app.client.letters import (
    GrantFile,
    Opening,
    RecordFile,
    read_all,
    read_grant,
    read_membership,
    read_opening,
    read_record,
    read_request,
    read_revocation,
)
from app.core.audit import inquiry, records_root, require_signed
from app.core.consent import require_request, revokes, speaks_or_accepts
from app.core.envelopes import open_envelope
from app.core.errors import (
    ChartkeyError,
    MalformedSignature,
    MalleableSignature,
    NoSlot,
    StatementError,
)
from app.core.keys import PrivateKey
from app.core.merkle import is_proven
from app.core.ports import ChainView, Custodian
from app.core.signatures import Proof, Signed, recover
from app.core.statements import BOOKS, Grant, Membership, Request
from app.core.typed_data import Statement

Look = Callable[[], ChainView]
"""A look at the chain, which several questions share: at one block, and only where one is asked."""


@dataclass(kw_only=True)
class Letterbox(Identity):
    """A person who reads what others sent."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._opened: dict[bytes, dict[str, Any]] = {}
        self._believed: set[tuple[bytes, bytes]] = set()
        self.faults: dict[str, ChartkeyError] = {}
        """Why custodians did not answer, the last time that they were asked."""

    def letters(self, person: str = "", keys: Sequence[PrivateKey] = ()) -> list[dict[str, Any]]:
        """What was sent to a person (self unless named) and one of the keys opens.

        What is sealed to others, or was damaged on the way, is passed over.
        """
        found = []
        for _, envelope in self.node.envelopes(person or self.address):
            mark = sha256(envelope).digest()
            if mark not in self._opened:
                try:
                    self._opened[mark] = open_envelope(envelope, self.vault.identity, *keys)
                except NoSlot:
                    continue
                except ChartkeyError:
                    self._opened[mark] = {}
            found.append(self._opened[mark])
        return found

    # believing

    def look(self) -> Look:
        """At the newest block of when it is first needed."""
        return cache(self.node.view)

    def anchor_of(
        self, digest: bytes, judge: str, look: Look | None = None
    ) -> tuple[Proof, int] | None:
        """A proof that leads to an anchored root, and the root's time; None while there is none."""
        proof = self.node.proof(digest)
        if judge not in BOOKS or proof is None or not is_proven(digest, proof):
            return None  # PeopleRegistry keeps no book, whatever a node may say
        at = (look or self.node.view)().anchored_at(judge, proof.root)
        return (proof, at) if at else None

    def is_signed_by(self, signed: Signed[Any], person: str, look: Look | None = None) -> bool:
        """Whether it was signed by someone who spoke for the person: at its anchor, or now.

        What this wallet signed for this person is known without asking the chain.
        """
        statement: Statement = signed.statement
        digest = self.node.domains.digest(statement)
        if (digest, signed.signature) in self._believed:
            return True
        try:
            own = recover(digest, signed.signature) == self.wallet.address
        except (MalformedSignature, MalleableSignature):
            own = False
        if not (own and person == self.address):
            look = look or self.look()
            anchor = self.anchor_of(digest, statement.judge, look)
            at = anchor[1] if anchor else look().time
            spoke = speaks_or_accepts if isinstance(statement, Grant) else _spoke
            if not spoke(person, digest, signed.signature, at, look()):
                return False
        self._believed.add((digest, signed.signature))
        return True

    def records_of(self, patient: str, keys: Sequence[PrivateKey] = ()) -> list[RecordFile]:
        """The records of a patient that these keys show and whose authors signed them."""
        files = read_all(read_record, self.letters(patient, keys), self.node.domains)
        look = self.look()
        return [
            file
            for file in {file.digest: file for file in files}.values()
            if file.statement.patient == patient
            and self.is_signed_by(file.signed, file.statement.author, look)
        ]

    def grants(self) -> list[GrantFile]:
        """Every grant given or held that its patient signed, with all the keys that came.

        Letters repeat a grant to bring newer keys or another membership; of the rest the first
        word counts, since whoever saw the grant could write another letter around it.
        """
        found: dict[bytes, GrantFile] = {}
        look = self.look()
        for file in read_all(read_grant, self.letters(), self.node.domains):
            if not self.is_signed_by(file.signed, file.statement.patient, look):
                continue
            known = found.get(file.digest, file)
            keys = tuple(dict.fromkeys((*known.keys, *file.keys)))
            best = self._better_membership(known, file, look=look)
            found[file.digest] = replace(known, keys=keys, membership=best)
        return list(found.values())

    def _better_membership(self, *files: GrantFile, look: Look) -> Signed[Membership] | None:
        """Of the memberships that came with a grant, one that runs, and the longest of those."""
        genuine = [
            file.membership
            for file in files
            if file.membership is not None
            and file.membership.statement.member == self.address
            and file.membership.statement.organization == file.statement.viewer
            and self.is_signed_by(file.membership, file.statement.viewer, look)
        ]
        return max(
            genuine, key=lambda m: (self._runs(m, look), m.statement.expires_at), default=None
        )

    def _runs(self, signed: Signed[Membership], look: Look) -> bool:
        """Whether a membership has begun, and neither run out nor been ended."""
        membership, digest = signed.statement, self.node.domains.digest(signed.statement)
        ended = look().membership_ended_at(membership.organization, digest)
        return not ended and membership.not_before <= self.clock() < membership.expires_at

    def grants_given(self) -> list[GrantFile]:
        """The grants that this patient signed, oldest first."""
        return [file for file in self.grants() if file.statement.patient == self.address]

    def grants_held(self, patient: str = "") -> list[GrantFile]:
        """The grants that others gave to this person, or handed on to a member."""
        return [
            file
            for file in self.grants()
            if file.statement.patient != self.address and patient in ("", file.statement.patient)
        ]

    def has_taken_back(self, grant: Grant) -> bool:
        """Whether this patient signed a revocation of the grant, mined or not."""
        look = self.look()
        return any(
            revokes(signed.statement, grant) and self.is_signed_by(signed, self.address, look)
            for signed in read_all(read_revocation, self.letters(), self.node.domains)
            if signed.statement.patient == self.address
        )

    def members(self) -> list[Signed[Membership]]:
        """The memberships that this organization gave and that run now."""
        look = self.look()
        return [
            signed
            for signed in read_all(read_membership, self.letters(), self.node.domains)
            if signed.statement.organization == self.address
            and self.is_signed_by(signed, self.address, look)
            and self._runs(signed, look)
        ]

    def requests(self) -> list[Signed[Request]]:
        """What viewers ask of this patient, oldest first; one that nobody signed is passed over."""
        found: dict[bytes, Signed[Request]] = {}
        look = self.look()
        for signed in read_all(read_request, self.letters(), self.node.domains):
            with suppress(StatementError):
                self._require_request(signed, look)
                found[self.node.domains.digest(signed.statement)] = signed
        return sorted(found.values(), key=lambda signed: signed.statement.at)

    def _require_request(self, signed: Signed[Request], look: Look) -> None:
        domain = self.node.domains.consent
        require_request(signed, patient=self.address, domain=domain, view=look())

    # who looked

    def openings(self) -> list[Opening]:
        """Every opening of this chart that its viewer signed: handed in, or told by custodians."""
        found: dict[bytes, Opening] = {}
        for opening in read_all(read_opening, self.letters(), self.node.domains):
            found.setdefault(opening.digest, opening)
        for name, contents in self._reported():
            for opening in read_all(read_opening, [contents], self.node.domains):
                found.setdefault(opening.digest, replace(opening, reported_by=name))
        look = self.look()
        genuine = [opening for opening in found.values() if self._was_made(opening, look)]
        return sorted(genuine, key=lambda opening: opening.statement.at)

    def _reported(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What the custodians have logged about this chart, each with who tells it.

        One that does not answer hides nothing: the others report too, and `faults` names it.
        """
        self.faults = {}
        for custodian in self.node.custodians:
            try:
                entries = self._entries_of(custodian)
            except ChartkeyError as fault:
                self.faults[custodian.name] = fault
                continue
            for entry in entries:
                try:
                    yield custodian.name, open_envelope(entry, self.vault.identity)
                except ChartkeyError:
                    continue  # noise

    def _entries_of(self, custodian: Custodian) -> list[bytes]:
        question = inquiry(self.address, custodian.id, at=self.clock(), salt=self.random(32))
        signed, session = self.sign_access(question)
        entries: list[bytes] = []
        after: int | None = 0
        while after is not None:
            page = custodian.entries(signed, session, after=after)
            entries += page.entries
            if page.after is not None and page.after <= after:
                break  # it leads nowhere
            after = page.after
        return entries

    def _was_made(self, opening: Opening, look: Look) -> bool:
        """Whether the viewer signed it then, and it names these very records."""
        access = opening.statement
        try:
            require_signed(
                opening.signed,
                opening.session,
                domain=self.node.domains.audit,
                view=look(),
                at=access.at,
                clock=access.at,
            )
        except ChartkeyError:
            return False
        return bool(opening.records) and access.records == records_root(opening.records)


def _spoke(person: str, digest: bytes, signature: bytes, at: int, view: ChainView) -> bool:
    try:
        return view.speaks_for(person, recover(digest, signature), at)
    except (MalformedSignature, MalleableSignature):
        return False
