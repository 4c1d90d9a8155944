"""Owns the question who may make a statement, before a node takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from app.core.audit import require_signed
from app.core.contract_errors import NonceUsed
from app.core.encoding import ZERO_ADDRESS
from app.core.errors import ForeignSignature, RecordRetracted, SheetSubstituted
from app.core.opening import OpenSession
from app.core.ports import ChainView
from app.core.signatures import Proof, Signed, recover
from app.core.statements import (
    Access,
    CategoryKeys,
    Domains,
    Enrolment,
    Grant,
    Record,
    Recovery,
    Retraction,
    Rotation,
    Sheet,
)
from app.core.typed_data import Statement


class Speakers:
    """Who speaks for whom at one block, with what is queued for the chain counted in."""

    def __init__(
        self,
        domains: Domains,
        view: ChainView,
        *,
        proof: Callable[[bytes], Proof | None],
        queued: Iterable[tuple[int, Signed[Statement]]] = (),
    ) -> None:
        self._domains, self._view, self._proof = domains, view, proof
        self._queued = list(queued)

    def require(self, signed: Signed[Statement], person: str) -> int | None:
        """Raise ForeignSignature unless the signer speaks for the person, or soon will.

        By the registry; or by an enrolment or a rotation that is still on its way, whose number
        is answered: what such a key signed counts only when it is anchored after that.
        """
        signer, view = self._signer(signed), self._view
        if view.speaks_for(person, signer, view.time):
            return None
        for number, waiting in self._queued:
            if self._will_speak(waiting, person, signer):
                return number
        if signer == person and view.key_of(person) == ZERO_ADDRESS:
            return None  # nobody else will ever speak for an address that is not enrolled
        raise ForeignSignature(person=person)

    def _will_speak(self, waiting: Signed[Statement], person: str, signer: str) -> bool:
        match waiting.statement:
            case Rotation(person=rotating, new_key=key) if (rotating, key) == (person, signer):
                old = self._signer(waiting)
                will_be = old == person and self._enrols(person)
                return will_be or self._view.speaks_for(person, old, self._view.time)
            case Enrolment(person=enrolling):
                return enrolling == person == signer
        return False

    def _enrols(self, person: str) -> bool:
        return any(
            isinstance(waiting.statement, Enrolment) and waiting.statement.person == person
            for _, waiting in self._queued
        )

    def _signer(self, signed: Signed[Statement]) -> str:
        return recover(self._domains.digest(signed.statement), signed.signature)

    def require_maker(
        self, signed: Signed[Statement], session: OpenSession | None = None
    ) -> int | None:
        """Raise ForeignSignature or SessionInvalid unless the one it names made the statement.

        Answers the number of a call that must be done before, as `require` does.
        """
        match signed.statement:
            case Record(author=person) | Grant(patient=person) | CategoryKeys(patient=person):
                return self.require(signed, person)
            case Retraction(person=person):
                return self.require(signed, person)
            case Access(at=at):
                require_signed(
                    cast("Signed[Access]", signed),
                    session,
                    domain=self._domains.audit,
                    view=self._view,
                    at=self._view.time,
                    clock=at,
                )
            case _:
                pass  # the contract asks for itself
        return None

    def require_not_retracted(self, statement: Statement) -> None:
        """Raise RecordRetracted for a record that its patient took back: it stays erased."""
        if isinstance(statement, Record):
            digest = self._domains.digest(statement)
            if self._view.retracted_at(statement.patient, digest):
                raise RecordRetracted()

    def require_sheet(self, signed: Signed[Sheet], record: Signed[Record]) -> int | None:
        """Raise unless the author (version 0) or the patient (later) signed a record's sheet."""
        sheet, statement = signed.statement, record.statement
        if self._domains.digest(statement) != sheet.record or sheet.version >= 1 << 53:
            raise SheetSubstituted()
        if not self._spoke_at_anchor(record, statement.author):
            self.require(record, statement.author)
        return self.require(signed, statement.patient if sheet.version else statement.author)

    def _spoke_at_anchor(self, signed: Signed[Statement], person: str) -> bool:
        """Whether it is anchored, and was signed by someone who spoke for the person then."""
        proof = self._proof(self._domains.digest(signed.statement))
        at = self._view.anchored_at(signed.statement.judge, proof.root) if proof else 0
        return at > 0 and self._view.speaks_for(person, self._signer(signed), at)

    def require_fresh(self, statement: Statement) -> None:
        """Raise NonceUsed where a statement with the same number is queued already."""
        if not hasattr(statement, "nonce") or not hasattr(statement, "deadline"):
            return
        for other in (waiting.statement for _, waiting in self._queued):
            same_line = isinstance(other, Recovery) == isinstance(statement, Recovery)
            if not same_line or not hasattr(other, "deadline") or other == statement:
                continue
            if (other.person, other.nonce) == (statement.person, statement.nonce):  # type: ignore[attr-defined]
                raise NonceUsed(
                    person=statement.person,  # type: ignore[attr-defined]
                    nonce=statement.nonce,
                    expected=statement.nonce + 1,
                )
